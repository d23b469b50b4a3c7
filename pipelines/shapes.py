"""What is known of a value before any request: its kind, whether it may be null, what is inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.nodes import PathPart
from schema.facts import resolve
from schema.nearest import hint

_DEPTH = 16
_BUDGET = 5000

_KINDS = {
    "string": "text", "integer": "integer", "number": "number", "boolean": "boolean",
    "object": "object", "array": "array", "null": "null",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of a value.

    `kind` is one of operations.types.Kind, or `number`, `null`. `fields` are the known properties
    of an object; `closed` says that there are no others. `item` is the shape of an array's items.
    """

    kind: str
    nullable: bool = False
    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    closed: bool = False
    item: "Shape | None" = None


ANY = Shape("any", nullable=True)
TEXT = Shape("text")
OPTIONAL_TEXT = Shape("text", nullable=True)
INTEGER = Shape("integer")


def from_schema(schema: Any) -> Shape:
    """The shape that a JSON Schema promises; `any` where it is not plain enough to tell."""
    return _Reader(schema).shape(schema, 0)


class Shapes:
    """The shapes of a document's JSON Schemas, each read once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Shape]] = {}

    def of(self, schema: Any) -> Shape:
        """The shape that a JSON Schema of the document promises."""
        known = self._known.get(id(schema))
        if known is None:  # The schema is kept, so that no other one ever has its id.
            known = self._known[id(schema)] = schema, from_schema(schema)
        return known[1]


class _Reader:
    """Reads one schema; stops at `any` when it is too deep, or too large once its references are
    followed."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.left = _BUDGET

    def shape(self, schema: Any, depth: int) -> Shape:
        self.left -= 1
        if not isinstance(schema, dict) or depth > _DEPTH or self.left < 0:
            return ANY
        if "$ref" in schema:
            return self.shape(_local(self.root, schema["$ref"]), depth + 1)
        declared = schema.get("type", _type_of_literals(schema))
        kinds = [declared] if isinstance(declared, str) else _texts(declared)
        plain = [kind for kind in kinds if kind != "null"]
        nullable = not kinds or "null" in kinds
        if len(plain) != 1:
            return Shape("null", True) if kinds == ["null"] else Shape("any", nullable)
        if plain[0] == "object":
            return self.object(schema, depth, nullable)
        if plain[0] == "array":
            items = None if "prefixItems" in schema else schema.get("items")
            return Shape("array", nullable, item=self.shape(items, depth + 1))
        return Shape(_KINDS.get(plain[0], "any"), nullable)

    def object(self, schema: Mapping[str, Any], depth: int, nullable: bool) -> Shape:
        required = required_of(schema)
        fields = {}
        for name, inner in properties_of(schema).items():
            shape = self.shape(inner, depth + 1)
            fields[name] = shape if name in required else optional(shape)
        closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
        return Shape("object", nullable, fields, closed)


def properties_of(schema: Any) -> Mapping[str, Any]:
    """The schemas of an object's properties; none where the schema is not plain enough to tell.

    Here and below a malformed schema counts as one that tells nothing: another rule refuses it.
    """
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def required_of(schema: Any) -> frozenset[str]:
    """The properties that an object is sure to have."""
    return frozenset(_texts(schema.get("required") if isinstance(schema, dict) else None))


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _type_of_literals(schema: Mapping[str, Any]) -> Sequence[str]:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return sorted({_type_of(value) for value in values}) if isinstance(values, list) else []


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _local(root: Any, ref: Any) -> Any:
    try:
        return resolve(root, ref) if isinstance(ref, str) else None
    except KeyError:
        return None


def of_value(value: Any) -> Shape:
    """The shape of a literal."""
    kind = _KINDS[_type_of(value)]
    if kind == "object":
        fields = {name: of_value(item) for name, item in value.items()}
        return Shape("object", fields=fields, closed=True)
    if kind == "array":
        return Shape("array", item=ANY)
    return Shape(kind, nullable=kind == "null")


def optional(shape: Shape) -> Shape:
    """The same, but it may be null."""
    if shape.nullable:
        return shape
    return Shape(shape.kind, True, shape.fields, shape.closed, shape.item)


def present(shape: Shape) -> Shape:
    """The same, known not to be null."""
    if not shape.nullable:
        return shape
    return Shape(shape.kind, False, shape.fields, shape.closed, shape.item)


def lookup(shape: Shape, path: Sequence[PathPart]) -> Shape | str:
    """The shape at a path, or what is wrong with the path, as a sentence's end.

    A step through something that may be null, a property that may be absent and any array item
    make the result nullable.
    """
    for part in path:
        maybe = shape.nullable
        if shape.kind == "any":
            return ANY
        if isinstance(part, int):
            if shape.kind not in ("array", "rows"):
                return f"[{part}] looks into a list, and this is {shape.kind}"
            shape, maybe = shape.item or ANY, True
        elif shape.kind not in ("object", "headers"):
            return f".{part} looks into an object, and this is {shape.kind}"
        elif part in shape.fields:
            shape = shape.fields[part]
        elif shape.closed:
            return f"there is no property {part!r}; {hint(part, shape.fields) or 'it has none'}"
        else:
            shape = shape.item or ANY
        if maybe:
            shape = optional(shape)
    return shape
