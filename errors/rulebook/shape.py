"""E101 to E110: the file is JSON of the right shape, and every name in it is declared."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

SHAPE: Mapping[str, Entry] = {
    "E101": Entry(
        "JSON to the letter",
        "The file is one JSON value (RFC 8259) in UTF-8, without a key that stands twice, within "
        "8 MiB, 64 levels and 200 000 values.",
        "A file that two readers understand differently cannot be proved safe. Of two equal keys "
        "most readers keep the last one in silence.",
        "Mend the text at the place that is named. JSON has no comments: use a `comment` key.",
        "file",
        '{"type_id": "my.packages", "type_id": "my.archive"}',
        '{"type_id": "my.packages"}',
    ),
    "E102": Entry(
        "known keys",
        "Every key is one that the language knows at its place.",
        "A misspelt key would be ignored, and what it was meant to forbid would be allowed.",
        "Take the name of the hint. Keys that begin with `x-`, `comment` and `description` are "
        "free.",
        "schema",
        '"features": {"mutable_tag": false}',
        '"features": {"mutable_tags": true, "x-owner": "the packages group"}',
    ),
    "E103": Entry(
        "types and values",
        "Every value is of the type, and one of the values, that its key takes.",
        'Nothing is converted: `1` is no flag, and `"10"` is no number.',
        "Write the value as OPERATIONS.md and the meta-schema say.",
        "schema",
        '"features": {"mutable_tags": 1}',
        '"features": {"mutable_tags": true}',
    ),
    "E104": Entry(
        "needed keys",
        "Every part has the keys that it cannot do without.",
        "A default would be a guess about what the service is for.",
        "Add the key that is named.",
        "schema",
        '"events": {"types": [{"name": "item.changed"}]}',
        '"events": {"types": [{"name": "item.changed", "schema": {"type": "object",\n'
        '  "properties": {"name": {"type": "string"}}, "required": ["name"]}}]}',
    ),
    "E105": Entry(
        "known operations",
        "Every step is an operation that `ops.allowed` lists, and every operation listed there is "
        "one of the thirty or of an installed extension.",
        "The vocabulary is closed: each operation has declared effects and errors, which all other "
        "proofs rest on.",
        "Correct the name (OPERATIONS.md has them all), or add it to `ops.allowed`.",
        "steps",
        '{"op": "kv.gett", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
    ),
    "E106": Entry(
        "one of each name",
        "Ids and names are given once: routes and their paths, events, scopes, policies, "
        "invariants, checks, orderings, examples, and entries of lists.",
        "Of two routes with one path only one would ever answer, and nobody would know which.",
        "Rename one of the two, or take one away.",
        "schema",
        '"ops": {"allowed": ["auth.require_scopes", "parse.path", "validate.entity",\n'
        '  "kv.get", "respond.json", "kv.get"]},\n'
        '"auth": {"scopes": [{"name": "write", "actions": ["kv.get"]},\n'
        '  {"name": "read", "actions": ["*"]}, {"name": "guest", "actions": ["kv.get"]}]}',
        '"ops": {"allowed": ["auth.require_scopes", "parse.path", "validate.entity",\n'
        '  "kv.get", "respond.json"]},\n'
        '"auth": {"scopes": [{"name": "write", "actions": ["kv.get"]},\n'
        '  {"name": "read", "actions": ["*"]}, {"name": "guest", "actions": ["kv.get"]}]}',
    ),
    "E107": Entry(
        "declared names",
        "Every document, schema, index, ordering, entity, field, store, upstream, scope, event "
        "type and rule that is named is declared.",
        "A name of nothing would fail at the first request that reaches it.",
        "Take the name of the hint, or declare it.",
        "steps",
        '{"op": "kv.get", "args": {"doc": "nite", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
        '{"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}',
    ),
    "E108": Entry(
        "arguments",
        "Every step has the arguments that its operation needs and no others, the texts in them "
        "are well formed, and so are assertions, checks and examples.",
        "An argument that is not understood would change nothing, in silence.",
        "Compare the step with OPERATIONS.md. `{{`, `}}` and `$$` write a brace and a dollar.",
        "steps",
        '{"op": "respond.json", "args": {"status": 200, "body": {"text": "{name} {"}}}',
        '{"op": "respond.json", "args": {"status": 200, "body": {"text": "{name} {{"}}}',
    ),
    "E109": Entry(
        "JSON Schemas",
        "Every JSON Schema can be compiled: it is JSON Schema 2020-12, refers to nothing outside "
        "itself, and its patterns are matched in linear time.",
        "A schema that refers outward would make the service fetch what others can change; a "
        "pattern that backtracks can be made to run for hours.",
        "Correct the keyword that is named; use `#/$defs/…` for parts that are used twice.",
        "schema",
        '"storage": {"schemas": {"note": {"type": "object",\n'
        '  "properties": {"text": {"type": "text"}}}}}',
        '"storage": {"schemas": {"note": {"type": "object",\n'
        '  "properties": {"text": {"type": "string"}}}}}',
    ),
    "E110": Entry(
        "bounds, addresses and paths",
        "Sizes, roots, header names, schedules, addresses of upstreams and paths of routes are "
        "ones that can be used.",
        "A root that climbs leaves the data directory; a path with a parameter inside a segment "
        "cannot be matched in one way only.",
        "Write the value in the form of the hint.",
        "schema",
        '"upstreams": {"origin": {"base_url": "http://upstream.invalid"}}',
        '"upstreams": {"origin": {"base_url": "https://upstream.invalid"}}',
    ),
}
