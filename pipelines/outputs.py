"""The shapes of what the operations set, where the schema tells more than the signature does."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pipelines.nodes import StepNode
from pipelines.shapes import (
    ANY,
    INTEGER,
    OPTIONAL_TEXT,
    TEXT,
    Shape,
    Shapes,
    optional,
    present,
    properties_of,
)
from schema.document import Document

EVENT_ROW = Shape(
    "object",
    fields={
        "sequence": INTEGER,
        "event_id": TEXT,
        "type": TEXT,
        "at": TEXT,
        "tenant": OPTIONAL_TEXT,
        "payload": ANY,
        "previous": TEXT,
        "hash": TEXT,
    },
    closed=True,
)
ANSWER = Shape(
    "object",
    fields={
        "status": INTEGER,
        "headers": Shape("headers", item=OPTIONAL_TEXT),
        "body": Shape("stream"),
    },
    closed=True,
)


def output_shapes(step: StepNode, document: Document, read: Shapes) -> Mapping[str, Shape]:
    """The shape of each output that the step's operation has."""
    shapes = {
        output.name: _declared(output.type.kind, output.type.nullable)
        for output in step.operation.outputs
    }
    refine = _REFINED.get(step.operation.name)
    return shapes | refine(step, document, read) if refine else shapes


@cache
def _declared(kind: str, nullable: bool) -> Shape:
    return Shape(kind, nullable)


def _document(step: StepNode, document: Document, read: Shapes) -> dict[str, Shape]:
    return {"out": optional(_shape_of_document(step.static["doc"], document, read))}


def _rows(step: StepNode, document: Document, read: Shapes) -> dict[str, Shape]:
    index = document.indexes.get(step.static["index"])
    if index is None:
        return {"out": Shape("array", item=EVENT_ROW)}
    source = _shape_of_document(index.source_document, document, read)
    fields = {name: optional(shape) for name, shape in source.fields.items()}
    return {"out": Shape("array", item=replace(source, fields=fields, nullable=False))}


def _query(step: StepNode, document: Document, read: Shapes) -> dict[str, Shape]:
    schema: Any = step.static.get("schema")
    if isinstance(schema, str):
        schema = document.storage.schemas.get(schema)
    if schema is None:
        return {"out": Shape("object", item=OPTIONAL_TEXT)}
    shape = present(read.of(schema))
    given = properties_of(schema).items()
    written = {name: inner.get("default") for name, inner in given if isinstance(inner, dict)}
    defaults = {name for name, value in written.items() if value is not None}
    fields = {n: present(s) if n in defaults else s for n, s in shape.fields.items()}
    return {"out": replace(shape, fields=fields)}


def _answer(step: StepNode, document: Document, read: Shapes) -> dict[str, Shape]:
    return {"out": ANSWER}


def _shape_of_document(name: str, document: Document, read: Shapes) -> Shape:
    declared = document.storage.documents.get(name)
    schema = document.storage.schemas.get(declared.schema) if declared else None
    return present(read.of(schema))


_REFINED: dict[str, Callable[[StepNode, Document, Shapes], dict[str, Shape]]] = {
    "kv.get": _document,
    "index.query": _rows,
    "parse.query": _query,
    "proxy.fetch": _answer,
}
