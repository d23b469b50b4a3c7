"""Facts of routes, derived from the schema and the operations' declarations."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from operations.extensions import operations_for
from operations.operation import Operation
from pipelines.check.analysis import Analysis, Whole
from pipelines.check.flow import Visit
from pipelines.derive.answers import around_answers, step_answers
from pipelines.derive.cost import StepCosts
from pipelines.derive.entrances import entrances
from pipelines.derive.facts import Cost, RouteFacts, StepFacts
from pipelines.derive.parameters import parameters_of, request_of
from pipelines.derive.paths import dearest, paths, worst
from pipelines.load import Loaded, uncollected
from pipelines.nodes import Reference, StepNode, references
from pipelines.shapes import Shape, present
from pipelines.words import (
    condition_words,
    output_words,
    reference_words,
    target_words,
    type_words,
    value_words,
)

Json = Any

_MOST_VISITS = 256
"""Worlds at one step that are asked what is null there."""


def route_facts(
    loaded: Loaded,
    vocabulary: Sequence[Operation] | None = None,
    written: Json = None,
    only: str | None = None,
) -> tuple[RouteFacts, ...]:
    """The facts of each declared route (or `only` of the one of that id), in order; none when the
    schema may not serve.

    Without a `vocabulary` it is the one that `load` takes. `written` is the document as it was
    read: descriptions stand there only.
    """
    told = _descriptions(written)
    with uncollected():
        return tuple(
            facts_of(analysis, told.get(analysis.pipeline.id, ""))
            for analysis in _analyses(loaded, vocabulary)
            if analysis.route is not None and only in (None, analysis.pipeline.id)
        )


def apply_facts(
    loaded: Loaded, vocabulary: Sequence[Operation] | None = None, only: str | None = None
) -> tuple[RouteFacts, ...]:
    """The facts of each apply pipeline (or `only` of that event type's): its `id` is the event's
    type, `method` and `path` empty."""
    return tuple(
        facts_of(analysis)
        for analysis in _analyses(loaded, vocabulary)
        if analysis.route is None and only in (None, analysis.pipeline.event)
    )


def facts_of(analysis: Analysis, description: str = "") -> RouteFacts:
    """The facts of one pipeline that has no errors."""
    pipeline, route = analysis.pipeline, analysis.route
    costs = StepCosts(analysis)
    steps = tuple(_steps(analysis, costs))
    ways = () if route is None else entrances(analysis)
    found, complete = paths(analysis, costs)
    media, body = request_of(analysis)
    anonymous = frozenset(analysis.whole.document.auth.anonymous.scopes)
    return RouteFacts(
        id=pipeline.id if route is not None else pipeline.event or "",
        method="" if route is None else route.method,
        path="" if route is None else route.path,
        tags=pipeline.tags,
        description=description,
        scopes=tuple(sorted({scope for way in ways for scope in way})),
        every=len(ways) == 1 and len(ways[0]) > 1,
        anonymous=any(way <= anonymous for way in ways),
        parameters=parameters_of(analysis),
        request_media=media,
        request_body=body,
        steps=steps,
        effects=tuple(sorted({effect for s in steps if s.runs for effect in s.effects})),
        answers=(
            *around_answers(analysis),
            *(answer for step in steps if step.runs for answer in step.answers),
        ),
        paths=found,
        complete=complete,
        cost=_cost(analysis, costs, steps),
        entrances=tuple(tuple(sorted(way)) for way in ways),
    )


def _analyses(loaded: Loaded, vocabulary: Sequence[Operation] | None) -> tuple[Analysis, ...]:
    if loaded.schema is None:
        return ()
    document = loaded.schema.document
    return Whole(document, operations_for(document.ops.allowed, vocabulary)).pipelines


def _descriptions(written: Json) -> dict[str, str]:
    """The description of each route by its id; `written` has the shape of a schema, or is None."""
    routes = written["api"]["routes"] if written else ()
    return {route["id"]: str(route.get("description", "")) for route in routes}


def _cost(analysis: Analysis, costs: StepCosts, steps: Sequence[StepFacts]) -> Cost:
    """The worst of all paths; of all steps together where nobody can follow the paths."""
    known = worst(analysis, costs)
    if known is not None:
        return known.tally.total()
    total = Cost()
    for step in steps:
        total += step.cost
    return total


def _steps(analysis: Analysis, costs: StepCosts) -> Iterator[StepFacts]:
    visits: dict[int, list[Visit]] = {}
    for visit in analysis.flow.visits:
        visits.setdefault(visit.step.index, []).append(visit)
    unknown = analysis.flow.exceeded is not None
    for step in analysis.pipeline.steps:
        asked = visits.get(step.index, [])
        here = [visit for visit in asked if visit.holds]
        cost = dearest(costs.of(step, visit.world) for visit in here) if here else costs.of(step)
        yield StepFacts(
            index=step.index,
            operation=step.operation.name,
            pointer=step.pointer,
            arguments=dict(_arguments(step)),
            reads=tuple(_reads(analysis, step, asked, here).items()),
            sets=tuple(_sets(analysis, step)),
            guard=None if step.when is None else condition_words(step.when),
            effects=tuple(sorted(step.operation.effects)),
            answers=step_answers(analysis, step),
            cost=cost,
            runs=bool(here) or unknown,
        )


def _arguments(step: StepNode) -> Iterator[tuple[str, str]]:
    """In the order in which the operation declares them."""
    for parameter in step.operation.parameters:
        name = parameter.name
        if name in step.dynamic:
            yield name, value_words(step.dynamic[name])
        elif name in step.static:
            value = step.static[name]
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _reads(
    analysis: Analysis, step: StepNode, asked: Sequence[Visit], here: Sequence[Visit]
) -> dict[str, str]:
    """Each name that the step reads, with its type: in the guard as it is known before it, in the
    arguments as it is known where the step runs.
    """
    read = [(reference, asked) for reference in references(step.when)] if step.when else []
    for node in step.dynamic.values():
        read += [(reference, here) for reference in references(node)]
    found: dict[str, str] = {}
    for reference, visits in read:
        found.setdefault(reference_words(reference), _type(analysis, step, reference, visits))
    entity = step.static.get("entity")
    if entity is not None and step.operation.name != "parse.path":
        found |= dict(_fields(analysis, entity))
    return found


def _type(analysis: Analysis, step: StepNode, reference: Reference, here: Sequence[Visit]) -> str:
    target = analysis.plan.target(reference, step.index)
    if target is None:
        return "anything"
    shape = target.shape
    place = analysis.plan.place(reference, step.index)
    if shape.nullable and here and place is not None and len(here) <= _MOST_VISITS:
        if not any(visit.world.shape(place).nullable for visit in here):
            shape = present(shape)
    return target_words(target, analysis.scope, shape)


def _sets(analysis: Analysis, step: StepNode) -> Iterator[tuple[str, str]]:
    for variable in step.outputs.values():
        yield f"${variable}", output_words(variable, analysis.scope)
    entity = step.static.get("entity")
    if entity is not None and step.operation.name in ("parse.path", "normalize.entity"):
        yield from _fields(analysis, entity)


def _fields(analysis: Analysis, entity: str) -> Iterator[tuple[str, str]]:
    """The entity's fields that the path carries."""
    declared: Mapping[str, object] = {}
    known = analysis.scope.entities.get(entity)
    if known is not None:
        declared = known.fields
    for name in declared:
        if name in analysis.pipeline.params:
            target = analysis.scope.target(Reference("{", name), 0)
            shape = getattr(target, "shape", Shape("text"))
            yield f"{{{name}}}", type_words(shape)
