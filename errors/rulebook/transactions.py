"""E310 to E316: what belongs together is written together."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

_BEGIN = '{"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
_COMMIT = '{"op": "txn.commit"},\n'
_NOTE = '{"op": "kv.put", "args": {"doc": "note", "key": "note/{name}", "value": {"text": "x"}}},\n'
_ITEM = (
    '{"op": "kv.put", "args": {"doc": "item", "key": "item/{name}/{version}", "value":\n'
    '  {"name": "{name}", "version": "{version}", "size": 1, "digest": "none"}}},\n'
)
_ROW = (
    '{"op": "index.upsert", "args": {"index": "items", "key": "item/{name}/{version}",\n'
    '  "value": {"name": "{name}", "version": "{version}", "size": 1}}},\n'
)
_EVENT = (
    '{"op": "emit.event", "args": {"type": "item.changed",\n'
    '  "payload": {"name": "{name}", "version": "{version}"}}},\n'
)
_OK = '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}'

TRANSACTIONS: Mapping[str, Entry] = {
    "E310": Entry(
        "writes in transactions",
        "Every write of a document, a row or an event lies between `txn.begin` and `txn.commit`, "
        "on every path.",
        "Outside of a transaction a process that dies between two writes leaves one of them.",
        "Begin before the first write and commit behind the last; guard all of them alike.",
        "steps",
        _NOTE + _OK,
        _BEGIN + _NOTE + _COMMIT + _OK,
    ),
    "E311": Entry(
        "success only after the commit",
        "No reply that says success leaves while writes are not committed, or after they were "
        "aborted.",
        "A transaction that is open when the pipeline ends is aborted: the client would hear of a "
        "success, and nothing would be kept.",
        "Put `txn.commit` before the reply, or answer by `respond.error`, which may abort.",
        "steps",
        _BEGIN + _NOTE + '{"op": "respond.json", "args": {"status": 202, "body": {},\n'
        '  "when": {"equals": ["{name}", "x"]}}},\n' + _COMMIT + _OK,
        _BEGIN + _NOTE + _COMMIT + '{"op": "respond.json", "args": {"status": 202, "body": {},\n'
        '  "when": {"equals": ["{name}", "x"]}}},\n' + _OK,
    ),
    "E312": Entry(
        "transactions end once",
        "Every path from `txn.begin` reaches exactly one `txn.commit` or `txn.abort`, none begins "
        "inside another, and apply pipelines leave all three to whoever applies the event.",
        "A transaction that stays open holds what it has read; a second commit has nothing to "
        "commit.",
        "One begin, then one commit or abort, on every path; give them the same guard.",
        "steps",
        _BEGIN + _NOTE + _COMMIT + '{"op": "txn.abort"},\n' + _OK,
        _BEGIN + _NOTE + _COMMIT + _OK,
    ),
    "E313": Entry(
        "documents with their rows",
        "A document that an index lists and its row are written, or removed, in one transaction "
        "and by one key, and the row has every value of its orderings that the document is sure "
        "to have.",
        "A document without its row is there and never listed; a row without its document lists "
        "what is not there.",
        "Add `index.upsert` (or `index.delete`) with the same key to the transaction.",
        "steps",
        _BEGIN + _ITEM + _COMMIT + _OK,
        _BEGIN + _ITEM + _ROW + _COMMIT + _OK,
    ),
    "E314": Entry(
        "events with what they announce",
        "An event is emitted in the transaction of the write that it announces.",
        "An event that commits alone announces what may never happen; replicas would do it.",
        "Emit it between the same `txn.begin` and `txn.commit` as the write, under its guard.",
        "steps",
        _BEGIN + _EVENT + _COMMIT + _OK,
        _BEGIN + _NOTE + _EVENT + _COMMIT + _OK,
    ),
    "E315": Entry(
        "one store a transaction",
        "A transaction touches one kv store, the event log's included.",
        "Two stores cannot commit as one: a process that dies between their commits leaves half.",
        "Keep documents that are written together, and the event log, in one store.",
        "steps",
        _BEGIN + _NOTE + '{"op": "kv.put", "args": {"doc": "far", "key": "far/{name}",\n'
        '  "value": {"text": "x"}}},\n' + _COMMIT + _OK,
        _BEGIN + _NOTE + _COMMIT + _OK,
    ),
    "E316": Entry(
        "features that are off",
        "Without `mutable_tags` a tag's document is written once; without "
        "`allow_overwrite_artifacts` a version's document is never removed, and only written by "
        "`kv.cas_put`, which keeps the bytes that it names.",
        "Who has installed a version relies on getting the same bytes again.",
        "Write such documents by `kv.cas_put` with `if_absent`; or switch the feature on.",
        "schema",
        '"features": {"allow_overwrite_artifacts": false},\n'
        '"api": {"routes": [{"id": "publish", "method": "PUT", "path": "/c/{name}/{version}",\n'
        '  "tags": ["write"], "pipeline": [\n'
        '    {"op": "auth.require_scopes", "args": {"scopes": ["write"]}},\n'
        '    {"op": "parse.path", "args": {"entity": "item"}},\n'
        '    {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '    {"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '    {"op": "kv.delete", "args": {"doc": "item", "key": "item/{name}/{version}"}},\n'
        '    {"op": "index.delete", "args": {"index": "items", "key": "item/{name}/{version}"}},\n'
        '    {"op": "txn.commit"},\n'
        '    {"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}]}]}',
        '"features": {"allow_overwrite_artifacts": false},\n'
        '"api": {"routes": [{"id": "publish", "method": "PUT", "path": "/c/{name}/{version}",\n'
        '  "tags": ["write"], "pipeline": [\n'
        '    {"op": "auth.require_scopes", "args": {"scopes": ["write"]}},\n'
        '    {"op": "parse.path", "args": {"entity": "item"}},\n'
        '    {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '    {"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '    {"op": "kv.cas_put", "args": {"doc": "item", "key": "item/{name}/{version}",\n'
        '      "value": {"name": "{name}", "version": "{version}", "size": 1,\n'
        '        "digest": "none"}, "if_absent": true}},\n'
        '    {"op": "index.upsert", "args": {"index": "items", "key": "item/{name}/{version}",\n'
        '      "value": {"name": "{name}", "version": "{version}", "size": 1}}},\n'
        '    {"op": "txn.commit"},\n'
        '    {"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}]}]}',
    ),
}
