"""Operation semantics: language.md sections 4 and 6."""

import asyncio
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread

from operations.world import UpstreamResponse
from schema.document_access import Upstream
from service.upstream import UpstreamNetwork
from stores.interfaces import Conflict
from tests.compliance.bench import Bench, Probes
from tests.compliance.families import BACKENDS, on_both, once
from tests.compliance.probe import MAX_ENTRY, probe_schema
from tests.compliance.report import Check, Failed, expect, expect_that

CATEGORY = "operation semantics"


def checks(probes: Probes) -> Iterator[Check]:
    """All of them."""
    yield from on_both(CATEGORY, ON_BOTH, probes)
    yield from once(CATEGORY, ONCE, probes)


async def _note(bench: Bench, name: str = "one") -> object:
    return (await bench.ok("note", name))["note"]


async def reads_own_writes(bench: Bench) -> None:
    """A transaction reads its own writes."""
    expect((await bench.ok("note_own", "one"))["note"], {"text": "one"}, "kv.get after kv.put")


async def abort_forgets(bench: Bench) -> None:
    """txn.abort forgets everything since txn.begin."""
    await bench.refused(409, "TXN_CONFLICT", "note_abort", "one")
    expect(await _note(bench), None, "the document after txn.abort")


async def refusal_aborts(bench: Bench) -> None:
    """An error reply inside a transaction aborts it: document and event together."""
    await bench.refused(412, "PRECONDITION_FAILED", "note_refused", "one")
    expect(await _note(bench), None, "the document after the refusal")
    expect((await bench.world.kv["meta"].stats()).events, 0, "events after the refusal")


async def failure_aborts(bench: Bench) -> None:
    """A problem that an operation raises aborts the transaction."""
    await bench.refused(422, "EVENT_INVALID", "event", "one", headers={"X-Text": ""})
    expect(await _note(bench), None, "the document written before the failure")


async def write_skew_is_a_conflict(bench: Bench) -> None:
    """Serializable: of two transactions that read what the other writes, one loses."""
    store = bench.world.kv["meta"]
    one, two = store.begin(), store.begin()
    await one.get("c", "a")
    await two.get("c", "b")
    one.put("c", "b", b"1")
    two.put("c", "a", b"1")
    await one.commit()
    try:
        await two.commit()
    except Conflict:
        return
    raise Failed("both transactions committed")


async def phantom_is_a_conflict(bench: Bench) -> None:
    """Serializable: a listing that a transaction relies on may not grow behind it."""
    store = bench.world.kv["meta"]
    reader = store.begin()
    await reader.scan("items", "by_version", b"", limit=10)
    reader.put("c", "seen", b"0")
    await bench.ok("item_put", params={"namespace": "a", "name": "b", "version": "1.0.0"})
    try:
        await reader.commit()
    except Conflict:
        return
    raise Failed("the transaction committed over a row that it had not seen")


async def conflicts_are_run_again(bench: Bench) -> None:
    """A segment that lost a race runs again: 12 at once all succeed, each on the other's result."""
    await bench.ok("note_put", "one", json={"text": "start"})
    answers = await asyncio.gather(*(bench.ok("note_again", "one") for _ in range(12)))
    expect(len(answers), 12, "successes")
    expect((await bench.world.kv["meta"].stats()).events, 12, "events")
    if bench.backend == "disk":
        expect_that(bench.counts.retries > 0, "no segment ran again, so there was no race")


async def one_of_many_wins(bench: Bench) -> None:
    """kv.cas_put if_absent: of 16 at once exactly one writes."""
    answered = await asyncio.gather(
        *(bench.ask("note_absent", params={"name": "one"}) for _ in range(16))
    )
    statuses = sorted(each.status for each in answered)
    expect(statuses, [200, *[409] * 15], "statuses")
    expect((await bench.world.kv["meta"].stats()).events, 1, "events")


async def cas_absent(bench: Bench) -> None:
    """kv.cas_put if_absent writes once, then answers 409 ALREADY_EXISTS."""
    await bench.ok("note_absent", "one")
    await bench.refused(409, "ALREADY_EXISTS", "note_absent", "one")


async def cas_revision(bench: Bench) -> None:
    """kv.cas_put if_rev writes at the revision that was read, else answers 412."""
    await bench.ok("note_put", "one", json={"text": "first"})
    revision = (await bench.ok("note", "one"))["rev"]
    await bench.ok("note_rev", "one", query={"rev": revision})
    expect(await _note(bench), {"text": "one"}, "the document after the swap")
    await bench.refused(412, "PRECONDITION_FAILED", "note_rev", "one", query={"rev": revision})


async def cas_equals(bench: Bench) -> None:
    """kv.cas_put if_equals writes over the value expected, else answers 412."""
    await bench.ok("note_put", "one", json={"text": "first"})
    wrong = {"expected": {"text": "other"}}
    await bench.refused(412, "PRECONDITION_FAILED", "note_equals", "one", json=wrong)
    expect(await _note(bench), {"text": "first"}, "the document after the refusal")
    await bench.ok("note_equals", "one", json={"expected": {"text": "first"}})
    expect(await _note(bench), {"text": "one"}, "the document after the swap")


async def bodies_are_strict(bench: Bench) -> None:
    """parse.json takes one strict JSON text, and no more of it than the limit."""
    for body in ("{", '{"text": "a", "text": "b"}', '{"text": NaN}', '{"text": "a"} x'):
        await bench.refused(400, "INVALID_JSON", "note_put", "one", text=body)
    await bench.refused(413, "JSON_TOO_LARGE", "note_put", "one", json={"text": "x" * 400})


async def validation_names_all(bench: Bench) -> None:
    """validate.json_schema and validate.entity name every failing place."""
    told = await bench.refused(
        400, "VALIDATION_ERROR", "note_put", "one", json={"text": 1, "more": 2}
    )
    expect(len(told["failures"]), 2, "failures of the body")
    bad = {"namespace": "!", "name": "!", "version": "1.0.0"}
    told = await bench.refused(400, "VALIDATION_ERROR", "thing", params=bad)
    fields = sorted(each["field"] for each in told["failures"])
    expect(fields, ["name", "namespace"], "fields that fail")


async def entities_are_normalised(bench: Bench) -> None:
    """normalize.entity trims, lowers and replaces; string.format joins what came of it."""
    raw = {"namespace": " Acme ", "name": "My_Tool", "version": " 1.0.0"}
    found = await bench.ok("thing", params=raw)
    fields = (found["namespace"], found["name"], found["said"])
    expect(fields, ("acme", "my-tool", "acme:my-tool@1.0.0"), "fields")
    bad = {**raw, "name": "a/../b"}
    await bench.refused(400, "INVALID_PATH", "thing", params=bad)


async def queries_are_typed(bench: Bench) -> None:
    """parse.query converts by its schema, and refuses what does not fit or stands twice."""
    found = await bench.ok("query", query="limit=7")
    expect(found["query"]["limit"], 7, "limit")
    for query in ("limit=many", "limit=0", "limit=1&limit=2", "other=1"):
        await bench.refused(400, "INVALID_QUERY", "query", query=query)


async def guards_hold(bench: Bench) -> None:
    """A step whose `when` is false does nothing; one whose `when` holds runs."""
    await bench.ok("guarded")
    await bench.refused(409, "ALREADY_EXISTS", "guarded", query="a=1")


async def replies_are_as_declared(bench: Bench) -> None:
    """respond.redirect and respond.bytes answer as declared."""
    away = await bench.ask("away", params={"name": "one"})
    expect((away.status, away.headers["location"]), (307, "/notes/one"), "redirect")
    words = await bench.ask("words", params={"name": "one"})
    expect((words.body, words.headers["x-said"]), (b"said one", "one"), "bytes")


async def one_moment_a_request(probes: Probes) -> str:
    """time.now_iso8601 is read once a request: the same in every step, and in the event."""
    for backend in BACKENDS:
        seconds = count(1_700_000_000)
        async with probes.open(backend, clock=lambda ticks=seconds: float(next(ticks))) as bench:
            first = await bench.ok("moments", "one")
            second = await bench.ok("moments", "two")
            expect(first["one"], first["two"], "two readings in one request")
            expect_that(first["one"] < second["one"], "time stands still between requests")
            logged = await bench.world.kv["meta"].events("events", after=0, limit=9, max_bytes=9999)
            expect(logged[0].event.at, first["one"], "the event's time")
            expect_that(first["one"].endswith("Z") and len(first["one"]) == 24, "not UTC with ms")
    return "memory, sqlite + files"


async def cache_lifetimes(probes: Probes) -> str:
    """cache.put keeps a value for ttl_seconds, and no longer."""
    now = 100.0
    async with probes.open("memory", ticks=lambda: now) as bench:
        await _cached(bench, "kept")
        now = 109.9
        hit = await bench.ok("cache", "one")
        value = {"text": "kept", "twice": ["kept", "kept"]}
        expect(hit, {"hit": True, "value": value}, "after 9.9 of 10 s")
        now = 110.0
        expect((await bench.ok("cache", "one"))["hit"], False, "hit after 10 of 10 s")
    return "with a clock of its own"


async def cache_bounds(probes: Probes) -> None:
    """cache.put keeps no value over max_entry_bytes, and forgets what it replaces."""
    async with probes.open("memory") as bench:
        await _cached(bench, "small")
        await _cached(bench, "x" * (MAX_ENTRY // 3))
        expect((await bench.ok("cache", "one"))["hit"], False, "hit of an oversized value")


async def _cached(bench: Bench, text: str) -> None:
    """Cache the text, three times in one value."""
    await bench.ok("note_header", "one", headers={"X-Text": text})
    await bench.ok("cache_put", "one")


async def cached_handles(bench: Bench) -> None:
    """cache.put of a blob handle keeps the reference: a lost blob is a miss."""
    digest = (await bench.ok("upload", "one", text="some bytes"))["digest"]
    await bench.ok("cache_blob", "one")
    cached = await bench.ask("cached_blob", params={"name": "one"})
    expect(cached.body, b"some bytes", "the cached blob")
    await bench.world.blobs["primary"].delete(digest)
    await bench.refused(404, "NOT_FOUND", "cached_blob", "one")


async def limits_hold(probes: Probes) -> None:
    """max_io_ops_per_request answers 503 IO_LIMIT, and nothing is kept."""
    changed = probe_schema()
    changed["ops"] = {**changed["ops"], "limits": {"max_io_ops_per_request": 2}}
    async with probes.open("memory", changed) as bench:
        await bench.refused(503, "IO_LIMIT", "note_absent", "one")
        expect(await _note(bench), None, "the document")


async def deadlines_hold(probes: Probes) -> None:
    """deadline_ms answers 504 DEADLINE while an upstream keeps the request waiting."""
    changed = probe_schema()
    changed["ops"] = {**changed["ops"], "limits": {"deadline_ms": 30}}
    async with probes.open("memory", changed, network=_Silence()) as bench:
        await bench.refused(504, "DEADLINE", "fetch", "there")


async def fetches_upstream(probes: Probes) -> str:
    """proxy.fetch asks over HTTP: answers, streamed bytes, refusals of what it must not do."""
    with _Origin() as origin:
        network = UpstreamNetwork({})
        try:
            async with probes.open("disk", probe_schema(origin.url), network=network) as bench:
                found = await bench.ok("fetch", "there")
                expect(found, {"status": 200, "said": "hello"}, "the answer")
                expect((await bench.ok("fetch", "lost"))["status"], 404, "a missing thing")
                expect((await bench.ok("mirror", "there"))["size"], 5, "bytes mirrored")
                await bench.refused(502, "UPSTREAM_ERROR", "fetch", "moved")
            closed = probe_schema(origin.url.replace("http://", "https://"))
            async with probes.open("disk", closed, network=network) as bench:
                await bench.refused(502, "UPSTREAM_ERROR", "fetch", "there")
        finally:
            await network.close()
    return "a server on this machine"


class _Silence:
    """A network that never answers."""

    async def fetch(
        self, name: str, upstream: Upstream, method: str, path: str, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """Waits until the caller gives up."""
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")


class _Origin:
    """An HTTP server in a thread; `url` is its address."""

    def __enter__(self) -> "_Origin":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/there": 200, "/moved": 302}.get(self.path, 404)
        body = b"hello" if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Said", "hello")
        if status == 302:
            self.send_header("Location", "/there")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


ON_BOTH = (
    reads_own_writes, abort_forgets, refusal_aborts, failure_aborts, write_skew_is_a_conflict,
    phantom_is_a_conflict, conflicts_are_run_again, one_of_many_wins, cas_absent, cas_revision,
    cas_equals, bodies_are_strict, validation_names_all, entities_are_normalised,
    queries_are_typed, guards_hold, replies_are_as_declared, cached_handles,
)  # fmt: skip
ONCE = (
    one_moment_a_request,
    cache_lifetimes,
    cache_bounds,
    limits_hold,
    deadlines_hold,
    fetches_upstream,
)
