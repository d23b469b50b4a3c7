"""E320 to E323: bytes are verified; E330 to E332: what a cache may hold."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

_PUT = (
    '{"op": "blob.put", "args": {"store": "blobs", "from": "request.body",\n'
    '  "out": "digest", "out_size": "size"}},\n'
)
_VERIFY = '{"op": "blob.verify_digest", "args": {"digest": "$digest"}},\n'
_CREATED = '{"op": "respond.json", "args": {"status": 201, "body": {"digest": "$digest"}}}'
_FETCH = (
    '{"op": "proxy.fetch", "args": {"upstream": "origin", "method": "GET",\n'
    '  "path": "/x/{name}", "out": "answer"}},\n'
)
_OK = '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}'

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
        '  "out": "digest", "out_size": "size"}},\n'
        + _VERIFY
        + '{"op": "blob.get", "args": {"store": "blobs", "digest": "$digest", "out": "bytes"}},\n'
        '{"op": "respond.bytes", "args": {"status": 200, "body": "$bytes"}}',
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
}
