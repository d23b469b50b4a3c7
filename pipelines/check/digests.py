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
        places.update(_by_pattern(schema, schema, (), 0))
        declared = properties_of(schema)
        places.update((name,) for name in names & declared.keys() if _may_be_text(declared[name]))
    for analysis in whole.pipelines:
        for document, name in _written(analysis):
            found.setdefault(document, set()).add((name,))
    return {document: frozenset(places) for document, places in found.items()}


def _by_pattern(schema: Any, root: Any, path: Path, depth: int) -> Iterator[Path]:
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        try:
            schema = resolve(root, schema["$ref"])
        except KeyError:
            return
    if not isinstance(schema, dict) or depth > _DEPTH:
        return
    if _only_digests(schema.get("pattern")):
        yield path
    for name, inner in properties_of(schema).items():
        yield from _by_pattern(inner, root, (*path, name), depth + 1)
    for keyword in ("items", "additionalProperties"):
        yield from _by_pattern(schema.get(keyword), root, (*path, "[]"), depth + 1)


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
