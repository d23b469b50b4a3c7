"""Finding: the newest release, versions and packages page by page, tags, what was withdrawn."""

import pytest

from tests.journeys.inside import events_of, rows_of, versions_of
from tests.journeys.said import code_of, fetch, hex_of
from tests.support.server import LiveServer

ASCENDING = [
    "0.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11",
    "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1",
]  # fmt: skip


def publish(server: LiveServer, package: str, *versions: str, variant: str = "txt") -> None:
    for version in versions:
        answer = server.put(f"{package}/{version}/{variant}", f"{version} {variant}".encode())
        assert answer.status == 201, answer


def latest(server: LiveServer, package: str) -> str | None:
    answer = server.ask("GET", f"/v1/{package}/latest")
    if answer.status == 404:
        return None
    return str(answer.json()["version"])


def set_tag(server: LiveServer, package: str, tag: str, version: str, variant: str = "txt") -> str:
    told = {"target_version": version, "target_variant": variant}
    answer = server.ask("PUT", f"/v1/{package}/tags/{tag}", told)
    if answer.status == 200:
        assert answer.json() == {"ok": True}
        return "200"
    return code_of(answer)


def test_the_newest_release_is_neither_a_prerelease_nor_first_in_the_alphabet(
    shared_server: LiveServer, namespace: str
) -> None:
    publish(shared_server, f"{namespace}/a", "1.10.0", "1.9.0", "2.0.0-rc.1")
    told = shared_server.ask("GET", f"/v1/{namespace}/a/latest").json()
    assert (told["version"], told["variant"]) == ("1.10.0", "txt")
    assert told["blob_digest"] == f"sha256:{hex_of(b'1.10.0 txt')}"
    publish(shared_server, f"{namespace}/a", "2.0.0")
    assert latest(shared_server, f"{namespace}/a") == "2.0.0"


def test_a_package_of_prereleases_has_no_latest(shared_server: LiveServer, namespace: str) -> None:
    publish(shared_server, f"{namespace}/a", "1.0.0-rc.1")
    answer = shared_server.ask("GET", f"/v1/{namespace}/a/latest")
    assert code_of(answer) == "404 NOT_FOUND"


@pytest.mark.parametrize("limit", [1, 3, 11, 100])
def test_versions_come_newest_first_whatever_the_page(
    shared_server: LiveServer, namespace: str, limit: int
) -> None:
    shuffled = sorted(ASCENDING, key=lambda version: hex_of(version.encode()))
    publish(shared_server, f"{namespace}/a", *shuffled)
    listed = versions_of(shared_server, f"{namespace}/a", limit=limit)
    assert [row["version"] for row in listed] == ASCENDING[::-1]


def test_variants_of_a_version_stand_together_in_order(
    shared_server: LiveServer, namespace: str
) -> None:
    for variant in ("win", "linux", "mac"):
        publish(shared_server, f"{namespace}/a", "1.0.0", "1.1.0", variant=variant)
    listed = versions_of(shared_server, f"{namespace}/a", limit=2)
    assert [(row["version"], row["variant"]) for row in listed] == [
        (version, variant) for version in ("1.1.0", "1.0.0") for variant in ("linux", "mac", "win")
    ]


def test_a_cursor_is_not_moved_by_what_is_published_meanwhile(
    shared_server: LiveServer, namespace: str
) -> None:
    package = f"{namespace}/a"
    publish(shared_server, package, *(f"1.{minor}.0" for minor in range(0, 20, 2)))
    seen: list[str] = []
    after = ""
    for newer in ("9.0.0", "1.15.0", "1.5.0", "0.1.0", None):
        page = shared_server.ask("GET", f"/v1/{package}/versions?limit=2{after}").json()
        seen += [row["version"] for row in page["versions"]]
        if newer is not None:
            publish(shared_server, package, newer)
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == 10
    assert set(seen) >= {f"1.{minor}.0" for minor in range(2, 20, 2)}


def test_the_last_page_says_that_it_is(shared_server: LiveServer, namespace: str) -> None:
    publish(shared_server, f"{namespace}/a", "1.0.0", "1.1.0")
    page = shared_server.ask("GET", f"/v1/{namespace}/a/versions?limit=2").json()
    assert (len(page["versions"]), page["next"]) == (2, None)
    answer = shared_server.ask("GET", f"/v1/{namespace}/b/versions")
    assert code_of(answer) == "404 NOT_FOUND"


def test_a_tag_is_set_moved_and_removed(shared_server: LiveServer, namespace: str) -> None:
    package = f"{namespace}/a"
    publish(shared_server, package, "1.0.0", "1.1.0")
    assert set_tag(shared_server, package, "stable", "1.0.0") == "200"
    assert set_tag(shared_server, package, "stable", "1.1.0") == "200"
    told = shared_server.ask("GET", f"/v1/{package}/tags/stable").json()
    assert (told["target_version"], told["updated_by"]) == ("1.1.0", "admin")
    assert told["blob_digest"] == f"sha256:{hex_of(b'1.1.0 txt')}"
    assert shared_server.ask("DELETE", f"/v1/{package}/tags/stable").json() == {"ok": True}
    for method in ("GET", "DELETE"):
        answer = shared_server.ask(method, f"/v1/{package}/tags/stable")
        assert code_of(answer) == "404 NOT_FOUND"
    assert fetch(shared_server, f"{package}/1.1.0/txt") == b"1.1.0 txt"


def test_tags_are_listed_by_name(shared_server: LiveServer, namespace: str) -> None:
    package = f"{namespace}/a"
    publish(shared_server, package, "1.0.0", "1.1.0")
    for tag, version in (("stable", "1.0.0"), ("edge", "1.1.0"), ("lts", "1.0.0")):
        set_tag(shared_server, package, tag, version)
    told = shared_server.ask("GET", f"/v1/{package}/tags?limit=2").json()
    assert [row["tag"] for row in told["tags"]] == ["edge", "lts"]
    told = shared_server.ask("GET", f"/v1/{package}/tags?after={told['next']}").json()
    assert [(row["tag"], row["target_version"]) for row in told["tags"]] == [("stable", "1.0.0")]


def test_a_tag_points_at_what_is_published(shared_server: LiveServer, namespace: str) -> None:
    publish(shared_server, f"{namespace}/a", "1.0.0")
    refused = set_tag(shared_server, f"{namespace}/a", "stable", "3.0.0")
    assert refused == "404 TARGET_NOT_FOUND"
    assert shared_server.ask("GET", f"/v1/{namespace}/a/tags").json()["tags"] == []


def test_a_tag_does_not_move_latest(shared_server: LiveServer, namespace: str) -> None:
    publish(shared_server, f"{namespace}/a", "1.0.0", "1.1.0")
    set_tag(shared_server, f"{namespace}/a", "latest", "1.0.0")
    assert latest(shared_server, f"{namespace}/a") == "1.1.0"


def test_packages_are_listed_in_order_by_what_they_begin_with(
    shared_server: LiveServer, namespace: str
) -> None:
    for name in ("tool-b", "tool-a", "other", "tool"):
        publish(shared_server, f"{namespace}/{name}", "1.0.0", "2.0.0-rc.1")
    for prefix, names in (
        (f"{namespace}/", ["other", "tool", "tool-a", "tool-b"]),
        (f"{namespace}/tool", ["tool", "tool-a", "tool-b"]),
        (f"{namespace}/tool-b", ["tool-b"]),
        (f"{namespace}/x", []),
    ):
        told = shared_server.ask("GET", f"/v1/packages?prefix={prefix}").json()
        assert [row["name"] for row in told["packages"]] == names
        assert {row["latest"] for row in told["packages"]} <= {"1.0.0"}
    first = shared_server.ask("GET", f"/v1/packages?prefix={namespace}/&limit=3").json()
    rest = shared_server.ask(
        "GET", f"/v1/packages?prefix={namespace}/&limit=3&after={first['next']}"
    ).json()
    assert [row["name"] for row in rest["packages"]] == ["tool-b"]


def test_a_package_is_told_in_short(shared_server: LiveServer, namespace: str) -> None:
    package = f"{namespace}/a"
    publish(shared_server, package, *ASCENDING)
    set_tag(shared_server, package, "stable", "1.9.0")
    told = shared_server.ask("GET", f"/v1/{package}").json()
    assert told["latest"] == "1.10.0"
    assert [row["version"] for row in told["versions"]] == ASCENDING[::-1]
    assert [row["tag"] for row in told["tags"]] == ["stable"]
    assert code_of(shared_server.ask("GET", f"/v1/{namespace}/b")) == "404 NOT_FOUND"


def test_what_is_withdrawn_says_so_and_leaves_the_listings(
    shared_server: LiveServer, namespace: str
) -> None:
    package = f"{namespace}/a"
    publish(shared_server, package, "1.0.0", "1.1.0")
    done = shared_server.ask("DELETE", f"/v1/{package}/1.1.0/txt/blob")
    assert done.status == 200
    gone = {"withdrawn_at": done.json()["withdrawn_at"], "withdrawn_by": "admin"}
    for method, path in (("GET", "/blob"), ("GET", ""), ("DELETE", "/blob")):
        answer = shared_server.ask(method, f"/v1/{package}/1.1.0/txt{path}")
        assert code_of(answer) == "410 GONE"
        details = answer.json()["error"]["details"]
        assert {name: details[name] for name in gone} == gone
    assert shared_server.ask("HEAD", f"/v1/{package}/1.1.0/txt/blob").status == 410
    assert latest(shared_server, package) == "1.0.0"
    assert [row["version"] for row in versions_of(shared_server, package)] == ["1.0.0"]
    assert set_tag(shared_server, package, "old", "1.1.0") == "404 TARGET_NOT_FOUND"
    last = events_of(shared_server)[-1]
    assert (last["type"], last["payload"]["version"]) == ("artifact.withdrawn", "1.1.0")


def test_a_withdrawn_coordinate_stays_taken(shared_server: LiveServer, namespace: str) -> None:
    publish(shared_server, f"{namespace}/a", "1.0.0")
    shared_server.ask("DELETE", f"/v1/{namespace}/a/1.0.0/txt/blob")
    again = shared_server.put(f"{namespace}/a/1.0.0/txt", b"1.0.0 txt")
    assert code_of(again) == "409 ALREADY_EXISTS"
    assert again.json()["error"]["details"]["withdrawn_at"]


def test_a_package_whose_last_artifact_is_withdrawn_is_no_longer_listed(
    shared_server: LiveServer, namespace: str
) -> None:
    publish(shared_server, f"{namespace}/a", "1.0.0")
    shared_server.ask("DELETE", f"/v1/{namespace}/a/1.0.0/txt/blob")
    told = shared_server.ask("GET", f"/v1/packages?prefix={namespace}/").json()
    assert told["packages"] == []
    assert shared_server.ask("GET", f"/v1/{namespace}/a/versions").status == 404
    ours = [key for key in rows_of(shared_server, "packages", "by_path") if namespace in key]
    assert ours == []
    publish(shared_server, f"{namespace}/a", "1.0.1")
    assert latest(shared_server, f"{namespace}/a") == "1.0.1"


def test_the_feed_tells_everything_in_order(shared_server: LiveServer, namespace: str) -> None:
    package = f"{namespace}/a"
    publish(shared_server, package, "1.0.0", "1.1.0")
    set_tag(shared_server, package, "stable", "1.0.0")
    shared_server.ask("DELETE", f"/v1/{package}/tags/stable")
    shared_server.ask("DELETE", f"/v1/{package}/1.0.0/txt/blob")
    ours = [e for e in events_of(shared_server) if e["payload"]["namespace"] == namespace]
    assert [e["type"] for e in ours] == [
        "artifact.published", "artifact.published", "tag.updated", "tag.deleted",
        "artifact.withdrawn",
    ]  # fmt: skip
    assert sorted(e["event_id"] for e in ours) == sorted({e["event_id"] for e in ours})
    at = ours[1]["sequence"]
    page = shared_server.ask("GET", f"/v1/events?after={at}&limit=2").json()
    assert [e["sequence"] for e in page["events"]] == [at + 1, at + 2]
    assert page["next"] == str(at + 2)
