"""E301 to E306: who may do what, and what a step may do where it stands."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

ACCESS: Mapping[str, Entry] = {
    "E301": Entry(
        "the caller is known first",
        "On every path `auth.require_scopes` runs before any step that has an effect.",
        "A step before it runs for anybody: it reads, writes or spends for strangers.",
        "Begin the pipeline with `auth.require_scopes`, without a guard.",
        "route",
        '"pipeline": [\n'
        '  {"op": "parse.path", "args": {"entity": "item"}},\n'
        '  {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '  {"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '  {"op": "auth.require_scopes", "args": {"scopes": ["write"]}},\n'
        '  {"op": "respond.json", "args": {"status": 200, "body": "$note"}}]',
        '"pipeline": [\n'
        '  {"op": "auth.require_scopes", "args": {"scopes": ["write"]}},\n'
        '  {"op": "parse.path", "args": {"entity": "item"}},\n'
        '  {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '  {"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '  {"op": "respond.json", "args": {"status": 200, "body": "$note"}}]',
    ),
    "E302": Entry(
        "routes that somebody may enter",
        "Some policy allows each route to somebody, and no other denies it to everybody.",
        "Without a policy the answer is no: the route would stand there and refuse every request.",
        "Give the route a tag that an `allow` policy speaks of, or add the policy.",
        "route",
        '"tags": ["internal"]',
        '"tags": ["write"]',
    ),
    "E303": Entry(
        "scopes that list what runs",
        "Every scope that lets a caller into a route lists the operations that the route runs "
        "among its `actions`.",
        "A scope says what its holder may cause. A route that lets it in and does more would "
        "answer 403 in the middle, or hand out more than was granted.",
        "Add the operation to the scope's `actions`, or ask for a scope that has it.",
        "route",
        '"pipeline": [\n'
        '  {"op": "auth.require_scopes", "args": {"scopes": ["read", "write"]}},\n'
        '  {"op": "parse.path", "args": {"entity": "item"}},\n'
        '  {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '  {"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '  {"op": "kv.delete", "args": {"doc": "note", "key": "note/{name}"}},\n'
        '  {"op": "txn.commit"},\n'
        '  {"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}]',
        '"pipeline": [\n'
        '  {"op": "auth.require_scopes", "args": {"scopes": ["write"]}},\n'
        '  {"op": "parse.path", "args": {"entity": "item"}},\n'
        '  {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '  {"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '  {"op": "kv.delete", "args": {"doc": "note", "key": "note/{name}"}},\n'
        '  {"op": "txn.commit"},\n'
        '  {"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}]',
    ),
    "E304": Entry(
        "reads do not write",
        "GET and HEAD routes write nothing but caches; a route tagged `proxy` may also keep what "
        "it has just fetched from an upstream.",
        "Clients, caches and crawlers repeat a GET whenever they like.",
        "Use PUT, POST, PATCH or DELETE for a route that writes.",
        "route",
        '"method": "GET", "pipeline": [\n'
        '  {"op": "auth.require_scopes", "args": {"scopes": ["write"]}},\n'
        '  {"op": "parse.path", "args": {"entity": "item"}},\n'
        '  {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '  {"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '  {"op": "kv.delete", "args": {"doc": "note", "key": "note/{name}"}},\n'
        '  {"op": "txn.commit"},\n'
        '  {"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}]',
        '"method": "DELETE", "pipeline": [\n'
        '  {"op": "auth.require_scopes", "args": {"scopes": ["write"]}},\n'
        '  {"op": "parse.path", "args": {"entity": "item"}},\n'
        '  {"op": "validate.entity", "args": {"entity": "item"}},\n'
        '  {"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '  {"op": "kv.delete", "args": {"doc": "note", "key": "note/{name}"}},\n'
        '  {"op": "txn.commit"},\n'
        '  {"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}]',
    ),
    "E305": Entry(
        "no network in transactions",
        "No upstream is asked while a transaction is open.",
        "A transaction is as long as its slowest peer, and its race with other writers is lost "
        "that much more often.",
        "Put `proxy.fetch` before `txn.begin`.",
        "steps",
        '{"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '{"op": "proxy.fetch", "args": {"upstream": "origin", "method": "GET",\n'
        '  "path": "/x/{name}", "out": "answer"}},\n'
        '{"op": "kv.put", "args": {"doc": "note", "key": "note/{name}", "value": {}}},\n'
        '{"op": "txn.commit"},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
        '{"op": "proxy.fetch", "args": {"upstream": "origin", "method": "GET",\n'
        '  "path": "/x/{name}", "out": "answer"}},\n'
        '{"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '{"op": "kv.put", "args": {"doc": "note", "key": "note/{name}", "value": {}}},\n'
        '{"op": "txn.commit"},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
    ),
    "E306": Entry(
        "no bytes behind a lock",
        "No bytes are copied or hashed while a transaction is open, nor received in a step whose "
        "`when` hangs on what the transaction read.",
        "A transaction that lost two races takes the store's lock before it runs again. Bytes that "
        "the first run received are not received again; any others would hold everybody up.",
        "Put the step before `txn.begin`; `blob.verify_digest` of what was put lets the bytes join "
        "the transaction.",
        "steps",
        '{"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "parse.json", "args": {"out": "body", "when": {"is_null": "$note"}}},\n'
        '{"op": "kv.put", "args": {"doc": "note", "key": "note/{name}", "value": {}}},\n'
        '{"op": "txn.commit"},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
        '{"op": "parse.json", "args": {"out": "body"}},\n'
        '{"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "kv.put", "args": {"doc": "note", "key": "note/{name}", "value": {}}},\n'
        '{"op": "txn.commit"},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
    ),
    "W306": Entry(
        "short transactions",
        "No transaction stays open while a client or an upstream sends.",
        "No lock is held meanwhile, so nobody waits; but what the transaction read grows old, and "
        "the commit is likelier to lose its race.",
        "Put `parse.json` and `blob.put` before `txn.begin`; `blob.verify_digest` of what was put "
        "lets the bytes join the transaction.",
        "steps",
        '{"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '{"op": "blob.put", "args": {"store": "blobs", "from": "request.body",\n'
        '  "out": "digest", "out_size": "size"}},\n'
        '{"op": "blob.verify_digest", "args": {"digest": "$digest"}},\n'
        '{"op": "kv.put", "args": {"doc": "note", "key": "note/{name}", "value": {}}},\n'
        '{"op": "txn.commit"},\n'
        '{"op": "respond.json", "args": {"status": 201, "body": {"digest": "$digest"}}}',
        '{"op": "blob.put", "args": {"store": "blobs", "from": "request.body",\n'
        '  "out": "digest", "out_size": "size"}},\n'
        '{"op": "txn.begin", "args": {"isolation": "serializable"}},\n'
        '{"op": "blob.verify_digest", "args": {"digest": "$digest"}},\n'
        '{"op": "kv.put", "args": {"doc": "note", "key": "note/{name}", "value": {}}},\n'
        '{"op": "txn.commit"},\n'
        '{"op": "respond.json", "args": {"status": 201, "body": {"digest": "$digest"}}}',
    ),
}
