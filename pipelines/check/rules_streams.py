"""Bytes on their way: nobody waits for them with a lock, and nothing trusts them too early."""

from collections.abc import Iterator

from pipelines.check.analysis import Analysis, rule
from pipelines.check.effects import streams
from pipelines.check.flow import Visit
from pipelines.check.origins import Origins
from pipelines.check.worlds import Place
from pipelines.expressions import Fault
from pipelines.nodes import Constant, Reference, StepNode, references
from pipelines.program import REQUEST_BODY


@rule("E306")
def no_bytes_behind_a_lock(analysis: Analysis) -> Iterator[Fault]:
    """No bytes move while the store's lock may be held, which a lost race takes beforehand."""
    for visit in _inside(analysis):
        step, world = visit.step, visit.world
        assert world.transaction is not None
        if not _receives(analysis, step):
            message = f"{step.operation.name} moves bytes while a transaction is open"
            yield Fault(step.pointer, message, "put it before txn.begin", path=world.path())
        elif read := _read_since(analysis, step, world.transaction.begun):
            message = (
                f"whether {step.operation.name} receives bytes hangs on {read}, "
                "which the transaction read"
            )
            hint = "put it before txn.begin, or take its `when` away"
            yield Fault(step.pointer, message, hint, path=world.path())


@rule("W306")
def short_transactions(analysis: Analysis) -> Iterator[Fault]:
    """No transaction stays open while a client or an upstream sends."""
    for visit in _inside(analysis):
        step, world = visit.step, visit.world
        begun = world.transaction.begun if world.transaction is not None else 0
        if _receives(analysis, step) and _read_since(analysis, step, begun) is None:
            message = f"the transaction stays open as long as {step.operation.name} receives bytes"
            hint = "put it before txn.begin: what was read may be outdated at the commit"
            yield Fault(step.pointer, message, hint, path=world.path())


@rule("E323")
def unverified_bytes_unnamed(analysis: Analysis) -> Iterator[Fault]:
    """Nothing is opened, asked for or cached by a digest before its bytes are verified."""
    if not analysis.steps_with(_PUTS):
        return
    origins = analysis.origins
    seen: set[tuple[int, str]] = set()
    for visit in analysis.runs_with(_TRUSTS):
        step, world = visit.step, visit.world
        if not world.pending:
            continue
        pending = {place for _, place in world.pending}
        for name in step.dynamic:
            for place in _named(origins, step, name):
                if place in pending and (step.index, name) not in seen:
                    seen.add((step.index, name))
                    message = f"${place[2]} names bytes that nobody has verified yet"
                    hint = "put blob.verify_digest before it"
                    yield Fault(step.argument(name), message, hint, path=world.path())


@rule("E321")
def bytes_not_words(analysis: Analysis) -> Iterator[Fault]:
    """No reply sends the words `request.body`, which stand for bytes in blob.put alone."""
    for step in analysis.steps_with(_REPLYING):
        if step.dynamic.get("body") == Constant(REQUEST_BODY):
            message = f"{step.operation.name} would send the words {REQUEST_BODY}"
            hint = "blob.put, blob.verify_digest and blob.get the body first"
            yield Fault(step.argument("body"), message, hint)


RULES = (no_bytes_behind_a_lock, short_transactions, unverified_bytes_unnamed, bytes_not_words)

_TRUSTS = frozenset({"blob.read", "cache.write", "network"})
_PUTS = frozenset({"blob.write"})
_REPLYING = frozenset({"reply"})
_TURNING = frozenset({"txn"})
_VERIFIES = "blob.verify_digest"


def _inside(analysis: Analysis) -> Iterator[Visit]:
    """The first visit of each step that moves bytes inside a transaction."""
    if analysis.pipeline.event is not None or not analysis.steps_with(_TURNING):
        return
    seen: set[int] = set()
    for visit in analysis.flow.runs():
        if visit.world.transaction is None or visit.step.index in seen:
            continue
        if _moves_bytes(analysis, visit.step):
            seen.add(visit.step.index)
            yield visit


def _receives(analysis: Analysis, step: StepNode) -> bool:
    return "request.body" in step.operation.effects and bool(streams(step, analysis.plan))


def _read_since(analysis: Analysis, step: StepNode, begun: int) -> str | None:
    """What of the step's guard was set behind `txn.begin`, so that another run may find it changed;
    a stream that the first run received is not received again."""
    for reference in references(step.when) if step.when is not None else ():
        variable = analysis.scope.variables.get(reference.name)
        if reference.sigil == "$" and variable is not None and variable.step > begun:
            return str(reference)
    return None


def _moves_bytes(analysis: Analysis, step: StepNode) -> bool:
    source = step.dynamic.get("digest" if step.operation.name == _VERIFIES else "from")
    target = analysis.plan.target(source, step.index) if isinstance(source, Reference) else None
    if step.operation.name == _VERIFIES:  # What this request received was hashed as it came.
        return target is None or target.source != "variable" or target.name not in analysis.digests
    if "request.body" not in step.operation.effects:
        return False
    copies = target is not None and target.shape.kind == "handle"
    return copies or _receives(analysis, step)


def _named(origins: Origins, step: StepNode, name: str) -> Iterator[Place]:
    """What an argument is or is put together from; blob.verify_digest itself trusts nothing."""
    if step.operation.name == _VERIFIES:
        return
    waiting = [place for _, place in origins.in_node(step.dynamic[name], step)]
    while waiting:
        place = waiting.pop()
        yield place
        producer = origins.producer(place)
        if producer is not None and producer.operation.name == "string.format":
            waiting += origins.read_by(producer)
