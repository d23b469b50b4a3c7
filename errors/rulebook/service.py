"""E601 to E605, E701 to E703, W101 to W103: the collector, replication, cost, and what is told."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

_MARKED = '[{"document": "item", "fields": ["digest"]}]'
_GONE = (
    '"events": {"types": [\n'
    '  {"name": "item.changed", "schema": {"type": "object",\n'
    '    "properties": {"name": {"type": "string"}}, "required": ["name"]}},\n'
    '  {"name": "item.gone", "schema": {"type": "object",\n'
    '    "properties": {"name": {"type": "string"}}, "required": ["name"]}}]}'
)


def _collector(sources: str = _MARKED, sweep: str = "") -> str:
    """A collector that is switched on."""
    return f"""\
"capabilities": {{"features": ["proxy", "events", "replication", "gc"]}},
"features": {{"gc_enabled": true}},
"gc": {{"enabled": true,
  "mark_sources": {sources}{sweep}}}"""


SERVICE: Mapping[str, Entry] = {
    "E601": Entry(
        "every document that names blobs is marked",
        "Where blobs are collected, every document that holds digests is a mark source.",
        "The collector deletes what no mark source names: what only other documents name is lost.",
        "Add the document and its digests to `gc.mark_sources`.",
        "schema",
        _collector(sources="[]"),
        _collector(),
    ),
    "E602": Entry(
        "every digest of a document is marked",
        "A mark source lists every property of its document that holds a digest, and no other.",
        "A digest that is not listed keeps no blob; a property that holds none marks nothing.",
        "List the properties that hold digests, and keep digests in properties of the document "
        "itself.",
        "schema",
        _collector(sources='[{"document": "item", "fields": ["digest", "name"]}]'),
        _collector(),
    ),
    "E603": Entry(
        "events that every follower can apply",
        "Where events are replicated every durable event type has an apply pipeline, which knows "
        "the event and the store alone.",
        "A follower that cannot apply an event, or applies it in its own way, holds other data.",
        "Add `replication.apply_pipelines` for the type; take times and names from the payload.",
        "schema",
        _GONE,
        _GONE + ',\n"replication": {"apply_pipelines": {"item.gone": [\n'
        '  {"op": "kv.delete", "args": {"doc": "note", "key": "note/{name}"}}]}}',
    ),
    "E604": Entry(
        "a grace that outlives uploads",
        "The collector spares what is younger than the longest request can last.",
        "An upload stores its bytes before any document names them: a collector that comes "
        "between the two would delete them.",
        "Raise `gc.sweep.sweep_unreferenced_after_seconds`, or lower `ops.limits.deadline_ms`.",
        "schema",
        _collector(sweep=',\n  "sweep": {"sweep_unreferenced_after_seconds": 1}'),
        _collector(sweep=',\n  "sweep": {"sweep_unreferenced_after_seconds": 86400}'),
    ),
    "E605": Entry(
        "schedules without an end",
        "The collector's schedule is a recurrence rule (RFC 5545) without an end, at most every "
        "hour.",
        "A schedule that ends leaves what nobody needs; one that runs all the time does nothing "
        "else.",
        "Write a rule such as `FREQ=DAILY;BYHOUR=3;BYMINUTE=0`.",
        "schema",
        _collector(sweep=',\n  "sweep": {"schedule": {"rrule": "FREQ=DAILY;COUNT=3"}}'),
        _collector(sweep=',\n  "sweep": {"schedule": {"rrule": "FREQ=DAILY;BYHOUR=3"}}'),
    ),
    "E701": Entry(
        "pipelines of a bearable length",
        "A pipeline has at most `ops.limits.max_pipeline_ops` steps.",
        "The limit is what a reader of the schema may rely on.",
        "Split the route, or raise the limit. `validation.load_time_checks` can make it a warning.",
        "schema",
        '"ops": {"limits": {"max_pipeline_ops": 3}}',
        '"ops": {"limits": {"max_pipeline_ops": 4}}',
    ),
    "E702": Entry(
        "a bearable number of store calls",
        "On every path a request makes at most `ops.limits.max_io_ops_per_request` store calls, a "
        "transaction that loses its races and runs three times included.",
        "A request over the limit is answered 503 IO_LIMIT, and only when much is going on: that "
        "is better known beforehand. The finding names the path and the dearest step.",
        "Do less in the route, or raise the limit; `larder explain` lists what each step costs.",
        "schema",
        '"ops": {"limits": {"max_io_ops_per_request": 1}},\n'
        '"replication": {"apply_pipelines": {"item.changed": [\n'
        '  {"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '  {"op": "kv.get", "args": {"doc": "tag", "key": "tag/{name}/new", "out": "tag"}}]}}',
        '"ops": {"limits": {"max_io_ops_per_request": 2}},\n'
        '"replication": {"apply_pipelines": {"item.changed": [\n'
        '  {"op": "kv.get", "args": {"doc": "note", "key": "note/{name}", "out": "note"}},\n'
        '  {"op": "kv.get", "args": {"doc": "tag", "key": "tag/{name}/new", "out": "tag"}}]}}',
    ),
    "E703": Entry(
        "bounds that fit the limits",
        "What a JSON Schema's own bounds let a body, a document, an event or a cached entry hold "
        "fits `max_json_bytes`, `max_kv_value_bytes`, `max_event_bytes` and `max_entry_bytes`; a "
        "blob store takes some blob that `max_request_body_bytes` lets through.",
        "Whoever keeps to the schema must not be refused by a limit that the schema does not "
        "tell of. A schema without a bound takes the limit for the bound.",
        "Raise the limit, or lower `maxLength` and `maxItems`; the finding names the largest part.",
        "schema",
        '"storage": {"schemas": {"note": {"properties": {"text": {"maxLength": 300000}}}}},\n'
        '"replication": {"apply_pipelines": {"item.changed": [\n'
        '  {"op": "kv.put", "args": {"doc": "note", "key": "note/{name}",\n'
        '    "value": {"text": "x"}}}]}}',
        '"storage": {"schemas": {"note": {"properties": {"text": {"maxLength": 200000}}}}},\n'
        '"replication": {"apply_pipelines": {"item.changed": [\n'
        '  {"op": "kv.put", "args": {"doc": "note", "key": "note/{name}",\n'
        '    "value": {"text": "x"}}}]}}',
    ),
    "W101": Entry(
        "capabilities that cover what is used",
        "`capabilities` lists each kind of storage and each feature that the rest uses.",
        "Operators and tools read there what a deployment needs.",
        "Add the word of the hint to `capabilities`.",
        "schema",
        '"capabilities": {"storage": ["blob", "kv"]}',
        '"capabilities": {"storage": ["blob", "kv", "index"]}',
    ),
    "W102": Entry(
        "switches that agree",
        "No section is switched on whose feature is off.",
        "The feature wins: the collector that was meant to run never does.",
        "Switch both on, or both off.",
        "schema",
        '"capabilities": {"features": ["proxy", "events", "replication", "gc"]},\n'
        f'"gc": {{"enabled": true, "mark_sources": {_MARKED}}},\n'
        '"features": {"gc_enabled": false}',
        '"gc": {"enabled": false}, "features": {"gc_enabled": false}',
    ),
    "W103": Entry(
        "values that change something",
        "No value is set that this release does nothing with, and no look-up asks for more rows "
        "than it can get, or for fewer than one.",
        "Whoever set it relies on it.",
        "Leave it out.",
        "schema",
        '"ops": {"closed_world": false}',
        '"ops": {"closed_world": true}',
    ),
}

OWN: Mapping[str, Entry] = {
    "inv": Entry(
        "a schema's own invariants",
        "What `invariants.global` asserts of the schema itself holds.",
        "The author's promises are kept by everyone who changes the schema later.",
        "Change what the invariant speaks of back; or change the invariant, if the promise is no "
        "longer meant.",
        "schema",
        '"features": {"mutable_tags": true},\n'
        '"invariants": {"global": [{"id": "inv.tags_stay",\n'
        '  "description": "A tag never moves.",\n'
        '  "assert": {"equals": ["/features/mutable_tags", false]}}]}',
        '"features": {"mutable_tags": false},\n'
        '"invariants": {"global": [{"id": "inv.tags_stay",\n'
        '  "description": "A tag never moves.",\n'
        '  "assert": {"equals": ["/features/mutable_tags", false]}}]}',
    ),
    "val": Entry(
        "a schema's own checks at load",
        "What `validation.load_time_checks` asks for is a rule of this book, and rejects the "
        "schema (`reject_config`) or, where a schema that breaks it still runs safely, warns "
        "(`warn`). Findings carry the rule's id.",
        "A check that names no rule would check nothing.",
        "Name the rule in `require`; write `reject_config` for rules that no schema may break.",
        "schema",
        '"validation": {"load_time_checks": [{"id": "val.writes",\n'
        '  "require": "E310", "on_fail": "warn"}]}',
        '"validation": {"load_time_checks": [{"id": "val.writes",\n'
        '  "require": "E310", "on_fail": "reject_config"}]}',
    ),
    "run": Entry(
        "a schema's own checks at run time",
        "What `validation.runtime_checks` asks for is a rule of this book that is watched while "
        "requests run: a step that breaks it aborts the request (`abort_request`) or is logged "
        "(`warn`).",
        "An operation that does what it has not declared is caught before it is committed.",
        "Name the rule in `require`, and write `abort_request` or `warn`.",
        "schema",
        '"validation": {"runtime_checks": [{"id": "run.reads",\n'
        '  "require": "E304", "on_fail": "reject_config"}]}',
        '"validation": {"runtime_checks": [{"id": "run.reads",\n'
        '  "require": "E304", "on_fail": "abort_request"}]}',
    ),
}
"""What ids of the schema's own mean, by what stands before their first point."""
