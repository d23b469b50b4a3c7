"""The example packages, and the plain client that publishes them."""

import ast
import json
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from seed_data.load import PACKAGES, Unreachable, load, log_in
from tests.support.cli import larder_within
from tests.support.server import PASSWORD, ROOT, LiveServer, free_port

SOURCE: list[dict[str, Any]] = json.loads(PACKAGES.read_text(encoding="utf-8"))["packages"]
ARTIFACTS = sum(len(package["artifacts"]) for package in SOURCE)
TAGS = sum(len(package["tags"]) for package in SOURCE)
EVERYTHING = ARTIFACTS + TAGS


def quiet(_: str) -> None:
    """Tells nobody."""


def content(artifact: dict[str, str]) -> bytes:
    if "base64" in artifact:
        return b64decode(artifact["base64"])
    return artifact["text"].encode()


def command(
    server: LiveServer, *options: str, **environ: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "seed_data.load", "--url", server.url, *options],
        cwd=ROOT,
        env={**server.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_there_are_at_least_nine_packages_in_four_namespaces() -> None:
    assert len(SOURCE) >= 9
    assert len({package["namespace"] for package in SOURCE}) >= 4


def test_the_packages_show_what_there_is_to_see() -> None:
    variants = {a["variant"] for package in SOURCE for a in package["artifacts"]}
    npm = next(p for p in SOURCE if any(a["variant"] == "npm" for a in p["artifacts"]))
    assert "macos-universal" in variants
    assert any("-" in artifact["version"] for artifact in npm["artifacts"])
    assert any(package["namespace"] == "images" for package in SOURCE)
    assert all(package["tags"].keys() == {"latest", "stable"} for package in SOURCE)


@pytest.mark.parametrize("package", SOURCE, ids=lambda p: f"{p['namespace']}/{p['name']}")
def test_every_tag_points_at_an_artifact_of_its_package(package: dict[str, Any]) -> None:
    there = {(artifact["version"], artifact["variant"]) for artifact in package["artifacts"]}
    assert {(tag["version"], tag["variant"]) for tag in package["tags"].values()} <= there


def test_the_loader_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse((ROOT / "seed_data" / "load.py").read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_service_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        load(f"http://127.0.0.1:{free_port()}", None, tell=quiet)


def test_everything_is_published_and_a_second_run_changes_nothing(
    live_server: LiveServer, tmp_path: Path
) -> None:
    first = load(live_server.url, live_server.token, tell=quiet)
    assert first == {"created": EVERYTHING, "moved": 0, "unchanged": 0, "failed": 0}
    unchanged = {"created": 0, "moved": 0, "unchanged": EVERYTHING, "failed": 0}
    assert load(live_server.url, live_server.token, tell=quiet) == unchanged
    environ = {"LARDER_URL": live_server.url, "LARDER_TOKEN": live_server.token}
    assert larder_within("seed", "--json", home=tmp_path, environ=environ).json() == unchanged
    for package in SOURCE:
        base = f"/v1/{package['namespace']}/{package['name']}"
        for artifact in package["artifacts"]:
            version = artifact["version"].replace("+", "%2B")
            answer = live_server.ask("GET", f"{base}/{version}/{artifact['variant']}/blob")
            assert answer.content == content(artifact)


def packages(folder: Path, name: str, version: str, *texts: str) -> Path:
    """A file of one package, its tag `latest` on the last of its variants."""
    variants = [f"v{number}" for number in range(len(texts))]
    artifacts = [
        {"version": version, "variant": variant, "text": text}
        for variant, text in zip(variants, texts, strict=True)
    ]
    tags = {"latest": {"version": version, "variant": variants[-1]}}
    package = {"namespace": "seed-test", "name": name, "artifacts": artifacts, "tags": tags}
    file = folder / "packages.json"
    file.write_text(json.dumps({"packages": [package]}))
    return file


def test_a_tag_that_moved_is_moved_back_only_when_asked(
    shared_server: LiveServer, tmp_path: Path
) -> None:
    file = packages(tmp_path, "moving", "1.0.0", "one", "two")
    where, tag = (shared_server.url, shared_server.token), "/v1/seed-test/moving/tags/latest"
    load(*where, file=file, tell=quiet)
    shared_server.ask("PUT", tag, {"target_version": "1.0.0", "target_variant": "v0"})
    kept = load(*where, file=file, tell=quiet, move_tags=False)
    assert (kept["moved"], shared_server.ask("GET", tag).json()["target_variant"]) == (0, "v0")
    moved = load(*where, file=file, tell=quiet)
    assert (moved["moved"], shared_server.ask("GET", tag).json()["target_variant"]) == (1, "v1")


def test_a_different_artifact_at_the_same_place_is_a_failure(
    shared_server: LiveServer, tmp_path: Path
) -> None:
    shared_server.put("seed-test/taken/1.0.0/v0", b"somebody else's")
    file = packages(tmp_path, "taken", "1.0.0", "mine")
    ran = command(shared_server, "--file", str(file), "--json", LARDER_TOKEN=shared_server.token)
    assert (ran.returncode, json.loads(ran.stdout)["failed"]) == (1, 1)
    assert "409 ALREADY_EXISTS" in ran.stderr


def test_it_logs_in_with_a_password_from_the_environment(
    shared_server: LiveServer, tmp_path: Path
) -> None:
    file = packages(tmp_path, "login", "1.0.0", "one")
    ran = command(
        shared_server, "--file", str(file), "--user", "admin", "--json", LARDER_PASSWORD=PASSWORD
    )
    assert ran.returncode == 0
    assert PASSWORD not in ran.stdout + ran.stderr


def test_a_wrong_password_is_told(shared_server: LiveServer) -> None:
    with pytest.raises(PermissionError, match="INVALID_CREDENTIALS"):
        log_in(shared_server.url, "nobody-at-all", "wrong")


def test_without_a_token_everything_fails_and_is_told(shared_server: LiveServer) -> None:
    told: list[str] = []
    counts = load(shared_server.url, None, tell=told.append)
    assert counts["failed"] == EVERYTHING == len(told)
    assert all("401 UNAUTHORIZED" in line for line in told)


def test_larder_seed_tells_when_the_service_is_not_there(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert larder_within("seed", "--url", url, home=tmp_path).code == 4
