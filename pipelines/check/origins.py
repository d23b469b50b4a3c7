"""Where values come from: the parts of a request that a value depends on, step by step back."""

from collections.abc import Iterable, Iterator

from pipelines.check.effects import streams
from pipelines.check.plan import Plan
from pipelines.check.worlds import Place
from pipelines.leaves import step_reads
from pipelines.nodes import Node, Reference, StepNode, references

PATH: Place = ("root", "", "request", "path")
QUERY: Place = ("root", "", "request", "query")
_SAME_FOR_ALL = (
    ("root", "", "route"),  # one route, one program
    ("root", "", "tenant"),  # every store and cache is the tenant's own
)
_METHOD: Place = ("root", "", "request", "method")
_READERS = ("parse.query", "parse.json")
"""Operations whose outputs are parts of the request themselves."""


class Origins:
    """What each value of one pipeline is made from.

    An origin is a place that no step computes: a parameter or field of the path, a part of the
    query or the body as it was parsed, a root.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._set_by = {
            name: step for step in reversed(plan.pipeline.steps) for name in step.outputs.values()
        }

    def of(self, places: Iterable[Place], known: frozenset[Place]) -> set[Place]:
        """The origins of these places, but for what is known where `known` is."""
        found: set[Place] = set()
        for place in self.behind(places, known):
            producer = self.producer(place)
            read = producer is not None and producer.operation.name in _READERS
            if (read or place[0] != "variable") and self._varies(place):
                found.add(place)
        return found

    def behind(self, places: Iterable[Place], known: frozenset[Place] = frozenset()) -> set[Place]:
        """These places and all that they are made from, but for what is known."""
        seen: set[Place] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in seen or self._covered(place, known):
                continue
            seen.add(place)
            producer = self.producer(place)
            if producer is not None and producer.operation.name not in _READERS:
                waiting += self.read_by(producer)
        return seen

    def producer(self, place: Place) -> StepNode | None:
        """The step that sets the variable there; None where it is none."""
        return self._set_by.get(place[2]) if place[0] == "variable" else None

    def read_by(self, step: StepNode) -> Iterator[Place]:
        """Every place that a step's guard and arguments read, a stream that it reads included."""
        for _, reference in step_reads(step):
            place = self._plan.place(reference, step.index)
            if place is not None:
                yield place
        if "request.body" in step.operation.effects:
            yield from streams(step, self._plan)

    def in_node(self, node: Node | None, step: StepNode) -> Iterator[tuple[Reference, Place]]:
        """The places that one argument of a step reads."""
        for reference in () if node is None else references(node):
            place = self._plan.place(reference, step.index)
            if place is not None:
                yield reference, place

    def in_guard(self, step: StepNode) -> Iterator[tuple[Reference, Place]]:
        """The places that a step's guard reads."""
        for reference in () if step.when is None else references(step.when):
            place = self._plan.place(reference, step.index)
            if place is not None:
                yield reference, place

    def _covered(self, place: Place, known: frozenset[Place]) -> bool:
        if any(place[: len(other)] == other for other in known):
            return True
        if place[0] in ("param", "field"):
            return PATH in known
        producer = self.producer(place)
        return producer is not None and producer.operation.name == "parse.query" and QUERY in known

    def _varies(self, place: Place) -> bool:
        if place[0] == "field" and place[2] not in self._plan.pipeline.params:
            return False  # Always null.
        if place == _METHOD:  # A GET route answers HEAD as well.
            return self._plan.pipeline.method == "GET"
        return not any(place[: len(same)] == same for same in _SAME_FOR_ALL)


def words(place: Place) -> str:
    """A place as it is written in schema.json."""
    source, _, name, *path = place
    rest = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"{{{name}{rest}}}" if source in ("param", "field") else f"${name}{rest}"
