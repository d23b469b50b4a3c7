"""Which properties of documents hold digests: what a document keeps alive."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import re2  # type: ignore[import-untyped]

from pipelines.nodes import ObjectNode, Reference
from pipelines.shapes import properties_of
from schema.facts import resolve

if TYPE_CHECKING:
    from pipelines.check.analysis import Analysis, Whole

Path = tuple[str, ...]
"""Names of properties from the document down; `[]` stands for the items of a list."""

_DEPTH = 8
_BUDGET = 5000
"""Parts of one JSON Schema that are looked at."""

_INSIDE = ("items", "additionalProperties")
_BESIDE = ("allOf", "anyOf", "oneOf")
_SAMPLE = f"sha256:{'0' * 64}"
_OTHERS = ("", "x", "0" * 64)


def digest_paths(whole: "Whole") -> Mapping[str, frozenset[Path]]:
    """The places of each document that hold digests.

    A property holds one when its pattern lets nothing else through, when it has the name of an
    entity's digest field, or when some pipeline writes a digest there.
    """
    fields = whole.document.entities.named.values()
    names = {n for entity in fields for n, field in entity.fields.items() if field.type == "digest"}
    found: dict[str, set[Path]] = {}
    for document, kind in whole.document.storage.documents.items():
        schema = whole.document.storage.schemas.get(kind.schema)
        places = found.setdefault(document, set())
        places.update(_by_pattern(schema))
        declared = properties_of(schema)
        places.update((name,) for name in names & declared.keys() if _may_be_text(declared[name]))
    for analysis in whole.pipelines:
        for document, name in _written(analysis):
            found.setdefault(document, set()).add((name,))
    return {document: frozenset(places) for document, places in found.items()}


def _by_pattern(root: Any) -> Iterator[Path]:
    """The places of a JSON Schema whose pattern lets digests through alone, level by level.

    What lies too deep, or behind too many references, is left out, as in a type's shape.
    """
    level: list[tuple[Path, Any]] = [((), root)]
    left = _BUDGET
    for _ in range(_DEPTH):
        below: list[tuple[Path, Any]] = []
        for path, written in level:
            left -= 1
            schema = _opened(written, root)
            if left < 0 or not isinstance(schema, dict):
                continue
            if _only_digests(schema.get("pattern")):
                yield path
            below += [((*path, name), inner) for name, inner in properties_of(schema).items()]
            below += [((*path, "[]"), schema.get(keyword)) for keyword in _INSIDE]
            beside = [schema.get(keyword) for keyword in _BESIDE]
            below += [(path, part) for parts in beside if isinstance(parts, list) for part in parts]
        level = below[: max(left, 0)]


def _opened(schema: Any, root: Any) -> Any:
    if not isinstance(schema, dict) or not isinstance(schema.get("$ref"), str):
        return schema
    try:
        return resolve(root, schema["$ref"])
    except KeyError:
        return None  # A reference to nothing is E109's.


def _only_digests(pattern: Any) -> bool:
    if not isinstance(pattern, str) or "sha256" not in pattern:
        return False
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern, options).search
        return bool(search(_SAMPLE)) and not any(search(other) for other in _OTHERS)
    except (re2.error, UnicodeEncodeError):
        return False  # What is wrong with a pattern is E109's.


def _may_be_text(schema: Any) -> bool:
    kinds = schema.get("type", "string") if isinstance(schema, dict) else "string"
    return kinds == "string" or (isinstance(kinds, list) and "string" in kinds)


def _written(analysis: "Analysis") -> Iterator[tuple[str, str]]:
    """Each document with a property that a step writes a digest to."""
    for step in analysis.pipeline.steps:
        value = step.dynamic.get("value")
        if "kv.write" not in step.operation.effects or not isinstance(value, ObjectNode):
            continue
        for name, node in value.items:
            target = analysis.plan.target(node, step.index) if isinstance(node, Reference) else None
            if target is not None and target.shape.kind == "digest" and "doc" in step.static:
                yield step.static["doc"], name
