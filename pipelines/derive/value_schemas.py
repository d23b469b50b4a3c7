"""The JSON Schema of what a node gives in a step, as far as the schema tells."""

from collections.abc import Mapping
from typing import Any

from pipelines.check.analysis import Analysis, Whole
from pipelines.check.effects import SUBJECT
from pipelines.check.plan import place_of
from pipelines.check.wording import node_words
from pipelines.check.worlds import World
from pipelines.derive.field_schemas import stored_schema
from pipelines.derive.memo import once
from pipelines.derive.writers import documents_put, rows_put
from pipelines.nodes import (
    ArrayNode,
    Constant,
    Node,
    ObjectNode,
    PathPart,
    Reference,
    StepNode,
    Template,
)
from pipelines.scope import resolve_schema
from pipelines.shapes import Shape, properties_of, required_of
from pipelines.targets import Target
from schema.facts import resolve

Json = Any

DIGEST: dict[str, Json] = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
INSTANT: Json = {"type": "string", "format": "date-time", "minLength": 24, "maxLength": 24}
NAME: Json = {"type": ["string", "null"], "minLength": 1, "maxLength": 128}
"""A principal's subject: the name of a user (`config_db/accounts.py`)."""

_DEPTH = 16
_TYPES = {
    "text": "string", "digest": "string", "integer": "integer", "number": "number",
    "boolean": "boolean", "object": "object", "headers": "object", "array": "array",
    "rows": "array", "null": "null",
}  # fmt: skip


class ValueSchemas:
    """The JSON Schemas of one step's values; `worlds` are those in which the step runs."""

    def __init__(self, analysis: Analysis, step: StepNode, worlds: tuple[World, ...]) -> None:
        self._analysis = analysis
        self._document = analysis.whole.document
        self._step = step
        self._worlds = worlds

    def of(self, node: Node) -> Json:
        """The schema of a node's value."""
        match node:
            case Constant(value):
                return _literal(value)
            case Template():
                return {"type": "string"}
            case Reference():
                return self._reference(node)
            case ArrayNode(items):
                if not items:
                    return {"const": []}
                listed = [self.of(item) for item in items]
                return {"type": "array", "prefixItems": listed, "items": False}
            case ObjectNode(items):
                return _object({key: self.of(value) for key, value in items})

    def _reference(self, node: Reference) -> Json:
        target = self._analysis.plan.target(node, self._step.index)
        if target is None:
            return {}
        if node.slice is not None:
            return {"type": "string"}
        place = place_of(target)
        schema = NAME if place == SUBJECT else _member(self._base(target), target.path)
        if target.source in ("variable", "root") and self._worlds:
            shapes = [world.shape(place) for world in self._worlds]
            if all(shape.kind == "null" for shape in shapes):
                return {"type": "null"}
            maybe = any(shape.nullable for shape in shapes)
        else:
            maybe = target.shape.nullable
        return _nullable(schema) if maybe else _present(schema)

    def _base(self, target: Target) -> Json:
        """The schema of the whole slot that the target lies in."""
        if target.source == "field":
            entity = self._analysis.whole.entities.get(target.owner)
            return {} if entity is None else stored_schema(entity.fields[target.name])
        if target.source == "variable":
            return self._variable(target)
        return of_shape(target.base)

    def _variable(self, target: Target) -> Json:
        variable = self._analysis.scope.variables[target.name]
        setter = self._analysis.by_index[variable.step]
        match setter.operation.name, variable.output:
            case "kv.get", "out":
                return self._document_schema(setter.static["doc"])
            case "index.query", "out":
                return {"type": "array", "items": self._row(setter.static["index"])}
            case ("blob.put", "out") | (_, "digest"):
                return DIGEST
            case "blob.put", "out_size":
                return {"type": "integer", "minimum": 0}
            case "time.now_iso8601", _:
                return INSTANT
            case "parse.query", "out":
                return of_shape(variable.shape)
            case "parse.json", _:
                return self._proved(target.name)
            case _:
                return of_shape(variable.shape)

    def _proved(self, variable: str) -> Json:
        """What an unguarded validate.json_schema before the step proved of the whole body."""
        for step in self._analysis.pipeline.steps[: self._step.index]:
            value = step.dynamic.get("value")
            validates = step.operation.name == "validate.json_schema" and step.when is None
            if validates and isinstance(value, Reference):
                if value.sigil == "$" and value.name == variable and not value.path:
                    return expanded(resolve_schema(self._document, step.static.get("schema")))
        return {}

    def _document_schema(self, name: str) -> Json:
        declared = self._document.storage.documents.get(name)
        schemas = self._document.storage.schemas
        return expanded(schemas.get(declared.schema)) if declared else {}

    def _row(self, index: str) -> Json:
        """A row is a document where each upsert stands beside the write of what it holds."""
        declared = self._document.indexes.get(index)
        if declared is None:
            return EVENT
        schema = self._document_schema(declared.source_document)
        if _rows_are_documents(self._analysis.whole, index, declared.source_document):
            return schema
        loose = {"required", "additionalProperties"}
        return {word: part for word, part in schema.items() if word not in loose}


@once
def _rows_are_documents(whole: Whole, index: str, document: str) -> bool:
    """Whether each row that is written is a document that its pipeline writes as well."""
    written = {
        (analysis.pipeline.pointer, *_told(step))
        for analysis, step in documents_put(whole, document)
    }
    return all(
        (analysis.pipeline.pointer, *_told(step)) in written
        for analysis, step in rows_put(whole, index)
    )


def _told(step: StepNode) -> tuple[str, str]:
    """The key and the value that a step writes, in words."""
    return node_words(step.dynamic["key"]), _unordered(step.dynamic["value"])


def _unordered(node: Node) -> str:
    """A node in words that are the same for the same members in another order."""
    match node:
        case ObjectNode(items):
            return str(sorted((name, _unordered(item)) for name, item in items))
        case ArrayNode(items):
            return str([_unordered(item) for item in items])
    return node_words(node)


def _literal(value: Json) -> Json:
    if isinstance(value, dict):
        return _object({key: _literal(item) for key, item in value.items()})
    return {"const": value}


def _object(members: dict[str, Json]) -> Json:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


EVENT: Json = {
    "type": "object",
    "properties": {
        "sequence": {"type": "integer", "minimum": 1},
        "event_id": {"type": "string", "format": "uuid"},
        "tenant": {"type": ["string", "null"]},
        "type": {"type": "string"},
        "at": INSTANT,
        "payload": {},
        "previous": {"type": "string"},
        "hash": {"type": "string"},
    },
    "required": ["sequence", "event_id", "tenant", "type", "at", "payload", "previous", "hash"],
    "additionalProperties": False,
}


def expanded(schema: Json, root: Json = None, depth: int = 0) -> Json:
    """The schema with its local references written out; true where that would never end."""
    root = schema if root is None else root
    if isinstance(schema, list):
        return [expanded(item, root, depth) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    rest = {
        word: part if word in ("const", "enum", "default", "examples")
        else expanded(part, root, depth)
        for word, part in schema.items()
        if word not in ("$ref", "$defs", "$schema")
    }  # fmt: skip
    if not isinstance(reference, str):
        return rest
    if depth >= _DEPTH:
        return True
    opened = expanded(resolve(root, reference), root, depth + 1)
    return {"allOf": [opened], **rest} if rest else opened


def of_shape(shape: Shape) -> Json:
    """A shape as a JSON Schema."""
    kind = _TYPES.get(shape.kind)
    if kind is None:
        return {}
    schema: dict[str, Json] = {"type": [kind, "null"] if shape.nullable else kind}
    if shape.fields:
        schema["properties"] = {name: of_shape(inner) for name, inner in shape.fields.items()}
    if shape.item is not None:
        schema["items" if kind == "array" else "additionalProperties"] = of_shape(shape.item)
    return schema


def _member(schema: Json, path: tuple[PathPart, ...]) -> Json:
    for part in path:
        if not isinstance(schema, Mapping):
            return {}
        if isinstance(part, int):
            schema = schema.get("items", {})
            continue
        inner = properties_of(schema).get(part, {})
        schema = inner if part in required_of(schema) else _nullable(inner)
    return schema


def _nullable(schema: Json) -> Json:
    """The same, or null."""
    if not isinstance(schema, Mapping) or not schema:
        return schema
    kind = schema.get("type")
    plain = "const" not in schema and "enum" not in schema
    if isinstance(kind, str) and plain:
        return schema if kind == "null" else {**schema, "type": [kind, "null"]}
    if isinstance(kind, list) and plain:
        return schema if "null" in kind else {**schema, "type": [*kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _present(schema: Json) -> Json:
    """The same without null."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(kind, list):
        return schema
    left = [name for name in kind if name != "null"]
    return {**schema, "type": left[0] if len(left) == 1 else left}
