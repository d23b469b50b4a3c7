"""What names can mean: the roots that every pipeline has, slots, and what validation proves."""

from dataclasses import dataclass, field
from functools import lru_cache
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


@dataclass(frozen=True, slots=True)
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
    slot: tuple[Any, ...] = field(init=False, repr=False, compare=False)
    """The slot that the value lies in."""
    place: tuple[Any, ...] = field(init=False, repr=False, compare=False)
    """Where the value lies: its slot, then the path into it."""

    def __post_init__(self) -> None:
        """Every rule asks for these."""
        slot = (self.source, self.owner, self.name)
        object.__setattr__(self, "slot", slot)
        object.__setattr__(self, "place", (*slot, *self.path) if self.path else slot)


ROOT_TARGETS = {name: Target("root", name, (), shape, shape) for name, shape in ROOT_SHAPES.items()}

_FIELD_KINDS = {"digest": "digest", "integer": "integer", "boolean": "boolean"}


@lru_cache(4096)
def field_target(name: str, entity: str, declared: str, *, sure: bool) -> Target:
    """A field of an entity, of the type that is `declared`; it may be null unless it is `sure`."""
    shape = Shape(_FIELD_KINDS.get(declared, "text"), nullable=not sure)
    return Target("field", name, (), shape, shape, entity)


@lru_cache(4096)
def param_target(name: str) -> Target:
    """A parameter of the path that is no field."""
    return Target("param", name, (), TEXT, TEXT)


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
