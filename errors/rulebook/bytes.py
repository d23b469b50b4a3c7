"""E320 to E323: bytes are verified; E330 to E332: what a cache may hold."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

_PUT = (
    '{"op": "blob.put", "args": {"store": "blobs", "from": "request.body",\n'
    '  "out": "digest", "out_size": "size"}},\n'
)
_VERIFY = '{"op": "blob.verify_digest", "args": {"digest": "$digest"}},\n'
_CREATED = '{"op": "respond.json", "args": {"status": 201, "body": {"digest": "$digest"}}}'
_GET = '{"op": "blob.get", "args": {"store": "blobs", "digest": "$digest", "out": "bytes"}},\n'
_BYTES = '{"op": "respond.bytes", "args": {"status": 200, "body": "$bytes"}}'
_FETCH = (
    '{"op": "proxy.fetch", "args": {"upstream": "origin", "method": "GET",\n'
    '  "path": "/x/{name}", "out": "answer"}},\n'
)
_OK = '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}'

_GET_NOTE = '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
_NO_NOTE = (
    '{"op": "respond.error", "args": {"status": 404, "code": "NOT_FOUND",\n'
    '  "message": "no such note", "when": {"is_null": "$note"}}},\n'
)
_CACHE_NOTE = (
    '{"op": "cache.put", "args": {"kind": "response", "key": "note/{name}",\n'
    '  "ttl_seconds": 60, "value": "$note"}},\n'
)


def _routes(put: str, get: str) -> str:
    """A route for writers that fills a cache by one key, and one for readers that looks there."""
    return f"""\
"api": {{"routes": [
  {{"id": "fill", "method": "GET", "path": "/fill/{{name}}", "tags": ["write"], "pipeline": [
    {{"op": "auth.require_scopes", "args": {{"scopes": ["write"]}}}},
    {{"op": "parse.path", "args": {{"entity": "item"}}}},
    {{"op": "cache.put", "args": {{"kind": "response", "key": "{put}",
      "ttl_seconds": 60, "value": "for {{name}}"}}}},
    {{"op": "respond.json", "args": {{"status": 200, "body": {{"ok": true}}}}}}]}},
  {{"id": "look", "method": "GET", "path": "/look/{{name}}", "tags": ["read"], "pipeline": [
    {{"op": "auth.require_scopes", "args": {{"scopes": ["read"]}}}},
    {{"op": "parse.path", "args": {{"entity": "item"}}}},
    {{"op": "cache.get", "args": {{"kind": "response", "key": "{get}",
      "hit_out": "hit", "value_out": "page"}}}},
    {{"op": "respond.json", "args": {{"status": 200, "body": "$page"}}}}]}}]}}"""


BYTES: Mapping[str, Entry] = {
    "E320": Entry(
        "bytes are verified before they are kept",
        "Every `blob.put` is followed, on every path, by `blob.verify_digest` of its digest before "
        "a commit or a reply; and the digest is not compared with itself.",
        "A connection that breaks, or a proxy on the way, changes bytes. A package that is not "
        "what its author sent must not be answered for.",
        'Add `{"op": "blob.verify_digest", "args": {"digest": "$digest"}}` behind it.',
        "steps",
        _PUT + _CREATED,
        _PUT + _VERIFY + _CREATED,
    ),
    "E321": Entry(
        "bytes are served from stores",
        "What a reply sends was stored and verified, never while it still arrives.",
        "Bytes that are passed on while they arrive reach the client before anyone knows whether "
        "they are right.",
        "`blob.put`, `blob.verify_digest` and `blob.get` them, and send the handle.",
        "steps",
        _FETCH + '{"op": "respond.bytes", "args": {"status": 200, "body": "$answer.body"}}',
        _FETCH + '{"op": "blob.put", "args": {"store": "blobs", "from": "$answer.body",\n'
        '  "out": "digest", "out_size": "size"}},\n' + _VERIFY + _GET + _BYTES,
    ),
    "E322": Entry(
        "streams are read once",
        "A request's body, or an upstream's, is read by at most one step on every path.",
        "A stream is gone once it was read; the second reader would get nothing.",
        "Read it once, and use the variable that this step sets.",
        "steps",
        '{"op": "parse.json", "args": {"out": "body"}},\n' + _PUT + _VERIFY + _CREATED,
        _PUT + _VERIFY + _CREATED,
    ),
    "E323": Entry(
        "unverified bytes are not named",
        "Nothing is opened, asked for or cached by a digest before its bytes were verified.",
        "What is opened or cached by a wrong digest is wrong for everybody who comes after.",
        "Put `blob.verify_digest` before the step that uses the digest.",
        "steps",
        _PUT + _GET + _VERIFY + _BYTES,
        _PUT + _VERIFY + _GET + _BYTES,
    ),
    "E330": Entry(
        "cached for those who may see it",
        "What is cached depends on nothing of the request (principal, headers, query, body, "
        "path) that is not in its key.",
        "A cached reply goes to whoever asks next for the same key.",
        "Put what it depends on into the key, or do not cache it.",
        "steps",
        '{"op": "cache.put", "args": {"kind": "response", "key": "hello/{name}",\n'
        '  "ttl_seconds": 60, "value": {"for": "$principal.subject"}}},\n' + _OK,
        '{"op": "cache.put", "args": {"kind": "response", "key": "hello/{name}",\n'
        '  "ttl_seconds": 60, "value": {"for": "{name}"}}},\n' + _OK,
    ),
    "E331": Entry(
        "cached for those with the same rights",
        "Nobody gets from a cache what only somebody with more rights could have put there.",
        "A cache that two routes share hands the one's answers to the callers of the other.",
        "Begin the two keys with different words, or ask for the same scopes.",
        "schema",
        _routes("page/{name}", "page/{name}"),
        _routes("page/{name}", "summary/{name}"),
    ),
    "E332": Entry(
        "errors are not cached",
        "What is cached is settled: nothing that may be missing, no write that is not committed, "
        "and no upstream's answer that may be an error.",
        "A failure that has passed would be answered until the entry expires.",
        "Answer the error first, by `respond.error` with a guard; put `txn.commit` before "
        "`cache.put`.",
        "steps",
        _GET_NOTE + _CACHE_NOTE + _OK,
        _GET_NOTE + _NO_NOTE + _CACHE_NOTE + _OK,
    ),
}
