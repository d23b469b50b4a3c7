"""E501 to E505: keys and patterns."""

from collections.abc import Mapping

from errors.rulebook.entry import Entry

_OK = '{"op": "respond.json", "args": {"status": 200, "body": {"ok": true}}}'

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
}
