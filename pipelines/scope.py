"""Which names exist where: every reference of a pipeline is given its one meaning at load.

`{x}` is a field of the pipeline's entity or a parameter of its path; else a property of a body
that an earlier validate.json_schema proved present; else, in an apply pipeline, a property of the
event's payload. `$x` is a variable that some step sets, or a reserved root.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from pipelines.expressions import Fault
from pipelines.nodes import Pipeline, Reference, StepNode
from pipelines.outputs import output_shapes
from pipelines.shapes import (
    ANY,
    TEXT,
    Shape,
    Shapes,
    lookup,
    optional,
    required_of,
)
from pipelines.targets import (
    ROOT_TARGETS,
    ROOTS,
    Proof,
    Target,
    Variable,
    field_target,
    param_target,
)
from schema.document import Document
from schema.document_data import EntityDeclaration
from schema.nearest import nearest

__all__ = ("Scope", "Target", "entity_declaration", "resolve_schema")


class Scope:
    """The names of one pipeline; `faults` are variables set twice or badly named (E203)."""

    def __init__(
        self, pipeline: Pipeline, document: Document, shapes: Shapes | None = None
    ) -> None:
        self.pipeline = pipeline
        self.document = document
        self._shapes = Shapes() if shapes is None else shapes
        self.faults: list[Fault] = []
        self.variables = dict(self._assigned())
        self._meanings: dict[int, dict[int, tuple[Reference, Target | Fault]]] = defaultdict(dict)

    @cached_property
    def entities(self) -> Mapping[str, EntityDeclaration]:
        """The entities that the pipeline's steps name."""
        names = [s.static["entity"] for s in self.pipeline.steps if "entity" in s.static]
        declared = {}
        for name in dict.fromkeys(names):
            declaration = entity_declaration(self.document, name)
            if declaration is not None:
                declared[name] = declaration
        return declared

    def target(self, reference: Reference, step: int) -> Target | Fault:
        """What a reference means in the step with that index; the fault has no pointer yet.

        That only changes from step to step where a validation proves something of a variable.
        """
        proved = bisect_left(self._proving, step) if self._proving else 0
        meanings = self._meanings[proved]
        known = meanings.get(id(reference))
        if known is None:  # The reference is kept, so that no other one ever has its id.
            known = meanings[id(reference)] = reference, self._meaning(reference, step)
        return known[1]

    def _meaning(self, reference: Reference, step: int) -> Target | Fault:
        if reference.sigil == "$":
            base = self._dollar(reference, step)
        else:
            base = self._brace(reference, step)
        if isinstance(base, Fault):
            return base
        if not reference.path:
            return base
        found = lookup(base.shape, reference.path)
        if isinstance(found, str):
            return Fault("", f"{reference}: {found}", "", "E201")
        path = base.path + reference.path
        return Target(base.source, base.name, path, found, base.base, base.owner)

    def _dollar(self, reference: Reference, step: int) -> Target | Fault:
        name = reference.name
        if name in ROOTS:
            return self._root(name)
        variable = self.variables.get(name)
        if variable is None:
            close = nearest(name, [*self.variables, *ROOTS])
            hint = f"did you mean ${close}?" if close else f'set it, by "out": "{name}" of a step'
            return Fault("", f"no step sets ${name}", hint, "E201")
        shape = self.proved(variable, step)
        return Target("variable", name, (), shape, shape)

    def _root(self, name: str) -> Target | Fault:
        if name == "event":
            if self.pipeline.event is None:
                message = "$event exists in apply pipelines only"
                return Fault("", message, "this is a route", "E201")
            return Target("root", name, (), self._event, self._event)
        return ROOT_TARGETS[name]

    @cached_property
    def _event(self) -> Shape:
        event = self.document.events_by_name.get(self.pipeline.event or "")
        schema: Any = None if event is None else event.schema
        fields = {
            "type": TEXT,
            "event_id": TEXT,
            "at": TEXT,
            "sequence": Shape("integer"),
            "payload": self._shapes.of(schema),
        }
        return Shape("object", fields=fields, closed=True)

    def _brace(self, reference: Reference, step: int) -> Target | Fault:
        name = reference.name
        if name in ROOTS:
            return self._root(name)
        candidates = list(self._fields(name)) or list(self._param(name))
        if self.proofs:
            candidates += self._properties(name, step)
        if self.pipeline.event is not None:
            candidates += self._payload(name)
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            places = " and ".join(f"{c.source} {c.owner or c.name}" for c in candidates)
            return Fault("", f"{{{name}}} could be {places}", "rename one of them", "E201")
        message = f"nothing here is called {{{name}}}"
        return Fault("", message, self._brace_hint(name, step), "E201")

    def _brace_hint(self, name: str, step: int) -> str:
        if name in self.variables:
            return f"write ${name}: that is a variable"
        for proof in self._proofs_before(step):
            if name in proof.shape.fields:
                return f"write ${proof.variable}.{name}, which may be absent"
        close = nearest(name, self._braces(step))
        if close is not None:
            return f"did you mean {{{close}}}?"
        bodies = [v for v in self.variables if self._producer(v) == "parse.json"]
        if bodies:
            return f"validate.json_schema of the whole ${bodies[0]} gives its properties names"
        return "write {{ for a {"

    def _fields(self, name: str) -> Iterator[Target]:
        for entity, declaration in self.entities.items():
            declared = declaration.fields.get(name)
            if declared is not None:
                sure = name in self.pipeline.params
                yield field_target(name, entity, declared.type, sure=sure)

    def _param(self, name: str) -> Iterator[Target]:
        if name in self.pipeline.params:
            yield param_target(name)

    def _properties(self, name: str, step: int) -> Iterator[Target]:
        seen: set[str] = set()
        for proof in self._proofs_before(step):
            inner = proof.shape.fields.get(name)
            if inner is None or name not in proof.required or proof.variable in seen:
                continue
            if self._producer(proof.variable) == "parse.json":
                seen.add(proof.variable)
                shape = optional(inner) if proof.shape.nullable else inner
                yield Target("variable", proof.variable, (name,), shape, proof.shape)

    def _payload(self, name: str) -> Iterator[Target]:
        if self.pipeline.event is None:
            return
        payload = self._event.fields["payload"]
        if name in payload.fields:
            shape = payload.fields[name]
            yield Target("root", "event", ("payload", name), shape, self._event)

    def _braces(self, step: int) -> list[str]:
        names = [name for e in self.entities.values() for name in e.fields]
        names += self.pipeline.params
        for proof in self._proofs_before(step):
            names += proof.shape.fields
        if self.pipeline.event is not None:
            names += self._event.fields["payload"].fields
        return names

    # facts that validate.json_schema proved

    def _proofs_before(self, step: int) -> Iterator[Proof]:
        return (proof for proof in self.proofs if proof.step < step)

    @cached_property
    def proofs(self) -> tuple[Proof, ...]:
        """What unguarded validate.json_schema steps prove of whole variables, in order."""
        return tuple(self._proofs())

    @cached_property
    def _proving(self) -> tuple[int, ...]:
        return tuple(proof.step for proof in self.proofs)

    def _proofs(self) -> Iterator[Proof]:
        for node in self.pipeline.steps:
            if node.operation.name != "validate.json_schema" or node.when:
                continue
            value = node.dynamic.get("value")
            if isinstance(value, Reference) and value.sigil == "$" and not value.path:
                if value.name in self.variables:
                    schema = resolve_schema(self.document, node.static.get("schema"))
                    names = required_of(schema)
                    yield Proof(node.index, value.name, self._shapes.of(schema), names)

    def proved(self, variable: Variable, step: int) -> Shape:
        """The variable's shape in that step."""
        if variable.shape.kind != "any":
            return variable.shape
        for proof in self._proofs_before(step):
            if proof.variable == variable.name:
                return proof.shape
        return variable.shape

    def _producer(self, variable: str) -> str:
        return self._by_index[self.variables[variable].step].operation.name

    @cached_property
    def _by_index(self) -> dict[int, StepNode]:
        return {step.index: step for step in self.pipeline.steps}

    # variables

    def _assigned(self) -> Iterator[tuple[str, Variable]]:
        taken: dict[str, int] = {}
        for step in self.pipeline.steps:
            if not step.outputs:
                continue
            shapes = output_shapes(step, self.document, self._shapes)
            for output, name in step.outputs.items():
                where = step.argument(output)
                if name in ROOTS:
                    message = f"${name} is a reserved root"
                    self.faults.append(Fault(where, message, "choose another name", "E203"))
                elif name in taken:
                    message = f"${name} is set by step {taken[name]} already"
                    self.faults.append(Fault(where, message, "choose another name", "E203"))
                else:
                    taken[name] = step.index
                    yield name, Variable(name, step.index, output, shapes.get(output, ANY))


def entity_declaration(document: Document, name: str) -> EntityDeclaration | None:
    """The declaration of an entity by name."""
    return document.entities.named.get(name)


def resolve_schema(document: Document, schema: Any) -> Any:
    """A JSON Schema given inline or by the name it has in storage.schemas."""
    return document.storage.schemas.get(schema) if isinstance(schema, str) else schema
