"""The black-box part: what a running server shows to a client, in a namespace of its own."""

import hashlib
import http.client
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.compliance.coverage_checks import TABLE
from tests.compliance.families import statement
from tests.compliance.report import Check, Skipped, expect, expect_that

SECONDS = 30


class Unreachable(Exception):
    """There is no server to try out."""


class Answer(NamedTuple):
    """A reply; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Server:
    """A live server, and a namespace that nobody used before. Raises Unreachable."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreachable(f"{url} is not an http or https address")
        self._secure = parts.scheme == "https"
        self._place = parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._token = token
        self.namespace = f"compliance-{secrets.token_hex(6)}"

    def greet(self) -> None:
        """Ask whether anybody is there, and whether the token may publish. Raises Unreachable."""
        try:
            answered = self.ask("GET", "/v1/packages?limit=1")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the server does not answer: {error}") from error
        if answered.status in (401, 403):
            raise Unreachable(f"the token is not taken: it answered {answered.status}")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        anonymous: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(*self._place, timeout=SECONDS)
        sent = dict(headers or {})
        if self._token and not anonymous:
            sent["Authorization"] = f"Bearer {self._token}"
        try:
            connection.request(method, self._base + path, body, sent)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def package(self, name: str) -> str:
        """The path of a package in the namespace."""
        return f"/v1/{self.namespace}/{name}"

    def publish(
        self, name: str, version: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Publish one artifact."""
        return self.ask("PUT", self.blob(name, version), body, headers=headers)

    def blob(self, name: str, version: str) -> str:
        """The path of an artifact's bytes."""
        return f"{self.package(name)}/{version}/any/blob"


def checks(server: Server) -> Iterator[Check]:
    """All of them, in their categories."""
    for category, functions in BY_CATEGORY.items():
        for function in functions:
            yield Check(category, statement(function), partial(_tried, function, server))


async def _tried(function: Callable[[Server], str | None], server: Server) -> str | None:
    return function(server)


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _refused(answered: Answer, status: int, code: str) -> dict[str, Any]:
    """The error of an answer that has the one form of errors."""
    expect(answered.status, status, "status")
    expect(answered.headers.get("content-type"), "application/json", "content type")
    body = answered.json()
    expect(body.get("ok"), False, "ok")
    error: dict[str, Any] = body["error"]
    expect(error.get("code"), code, "code")
    expect_that(bool(error.get("message")), "the error has no message")
    expect(error.get("request_id"), answered.headers.get("x-request-id"), "request_id")
    return error


def all_operations(server: Server) -> str:
    """The schema that the server shows at /schema allows the 30 operations."""
    answered = server.ask("GET", "/schema")
    if answered.status != 200:
        raise Skipped(f"/schema answered {answered.status}")
    shown = answered.json()
    allowed = shown.get("schema", shown).get("ops", {}).get("allowed", [])
    expect(sorted(set(TABLE) - set(allowed)), [], "operations that it does not allow")
    return f"{len(TABLE)} of {len(TABLE)}"


def all_methods(server: Server) -> None:
    """A path that exists answers 405 with Allow to any other method."""
    answered = server.ask("POST", server.blob("methods", "1.0.0"), b"x")
    _refused(answered, 405, "METHOD_NOT_ALLOWED")
    allowed = {each.strip() for each in answered.headers.get("allow", "").split(",")}
    expect_that({"GET", "HEAD", "PUT", "DELETE"} <= allowed, f"Allow is {sorted(allowed)}")


def unknown_paths(server: Server) -> None:
    """A path that no route has answers 404 ROUTE_NOT_FOUND."""
    _refused(server.ask("GET", "/v1"), 404, "ROUTE_NOT_FOUND")


def dangerous_paths(server: Server) -> None:
    """Segments that hold a slash, NUL or dots are refused with 400."""
    for segment in ("%2F", "a%2Fb", "%00", "..", "%2e%2e", "a%5Cb"):
        answered = server.ask("GET", f"/v1/{server.namespace}/{segment}/1.0.0/any/blob")
        _refused(answered, 400, "INVALID_PATH")


def round_trip(server: Server) -> str:
    """Bytes come back as they were published: small, empty and of some MiB."""
    bodies = (b"hello", b"", secrets.token_bytes(3 << 20))
    for number, body in enumerate(bodies):
        answered = server.publish("round", f"1.0.{number}", body)
        expect(answered.status, 201, f"status of {len(body)} bytes")
        wanted = {"ok": True, "digest": _digest(body), "size": len(body)}
        expect(answered.json(), wanted, "answer")
        found = server.ask("GET", server.blob("round", f"1.0.{number}"))
        expect((found.status, len(found.body)), (200, len(body)), "status and size")
        expect(_digest(found.body), _digest(body), "digest of what came back")
    return f"{len(bodies)} bodies"


def published_once(server: Server) -> None:
    """The same coordinates again answer 409 with the digest that stands there."""
    expect(server.publish("once", "1.0.0", b"one").status, 201, "status")
    error = _refused(server.publish("once", "1.0.0", b"two"), 409, "ALREADY_EXISTS")
    expect(error["details"]["digest"], _digest(b"one"), "the digest told")
    expect(server.ask("GET", server.blob("once", "1.0.0")).body, b"one", "what stands there")


def one_of_many(server: Server) -> str:
    """Of 16 that publish one coordinate at once exactly one is told 201."""
    with ThreadPoolExecutor(16) as pool:
        bodies = [b"%d" % number for number in range(16)]
        answered = list(pool.map(lambda body: server.publish("race", "1.0.0", body), bodies))
    statuses = sorted(each.status for each in answered)
    expect(statuses, [201, *[409] * 15], "statuses")
    winner = bodies[[each.status for each in answered].index(201)]
    expect(server.ask("GET", server.blob("race", "1.0.0")).body, winner, "what stands there")
    return "16 clients"


def verified(server: Server) -> None:
    """Bytes other than those declared answer 422 and leave nothing behind."""
    answered = server.publish("wrong", "1.0.0", b"hello", {"X-Checksum-Sha256": "0" * 64})
    _refused(answered, 422, "DIGEST_MISMATCH")
    _refused(server.ask("GET", server.blob("wrong", "1.0.0")), 404, "NOT_FOUND")
    right = _digest(b"hello").removeprefix("sha256:")
    answered = server.publish("wrong", "1.0.0", b"hello", {"X-Checksum-Sha256": right})
    expect(answered.status, 201, "status of the right declaration")


def validated(server: Server) -> None:
    """Coordinates that do not fit are refused with 400, and nothing is stored."""
    _refused(server.publish("valid", "v1", b"x"), 400, "VALIDATION_ERROR")
    _refused(server.ask("GET", server.package("valid") + "/versions"), 404, "NOT_FOUND")


def conditions(server: Server) -> None:
    """A blob carries ETag and Repr-Digest; If-None-Match answers 304."""
    server.publish("etag", "1.0.0", b"hello")
    path = server.blob("etag", "1.0.0")
    found = server.ask("GET", path)
    tag = found.headers.get("etag", "")
    expect_that(tag.startswith('"') and tag.endswith('"'), f"ETag is {tag!r}")
    expect_that(found.headers.get("repr-digest", "").startswith("sha-256=:"), "no Repr-Digest")
    again = server.ask("GET", path, headers={"If-None-Match": tag})
    expect((again.status, again.body), (304, b""), "If-None-Match")
    expect(
        server.ask("GET", path, headers={"If-None-Match": '"other"'}).status, 200, "another ETag"
    )


def ranges(server: Server) -> None:
    """A range answers 206 with its bytes, one outside 416 with the size."""
    server.publish("range", "1.0.0", b"0123456789")
    path = server.blob("range", "1.0.0")
    for wanted, part, told in (
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
    ):
        found = server.ask("GET", path, headers={"Range": wanted})
        expect((found.status, found.body), (206, part), wanted)
        expect(found.headers.get("content-range"), told, f"Content-Range of {wanted}")
    outside = server.ask("GET", path, headers={"Range": "bytes=10-"})
    _refused(outside, 416, "RANGE_NOT_SATISFIABLE")
    expect(outside.headers.get("content-range"), "bytes */10", "Content-Range")


def heads(server: Server) -> None:
    """HEAD answers as GET does, without the body."""
    server.publish("head", "1.0.0", b"hello")
    found = server.ask("HEAD", server.blob("head", "1.0.0"))
    length = found.headers.get("content-length")
    expect((found.status, found.body, length), (200, b"", "5"), "status, body, length")
    expect(server.ask("HEAD", server.blob("head", "9.0.0")).status, 404, "HEAD of nothing")


def latest(server: Server) -> None:
    """latest is the highest release: 1.10.0 above 1.9.0, 2.0.0-rc.1 left out."""
    for version in ("1.10.0", "2.0.0-rc.1", "1.9.0"):
        server.publish("latest", version, version.encode())
    found = server.ask("GET", server.package("latest") + "/latest").json()
    expect(found["version"], "1.10.0", "latest")
    expect(found["blob_digest"], _digest(b"1.10.0"), "its digest")


def listed(server: Server) -> None:
    """versions lists every version, newest first, a page at a time."""
    for version in ("1.9.0", "2.0.0", "1.10.0", "2.0.0-rc.1"):
        server.publish("listed", version, version.encode())
    found: list[str] = []
    query = "?limit=3"
    while query:
        page = server.ask("GET", server.package("listed") + "/versions" + query).json()
        found += [each["version"] for each in page["versions"]]
        query = f"?limit=3&after={page['next']}" if page["next"] else ""
    expect(found, ["2.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0"], "versions")
    packages = server.ask("GET", f"/v1/packages?prefix={server.namespace}/listed").json()
    expect([each["name"] for each in packages["packages"]], ["listed"], "packages")


def tags(server: Server) -> None:
    """A tag is set, read, moved and removed; one to nowhere answers 404 TARGET_NOT_FOUND."""
    for version in ("1.0.0", "2.0.0"):
        server.publish("tagged", version, version.encode())
    path = server.package("tagged") + "/tags/stable"
    for version in ("2.0.0", "1.0.0"):
        target = json.dumps({"target_version": version, "target_variant": "any"}).encode()
        expect(server.ask("PUT", path, target).status, 200, "status of setting it")
        expect(server.ask("GET", path).json()["target_version"], version, "what it points at")
    lost = json.dumps({"target_version": "9.0.0", "target_variant": "any"}).encode()
    _refused(server.ask("PUT", path, lost), 404, "TARGET_NOT_FOUND")
    _refused(server.ask("PUT", path, b"{"), 400, "INVALID_JSON")
    expect(server.ask("DELETE", path).status, 200, "status of removing it")
    _refused(server.ask("GET", path), 404, "NOT_FOUND")


def strangers(server: Server) -> None:
    """Without a token nothing is published: 401 with WWW-Authenticate."""
    answered = server.ask("PUT", server.blob("stranger", "1.0.0"), b"x", anonymous=True)
    _refused(answered, 401, "UNAUTHORIZED")
    expect_that("www-authenticate" in answered.headers, "there is no WWW-Authenticate")
    _refused(server.ask("GET", server.blob("stranger", "1.0.0")), 404, "NOT_FOUND")


def bad_tokens(server: Server) -> None:
    """A token that is none is refused with 401."""
    forged = Server.__new__(Server)
    forged.__dict__.update(server.__dict__, _token="not-a-token")
    _refused(forged.ask("GET", "/v1/packages"), 401, "UNAUTHORIZED")


def events(server: Server) -> str:
    """The events of what was published are in the log, gap-free and chained."""
    server.publish("announced", "1.0.0", b"event")
    found: list[dict[str, Any]] = []
    query = "?limit=500"
    while query:
        answered = server.ask("GET", "/v1/events" + query)
        if answered.status == 403:
            raise Skipped("the token may not read the log: it needs the scope admin")
        page = answered.json()
        found += page["events"]
        query = f"?limit=500&after={page['next']}" if page["next"] else ""
    expect([each["sequence"] for each in found], list(range(1, len(found) + 1)), "sequences")
    for before, after in pairwise(found):
        expect(after["previous"], before["hash"], f"previous of event {after['sequence']}")
    payloads = [each["payload"] for each in found]
    ours = [each["name"] for each in payloads if each.get("namespace") == server.namespace]
    expect(ours.count("announced"), 1, "events of one publish")
    return f"{len(found)} events"


BY_CATEGORY: dict[str, tuple[Callable[[Server], str | None], ...]] = {
    "operation coverage": (all_operations,),
    "route compatibility": (all_methods, unknown_paths, dangerous_paths, validated),
    "operation semantics": (published_once, one_of_many, verified, conditions, ranges, heads, tags),
    "storage semantics": (round_trip, latest, listed),
    "auth semantics": (strangers, bad_tokens),
    "event log semantics": (events,),
}
