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
    """Print nanoseconds per lookup, and each against the table of 10."""
    base = 0.0
    for count in (10, 100, 1000):
        routes = table(count)
        path = f"/v{count - 1}/acme/hello/1.0.0/any"
        best = float("inf")
        for _ in range(TRIES):
            started = time.perf_counter()
            for _ in range(LOOKUPS):
                routes.find("GET", path)
            best = min(best, (time.perf_counter() - started) / LOOKUPS * 1e9)
        base = base or best
        print(f"{count:5} routes  {best:7.0f} ns a lookup   ratio to 10 routes {best / base:5.2f}")


if __name__ == "__main__":
    main()
