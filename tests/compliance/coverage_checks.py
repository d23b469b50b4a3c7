"""Operation coverage: the 30 operations of language.md section 4, written down here once more.

The table is independent of the code on purpose: an operation that lost an argument, an output or
an error shows here.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from operations.operation import Operation
from operations.vocabulary import VOCABULARY
from tests.compliance.bench import Recorder
from tests.compliance.report import Check, Failed, expect
from tests.compliance.subject import Subject

CATEGORY = "operation coverage"


class Declared(NamedTuple):
    """One line of the table: texts of names, `?` behind what is optional."""

    arguments: str = ""
    outputs: str = ""
    effects: str = ""
    errors: str = ""


TABLE: dict[str, Declared] = {
    "auth.require_scopes": Declared("scopes mode?", errors="UNAUTHORIZED FORBIDDEN"),
    "parse.path": Declared("entity", errors="INVALID_PATH"),
    "parse.query": Declared("schema?", "out", errors="INVALID_QUERY"),
    "parse.json": Declared("", "out", "request.body", "INVALID_JSON JSON_TOO_LARGE"),
    "normalize.entity": Declared("entity"),
    "validate.entity": Declared("entity", errors="VALIDATION_ERROR"),
    "validate.json_schema": Declared("schema value", errors="VALIDATION_ERROR"),
    "txn.begin": Declared("isolation", effects="txn"),
    "txn.commit": Declared("", "", "txn", "TXN_CONFLICT INDEX_CONFLICT STORAGE_FULL"),
    "txn.abort": Declared(effects="txn"),
    "kv.get": Declared("doc key", "out rev_out?", "kv.read"),
    "kv.put": Declared("doc key value", "", "kv.write", "DOCUMENT_INVALID VALUE_TOO_LARGE"),
    "kv.cas_put": Declared(
        "doc key value if_absent? if_rev? if_equals?", "", "kv.read kv.write",
        "ALREADY_EXISTS PRECONDITION_FAILED DOCUMENT_INVALID VALUE_TOO_LARGE",
    ),
    "kv.delete": Declared("doc key", "existed_out?", "kv.write"),
    "blob.put": Declared(
        "store from", "out out_size", "request.body blob.write",
        "BLOB_TOO_LARGE BLOB_TOO_SMALL STORAGE_FULL",
    ),
    "blob.get": Declared("store digest", "out", "blob.read", "BLOB_NOT_FOUND"),
    "blob.verify_digest": Declared(
        "digest algo? expected?", "", "blob.read", "DIGEST_MISMATCH STORAGE_FULL"
    ),
    "index.query": Declared(
        "index key? starts_with? name? limit? after? order?", "out next_out?", "index.read",
        "INVALID_CURSOR",
    ),
    "index.upsert": Declared("index key value", "", "index.write", "INDEX_CONFLICT"),
    "index.delete": Declared("index key value?", "", "index.write"),
    "cache.get": Declared("kind key", "hit_out value_out", "cache.read"),
    "cache.put": Declared("kind key ttl_seconds value", "", "cache.write"),
    "proxy.fetch": Declared(
        "upstream method path headers?", "out", "network", "UPSTREAM_ERROR UPSTREAM_TIMEOUT"
    ),
    "emit.event": Declared("type payload", "", "event.write", "EVENT_INVALID EVENT_TOO_LARGE"),
    "respond.json": Declared("status body headers?", "", "reply", "VALIDATION_ERROR"),
    "respond.bytes": Declared("status body headers?", "", "reply", "VALIDATION_ERROR"),
    "respond.redirect": Declared("status location", "", "reply", "VALIDATION_ERROR"),
    "respond.error": Declared("status code message details?", "", "reply"),
    "time.now_iso8601": Declared("", "out", "clock"),
    "string.format": Declared("template", "out"),
}  # fmt: skip


def checks(subject: Subject, recorder: Recorder) -> Iterator[Check]:
    """One check an operation, and what holds of all of them; to be run after all others."""
    known = {each.name: each for each in VOCABULARY}
    for name in TABLE:
        yield Check(CATEGORY, name, partial(_covered, name, known, subject, recorder))
    yield Check(
        CATEGORY, "the vocabulary has these 30 operations and no other", partial(_closed, known)
    )
    yield Check(
        CATEGORY,
        "no operation refuses with a code that it does not declare",
        partial(_honest, recorder),
    )


async def _covered(
    name: str, known: dict[str, Operation], subject: Subject, recorder: Recorder
) -> str:
    wrong = []
    if name not in known:
        wrong.append("it is not in the vocabulary")
    else:
        found, wanted = _declared(known[name]), _sorted(TABLE[name])
        for field, one, other in zip(Declared._fields, found, wanted, strict=True):
            if one != other:
                wrong.append(f"{field}: {one or 'none'} instead of {other or 'none'}")
    allowed = subject.written("ops", "allowed")
    listed = isinstance(allowed, list) and name in allowed
    if name not in recorder.ran:
        wrong.append("no behaviour check ran it")
    if wrong:
        raise Failed("\n".join(wrong))
    return f"signature, {'allowed' if listed else 'not allowed by this schema'}, exercised"


def _declared(operation: Operation) -> Declared:
    arguments = {p.name: p.required for p in operation.parameters}
    outputs = {o.name: o.required for o in operation.outputs}
    return Declared(
        _names(arguments), _names(outputs), " ".join(sorted(operation.effects)),
        " ".join(sorted(operation.errors)),
    )  # fmt: skip


def _sorted(declared: Declared) -> Declared:
    return Declared(*(" ".join(sorted(texts.split())) for texts in declared))


def _names(required: dict[str, bool]) -> str:
    return " ".join(sorted(name if needed else f"{name}?" for name, needed in required.items()))


async def _closed(known: dict[str, Operation]) -> str:
    expect(sorted(known), sorted(TABLE), "the vocabulary")
    return f"{len(known)} of {len(TABLE)}"


async def _honest(recorder: Recorder) -> None:
    expect(sorted(recorder.undeclared), [], "undeclared codes")
