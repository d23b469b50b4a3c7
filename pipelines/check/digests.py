"""Which properties of documents hold digests: what a document keeps alive."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.check.origins import Origins
from pipelines.check.worlds import Place
from pipelines.nodes import ArrayNode, Node, ObjectNode, Reference, StepNode, Template
from pipelines.shapes import properties_of
from schema.facts import resolve
from schema.patterns import PatternFault, compile_linear

if TYPE_CHECKING:
    from pipelines.check.analysis import Analysis, Whole

Path = tuple[str, ...]
"""Names of properties from the document down; `[]` stands for the items of a list."""

_WRITING = frozenset({"kv.write"})
_DEPTH = 8
_BUDGET = 5000
"""Parts of one JSON Schema that are looked at."""

_INSIDE = (
    "items", "additionalProperties", "contains", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties",
)  # fmt: skip
_MANY_INSIDE = ("patternProperties", "prefixItems")
_BESIDE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas")
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
    patterned: dict[str, frozenset[Path]] = {}
    for document, kind in whole.document.storage.documents.items():
        schema = whole.document.storage.schemas.get(kind.schema)
        places = found.setdefault(document, set())
        if kind.schema not in patterned:
            patterned[kind.schema] = frozenset(_by_pattern(schema))
        places.update(patterned[kind.schema])
        declared = properties_of(schema)
        places.update((name,) for name in names & declared.keys() if _may_be_text(declared[name]))
    for analysis in whole.pipelines:
        for document, path in analysis.kept_digests.written:
            found.setdefault(document, set()).add(path)
    _follow([copy for each in whole.pipelines for copy in each.kept_digests.copied], found)
    return {document: frozenset(places) for document, places in found.items()}


class KeptDigests(NamedTuple):
    """The places that a pipeline writes digests to, and what it writes as it was read."""

    written: tuple[tuple[str, Path], ...]
    copied: tuple["Copy", ...]


def kept_digests(analysis: "Analysis") -> KeptDigests:
    """What a pipeline makes of digests."""
    return KeptDigests(tuple(_written(analysis)), tuple(_copied(analysis)))


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
            below += [((*path, "[]"), inner) for inner in _listed(schema, _MANY_INSIDE)]
            below += [(path, inner) for inner in _listed(schema, _BESIDE)]
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
    try:
        search = compile_linear(pattern).search
    except PatternFault:
        return False  # What is wrong with a pattern is E109's.
    return bool(search(_SAMPLE)) and not any(search(other) for other in _OTHERS)


def _may_be_text(schema: Any) -> bool:
    kinds = schema.get("type", "string") if isinstance(schema, dict) else "string"
    return kinds == "string" or (isinstance(kinds, list) and "string" in kinds)


def _listed(schema: Any, keywords: Iterable[str]) -> Iterator[Any]:
    """The schemas that stand under these keywords: one, a list or an object of them."""
    for keyword in keywords:
        found = schema.get(keyword)
        if keyword in ("patternProperties", "dependentSchemas"):
            found = list(found.values()) if isinstance(found, dict) else None
        yield from found if isinstance(found, list) else [found]


def _written(analysis: "Analysis") -> Iterator[tuple[str, Path]]:
    """Each document with a place that a step writes a digest to, in whatever text it stands.

    What stands whole in one of the document's properties is marked by that one, so that it may
    stand in further places.
    """
    for step in analysis.steps_with(_WRITING):
        value = step.dynamic.get("value")
        if "doc" not in step.static or value is None:
            continue
        places = [(path, digest) for path, leaf in _leaves(value, ())
                  for digest in _digests_in(analysis, analysis.origins, leaf, step)]  # fmt: skip
        whole = {digest for path, (digest, is_whole) in places if is_whole and len(path) == 1}
        for path, (digest, is_whole) in places:
            if (is_whole and len(path) == 1) or digest not in whole:
                yield step.static["doc"], path if is_whole else (*path, "[]")


Copy = tuple[str, Path, str, Path]
"""A document and a place in it, and those that it is a copy of."""


def _follow(copies: Sequence[Copy], found: dict[str, set[Path]]) -> None:
    """Where digests come to by being copied from document to document."""
    grown = True
    while grown:
        grown = False
        for document, path, source, part in copies:
            for place in list(found.get(source, ())):
                if place[: len(part)] != part:
                    continue
                copied = (*path, *place[len(part) :])
                if len(copied) <= _DEPTH and copied not in found.setdefault(document, set()):
                    found[document].add(copied)
                    grown = True


def _copied(analysis: "Analysis") -> Iterator[Copy]:
    """What is written as it was read, whole or in part."""
    for step in analysis.steps_with(_WRITING):
        value, document = step.dynamic.get("value"), step.static.get("doc")
        if document is None or value is None:
            continue
        for path, leaf in _leaves(value, ()):
            place = analysis.plan.place(leaf, step.index) if isinstance(leaf, Reference) else None
            producer = None if place is None else analysis.origins.producer(place)
            if place is None or producer is None:
                continue
            part = tuple("[]" if isinstance(each, int) else each for each in place[3:])
            index = analysis.whole.document.indexes.get(producer.static.get("index", ""))
            if producer.operation.name == "kv.get":
                yield document, path, producer.static["doc"], part
            elif index is not None and part[:1] == ("[]",):
                yield document, path, index.source_document, part[1:]


def _leaves(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    if isinstance(node, ObjectNode):
        for name, item in node.items:
            yield from _leaves(item, (*path, name))
    elif isinstance(node, ArrayNode):
        for item in node.items:
            yield from _leaves(item, (*path, "[]"))
    else:
        yield path, node


def _digests_in(
    analysis: "Analysis", origins: Origins, leaf: Node, step: StepNode
) -> Iterator[tuple[Place, bool]]:
    """The digests that a text is or is put together from, and whether it is all of one."""
    waiting = [(place, leaf, step) for _, place in origins.in_node(leaf, step)]
    while waiting:
        place, node, reader = waiting.pop()
        producer = origins.producer(place)
        target = analysis.plan.target(node, reader.index) if isinstance(node, Reference) else None
        if target is not None and target.shape.kind == "digest":
            yield place, node is leaf and isinstance(node, Reference) and node.slice is None
        elif producer is not None and producer.operation.name == "string.format":
            made = producer.dynamic["template"]
            waiting += [(each, made, producer) for _, each in origins.in_node(made, producer)]
        elif isinstance(node, Template) and _is_digest(analysis, place):
            yield place, False


def _is_digest(analysis: "Analysis", place: Place) -> bool:
    source, entity, name, *rest = place
    if rest:
        return False
    if source == "field":
        declared = analysis.scope.entities[entity].fields[name]
        return declared.type == "digest"
    return source == "variable" and analysis.scope.variables[name].shape.kind == "digest"
