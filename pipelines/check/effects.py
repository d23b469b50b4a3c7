"""What a step changes in a world when its guard holds."""

from dataclasses import dataclass
from functools import cache

from pipelines.check.plan import Plan, StepPlan, place_of
from pipelines.check.wording import node_words
from pipelines.check.worlds import Place, Transaction, World, Write, without_null
from pipelines.nodes import Constant, Reference, StepNode
from pipelines.program import REQUEST_BODY
from schema.document import Document

SUBJECT: Place = ("root", "", "principal", "subject")
_BODY: Place = ("root", "", "request", "body")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps may touch outside the pipeline.

    `anonymous` are the scopes of a request without a principal; `log` is the kv store of the event
    log, `durable` the event types that are written to it.
    """

    document: Document
    anonymous: frozenset[str]
    log: str | None
    durable: frozenset[str]


def surroundings(document: Document) -> Surroundings:
    """The surroundings that a schema declares."""
    replication = document.replication
    first = next(iter(document.storage.kv_stores), None)
    return Surroundings(
        document,
        frozenset(document.auth.anonymous.scopes),
        first if replication is None else replication.log.store,
        frozenset(event.name for event in document.events.types if event.durable),
    )


def advance(plan: StepPlan, world: World, around: Surroundings, whole: Plan) -> World | None:
    """The world after a step that ran; None when the path ends there."""
    step = plan.step
    effects = step.operation.effects
    name = step.operation.name
    if plan.proves is None and _is_plain(name, effects):
        return _set(plan, world, around)
    if "reply" in effects:
        return None
    if name == "auth.require_scopes":
        return _entered(step, world, around)
    if "txn" in effects:
        opened = Transaction(step.index) if name == "txn.begin" else None
        before = world.transaction
        lost = world.lost or (name == "txn.abort" and before is not None and before.wrote)
        return world._replace(transaction=opened, lost=lost)
    if name in ("parse.path", "normalize.entity"):
        return _fields(step, world, whole)
    if plan.proves is not None:
        return world._replace(ground=plan.proves)
    if "network" in effects:
        world = world._replace(fetched=True)
    if "request.body" in effects:
        world = world._replace(read=world.read | streams(step, whole))
    if "blob.write" in effects:
        world = _put(step, world)
    elif name == "blob.verify_digest":
        world = _verified(step, world, whole)
    return _set(plan, world, around)


@cache
def _is_plain(name: str, effects: frozenset[str]) -> bool:
    """Whether an operation only sets variables, and touches what lies in the transaction."""
    return effects.isdisjoint(_MARKING) and name not in _TREATING


_MARKING = frozenset({"reply", "txn", "network", "request.body", "blob.write"})
_TREATING = ("auth.require_scopes", "parse.path", "normalize.entity", "blob.verify_digest")


def _set(plan: StepPlan, world: World, around: Surroundings) -> World:
    if world.transaction is not None:
        touched = _touched(plan.step, world.transaction, around)
        if touched is not world.transaction:
            world = world._replace(transaction=touched)
    if plan.sets.isdisjoint(plan.needed):
        return world
    return world.having(world.given | plan.sets)


def _entered(step: StepNode, world: World, around: Surroundings) -> World:
    """Whoever passes has a subject, unless the anonymous principal has the scopes as well."""
    wanted = frozenset(step.static["scopes"])
    every = step.static.get("mode") == "all"
    enough = wanted <= around.anonymous if every else bool(wanted & around.anonymous)
    world = world._replace(authenticated=True)
    return world if enough else without_null(world, SUBJECT)


def _fields(step: StepNode, world: World, whole: Plan) -> World:
    """Fields are set by parse.path; it and normalize.entity make what was known of them moot.

    Of comparisons only those of whole variables survive: a text may hold a field as well.
    """
    entity = step.static["entity"]
    domains = {p: d for p, d in world.domains.items() if p[:2] != ("field", entity)}
    atoms = {
        atom: holds
        for atom, holds in world.atoms.items()
        if all(isinstance(key, tuple) and key[:2] != ("field", entity) for key in atom[1:])
    }
    given = world.given
    if step.operation.name == "parse.path":
        given |= {p for p in whole.ground.shapes if p[:2] == ("field", entity)}
    open_ = world.transaction
    if open_ is not None and (open_.documents or open_.rows):
        documents, rows = _aged(open_.documents, step), _aged(open_.rows, step)
        open_ = open_._replace(documents=documents, rows=rows)
    return world._replace(domains=domains, atoms=atoms, given=given, transaction=open_)


def _aged(writes: frozenset[Write], step: StepNode) -> frozenset[Write]:
    """The same, under keys that no later step writes: what the fields held has changed."""
    mark = f" before step {step.index + 1}"
    return frozenset(w._replace(key=w.key + mark) if "{" in w.key else w for w in writes)


def streams(step: StepNode, whole: Plan) -> frozenset[Place]:
    """The streams that a step reads to their end."""
    source = step.dynamic.get("from", Constant(REQUEST_BODY))
    if isinstance(source, Constant):
        return frozenset({_BODY} if source.value == REQUEST_BODY else ())
    target = whole.target(source, step.index) if isinstance(source, Reference) else None
    if target is None or target.shape.kind != "stream":
        return frozenset()
    return frozenset({place_of(target)})


def _put(step: StepNode, world: World) -> World:
    digest: Place = ("variable", "", step.outputs["out"])
    return world._replace(pending=world.pending | {(step.index, digest)})


def _verified(step: StepNode, world: World, whole: Plan) -> World:
    digest = step.dynamic["digest"]
    place = whole.place(digest, step.index) if isinstance(digest, Reference) else None
    left = frozenset(entry for entry in world.pending if entry[1] != place)
    transaction = world.transaction
    if transaction is not None and left != world.pending:
        transaction = transaction._replace(joined=True)
    return world._replace(pending=left, transaction=transaction)


def _touched(step: StepNode, open_: Transaction, around: Surroundings) -> Transaction:
    effects = step.operation.effects
    if "doc" in step.static:
        return _document(step, open_, around)
    if "index" in step.static:
        return _row(step, open_, around)
    if "event.write" in effects:
        stores = open_.stores
        if around.log is not None and step.static["type"] in around.durable:
            stores |= {around.log}
        return open_._replace(events=open_.events | {step.index}, stores=stores)
    return open_


def _document(step: StepNode, open_: Transaction, around: Surroundings) -> Transaction:
    declared = around.document.storage.documents.get(step.static["doc"])
    store = None if declared is None else declared.store
    stores = open_.stores if store is None else open_.stores | {store}
    if "kv.write" not in step.operation.effects:
        return open_._replace(stores=stores)
    return open_._replace(stores=stores, documents=open_.documents | {_write(step, "doc")})


def _row(step: StepNode, open_: Transaction, around: Surroundings) -> Transaction:
    store = index_store(step.static["index"], around)
    stores = open_.stores if store is None else open_.stores | {store}
    if "index.write" not in step.operation.effects:
        return open_._replace(stores=stores)
    return open_._replace(stores=stores, rows=open_.rows | {_write(step, "index")})


def index_store(name: str, around: Surroundings) -> str | None:
    """The kv store that an index, or the event log as an index, lives in."""
    index = around.document.indexes.get(name)
    if index is None:
        return around.log
    declared = around.document.storage.documents.get(index.source_document)
    return None if declared is None else declared.store


def _write(step: StepNode, section: str) -> Write:
    kind = "delete" if step.operation.name.endswith(".delete") else "put"
    return Write(step.static[section], node_words(step.dynamic["key"]), kind, step.index)
