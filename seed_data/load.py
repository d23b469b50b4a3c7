"""Publishes the example packages through the HTTP API, as any client would.

It imports nothing of Larder and may be run again at any time: what is already there, byte for
byte, stays as it is. `python -m seed_data.load --help` tells how to name the service and the token.
"""

import argparse
import hashlib
import http.client
import json
import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

PACKAGES = Path(__file__).with_name("example_packages.json")
DEFAULT_URL = "http://127.0.0.1:8080"
SECONDS = 60.0


class Service(NamedTuple):
    """Where the service is, and the token to show it."""

    url: str
    token: str | None = None


Tell = Callable[[str], None]
Counts = dict[str, int]


class Unreachable(Exception):
    """The service did not answer, or answered something that is not its own."""


def load(
    url: str,
    token: str | None,
    *,
    file: Path = PACKAGES,
    tell: Tell = print,
    move_tags: bool = True,
) -> Counts:
    """Publish what `file` names and return how many were created, moved, unchanged, failed.

    Without `move_tags` a tag that points elsewhere is left alone. Raises Unreachable when the
    service is not there, ValueError and OSError when `file` cannot be read.
    """
    service = Service(url, token)
    counts = {"created": 0, "moved": 0, "unchanged": 0, "failed": 0}
    for package in json.loads(file.read_text(encoding="utf-8"))["packages"]:
        for what, outcome, why in _publish(service, package, move_tags):
            counts[outcome] += 1
            if outcome != "unchanged":
                tell(f"{outcome} {what}{': ' + why if why else ''}")
    return counts


def log_in(url: str, username: str, password: str) -> str:
    """A token for a user. Raises PermissionError with the service's words, and Unreachable."""
    body = json.dumps({"username": username, "password": password}).encode()
    status, answer = _ask(Service(url), "POST", "/auth/login", body)
    if status != 200:
        raise PermissionError(_why(status, answer))
    return str(answer["token"])


def _publish(
    service: Service, package: dict[str, Any], move_tags: bool
) -> Iterator[tuple[str, str, str]]:
    """What was done, one by one: its name, the outcome, and why."""
    base = f"/v1/{quote(package['namespace'], safe='')}/{quote(package['name'], safe='')}"
    title = f"{package['namespace']}/{package['name']}"
    for artifact in package["artifacts"]:
        outcome, why = _put_artifact(service, base, artifact)
        yield f"{title} {artifact['version']} {artifact['variant']}", outcome, why
    for tag, target in package["tags"].items():
        outcome, why = _put_tag(service, f"{base}/tags/{quote(tag, safe='')}", target, move_tags)
        yield f"{title} tag {tag} -> {target['version']}", outcome, why


def _put_artifact(service: Service, base: str, artifact: Mapping[str, str]) -> tuple[str, str]:
    content = _content(artifact)
    sha256 = hashlib.sha256(content)
    version, variant = (quote(artifact[part], safe="") for part in ("version", "variant"))
    headers = {
        "Content-Type": "application/octet-stream",
        "Repr-Digest": f"sha-256=:{b64encode(sha256.digest()).decode()}:",
    }
    path = f"{base}/{version}/{variant}/blob"
    status, answer = _ask(service, "PUT", path, content, headers)
    if status == 201:
        return "created", ""
    details = _error(answer).get("details") or {}
    if status == 409 and details.get("digest") == f"sha256:{sha256.hexdigest()}":
        return "unchanged", ""
    return "failed", _why(status, answer)


def _put_tag(
    service: Service, path: str, target: Mapping[str, str], move_tags: bool
) -> tuple[str, str]:
    wanted = {"target_version": target["version"], "target_variant": target["variant"]}
    status, answer = _ask(service, "GET", path)
    if status not in (200, 404):
        return "failed", _why(status, answer)
    there = status == 200
    if there and (not move_tags or wanted.items() <= answer.items()):
        return "unchanged", ""
    status, answer = _ask(service, "PUT", path, json.dumps(wanted).encode())
    if status != 200:
        return "failed", _why(status, answer)
    return "moved" if there else "created", ""


def _content(artifact: Mapping[str, str]) -> bytes:
    if "base64" in artifact:
        return b64decode(artifact["base64"], validate=True)
    return artifact["text"].encode()


def _ask(
    service: Service,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """One request on a connection of its own: the status and the JSON of the answer."""
    parts = urlsplit(service.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    sent = {"Content-Type": "application/json", **(headers or {})}
    if service.token:
        sent["Authorization"] = f"Bearer {service.token}"
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
        try:
            connection.request(method, parts.path.rstrip("/") + path, body, sent)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{service.url}: {error}") from error
    return response.status, answer if isinstance(answer, dict) else {}


def _error(answer: Mapping[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    return error if isinstance(error, dict) else {}


def _why(status: int, answer: Mapping[str, Any]) -> str:
    error = _error(answer)
    asked = f" (request {error['request_id']})" if error.get("request_id") else ""
    return f"{status} {error.get('code', '')} {error.get('message', '')}{asked}"


def _secret(name: str) -> str | None:
    """A secret from the environment variable `name`, or from the file that `name`_FILE names."""
    if os.environ.get(name):
        return os.environ[name]
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").rstrip("\r\n") if file else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m seed_data.load",
        description="Publish the example packages; what is already there stays as it is.",
        epilog="Secrets come from the environment: LARDER_TOKEN or LARDER_TOKEN_FILE, or, with "
        "--user, LARDER_PASSWORD or LARDER_PASSWORD_FILE. Exit codes: 0 all there, 1 something "
        "failed, 2 wrong usage, 4 the service was not reached.",
    )
    default = os.environ.get("LARDER_URL") or DEFAULT_URL
    parser.add_argument("--url", default=default, help=f"the service's address [{default}]")
    parser.add_argument("--file", type=Path, default=PACKAGES, help="packages to publish")
    parser.add_argument("--user", help="log in as this user")
    parser.add_argument("--keep-tags", action="store_true", help="never move a tag that exists")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    return parser.parse_args()


def main() -> int:
    """The command; returns its exit code."""
    given = _arguments()

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    try:
        token = _secret("LARDER_TOKEN")
        if given.user:
            token = log_in(given.url, given.user, _secret("LARDER_PASSWORD") or "")
        counts = load(given.url, token, file=given.file, tell=tell, move_tags=not given.keep_tags)
    except Unreachable as error:
        tell(f"not reached: {error}")
        return 4
    except PermissionError as error:
        tell(f"refused: {error}")
        return 1
    except (OSError, ValueError, KeyError) as error:
        tell(f"cannot run: {error!r}")
        return 2
    print(json.dumps(counts) if given.json else ", ".join(f"{n} {w}" for w, n in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
