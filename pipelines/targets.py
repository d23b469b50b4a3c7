"""What names can mean: the roots that every pipeline has, slots, and what validation proves."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pipelines.nodes import PathPart
from pipelines.shapes import OPTIONAL_TEXT, TEXT, Shape

ROOTS = ("principal", "request", "route", "tenant", "event")

PRINCIPAL = Shape(
    "object",
    fields={
        "subject": OPTIONAL_TEXT,
        "scopes": Shape("array", item=TEXT),
        "tenant": OPTIONAL_TEXT,
    },
    closed=True,
)
REQUEST = Shape(
    "object",
    fields={
        "id": TEXT,
        "method": TEXT,
        "path": TEXT,
        "query": TEXT,
        "headers": Shape("headers", item=OPTIONAL_TEXT),
        "body": Shape("stream"),
    },
    closed=True,
)
ROUTE = Shape(
    "object",
    fields={"id": TEXT, "method": TEXT, "tags": Shape("array", item=TEXT)},
    closed=True,
)

ROOT_SHAPES = {
    "principal": PRINCIPAL, "request": REQUEST, "route": ROUTE, "tenant": OPTIONAL_TEXT,
}  # fmt: skip

Source = Literal["field", "param", "variable", "root"]


@dataclass(frozen=True)
class Target:
    """What a reference means: a slot's source and name, the path into it, the shape found there.

    `owner` is the entity of a field; `base` is the shape of the whole slot.
    """

    source: Source
    name: str
    path: tuple[PathPart, ...]
    shape: Shape
    base: Shape
    owner: str = ""

    @cached_property
    def slot(self) -> tuple[Any, ...]:
        """The slot that the value lies in."""
        return (self.source, self.owner, self.name)

    @cached_property
    def place(self) -> tuple[Any, ...]:
        """Where the value lies: its slot, then the path into it."""
        return (*self.slot, *self.path)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable and the step that sets it."""

    name: str
    step: int
    output: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Proof:
    """What the validate.json_schema in a step proves of a variable."""

    step: int
    variable: str
    shape: Shape
    required: frozenset[str]
