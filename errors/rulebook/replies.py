"""E401 to E404 and W402: replies, and the paths to them."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

_NOTE = '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
_MISSING = (
    '{"op": "respond.error", "args": {"status": 404, "code": "NOT_FOUND",\n'
    '  "message": "no such note", "when": {"is_null": "$note"}}}'
)
_PAIRS = [
    f'{{"any": [{{"equals": ["$request.headers.a{n}", "x"]}}, '
    f'{{"equals": ["$request.headers.b{n}", "x"]}}]}}'
    for n in range(1, 12)
]
_ONE, _ELEVEN = _PAIRS[0], ",\n  ".join(_PAIRS)
_REFUSE = '{"op": "respond.error", "args": {"status": 400, "code": "REFUSED", "message": "no",\n  '
_SEND = '{"op": "respond.json", "args": {"status": 200, "body": "$note"}}'

REPLIES: Mapping[str, Entry] = {
    "E401": Entry(
        "one reply on every path",
        "Every path through a route ends in exactly one reply; apply pipelines never reply.",
        "A request whose guards all miss would get no answer at all.",
        "Let the last step reply without a guard.",
        "steps",
        _NOTE + _MISSING,
        _NOTE + _MISSING + ",\n" + _SEND,
    ),
    "E402": Entry(
        "statuses that say what the reply is",
        "`respond.json` and `respond.bytes` answer successes, with a body where the status has "
        "one; redirects and errors have operations of their own.",
        "Every error has the same body, which clients read; a 404 by `respond.json` has not.",
        "Answer errors by `respond.error`, redirects by `respond.redirect`.",
        "steps",
        _NOTE + '{"op": "respond.json", "args": {"status": 404, "body": {"missing": true},\n'
        '  "when": {"is_null": "$note"}}},\n' + _SEND,
        _NOTE + _MISSING + ",\n" + _SEND,
    ),
    "E403": Entry(
        "one status a code",
        "An error code is answered with one status: the catalogue's, or the one that the schema "
        "first gives it.",
        "Clients decide by the code; a code that is 404 here and 400 there means two things.",
        "Use the status of ERRORS.md, or a code of your own.",
        "steps",
        _NOTE + _MISSING.replace("404", "400") + ",\n" + _SEND,
        _NOTE + _MISSING + ",\n" + _SEND,
    ),
    "E404": Entry(
        "paths that can be followed",
        "The different situations that meet at a step, or within one guard, are few enough to be "
        "looked at one by one.",
        "The proofs follow every path; a pipeline with thousands of them is proved by nobody, nor "
        "read.",
        "Guard fewer steps, compare less in one guard, reply earlier, or split the route.",
        "steps",
        f'{_REFUSE}"when": {{"all": [\n  {_ELEVEN}]}}}}}},\n{_NOTE}{_SEND}',
        f'{_REFUSE}"when": {_ONE}}}}},\n{_NOTE}{_SEND}',
    ),
    "W402": Entry(
        "steps that are reached",
        "Every step lies on some path.",
        "A step behind a reply without a guard never runs; it was meant to do something.",
        "Move it up, or leave it out.",
        "steps",
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}},\n'
        '{"op": "time.now_iso8601", "args": {"out": "now"}}',
        '{"op": "time.now_iso8601", "args": {"out": "now"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"at": "$now"}}}',
    ),
}
