"""What is kept in a cache: the same for all who get it, settled, and no error."""

from collections.abc import Iterator
from itertools import islice, product

from pipelines.check.analysis import Analysis, Whole, rule
from pipelines.check.flow import Visit
from pipelines.check.origins import Origins, words
from pipelines.check.worlds import Place, World
from pipelines.expressions import Fault
from pipelines.nodes import Constant, Node, Reference, StepNode, Template
from pipelines.policies import admission

_SUCCESSES = frozenset(map(str, range(200, 300)))
_MOST_WAYS = 64
_PUTTING = frozenset({"cache.write"})

Way = frozenset[str]


@rule("E330")
def whole_cache_keys(analysis: Analysis) -> Iterator[Fault]:
    """What is cached depends on nothing of the request that is not in its key."""
    if not analysis.steps_with(_PUTTING):
        return
    origins = analysis.origins
    for step, world in _puts(analysis):
        known = frozenset(_told(analysis, origins, step))
        reads = [place for _, place in origins.in_node(step.dynamic.get("value"), step)]
        for decider in (step, *_deciders(analysis, step)):
            reads += [place for _, place in origins.in_guard(decider)]
        lacking = sorted(origins.of(reads, known), key=repr)
        if lacking:
            names = ", ".join(dict.fromkeys(map(words, lacking)))
            message = f"what is cached depends on {names}, which the key does not hold"
            hint = f"add {names} to the key of every cache step, or leave it out of the value"
            yield Fault(step.argument("key"), message, hint, path=world.path())


@rule("E331")
def readers_of_caches(whole: Whole) -> Iterator[Fault]:
    """Nobody gets from a cache what somebody with more rights has put there."""
    if not whole.policies_known:
        return
    puts = [each for each in _cache_steps(whole, "cache.write") if not _forgets(each[1])]
    for reader, get in _cache_steps(whole, "cache.read"):
        for writer, put in puts:
            if not _may_meet(get, put):
                continue
            needed = [*_entrances(writer, put), *_side_entrances(writer, put, reader)]
            for way in islice(_ways(reader, get), _MOST_WAYS):
                if not all(any(one <= way for one in entrance) for entrance in needed):
                    held = " and ".join(sorted(way)) or "nobody's scope"
                    message = f"{held} gets here what only others may make {writer.pipeline.id} put"
                    hint = "begin the two keys with different words, or ask for the same scopes"
                    yield Fault(get.argument("key"), message, hint)
                    break


@rule("E332")
def settled_before_cached(analysis: Analysis) -> Iterator[Fault]:
    """No error is cached: nothing missing, uncommitted, or from an upstream's other answer."""
    if not analysis.steps_with(_PUTTING):
        return
    origins = analysis.origins
    seen: set[tuple[int, str]] = set()
    for visit in _putting(analysis):
        step, world = visit.step, visit.world
        for message, hint in _unsettled(analysis, origins, step, world):
            if (step.index, message) not in seen:
                seen.add((step.index, message))
                yield Fault(step.pointer, message, hint, path=world.path())


RULES = (whole_cache_keys, settled_before_cached)
SCHEMA_RULES = (readers_of_caches,)
"""The rules about the schema."""


def _putting(analysis: Analysis) -> Iterator[Visit]:
    for visit in analysis.runs_with(_PUTTING):
        if not _forgets(visit.step):
            yield visit


def _forgets(step: StepNode) -> bool:
    """Whether a step only removes what stands under its key."""
    return step.dynamic.get("ttl_seconds") == Constant(0)


def _puts(analysis: Analysis) -> Iterator[tuple[StepNode, World]]:
    """Each step that puts into a cache on some path, and a world that comes to it."""
    seen: set[int] = set()
    for visit in _putting(analysis):
        if visit.step.index not in seen:
            seen.add(visit.step.index)
            yield visit.step, visit.world


def _told(analysis: Analysis, origins: Origins, step: StepNode) -> Iterator[Place]:
    """What is known of a request by the key that it asks for."""
    for reference, place in origins.in_node(step.dynamic.get("key"), step):
        if reference.slice is None:
            yield place
    if step.static.get("kind") == "response":
        for header in analysis.whole.document.caching.response_cache.vary_headers:
            yield ("root", "", "request", "headers", header.lower().replace("-", "_"))


def _deciders(analysis: Analysis, put: StepNode) -> Iterator[StepNode]:
    """The guarded replies between the look into the cache and the step that fills it.

    Whoever gets the cached value has passed the replies before that look, and not these.
    """
    return (s for s in _behind_look(analysis, put) if "reply" in s.operation.effects)


def _behind_look(analysis: Analysis, put: StepNode) -> Iterator[StepNode]:
    looked = False
    for step in analysis.pipeline.steps[: put.index]:
        same = step.static.get("kind") == put.static.get("kind")
        if "cache.read" in step.operation.effects and same:
            looked = True
        elif looked:
            yield step


def _unsettled(
    analysis: Analysis, origins: Origins, step: StepNode, world: World
) -> Iterator[tuple[str, str]]:
    value = step.dynamic.get("value")
    if isinstance(value, Constant) and value.value is None:
        yield "null is cached, which tells of nothing", "cache what there is"
    if isinstance(value, Reference):
        place = analysis.plan.place(value, step.index)
        if place is not None and world.shape(place).nullable:
            hint = f'answer first: respond.error "when": {{"is_null": "{value}"}}'
            yield f"{value} may be null here: that something is missing would be cached", hint
    if world.transaction is not None and world.transaction.wrote:
        yield (
            "what is cached may still be taken back: the transaction is open",
            "put txn.commit before it",
        )
    if world.lost:
        yield "what is cached may come from writes that were aborted", "put it before txn.begin"
    direct = [place for _, place in origins.in_node(value, step)]
    for answer in _answers(origins, direct):
        if not _is_success(world, (*answer, "status")):
            message = f"what is cached comes from ${answer[2]}, whose status may be an error's"
            guard = f'{{"not_equals": ["${answer[2]}.status", 200]}}'
            yield message, f'answer first: respond.error "when": {guard}'


def _answers(origins: Origins, places: list[Place]) -> Iterator[Place]:
    """The variables with upstreams' answers that these places are made from."""
    slots = {place[:3] for place in origins.behind(places)}
    for slot in sorted(slots, key=repr):
        producer = origins.producer(slot)
        if producer is not None and "network" in producer.operation.effects:
            yield slot


def _is_success(world: World, status: Place) -> bool:
    domain = world.domains.get(status)
    if domain is not None and domain.only is not None and domain.only <= _SUCCESSES:
        return True
    below = (
        (("lte", repr(Constant(300)), status), False),
        (("lt", status, repr(Constant(300))), True),
        (("lte", status, repr(Constant(299))), True),
        (("lt", repr(Constant(299)), status), False),
    )
    return any(world.atoms.get(atom) is holds for atom, holds in below)


def _cache_steps(whole: Whole, effect: str) -> Iterator[tuple[Analysis, StepNode]]:
    for analysis in whole.pipelines:
        for step in analysis.pipeline.steps if analysis.route is not None else ():
            if effect in step.operation.effects:
                yield analysis, step


def _entrances(analysis: Analysis, before: StepNode) -> Iterator[tuple[Way, ...]]:
    """What whoever comes to a step has passed: the sets of scopes that open each entrance."""
    if analysis.route is not None:
        rules = admission(analysis.route, analysis.whole.document).allow
        yield tuple(way for rule in rules for way in _choices(rule.scopes, every=rule.every))
    for step in analysis.pipeline.steps[: before.index]:
        if step.operation.name == "auth.require_scopes" and step.when is None:
            yield _entrance_of(step)


def _side_entrances(
    analysis: Analysis, put: StepNode, reader: Analysis
) -> Iterator[tuple[Way, ...]]:
    """What some have to pass to fill the cache, and whoever looks into it may not have passed."""
    steps = analysis.pipeline.steps[: put.index]
    for step in _behind_look(analysis, put) if reader is analysis else steps:
        if step.operation.name == "auth.require_scopes" and step.when is not None:
            yield _entrance_of(step)


def _entrance_of(step: StepNode) -> tuple[Way, ...]:
    scopes = frozenset(step.static.get("scopes", ()))
    return tuple(_choices(scopes, every=step.static.get("mode") == "all"))


def _choices(scopes: frozenset[str], *, every: bool) -> list[Way]:
    return [scopes] if every else [frozenset({name}) for name in sorted(scopes)]


def _ways(analysis: Analysis, step: StepNode) -> Iterator[Way]:
    """The smallest sets of scopes with which somebody comes to a step."""
    for choice in product(*_entrances(analysis, step)):
        yield frozenset[str]().union(*choice)


def _may_meet(one: StepNode, other: StepNode) -> bool:
    """Whether two cache steps may speak of the same entry."""
    if one.static.get("kind") != other.static.get("kind"):
        return False
    (left, left_end), (right, right_end) = _edges(one.dynamic["key"]), _edges(other.dynamic["key"])
    heads = left.startswith(right) or right.startswith(left)
    return heads and (left_end.endswith(right_end) or right_end.endswith(left_end))


def _edges(key: Node) -> tuple[str, str]:
    """The literal texts that a key begins and ends with."""
    if isinstance(key, Constant):
        return str(key.value), str(key.value)
    parts = key.parts if isinstance(key, Template) else ()
    head, tail = parts[0] if parts else "", parts[-1] if parts else ""
    return head if isinstance(head, str) else "", tail if isinstance(tail, str) else ""
