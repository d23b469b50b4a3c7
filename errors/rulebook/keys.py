"""E501 to E505: keys and patterns."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

_OK = '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}'

_CACHE = (
    '{"op": "cache.put", "args": {"kind": "response", "key": "KEY",\n'
    '  "ttl_seconds": 60, "value": "{name} {version}"}},\n'
)


def _document(length: int) -> str:
    """A document whose key is made of a field of that length."""
    return f"""\
"entities": {{"other": {{"fields": {{"code": {{"type": "string"}}}}, "primary_key": ["code"],
  "constraints": [{{"field": "code", "regex": "[a-z]+", "max_length": {length}}}]}}}},
"storage": {{"documents": {{"other": {{"store": "meta", "key_template": "other/{{code}}",
  "schema": "note"}}}}}}"""


KEYS: Mapping[str, Entry] = {
    "E501": Entry(
        "keys that tell apart",
        "Key and blob path templates never give two different coordinates the same key, every key "
        "in a pipeline is an instance of its document's template, and every look-up fits its "
        "ordering.",
        "Where two coordinates share a key, publishing one package overwrites another.",
        "Put a character between two placeholders that the left field cannot hold, such as `/`; "
        "write keys of steps as the template is.",
        "schema",
        '"storage": {"documents": {"item": {"key_template": "item/{name}{version}"}}}',
        '"storage": {"documents": {"item": {"key_template": "item/{name}/{version}"}}}',
    ),
    "E502": Entry(
        "one meaning a field",
        "Fields of one name in several entities have one type and one pattern.",
        "Keys are made of fields by name: the same key would be read in two ways.",
        "Give both the same constraint, or rename one.",
        "schema",
        '"entities": {"other": {"fields": {"name": {"type": "string"}}, "primary_key": ["name"],\n'
        '  "constraints": [{"field": "name", "regex": "[0-9]+", "max_length": 9}]}}',
        '"entities": {"other": {"fields": {"code": {"type": "string"}}, "primary_key": ["code"],\n'
        '  "constraints": [{"field": "code", "regex": "[0-9]+", "max_length": 9}]}}',
    ),
    "E503": Entry(
        "bounded, linear-time patterns",
        "Every field's pattern is matched in linear time and has a bound: its own, or "
        "`max_length`.",
        "A pattern that backtracks can be made to run for hours, and a name without a bound to "
        "fill the disk.",
        "Add `max_length`; write the pattern without back-references and look-arounds.",
        "schema",
        '"entities": {"other": {"fields": {"code": {"type": "string"}}, "primary_key": ["code"],\n'
        '  "constraints": [{"field": "code", "regex": "[a-z]+"}]}}',
        '"entities": {"other": {"fields": {"code": {"type": "string"}}, "primary_key": ["code"],\n'
        '  "constraints": [{"field": "code", "regex": "[a-z]+", "max_length": 32}]}}',
    ),
    "E504": Entry(
        "keys that every store takes",
        "No key of a document can be longer than the 1024 bytes that every kind of store takes.",
        "A package whose name is long enough could be published to one store and not be moved to "
        "another.",
        "Give the fields of the key a smaller `max_length`.",
        "schema",
        _document(2000),
        _document(200),
    ),
    "E505": Entry(
        "keys of caches that tell apart",
        "Between two values in the key of a cache stands a character that the left one cannot "
        "hold.",
        "Two requests with one key get each other's answers.",
        "Separate them, by `/` as a rule; what may hold anything goes last.",
        "steps",
        _CACHE.replace("KEY", "page/{name}{version}") + _OK,
        _CACHE.replace("KEY", "page/{name}/{version}") + _OK,
    ),
}
