"""The JSON Schema of schema.json that editors read: `schema/meta_schema.json`.

Beside what `schema/meta.py` checks it knows the operations, allows the free keys where they stand,
and describes every key. JSON Schema 2020-12; `markdownDescription`, `enumDescriptions`,
`markdownEnumDescriptions` and `errorMessage` are the words of VS Code's JSON language service.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from operations.operation import Operation
from pipelines.editor.steps import step_parts, step_rules
from pipelines.editor.words import EXAMPLE_KEYS
from pipelines.examples.format import Example
from schema.document import Document
from schema.meta import FREE
from schema.validators import DIALECT
from schema.wording import ASSERTIONS, KEYS

Json = Any

PARTS = {
    "auth_scope": "Scope",
    "blob_store": "BlobStoreDeclaration",
    "entity": "EntityDeclaration",
    "route": "Route",
    "upstream": "Upstream",
}
"""The parts that files of their own may hold: the templates name them in `$schema`.

Editors follow no `#/…` behind the path in a file's `$schema`, so each part has a file too.
"""

_FREE_NAME = r"^x-|^\$schema$"
_REMARK = "A remark; it changes nothing."
_FREE_KEYS = {
    "comment": {"description": _REMARK},
    "description": {"description": "What this is, for people; it changes nothing."},
    "$schema": {"description": "The JSON Schema that editors read this by."},
}
_REFERENCES = {
    ("Route", "pipeline"): "Pipeline",
    ("Route", "examples", "items"): "Example",
    ("Step", "op"): "OperationName",
    ("Ops", "allowed", "items"): "Listed",
    ("Scope", "actions", "items"): "Listed",
    ("EventType", "schema"): "JsonSchema",
    ("Storage", "schemas", "additionalProperties"): "JsonSchema",
    ("Replication", "apply_pipelines", "additionalProperties"): "Pipeline",
    ("Invariant", "assert"): "Assertion",
}


def editor_schema(vocabulary: Sequence[Operation]) -> dict[str, Json]:
    """The whole schema, for pipelines of these operations."""
    _, parts = msgspec.json.schema_components((Document, Example), ref_template="#/$defs/{name}")
    made = {name: _part(name, part) for name, part in parts.items()}
    entities = made["Entities"]["properties"]
    made["Entities"] = {**entities.pop("named"), "description": made["Entities"]["description"]}
    made["Entities"]["properties"]["versioning"] = entities["versioning"]
    made["Step"]["allOf"] = step_rules(vocabulary)
    when = made["Policy"]["properties"]["when"]
    when["anyOf"] = [{"$ref": "#/$defs/Condition"}, {"type": when.pop("type")[1]}]
    made |= step_parts(vocabulary)
    made["Assertion"] = _assertion()
    made["JsonSchema"] = {
        "description": "A JSON Schema, 2020-12; references stay inside it (`#/$defs/…`).",
        "type": ["object", "boolean"],
    }
    title = "schema.json of a Larder repository"
    return {"$schema": DIALECT, "title": title, "$ref": "#/$defs/Document", "$defs": made}


def part_schema(part: str) -> dict[str, Json]:
    """The schema of a file that holds one of PARTS."""
    whole = f"../meta_schema.json#/$defs/{PARTS[part]}"
    return {"$schema": DIALECT, "title": f"{part} of a Larder repository", "$ref": whole}


def as_text(schema: dict[str, Json]) -> str:
    """The schema as it is written to files."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _part(name: str, part: dict[str, Json]) -> dict[str, Json]:
    """One struct: its keys described, its references exact, its free keys allowed."""
    words: Mapping[str, str] = KEYS.get(name) or EXAMPLE_KEYS.get(name, {})
    remarks = name in KEYS
    made = {word: item for word, item in part.items() if word != "title"}
    made["properties"] = {
        key: {**_shape(_aimed(name, key, item), remarks), "description": words.get(key, "")}
        for key, item in part["properties"].items()
    }
    made["properties"] = made["properties"] | _FREE_KEYS
    made["patternProperties"] = {"^x-": True}
    if not made["required"]:
        del made["required"]
    return made


def _aimed(name: str, key: str, shape: dict[str, Json]) -> dict[str, Json]:
    """The shape of a key, where it is free JSON to the structs and more is known of it."""
    for place, target in _REFERENCES.items():
        reference = {"$ref": f"#/$defs/{target}"}
        if place == (name, key):
            kept = {word: shape[word] for word in ("default",) if word in shape}
            shape = reference | kept
        elif place[:2] == (name, key):
            shape = shape | {place[2]: reference}
    return shape


def _shape(shape: dict[str, Json], remarks: bool) -> dict[str, Json]:
    """A value's shape; maps whose names are the author's may allow remarks among them."""
    options = shape.get("anyOf", ())
    if len(options) == 2 and {"type": "null"} in options and "type" in options[0]:
        rest = {word: item for word, item in shape.items() if word != "anyOf"}
        return rest | _shape(options[0], remarks) | {"type": [options[0]["type"], "null"]}
    if not remarks or shape.get("type") != "object" or not shape.get("additionalProperties"):
        return shape
    item = shape["additionalProperties"]
    pattern = shape.get("propertyNames", {}).get("pattern")
    text = {"type": "string"}
    made = {
        **shape,
        "properties": {
            key: {"anyOf": [text, item], "description": _REMARK}
            if pattern is None or re.search(pattern, key)
            else {**text, "description": _REMARK}
            for key in FREE
        },
        "patternProperties": {"^x-": True},
    }
    if pattern is not None:
        made["propertyNames"] = {"pattern": f"{pattern}|{_FREE_NAME}"}
    return made


def _assertion() -> dict[str, Json]:
    again = {"$ref": "#/$defs/Assertion"}
    some = {"type": "array", "minItems": 1}
    names = {**some, "items": {"type": "string"}}
    pair = {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [{"type": "string"}]}
    where = {key: {"type": "string"} for key in ("id", "tag", "method")}
    routes = {"where": _closed(where), "ops": names, "forbids": names, "scopes": names}
    shapes: dict[str, Json] = {
        "all": {**some, "items": again},
        "any": {**some, "items": again},
        "not": again,
        "implies": {**_closed({"if": again, "then": again}), "required": ["if", "then"]},
        "route_requires": {**_closed(routes), "required": ["where"]},
    }
    told = {
        name: {**shapes.get(name, pair), "description": ASSERTIONS[name]} for name in ASSERTIONS
    }
    made = {**_closed(told), "minProperties": 1}
    return {"description": "A statement about this file; several in one object are AND.", **made}


def _closed(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}
