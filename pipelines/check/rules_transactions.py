"""Transactions: everything that belongs together is written together, or not at all."""

from collections.abc import Iterable, Iterator, Mapping

from pipelines.check.analysis import WRITES, Analysis, rule
from pipelines.check.worlds import Transaction, World, Write
from pipelines.expressions import Fault
from pipelines.nodes import StepNode
from schema.document import Document

_REPLYING = frozenset({"reply"})
_TURNING = frozenset({"txn"})
_BEGIN = '{"op": "txn.begin", "args": {"isolation": "serializable"}}'
_COMMIT = '{"op": "txn.commit"}'


@rule("E310")
def writes_in_transactions(analysis: Analysis) -> Iterator[Fault]:
    """Every write of a document, a row or an event lies in a transaction."""
    seen: set[int] = set()
    for visit in analysis.runs_with(WRITES):
        step = visit.step
        if visit.world.transaction is None and step.index not in seen:
            seen.add(step.index)
            message = f"{step.operation.name} writes outside a transaction"
            hint = f"put {_BEGIN} before it and {_COMMIT} behind it"
            yield Fault(step.pointer, message, hint, path=visit.world.path())


@rule("E311")
def no_success_before_commit(analysis: Analysis) -> Iterator[Fault]:
    """No reply other than respond.error follows writes that were not committed: they are lost."""
    seen: set[int] = set()
    for visit in analysis.runs_with(_REPLYING):
        step, world = visit.step, visit.world
        if world.lost and _claims(step) and step.index not in seen:
            seen.add(step.index)
            message = f"{step.operation.name} replies after txn.abort, so the writes are lost"
            yield Fault(step.pointer, message, "answer by respond.error", path=world.path())
    for step, world in _replies(analysis):
        if world.transaction is not None and world.transaction.wrote:
            message = f"{step.operation.name} replies before the commit, so the writes are lost"
            yield Fault(step.pointer, message, f"put {_COMMIT} before it", path=world.path())


@rule("E312")
def transactions_end(analysis: Analysis) -> Iterator[Fault]:
    """Every path from txn.begin reaches exactly one commit or abort, and none begins twice."""
    if analysis.pipeline.event is not None:
        for step in analysis.pipeline.steps:
            if "txn" in step.operation.effects:
                message = "an apply pipeline runs in the transaction of whoever applies the event"
                yield Fault(step.pointer, message, "leave the step out")
        return
    yield from _wrong_turns(analysis)
    for step, world in _replies(analysis):
        if world.transaction is not None and not world.transaction.wrote:
            message = f"{step.operation.name} replies while a transaction is open"
            yield Fault(step.pointer, message, f"put {_COMMIT} before it", path=world.path())
    begun: set[int] = set()
    for world in analysis.flow.ends:
        if world.transaction is not None and world.transaction.begun not in begun:
            begun.add(world.transaction.begun)
            where = analysis.by_index[world.transaction.begun].pointer
            message = "a path from here never commits or aborts"
            yield Fault(where, message, f"add {_COMMIT} to that path", path=world.path())


@rule("E313")
def documents_with_rows(analysis: Analysis) -> Iterator[Fault]:
    """A document and its index rows are written, or removed, in one transaction, by one key."""
    seen: set[tuple[int, str]] = set()
    for transaction, world in _committed(analysis):
        for write, message, hint in _unpaired(transaction, analysis.whole.document):
            if (write.step, message) not in seen:
                seen.add((write.step, message))
                where = analysis.by_index[write.step].pointer
                yield Fault(where, message, hint, path=world.path())


@rule("E314")
def events_with_writes(analysis: Analysis) -> Iterator[Fault]:
    """An event is emitted in the transaction of the write that it announces."""
    seen: set[int] = set()
    for transaction, world in _committed(analysis):
        if transaction.documents or transaction.rows or transaction.joined:
            continue
        for index in sorted(transaction.events - seen):
            seen.add(index)
            message = "the event announces nothing: the transaction writes no document and no row"
            step = analysis.by_index[index]
            yield Fault(step.pointer, message, "emit it where the write is", path=world.path())


@rule("E315")
def one_store(analysis: Analysis) -> Iterator[Fault]:
    """A transaction touches one kv store, the event log's included."""
    seen: set[int] = set()
    for transaction, world in _committed(analysis):
        if len(transaction.stores) > 1 and transaction.begun not in seen:
            seen.add(transaction.begun)
            step = analysis.by_index.get(transaction.begun)
            where = analysis.where if step is None else step.pointer
            names = " and ".join(sorted(transaction.stores))
            message = f"the transaction touches the stores {names}, which cannot commit as one"
            hint = "keep what it touches in one store"
            yield Fault(where, message, hint, path=world.path())


RULES = (
    writes_in_transactions,
    no_success_before_commit,
    transactions_end,
    documents_with_rows,
    events_with_writes,
    one_store,
)


def _succeeds(step: StepNode) -> bool:
    return "reply" in step.operation.effects and step.operation.name != "respond.error"


def _claims(step: StepNode) -> bool:
    return _succeeds(step) and step.static.get("status", 200) < 400


def _replies(analysis: Analysis) -> Iterator[tuple[StepNode, World]]:
    """Every reply that is no error and ends a path, once a step and state of the transaction."""
    seen: set[tuple[int, bool]] = set()
    for visit in analysis.runs_with(_REPLYING):
        step, open_ = visit.step, visit.world.transaction
        if _succeeds(step) and open_ is not None and (step.index, open_.wrote) not in seen:
            seen.add((step.index, open_.wrote))
            yield step, visit.world


def _wrong_turns(analysis: Analysis) -> Iterator[Fault]:
    seen: set[int] = set()
    for visit in analysis.runs_with(_TURNING):
        step = visit.step
        if step.index in seen:
            continue
        is_open = visit.world.transaction is not None
        if is_open is (step.operation.name == "txn.begin"):
            seen.add(step.index)
            state = "a transaction is open already" if is_open else "no transaction is open"
            message = f"{step.operation.name} where {state}"
            hint = "one begin, then one commit or abort, on every path"
            yield Fault(step.pointer, message, hint, path=visit.world.path())


def _committed(analysis: Analysis) -> Iterator[tuple[Transaction, World]]:
    """Every transaction that may become durable."""
    for visit in analysis.runs_with(_TURNING):
        open_ = visit.world.transaction
        if visit.step.operation.name == "txn.commit" and open_ is not None:
            yield open_, visit.world
    if analysis.pipeline.event is not None:
        for world in analysis.flow.ends:
            if world.transaction is not None:
                yield world.transaction, world


def _unpaired(transaction: Transaction, document: Document) -> Iterator[tuple[Write, str, str]]:
    """Documents without their rows, and rows without their documents, as the last writes leave
    them."""
    documents, rows = _last(transaction.documents), _last(transaction.rows)
    for write in sorted(documents.values()):
        for index in document.indexes_of.get(write.name, ()):
            row = rows.get((index, write.key))
            if row is None or row.kind not in (write.kind, "delete"):
                done = "removed" if write.kind == "delete" else "written"
                verb = "index.delete" if write.kind == "delete" else "index.upsert"
                message = f"{write.name} is {done} without its row in the index {index}"
                yield write, message, f"add {verb} with the same key to the transaction"
    for write in sorted(rows.values()):
        source = document.index_sources.get(write.name)
        written = documents.get((source or "", write.key))
        if written is None or (write.kind == "put" and written.kind != "put"):
            message = f"a row of {write.name} is changed without its document {source}"
            yield write, message, f"write {source} with the same key in the transaction"


def _last(writes: Iterable[Write]) -> Mapping[tuple[str, str], Write]:
    """The last write under each key."""
    return {(w.name, w.key): w for w in sorted(writes, key=lambda write: write.step)}
