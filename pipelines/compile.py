"""A checked schema becomes programs: tuples of bound steps over numbered slots.

A program holds no request state; one program serves every request. Only a pipeline that the
checker found no error in is compiled, so everything here may trust that names mean something.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from operations.operation import Operation, Parameter
from operations.types import Static
from pipelines.actions import READING, charged_action
from pipelines.bind import (
    AWAIT,
    AWAIT_SET,
    AWAIT_SPREAD,
    BEGIN,
    DO,
    REPLY,
    SET,
    SPREAD,
    Argument,
    BoundStep,
    Fixed,
    Wrap,
    bind,
    unwrapped,
)
from pipelines.evaluate import Locate, Watch, condition, evaluator, unwatched
from pipelines.expressions import Fault
from pipelines.key_closures import key_closure
from pipelines.nodes import Constant, PathPart, Reference, StepNode
from pipelines.parse import parse_apply, parse_route
from pipelines.policies import admission
from pipelines.program import REQUEST_BODY, ROOTS, Program, Programs
from pipelines.scope import Scope, Target
from pipelines.validated import validated_fields
from schema.document import Document, Route
from schema.entities import Entity
from schema.model import Schema
from schema.validators import Validator


def compile_schema(
    schema: Schema,
    vocabulary: Mapping[str, Operation],
    wrap: Wrap = unwrapped,
    watch: Watch = unwatched,
    scopes: Iterable[Scope] | None = None,
) -> Programs:
    """Compile every pipeline of a schema that has no errors.

    `scopes` are those of its pipelines in order, where they are known from the check.
    """
    document = schema.document
    ready = iter(_scopes(document, vocabulary) if scopes is None else scopes)
    routes = tuple(
        _Compiler(scope, schema, wrap, watch).program(route)
        for route, scope in zip(document.api.routes, ready, strict=False)
    )
    compiled = (_Compiler(scope, schema, wrap, watch).program(None) for scope in ready)
    applied = document.replication.apply_pipelines if document.replication is not None else {}
    return Programs(routes, dict(zip(applied, compiled, strict=True)))


def _scopes(document: Document, vocabulary: Mapping[str, Operation]) -> Iterator[Scope]:
    """The scope of every route's pipeline, then of every apply pipeline."""
    for position, route in enumerate(document.api.routes):
        yield Scope(
            parse_route(route, f"/api/routes/{position}", document, vocabulary)[0], document
        )
    applied = document.replication.apply_pipelines if document.replication is not None else {}
    for event, steps in applied.items():
        yield Scope(parse_apply(event, steps, "", document, vocabulary)[0], document)


class _Compiler:
    """One pipeline on its way to a program."""

    def __init__(self, scope: Scope, schema: Schema, wrap: Wrap, watch: Watch) -> None:
        self.scope = scope
        self.pipeline = scope.pipeline
        self.wrap = wrap
        self.watch = watch
        self.schema = schema
        self.document: Document = schema.document
        self.slots: dict[tuple[str, str, str], int] = {}

    def program(self, route: Route | None) -> Program:
        fields = self._field_slots()
        steps = tuple(self._step(step) for step in self.pipeline.steps)
        tags = route.tags if route else ()
        return Program(
            id=self.pipeline.id,
            method=route.method if route else "",
            path=route.path if route else "",
            tags=tags,
            steps=steps,
            slots=len(self.slots),
            params=tuple(
                (name, slot) for (kind, _, name), slot in self.slots.items() if kind == "param"
            ),
            roots=tuple(
                (ROOTS[name], slot)
                for (kind, _, name), slot in self.slots.items()
                if kind == "root"
            ),
            field_slots=fields,
            actions=self._actions(tags),
            stores=self._stores(),
            namespace_param=self._namespace_param(),
            reads_only=route is not None and route.method in READING and "proxy" not in tags,
            admission=admission(route, self.document) if route else None,
            disabled=self._disabled(tags),
        )

    # slots

    def _slot(self, kind: str, owner: str, name: str) -> int:
        return self.slots.setdefault((kind, owner, name), len(self.slots))

    def _field_slots(self) -> dict[str, dict[str, int]]:
        """The fields that the path carries; the entity's other fields stay null in this route."""
        return {
            entity: {
                name: self._slot("field", entity, name)
                for name in declaration.fields
                if name in self.pipeline.params
            }
            for entity, declaration in self.scope.entities.items()
        }

    def _locate(self, step: int) -> Callable[[Reference], tuple[int, tuple[PathPart, ...]]]:
        def locate(node: Reference) -> tuple[int, tuple[PathPart, ...]]:
            target = self.target(node, step)
            return self._slot(target.source, target.owner, target.name), target.path

        return locate

    def target(self, node: Reference, step: int) -> Target:
        """What a reference means; the checker proved that it means something."""
        target = self.scope.target(node, step)
        if isinstance(target, Fault):
            raise ValueError(f"unchecked pipeline {self.pipeline.id}: {target.message}")
        return target

    # steps

    def _step(self, step: StepNode) -> BoundStep:
        locate = self._locate(step.index)
        arguments = [self._argument(p, step, locate) for p in step.operation.parameters]
        kind, slot, spread = self._outputs(step)
        return BoundStep(
            kind=kind,
            call=bind(self.wrap(step, step.operation.function), arguments),
            guard=condition(step.when, locate, self.watch) if step.when else None,
            slot=slot,
            spread=spread,
            position=step.index,
            name=step.operation.name,
        )

    def _argument(self, parameter: Parameter, step: StepNode, locate: Locate) -> Argument:
        if parameter.name in step.static:
            return Fixed(self._static(parameter, step))
        if parameter.name not in step.dynamic:
            return Fixed(parameter.default)
        node = step.dynamic[parameter.name]
        if parameter.key_of is not None:
            template = self._key_template(parameter.key_of, step)
            return key_closure(template, node, locate, validated_fields(self.scope, step.index))
        if not isinstance(node, Constant):
            return evaluator(node, locate)
        if node.value == REQUEST_BODY and step.operation.name == "blob.put":
            return itemgetter(self._slot("root", "", REQUEST_BODY))
        return Fixed(node.value)

    def _outputs(self, step: StepNode) -> tuple[int, int, tuple[tuple[int, int], ...]]:
        """How the step is run, and where its results go."""
        operation = step.operation
        if operation.name == "txn.begin":
            return BEGIN, 0, ()
        if "reply" in operation.effects:
            return REPLY, 0, ()
        spread = tuple(
            (position, self._slot("variable", "", step.outputs[output.name]))
            for position, output in enumerate(operation.outputs)
            if output.name in step.outputs
        )
        if not spread:
            return (AWAIT if operation.awaits else DO), 0, ()
        if operation.one_output:
            return (AWAIT_SET if operation.awaits else SET), spread[0][1], ()
        return (AWAIT_SPREAD if operation.awaits else SPREAD), 0, spread

    def _static(self, parameter: Parameter, step: StepNode) -> Any:
        assert isinstance(parameter.type, Static)
        value = step.static[parameter.name]
        match parameter.type.section:
            case "entity":
                return self.schema.entities[value]
            case "document":
                return self.schema.documents[value]
            case "index":
                return self.schema.indexes.get(value, self.schema.log)
            case "blob_store":
                return self.schema.blob_stores[value]
            case "upstream":
                return self.schema.upstreams[value]
            case "event":
                return self.schema.events[value]
            case "json_schema":
                return self.schema.schemas[value] if isinstance(value, str) else Validator(value)
            case "scopes":
                return tuple(value)
        return value

    def _key_template(self, parameter: str, step: StepNode) -> Any:
        name = step.static[parameter]
        if parameter == "doc":
            return self.schema.documents[name].key
        return self.schema.indexes[name].document.key

    def _disabled(self, tags: tuple[str, ...]) -> str | None:
        off = "proxy" in tags and not self.document.features.proxy_enabled
        return "features.proxy_enabled" if off else None

    # facts

    def _actions(self, tags: tuple[str, ...]) -> frozenset[str]:
        """The operations that the principal answers for (language.md section 8)."""
        actions = (charged_action(step, tags) for step in self.pipeline.steps)
        return frozenset(action for action in actions if action is not None)

    def _stores(self) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for step in self.pipeline.steps:
            doc, index = step.static.get("doc"), step.static.get("index")
            if doc is not None:
                names[self.schema.documents[doc].store] = None
            known = self.schema.indexes.get(str(index))
            if known is not None:
                names[known.document.store] = None
            if "event.write" in step.operation.effects and self.schema.log is not None:
                names[self.schema.log.store] = None
        return tuple(names)

    def _namespace_param(self) -> tuple[str, Entity] | None:
        for name in self.scope.entities:
            entity = self.schema.entities[name]
            first = entity.primary_key[0]
            if first in self.pipeline.params:
                return first, entity
        return None
