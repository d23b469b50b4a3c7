"""E201 to E206: names, types and comparisons."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

NAMES: Mapping[str, Entry] = {
    "E201": Entry(
        "names that mean one thing",
        "Every `$name` is set by some step, every `{name}` is a field of the route's entity or a "
        "property that was validated, and none could be two things.",
        "What a name means is decided once, when the schema is read; a request cannot change it.",
        "Take the name of the hint, or add the step that sets it. A property of a body has a name "
        "once `validate.json_schema` has proved the whole body.",
        "steps",
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "$noet"}}',
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "$note"}}',
    ),
    "E202": Entry(
        "set before it is read",
        "On every path to a step, whatever it reads was set before: variables by the steps that "
        "ran, fields by `parse.path`.",
        "A step whose guard is false sets nothing. What was never set would be a failure in the "
        "middle of a request.",
        "Give the reading step the guard of the step that sets the value, or set it on every path.",
        "steps",
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note",\n'
        '  "when": {"equals": ["{name}", "x"]}}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "$note"}}',
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note",\n'
        '  "when": {"equals": ["{name}", "x"]}}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "$note",\n'
        '  "when": {"equals": ["{name}", "x"]}}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": null}}',
    ),
    "E203": Entry(
        "assigned once",
        "Every variable is set by one step only, and has no reserved name (`principal`, "
        "`request`, `route`, `tenant`, `event`).",
        "A variable that changes on the way means another thing before and after; who reads the "
        "pipeline cannot tell which.",
        "Give the second output a name of its own.",
        "steps",
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "found"}},\n'
        '{"op": "kv.get", "args": {"doc": "item", "key": "item/{name}/{version}",\n'
        '  "out": "found"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "$found"}}',
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "kv.get", "args": {"doc": "item", "key": "item/{name}/{version}",\n'
        '  "out": "item"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": ["$note", "$item"]}}',
    ),
    "E204": Entry(
        "present where it is needed",
        "Nothing that may be null stands where a value is needed, on any path.",
        "`kv.get` of a document that is not there gives null, and so does an optional field. Put "
        "into a text or an argument it would be a failure of the service instead of an answer.",
        "Settle it first: answer when it is null, or guard the step by `is_not_null`.",
        "steps",
        '{"op": "kv.get", "args": {"doc": "item", "key": "item/{name}/{version}",\n'
        '  "out": "item"}},\n'
        '{"op": "blob.get", "args": {"store": "blobs", "digest": "$item.digest",\n'
        '  "out": "bytes"}},\n'
        '{"op": "respond.bytes", "args": {"status": 200, "body": "$bytes"}}',
        '{"op": "kv.get", "args": {"doc": "item", "key": "item/{name}/{version}",\n'
        '  "out": "item"}},\n'
        '{"op": "respond.error", "args": {"status": 404, "code": "NOT_FOUND",\n'
        '  "message": "no such item", "when": {"is_null": "$item"}}},\n'
        '{"op": "blob.get", "args": {"store": "blobs", "digest": "$item.digest",\n'
        '  "out": "bytes"}},\n'
        '{"op": "respond.bytes", "args": {"status": 200, "body": "$bytes"}}',
    ),
    "E205": Entry(
        "fitting types",
        "Every argument gets a value of the type that its operation declares; only texts, digests "
        "and integers are put into texts; bytes are no part of a JSON value.",
        "There are no conversions at run time, so a value of another type could only fail there.",
        "Give a value of that type. What comes from a body has a type once "
        "`validate.json_schema` has proved it.",
        "steps",
        '{"op": "parse.json", "args": {"out": "body"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "{name}: $body.label"}}',
        '{"op": "parse.json", "args": {"out": "body"}},\n'
        '{"op": "validate.json_schema", "args": {"schema": "body", "value": "$body"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "{name}: $body.label"}}',
    ),
    "E206": Entry(
        "conditions that can be asked",
        "Every `when` is a condition of the language, compares what can be compared, and is "
        "neither true nor false whatever the request says.",
        "A guard that never holds hides a step that nobody will miss until it is needed.",
        "Correct the operator or the operands; leave a guard out that always holds, and a step "
        "whose guard never does.",
        "steps",
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.error", "args": {"status": 404, "code": "NOT_FOUND",\n'
        '  "message": "no such note", "when": {"equals": ["$note", "missing"]}}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "$note"}}',
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.error", "args": {"status": 404, "code": "NOT_FOUND",\n'
        '  "message": "no such note", "when": {"is_null": "$note"}}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": "$note"}}',
    ),
}
