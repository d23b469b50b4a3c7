"""A pipeline as a typed tree, before names are resolved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from operations.operation import Operation

PathPart = str | int


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A name and the path behind it; `sigil` tells a `$variable` from a `{field}`.

    `slice` is (start, length). `optional` is the `?` of `{variant?}`.
    """

    sigil: Literal["$", "{"]
    name: str
    path: tuple[PathPart, ...] = ()
    slice: tuple[int, int] | None = None
    optional: bool = False

    def __str__(self) -> str:
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path)
        if self.sigil == "$":
            return f"${self.name}{path}"
        cut = f":{self.slice[0]}:{self.slice[1]}" if self.slice else ""
        return f"{{{self.name}{path}{cut}{'?' if self.optional else ''}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """Text with references inside; the value is text."""

    parts: tuple["str | Reference", ...]


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """A JSON object whose values are nodes; its keys are never interpolated."""

    items: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True, slots=True)
class ArrayNode:
    """A JSON array of nodes."""

    items: tuple["Node", ...]


Node = Constant | Reference | Template | ObjectNode | ArrayNode


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison: an operator of language.md section 3 on one or two operands."""

    operator: str
    operands: tuple[Node, ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class All:
    """Holds when every condition does, asked from left to right."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Holds when any condition does, asked from left to right (`any`)."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when the condition does not."""

    condition: "Condition"


Condition = Test | All | Either | Not


@dataclass(frozen=True, slots=True)
class StepNode:
    """One step: its operation, literal (`static`) and evaluated (`dynamic`) arguments, outputs.

    `outputs` maps the operation's output names to the variables they set. `pointer` is the step's
    JSON Pointer; an argument stands at `pointer/args/<name>`.
    """

    index: int
    pointer: str
    operation: Operation
    static: Mapping[str, Any]
    dynamic: Mapping[str, Node]
    outputs: Mapping[str, str]
    when: Condition | None
    id: str | None = None
    found: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was found out about the step and is asked for again (`pipelines/leaves.py`)."""

    def argument(self, name: str) -> str:
        """The JSON Pointer of one argument."""
        return f"{self.pointer}/args/{name}"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps of a route, or of an apply pipeline (`event` names its event type).

    `params` are the names in the route's path.
    """

    pointer: str
    steps: tuple[StepNode, ...]
    params: tuple[str, ...] = ()
    method: str = "GET"
    tags: tuple[str, ...] = ()
    id: str = ""
    event: str | None = None
    unread: frozenset[str] = frozenset()
    """Every text in the steps that could not be parsed: what they would have set is among it."""

    @property
    def complete(self) -> bool:
        """False when a step could not be parsed; rules about paths then have nothing to say."""
        return not self.unread


def references(node: "Node | Condition") -> Iterator[Reference]:
    """Every reference inside a node or a condition, in the order it is evaluated."""
    match node:
        case Reference():
            yield node
        case Template(parts):
            yield from (part for part in parts if isinstance(part, Reference))
        case ObjectNode(items):
            for _, item in items:
                yield from references(item)
        case ArrayNode(items):
            for item in items:
                yield from references(item)
        case Test(_, operands, _):
            for operand in operands:
                yield from references(operand)
        case All(conditions) | Either(conditions):
            for condition in conditions:
                yield from references(condition)
        case Not(condition):
            yield from references(condition)
