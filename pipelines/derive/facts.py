"""What is derived of each pipeline: `explain` prints it, OpenAPI publishes it, `diff` compares it.

Everything here follows from the schema and the operations' declarations; nothing is written down a
second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Any


@dataclass(frozen=True, slots=True)
class Cost:
    """The worst case of a step, a path or a route; None where nothing bounds it.

    `store_calls` counts what ops.limits.max_io_ops_per_request counts when no transaction loses a
    race, `retried` what the further tries of a transaction may add; `bytes_in` and `bytes_out` are
    bytes read from the client or upstreams, and sent; `bytes_stored` are written to stores.
    """

    steps: int = 0
    store_calls: int = 0
    bytes_in: int | None = 0
    bytes_out: int | None = 0
    bytes_stored: int | None = 0
    retried: int = 0

    @property
    def worst_calls(self) -> int:
        """Store calls with every race lost that can be lost."""
        return self.store_calls + self.retried

    def __add__(self, other: "Cost") -> "Cost":
        """Both, one after the other."""
        return Cost(
            self.steps + other.steps,
            self.store_calls + other.store_calls,
            _sum(self.bytes_in, other.bytes_in),
            _sum(self.bytes_out, other.bytes_out),
            _sum(self.bytes_stored, other.bytes_stored),
            self.retried + other.retried,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that a route can answer.

    `code` is that of an error, None for a success. `step` is the index of the step that answers,
    None for what the service does around the pipeline (`why` names it: a token that is not valid,
    a limit, a conditional request). `body` is the JSON Schema of a JSON body as far as it is known.
    `media` is its media type, None for no body. `headers` maps names to what they tell.
    """

    status: int
    code: str | None
    step: int | None
    why: str
    media: str | None = "application/json"
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step as `explain` lists it.

    `arguments` are the arguments in words as written; `reads` and `sets` are (name, type in words);
    `guard` is its condition in words, None without one. `runs` is False when no path runs it.
    """

    index: int
    operation: str
    pointer: str
    arguments: Mapping[str, str]
    reads: tuple[tuple[str, str], ...]
    sets: tuple[tuple[str, str], ...]
    guard: str | None
    effects: tuple[str, ...]
    answers: tuple[Answer, ...]
    cost: Cost
    runs: bool = True


@dataclass(frozen=True, slots=True)
class PathFacts:
    """One way through a pipeline, to one reply: the decisions in words, the steps that ran."""

    when: str
    steps: tuple[int, ...]
    status: int
    code: str | None
    cost: Cost


@dataclass(frozen=True, slots=True)
class ParameterFacts:
    """One parameter of a route: where it stands, and the JSON Schema of its value."""

    name: str
    place: Literal["path", "query", "header"]
    required: bool
    schema: Json
    description: str = ""


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """One route, or (without method and path) the apply pipeline of the event type `id`.

    `scopes` are those of which one (or, with `every`, all) lets in, as auth.require_scopes and the
    policies together say; `entrances` are the sets of scopes of which each suffices, for the cases
    that the two cannot tell; `anonymous` says that nobody need log in.

    `request_body` is the JSON Schema of a JSON body, None without one; `request_media` is
    `application/octet-stream` where bytes are taken. `effects` are those of all steps that may run.
    `paths` are the ways to each reply, as many as can be listed; `complete` says that these are
    all. `cost` is the worst case over all paths.
    """

    id: str
    method: str
    path: str
    tags: tuple[str, ...]
    description: str
    scopes: tuple[str, ...]
    every: bool
    anonymous: bool
    parameters: tuple[ParameterFacts, ...]
    request_media: str | None
    request_body: Json
    steps: tuple[StepFacts, ...]
    effects: tuple[str, ...]
    answers: tuple[Answer, ...]
    paths: tuple[PathFacts, ...]
    complete: bool
    cost: Cost
    entrances: tuple[tuple[str, ...], ...] = ()

    @property
    def statuses(self) -> frozenset[int]:
        """Every status that the route can answer, and no other."""
        return frozenset(answer.status for answer in self.answers)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
