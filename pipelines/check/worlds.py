"""A world is what is known at one point of one path through a pipeline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.check.domains import ANYTHING, EMPTY, NULL, Domain
from pipelines.check.wording import words as told
from pipelines.nodes import PathPart, Test
from pipelines.shapes import Shape, lookup, present

Place = tuple[Any, ...]
"""A slot's (source, owner, name), then the path into it."""

MAX_WORLDS = 2000
"""Worlds that may stand side by side at one step, or within one guard."""

SLOT = 3
"""Entries of a place that name its slot."""

_NOT_NULL = frozenset({NULL})
_NONE: frozenset[Any] = frozenset()


class TooManyWorlds(Exception):
    """More than MAX_WORLDS of them: nobody follows these paths."""


class Trail(NamedTuple):
    """How a world came to be: the last comparison and its answer, and those before it."""

    test: Test
    holds: bool
    before: "Trail | None"


class Write(NamedTuple):
    """One document or row written in the open transaction: `kind` is `put` or `delete`."""

    name: str
    key: str
    kind: str
    step: int


class Transaction(NamedTuple):
    """The open transaction. `begun` and the other numbers are indexes of steps.

    `stores` are the kv stores that it touches; `joined` says that verified bytes belong to it.
    """

    begun: int
    documents: frozenset[Write] = frozenset()
    rows: frozenset[Write] = frozenset()
    events: frozenset[int] = frozenset()
    stores: frozenset[str] = frozenset()
    joined: bool = False

    @property
    def wrote(self) -> bool:
        """Whether a commit would change anything."""
        return bool(self.documents or self.rows or self.events or self.joined)


class Link(NamedTuple):
    """Two outputs of one step that tell of each other: once `place` is `inside` the literals (or
    outside), so is `other` of its own."""

    literals: frozenset[str]
    inside: bool
    other: Place
    others: frozenset[str]
    other_inside: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """What holds in every world of a pipeline: the shape of each slot, and the links."""

    shapes: Mapping[Place, Shape]
    links: Mapping[Place, tuple[Link, ...]]


class World(NamedTuple):
    """What is decided, set, open and pending so far.

    `domains` are facts about places, `atoms` about comparisons of two places; `given` the slots
    that are set; `pending` the steps and digests of blobs that were put and not verified;
    `fetched` that an upstream answered; `read` the streams that were read; `lost` that writes
    were aborted.
    """

    ground: Ground
    domains: Mapping[Place, Domain]
    atoms: Mapping[tuple[Any, ...], bool]
    given: frozenset[Place]
    transaction: Transaction | None = None
    pending: frozenset[tuple[int, Place]] = frozenset()
    authenticated: bool = False
    fetched: bool = False
    read: frozenset[Place] = frozenset()
    lost: bool = False
    trail: Trail | None = None

    def same(self) -> tuple[Any, ...]:
        """What makes two worlds one: everything but the way there."""
        return (
            frozenset(self.domains.items()) if self.domains else _NONE,
            frozenset(self.atoms.items()) if self.atoms else _NONE,
            self.given,
            self.transaction,
            self.pending,
            self.authenticated,
            self.fetched,
            self.read,
            self.lost,
        )

    def having(self, given: frozenset[Place]) -> "World":
        """This world with other slots that are set."""
        return World._make((*self[:3], given, *self[4:]))

    def path(self) -> str:
        """The way there in words, for counterexamples."""
        words = []
        trail = self.trail
        while trail is not None:
            words.append(f"{told(trail.test)} is {'true' if trail.holds else 'false'}")
            trail = trail.before
        return "when " + " and ".join(reversed(words)) if words else "always"

    def shape(self, place: Place) -> Shape:
        """The shape of a place as far as it is known here; `null` when it can only be null."""
        shape = self._refined(self.ground.shapes[place[:SLOT]], place[:SLOT])
        for end, part in enumerate(place[SLOT:], SLOT):
            if shape.kind == NULL:
                return shape
            found = self._member(shape, place[:end], part)
            shape = self._refined(found, place[: end + 1])
        return shape

    def within(self, place: Place, literals: frozenset[str]) -> bool | None:
        """Whether the value there is one of the literals; None when it may be or not be."""
        return self.domains.get(place, ANYTHING).within(literals, self.shape(place))

    def narrowed(self, place: Place, literals: frozenset[str], *, inside: bool) -> "World":
        """This world, once it is known that the value there is (not) one of the literals."""
        domains = dict(self.domains)
        waiting = [(place, literals, inside)]
        while waiting:
            at, these, holds = waiting.pop()
            before = domains.get(at, ANYTHING)
            after = before.narrowed(these, inside=holds)
            if after == before:
                continue
            domains[at] = after
            if after.excludes_null and not before.excludes_null and len(at) > SLOT:
                waiting.append((at[:-1], EMPTY, False))
            waiting += self._linked(at, after)
        return self._replace(domains=domains)

    def _linked(self, place: Place, domain: Domain) -> Iterator[tuple[Place, frozenset[str], bool]]:
        for link in self.ground.links.get(place, ()):
            shape = self.ground.shapes[place]
            if domain.within(link.literals, shape) is link.inside:
                yield link.other, link.others, link.other_inside

    def _member(self, shape: Shape, prefix: Place, part: PathPart) -> Shape:
        found = lookup(shape, (part,))
        if isinstance(found, str):
            return Shape("any", nullable=True)
        domain = self.domains.get(prefix, ANYTHING)
        if domain.only is not None and domain.only <= EMPTY:
            return Shape(NULL, nullable=True)
        filled = part == 0 and "[]" in domain.never
        if filled and shape.item is not None and not shape.nullable:
            return shape.item
        return found

    def _refined(self, shape: Shape, place: Place) -> Shape:
        domain = self.domains.get(place)
        if domain is None:
            return shape
        if domain.is_null:
            return Shape(NULL, nullable=True)
        return present(shape) if domain.excludes_null else shape


def without_null(world: World, place: Place) -> World:
    """The world, once the value there is known not to be null."""
    return world.narrowed(place, _NOT_NULL, inside=False)
