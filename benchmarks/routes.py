"""Finding a route among 10, 100 and 1000: the cost must not grow with their number.

python -m benchmarks.routes
"""

import time

from service.routing import RouteTable

TRIES = 7
LOOKUPS = 20_000


def table(count: int) -> RouteTable[str]:
    """`count` routes of the usual depth under different first segments."""
    paths = [
        f"/v{number}/{{namespace}}/{{name}}/{{version}}/{{variant}}" for number in range(count)
    ]
    return RouteTable([("GET", path, path) for path in paths])


def main() -> None:
    """Print nanoseconds per lookup, for new paths and for one asked again, against 10 routes."""
    base = {"new": 0.0, "again": 0.0}
    for count in (10, 100, 1000):
        routes = table(count)
        prefix = f"/v{count - 1}/acme/hello"
        paths = {
            "new": [f"{prefix}/1.0.{number}/any" for number in range(LOOKUPS)],
            "again": [f"{prefix}/1.0.0/any"] * LOOKUPS,
        }
        for kind, asked in paths.items():
            best = min(measure(routes, asked) for _ in range(TRIES))
            base[kind] = base[kind] or best
            ratio = best / base[kind]
            print(f"{count:5} routes  {kind:5}  {best:7.0f} ns a lookup   ratio to 10 {ratio:5.2f}")


def measure(routes: RouteTable[str], paths: list[str]) -> float:
    """Nanoseconds per lookup. There are more new paths than a table remembers."""
    started = time.perf_counter()
    for path in paths:
        routes.find("GET", path)
    return (time.perf_counter() - started) / len(paths) * 1e9


if __name__ == "__main__":
    main()
