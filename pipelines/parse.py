"""Steps as written become step nodes: operations known, arguments sorted, names unresolved."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from operations.operation import Operation, Parameter
from operations.types import Static
from pipelines.conditions import parse_condition
from pipelines.expressions import Fault, parse_value
from pipelines.nodes import Condition, Node, Pipeline, StepNode
from schema.authoring import schema_faults
from schema.document import Document, Route, Step
from schema.nearest import nearest
from schema.pointers import join

MAX_STEPS = 1000
"""Steps of one pipeline that are read: those behind them would never be followed (E404)."""

_LOWEST = {"status": (200, "HTTP status"), "error_status": (400, "HTTP status of an error")}
_NAME_OF = {
    "entity": "entity", "document": "document", "index": "index", "blob_store": "blob store",
    "upstream": "upstream", "event": "event type", "json_schema": "JSON Schema", "scopes": "scope",
}  # fmt: skip


def parse_route(
    route: Route, pointer: str, document: Document, vocabulary: Mapping[str, Operation]
) -> tuple[Pipeline, list[Fault]]:
    """The pipeline of a route at `pointer`, and everything that is wrong with its steps."""
    faults: list[Fault] = []
    steps, unread = _steps(route.pipeline, f"{pointer}/pipeline", document, vocabulary, faults)
    pipeline = Pipeline(
        pointer=pointer,
        steps=steps,
        params=tuple(path_params(route.path)),
        method=route.method,
        tags=route.tags,
        id=route.id,
        unread=unread,
    )
    return pipeline, faults


def parse_apply(
    event: str,
    steps: Sequence[Step],
    pointer: str,
    document: Document,
    vocabulary: Mapping[str, Operation],
) -> tuple[Pipeline, list[Fault]]:
    """The apply pipeline of an event type, which runs inside a transaction of the applier."""
    faults: list[Fault] = []
    parsed, unread = _steps(steps, pointer, document, vocabulary, faults)
    pipeline = Pipeline(
        pointer=pointer, steps=parsed, id=f"apply:{event}", event=event, unread=unread
    )
    return pipeline, faults


def path_params(path: str) -> Iterator[str]:
    """The parameters of a route's path, a rest parameter without its star."""
    for segment in path.split("/"):
        if segment.startswith("{") and segment.endswith("}"):
            yield segment[1:-1].rstrip("*")


def _steps(
    steps: Sequence[Step],
    pointer: str,
    document: Document,
    vocabulary: Mapping[str, Operation],
    faults: list[Fault],
) -> tuple[tuple[StepNode, ...], frozenset[str]]:
    parsed = []
    unread: set[str] = set()
    if len(steps) > MAX_STEPS:
        message = f"more than {MAX_STEPS} steps, too many to check"
        faults.append(Fault(f"{pointer}/{MAX_STEPS}", message, "split the route", "E404"))
        unread.update(*map(_texts, steps[MAX_STEPS:]))
    for index, step in enumerate(steps[:MAX_STEPS]):
        operation = vocabulary.get(step.op)
        where = f"{pointer}/{index}"
        if operation is None:
            close = nearest(step.op, vocabulary)
            hint = f"did you mean {close}?" if close else "see OPERATIONS.md for all of them"
            faults.append(Fault(f"{where}/op", f"no operation {step.op!r}", hint, "E105"))
            unread |= _texts(step)
            continue
        if step.op not in document.allowed:
            hint = f'add "{step.op}" to ops.allowed'
            faults.append(Fault(f"{where}/op", f"{step.op} is not allowed", hint, "E105"))
        before = len(faults)
        node = _step(index, where, step, operation, document, faults)
        if len(faults) == before:
            parsed.append(node)
        else:
            unread |= _texts(step)
    return tuple(parsed), frozenset(unread)


def _texts(step: Step) -> set[str]:
    """The operation's name and every argument that may name an output."""
    return {step.op, *(value for value in step.args.values() if isinstance(value, str))}


def _step(
    index: int,
    pointer: str,
    step: Step,
    operation: Operation,
    document: Document,
    faults: list[Fault],
) -> StepNode:
    static: dict[str, Any] = {}
    dynamic: dict[str, Node] = {}
    outputs: dict[str, str] = {}
    when: Condition | None = None
    for name, value in step.args.items():
        where = f"{pointer}/args/{name}"
        parameter = operation.parameter(name)
        if name == "when":
            when = parse_condition(value, where, faults)
        elif operation.output(name) is not None:
            _output(outputs, name, value, where, faults)
        elif parameter is None:
            faults.append(_unknown_argument(name, join(pointer, "args", name), operation))
        elif isinstance(parameter.type, Static):
            static[name] = value
            faults.extend(_static(parameter, value, where, document, static))
        else:
            dynamic[name] = parse_value(value, where, faults)
    faults.extend(_missing(step, operation, pointer))
    return StepNode(index, pointer, operation, static, dynamic, outputs, when, step.id)


def _output(
    outputs: dict[str, str], name: str, value: Any, where: str, faults: list[Fault]
) -> None:
    if isinstance(value, str) and value.isascii() and value.isidentifier():
        outputs[name] = value
    else:
        message = f"{name} names a variable; {value!r} is no name"
        faults.append(Fault(where, message, "letters, digits and _, not a digit first"))


def _unknown_argument(name: str, where: str, operation: Operation) -> Fault:
    known = [p.name for p in operation.parameters] + [o.name for o in operation.outputs] + ["when"]
    close = nearest(name, known)
    hint = f"did you mean {close}?" if close else f"it takes {', '.join(known)}"
    return Fault(where, f"{operation.name} has no argument {name!r}", hint)


def _missing(step: Step, operation: Operation, pointer: str) -> Iterator[Fault]:
    wanted = [p.name for p in operation.parameters if p.required]
    wanted += [o.name for o in operation.outputs if o.required]
    for name in wanted:
        if name not in step.args:
            yield Fault(pointer, f"{operation.name} needs the argument {name!r}", f"add {name!r}")
    for group in operation.exclusive:
        given = [name for name in group if name in step.args]
        if len(given) != 1:
            found = f"{' and '.join(given)} are given" if given else "none is given"
            message = f"{operation.name} takes exactly one of {', '.join(group)}; {found}"
            yield Fault(f"{pointer}/args", message, "keep one")


def _static(
    parameter: Parameter, value: Any, where: str, document: Document, static: Mapping[str, Any]
) -> Iterator[Fault]:
    assert isinstance(parameter.type, Static)
    section = parameter.type.section
    if parameter.choices:
        if not any(value == choice and type(value) is type(choice) for choice in parameter.choices):
            choices = ", ".join(map(str, parameter.choices))
            yield Fault(where, f"{parameter.name} cannot be {value!r}", f"one of {choices}")
    elif section in _LOWEST:
        lowest, noun = _LOWEST[section]
        if type(value) is not int or not lowest <= value <= 599:
            yield Fault(where, f"{value!r} is no {noun}", f"a number from {lowest} to 599")
    elif section == "code":
        if not isinstance(value, str) or not _is_code(value):
            yield Fault(where, f"{value!r} is no error code", "UPPER_CASE, digits and _")
    elif section == "scopes":
        yield from _scopes(value, where, document)
    elif section == "ordering":
        yield from _ordering(value, where, document, static)
    elif section == "json_schema" and isinstance(value, dict | bool):
        yield from _json_schema(value, where)
    else:
        yield from _named(section, value, where, document)


def _json_schema(value: Any, where: str) -> Iterator[Fault]:
    for fault in schema_faults(value):
        yield Fault(where + fault.pointer, str(fault), "JSON Schema 2020-12", "E109")


def _is_code(value: str) -> bool:
    return value.isascii() and value.replace("_", "").isalnum() and value == value.upper()


def _scopes(value: Any, where: str, document: Document) -> Iterator[Fault]:
    if not isinstance(value, list | tuple) or not value:
        yield Fault(where, "scopes is a list of scope names", 'as in ["read"]')
        return
    for position, name in enumerate(value):
        yield from _named("scopes", name, f"{where}/{position}", document)


def _ordering(
    value: Any, where: str, document: Document, static: Mapping[str, Any]
) -> Iterator[Fault]:
    index = document.indexes.get(str(static.get("index")))
    if value is None or index is None:
        return
    names = [key.name for key in index.keys]
    if value not in names:
        yield Fault(
            where, f"the index has no ordering {value!r}", _choice(str(value), names), "E107"
        )


def _named(section: str, value: Any, where: str, document: Document) -> Iterator[Fault]:
    known = _SECTIONS[section](document)
    log = section == "index" and value == LOG and document.replication is not None
    if not isinstance(value, str) or (value not in known and not log):
        message = f"no {_NAME_OF[section]} {value!r}"
        yield Fault(where, message, _choice(str(value), known_names(section, document)), "E107")


def _choice(value: str, names: Sequence[str]) -> str:
    close = nearest(value, names)
    more = ", …" if len(names) > _MOST_NAMES else ""
    listed = ", ".join(names[:_MOST_NAMES]) or "none"
    return f"did you mean {close}?" if close else f"declared are {listed}{more}"


_MOST_NAMES = 8


def known_names(section: str, document: Document) -> list[str]:
    """What may stand for a static argument of `section`."""
    log = [LOG] if section == "index" and document.replication else []
    return [*_SECTIONS[section](document), *log]


LOG = "events"
"""The event log where an index is named."""

_SECTIONS: Mapping[str, Callable[[Document], Collection[str]]] = {
    "entity": lambda document: document.entities.named,
    "document": lambda document: document.storage.documents,
    "index": lambda document: document.indexes,
    "blob_store": lambda document: document.storage.blob_stores,
    "upstream": lambda document: document.upstreams,
    "event": lambda document: document.events_by_name,
    "json_schema": lambda document: document.storage.schemas,
    "scopes": lambda document: document.scope_actions,
}
