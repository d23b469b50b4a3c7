"""`larder list`, `larder tag` and `larder stats`: reading, and pointing tags."""

from typing import Any

import click

from service.client import Client, path_of
from service.console import human_size, say, show_json, show_rows
from service.failures import CouldNotRun
from service.remote import connect, json_option, url_option
from service.transfer import split

PAGE = 1000


@click.command("list")
@click.argument("package", required=False, metavar="[NAMESPACE/NAME]")
@click.option("--prefix", help="Only packages whose NAMESPACE/NAME begins with this.")
@url_option
@json_option
def list_(package: str | None, prefix: str | None, url: str, as_json: bool) -> None:
    """List the packages, or the versions of one, newest first."""
    client = connect(url)
    if package is None:
        packages = _pages(client, "packages", "v1", "packages", prefix=prefix)
        if as_json:
            show_json({"packages": packages})
        else:
            rows = [(f"{p['namespace']}/{p['name']}", p.get("latest")) for p in packages]
            show_rows(("package", "latest"), rows)
        return
    if prefix is not None:
        raise click.UsageError("--prefix is for the list of packages")
    namespace, name = split(package, "namespace/name")
    versions = _pages(client, "versions", "v1", namespace, name, "versions")
    if as_json:
        show_json({"namespace": namespace, "name": name, "versions": versions})
    else:
        columns = ("version", "variant", "size", "digest", "published at", "by")
        show_rows(columns, [_version(each) for each in versions])


@click.command()
@click.argument("package", metavar="NAMESPACE/NAME")
@click.argument("tag_name", metavar="TAG|list")
@click.argument("target", required=False, metavar="[VERSION[/VARIANT]]")
@click.option("--delete", is_flag=True, help="Take the tag away.")
@url_option
@json_option
def tag(
    *, package: str, tag_name: str, target: str | None, delete: bool, url: str, as_json: bool
) -> None:
    """Point TAG at a version, take it away with --delete, show it, or `list` all tags.

    Without a VARIANT the version must have exactly one.
    """
    namespace, name = split(package, "namespace/name")
    client = connect(url)
    if target is not None and (delete or tag_name == "list"):
        raise click.UsageError("a target goes neither with --delete nor with list")
    if tag_name == "list":
        tags = _pages(client, "tags", "v1", namespace, name, "tags")
        rows = [_tag(each) for each in tags]
        answer: Any = {"namespace": namespace, "name": name, "tags": tags}
        done = None
    else:
        place = path_of("v1", namespace, name, "tags", tag_name)
        if delete:
            answer, rows, done = client.ask("DELETE", place), [], f"deleted {tag_name}"
        elif target is None:
            answer = client.ask("GET", place)
            rows, done = [_tag(answer)], None
        else:
            version, variant = _target(client, namespace, name, target)
            body = {"target_version": version, "target_variant": variant}
            answer, rows = client.ask("PUT", place, body), []
            done = f"{package} {tag_name} -> {version}/{variant}"
    if as_json:
        show_json(answer)
    elif done is not None:
        say(done)
    else:
        show_rows(("tag", "version", "variant", "digest"), rows)


@click.command()
@url_option
@json_option
def stats(url: str, as_json: bool) -> None:
    """What the service holds and has done since it started: packages, health, its counters."""
    client = connect(url)
    health = client.ask("GET", "/health")
    counters = _counters(client.text("/metrics"))
    packages = len(_pages(client, "packages", "v1", "packages"))
    if as_json:
        show_json({"packages": packages, "health": health, "counters": counters})
        return
    rows: list[tuple[str, object]] = [("packages", packages)]
    rows += [(f"health.{name}", value) for name, value in health.items() if _is_plain(value)]
    rows += [(name, f"{value:.15g}") for name, value in counters.items()]
    show_rows(("what", "value"), rows)


def _pages(client: Client, items: str, *path: str, **query: object) -> list[Any]:
    """Every item of a paged listing."""
    found: list[Any] = []
    after: str | None = None
    while True:
        page = client.ask("GET", path_of(*path, limit=PAGE, after=after, **query))
        found += page[items]
        after = page.get("next")
        if after is None:
            return found


def _target(client: Client, namespace: str, name: str, text: str) -> tuple[str, str]:
    version, _, variant = text.partition("/")
    if variant:
        return version, variant
    versions = _pages(client, "versions", "v1", namespace, name, "versions")
    variants = [each["variant"] for each in versions if each["version"] == version]
    if len(variants) != 1:
        found = ", ".join(variants) or "none"
        raise CouldNotRun(
            f"{namespace}/{name} {version} has {len(variants)} variants: {found}",
            hint="Write VERSION/VARIANT.",
        )
    return version, str(variants[0])


def _version(each: dict[str, Any]) -> tuple[object, ...]:
    size = each.get("size")
    return (
        each["version"],
        each["variant"],
        None if size is None else human_size(size),
        each["blob_digest"],
        each.get("published_at"),
        each.get("published_by"),
    )


def _tag(each: dict[str, Any]) -> tuple[object, ...]:
    return (each["tag"], each["target_version"], each["target_variant"], each.get("blob_digest"))


def _counters(exposition: str) -> dict[str, float]:
    """Prometheus text, each `larder_` counter or gauge summed over its labels."""
    sums: dict[str, float] = {}
    for line in exposition.splitlines():
        name = line.partition("{")[0].split(" ")[0]
        if not name.startswith("larder_") or name.endswith(("_bucket", "_sum", "_created")):
            continue
        try:
            value = float(line.rsplit("}", 1)[-1].split()[-1])
        except ValueError:
            continue
        sums[name] = sums.get(name, 0.0) + value
    return sums


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))
