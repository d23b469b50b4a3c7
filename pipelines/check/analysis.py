"""What the rules are asked about: the whole schema, and one pipeline of it; and what a rule is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from errors.finding import Severity
from operations.operation import Operation
from pipelines.check.digests import KeptDigests, Path, digest_paths, kept_digests
from pipelines.check.effects import Surroundings, surroundings
from pipelines.check.flow import Flow, Visit, walk
from pipelines.check.origins import Origins
from pipelines.check.plan import Plan
from pipelines.expressions import Fault
from pipelines.keys import Bindings, match_key
from pipelines.nodes import Constant, Node, Pipeline, Reference, StepNode, Template
from pipelines.parse import parse_apply, parse_route
from pipelines.policies import name_faults
from pipelines.scope import Scope
from pipelines.shapes import Shapes
from schema.document import Document, Route
from schema.entities import Entity, compile_entity
from schema.fields import NormalizerFault
from schema.key_proof import KeyFault
from schema.keys import KeyTemplate, compile_key
from schema.link import key_fields, version_fields
from schema.patterns import PatternFault
from schema.pointers import join
from schema.templates import TemplateFault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One rule: its id, what breaking it means, and the generator of its faults.

    `lowerable` rules may be turned into warnings by validation.load_time_checks: a schema that
    breaks them runs, if not as its author meant it.
    """

    id: str
    severity: Severity
    lowerable: bool
    check: Callable[[T], Iterator[Fault]]

    @property
    def summary(self) -> str:
        """What the rule proves, in one sentence."""
        return (self.check.__doc__ or "").strip().splitlines()[0]


def rule(
    id: str, *, lowerable: bool = False
) -> Callable[[Callable[[T], Iterator[Fault]]], Rule[T]]:
    """Declare the decorated generator as a rule; ids that begin with W warn."""
    severity: Severity = "warning" if id.startswith("W") else "error"
    return lambda check: Rule(id, severity, lowerable, check)


class Analysis:
    """One pipeline, what was wrong with its steps as written, and all that can happen in it."""

    def __init__(
        self, whole: "Whole", pipeline: Pipeline, faults: list[Fault], route: Route | None = None
    ) -> None:
        self.whole = whole
        self.pipeline = pipeline
        self.faults = faults
        self.route = route
        self.scope = Scope(pipeline, whole.document, whole.shapes)
        self.by_index: Mapping[int, StepNode] = {step.index: step for step in pipeline.steps}

    @cached_property
    def plan(self) -> Plan:
        """The steps made ready for the walk."""
        return Plan(self.pipeline, self.scope, self.whole.null_caches)

    @cached_property
    def flow(self) -> Flow:
        """Every path; empty when a step could not be read, since then nothing can be proved."""
        return walk(self.plan, self.whole.around) if self.pipeline.complete else Flow()

    def steps_with(self, effects: frozenset[str]) -> list[StepNode]:
        """The steps that have one of these effects."""
        if self._effects.isdisjoint(effects):
            return []
        steps = self.pipeline.steps
        return [step for step in steps if not step.operation.effects.isdisjoint(effects)]

    def runs_with(self, effects: frozenset[str]) -> list[Visit]:
        """The visits in which a step that has one of these effects does something."""
        if self._effects.isdisjoint(effects):
            return []
        runs = self.flow.runs()
        return [visit for visit in runs if not visit.step.operation.effects.isdisjoint(effects)]

    @cached_property
    def _effects(self) -> frozenset[str]:
        """Every effect that some step has."""
        return frozenset().union(*(step.operation.effects for step in self.pipeline.steps))

    @cached_property
    def kept_digests(self) -> KeptDigests:
        """What the pipeline makes of digests."""
        return kept_digests(self)

    def forget(self) -> None:
        """Let go of what the rules about one pipeline needed, but for what the schema's ask for."""
        assert self.kept_digests
        for large in ("flow", "plan", "origins"):
            self.__dict__.pop(large, None)

    @cached_property
    def origins(self) -> Origins:
        """What each value is made from."""
        return Origins(self.plan)

    @cached_property
    def cache_reads(self) -> Mapping[str, str]:
        """The variables that hold what came from a cache, and its kind."""
        return {
            step.outputs["value_out"]: step.static["kind"]
            for step in self.pipeline.steps
            if "cache.read" in step.operation.effects
            if "value_out" in step.outputs and "kind" in step.static
        }

    @cached_property
    def digests(self) -> frozenset[str]:
        """The variables that hold digests of bytes that were put."""
        puts = (s for s in self.pipeline.steps if "blob.write" in s.operation.effects)
        return frozenset(step.outputs["out"] for step in puts if "out" in step.outputs)

    @property
    def where(self) -> str:
        """The pointer of the list of steps."""
        own = self.pipeline.pointer
        return own if self.pipeline.event is not None else f"{own}/pipeline"


class Whole:
    """The schema as the rules see it; `lowerable` are the ids of rules that may only warn."""

    def __init__(
        self,
        document: Document,
        vocabulary: Mapping[str, Operation],
        lowerable: frozenset[str] = frozenset(),
    ) -> None:
        self.document = document
        self.vocabulary = vocabulary
        self.lowerable = lowerable
        self.around: Surroundings = surroundings(document)
        self.shapes = Shapes()
        self._matches: dict[tuple[int, int], tuple[KeyTemplate, Node, Bindings | str]] = {}
        self.pipelines = tuple(self._pipelines(vocabulary))

    def _pipelines(self, vocabulary: Mapping[str, Operation]) -> Iterator[Analysis]:
        document = self.document
        for position, route in enumerate(document.api.routes):
            pointer = f"/api/routes/{position}"
            pipeline, faults = parse_route(route, pointer, document, vocabulary)
            yield Analysis(self, pipeline, faults, route)
        replication = document.replication
        for event, steps in (replication.apply_pipelines if replication else {}).items():
            pointer = join("/replication/apply_pipelines", event)
            pipeline, faults = parse_apply(event, steps, pointer, document, vocabulary)
            yield Analysis(self, pipeline, faults)

    @cached_property
    def policies_known(self) -> bool:
        """Whether the policies speak only of what they can know."""
        return not any(name_faults(self.document))

    @cached_property
    def digest_paths(self) -> Mapping[str, frozenset[Path]]:
        """The places of each document that hold digests."""
        return digest_paths(self)

    @cached_property
    def null_caches(self) -> frozenset[str]:
        """The kinds of caches that some step may put null into."""
        return frozenset(
            step.static["kind"]
            for analysis in self.pipelines
            for step in analysis.pipeline.steps
            if "cache.write" in step.operation.effects and "kind" in step.static
            if _may_be_null(analysis.scope, step)
        )

    @cached_property
    def cached(self) -> Mapping[str, frozenset[str]]:
        """What some step may put into each kind of cache: `handle`, `text`, `json`, `null`."""
        found: dict[str, set[str]] = {}
        again: set[tuple[str, str]] = set()
        for analysis in self.pipelines:
            kinds = analysis.cache_reads
            for step in analysis.pipeline.steps:
                if "cache.write" not in step.operation.effects or "kind" not in step.static:
                    continue
                value, kind = step.dynamic.get("value"), step.static["kind"]
                if isinstance(value, Reference) and not value.path and value.name in kinds:
                    again.add((kinds[value.name], kind))
                else:
                    found.setdefault(kind, set()).add(_class_of(analysis.scope, step))
        for source, kind in [*again, *again]:  # There are two kinds of caches.
            found.setdefault(kind, set()).update(found.get(source, ()))
        return {kind: frozenset(classes) for kind, classes in found.items()}

    @cached_property
    def keys(self) -> Mapping[str, KeyTemplate]:
        """The key template of each document that has a sound one."""
        fields = key_fields(self.entities)
        found = {}
        for name, kind in self.document.storage.documents.items():
            try:
                found[name] = compile_key(kind.key_template, fields)
            except (KeyFault, TemplateFault):
                continue  # The rules about templates tell of it.
        return found

    @cached_property
    def entities(self) -> Mapping[str, Entity]:
        """The entities that compile."""
        declared = self.document.entities
        found = {}
        for name, entity in declared.named.items():
            try:
                found[name] = compile_entity(name, entity, declared.versioning)
            except (PatternFault, NormalizerFault):
                continue  # The rules about patterns and normalisers tell of it.
        return found

    @cached_property
    def versions(self) -> frozenset[str]:
        """The names of all fields that hold versions."""
        return version_fields(self.entities)

    @cached_property
    def key_parameters(self) -> Mapping[str, tuple[str, ...]]:
        """The parameters of each operation that take keys of documents."""
        return {
            name: tuple(p.name for p in operation.parameters if p.key_of is not None)
            for name, operation in self.vocabulary.items()
        }

    def match(self, template: KeyTemplate, node: Node) -> Bindings | str:
        """What the key in a step binds (`match_key`), found out once for each text."""
        known = self._matches.get((id(template), id(node)))
        if known is None:  # Both are kept, so that no others ever have their ids.
            known = template, node, match_key(template, node)
            self._matches[id(template), id(node)] = known
        return known[2]

    def key_of(self, step: StepNode) -> KeyTemplate | None:
        """The template that the step's key must be an instance of."""
        name: Any = step.static.get("doc")
        if name is None:
            index = self.document.indexes.get(step.static.get("index", ""))
            name = None if index is None else index.source_document
        return self.keys.get(name)


def _class_of(scope: Scope, step: StepNode) -> str:
    node = step.dynamic.get("value")
    if isinstance(node, Template) or (isinstance(node, Constant) and isinstance(node.value, str)):
        return "text"
    if isinstance(node, Constant) and node.value is None:
        return "null"
    target = scope.target(node, step.index) if isinstance(node, Reference) else None
    kind = "json" if target is None or isinstance(target, Fault) else target.shape.kind
    return {"handle": "handle", "text": "text", "digest": "text"}.get(kind, "json")


def _may_be_null(scope: Scope, step: StepNode) -> bool:
    node = step.dynamic.get("value")
    if isinstance(node, Reference):
        target = scope.target(node, step.index)
        return isinstance(target, Fault) or target.shape.nullable
    return isinstance(node, Constant) and node.value is None


WRITES = frozenset({"kv.write", "index.write", "event.write"})
