"""Each operation's signature is the one that the language declares, letter by letter."""

import pytest

from operations.operation import Operation
from operations.vocabulary import VOCABULARY

# name | arguments: `?` may be left out, `=x` has a default, `/` exactly one of them |
# outputs | effects | errors
LANGUAGE = """
auth.require_scopes | scopes mode=any | | | UNAUTHORIZED FORBIDDEN
parse.path | entity | | | INVALID_PATH
parse.query | schema? | out | | INVALID_QUERY
parse.json | | out | request.body | INVALID_JSON JSON_TOO_LARGE
normalize.entity | entity | | |
validate.entity | entity | | | VALIDATION_ERROR
validate.json_schema | schema value | | | VALIDATION_ERROR
txn.begin | isolation | | txn |
txn.commit | | | txn | TXN_CONFLICT INDEX_CONFLICT STORAGE_FULL
txn.abort | | | txn |
kv.get | doc key | out rev_out? | kv.read |
kv.put | doc key value | | kv.write | DOCUMENT_INVALID VALUE_TOO_LARGE
kv.cas_put | doc key value if_absent? if_rev? if_equals? | | kv.read kv.write | \
ALREADY_EXISTS PRECONDITION_FAILED DOCUMENT_INVALID VALUE_TOO_LARGE
kv.delete | doc key | existed_out? | kv.write |
blob.put | store from | out out_size | request.body blob.write | \
BLOB_TOO_LARGE BLOB_TOO_SMALL STORAGE_FULL
blob.get | store digest | out | blob.read | BLOB_NOT_FOUND
blob.verify_digest | digest algo=sha256 expected? | | blob.read | DIGEST_MISMATCH STORAGE_FULL
index.query | index key=() starts_with? name? limit=100 after? order? | out next_out? | \
index.read | INVALID_CURSOR
index.upsert | index key value | | index.write | INDEX_CONFLICT
index.delete | index key value? | | index.write |
cache.get | kind key | hit_out value_out | cache.read |
cache.put | kind key ttl_seconds value | | cache.write |
proxy.fetch | upstream method path headers? | out | network | UPSTREAM_ERROR UPSTREAM_TIMEOUT
emit.event | type payload | | event.write | EVENT_INVALID EVENT_TOO_LARGE
respond.json | status body headers? | | reply | VALIDATION_ERROR
respond.bytes | status body headers? | | reply | VALIDATION_ERROR
respond.redirect | status location | | reply | VALIDATION_ERROR
respond.error | status code message details? | | reply |
time.now_iso8601 | | out | clock |
string.format | template | out | |
"""
ROWS = {line.split(" | ")[0].strip(): line for line in LANGUAGE.strip().splitlines()}


def _arguments(operation: Operation) -> str:
    written = []
    for parameter in operation.parameters:
        mark = "" if parameter.required else f"={parameter.default}"
        if parameter.default in (None, ...) and not parameter.required:
            mark = "?"
        written.append(parameter.name + mark)
    return " ".join(written)


def _outputs(operation: Operation) -> str:
    return " ".join(o.name + ("" if o.required else "?") for o in operation.outputs)


def test_the_vocabulary_is_the_thirty_operations_of_the_language_in_its_order() -> None:
    assert [operation.name for operation in VOCABULARY] == list(ROWS)
    assert len(VOCABULARY) == 30


@pytest.mark.parametrize("operation", VOCABULARY, ids=lambda operation: operation.name)
def test_an_operation_is_declared_as_the_language_has_it(operation: Operation) -> None:
    _, arguments, outputs, effects, errors = (
        part.strip() for part in ROWS[operation.name].split("|")
    )
    assert _arguments(operation) == arguments
    assert _outputs(operation) == outputs
    assert operation.effects == set(effects.split())
    assert list(operation.errors) == errors.split()


def test_static_arguments_offer_the_choices_of_the_language() -> None:
    choices = {
        (operation.name, parameter.name): parameter.choices
        for operation in VOCABULARY
        for parameter in operation.parameters
        if parameter.choices
    }
    assert choices == {
        ("auth.require_scopes", "mode"): ("any", "all"),
        ("txn.begin", "isolation"): ("serializable", "repeatable_read", "read_committed"),
        ("kv.cas_put", "if_absent"): (True,),
        ("blob.verify_digest", "algo"): ("sha256",),
        ("index.query", "order"): ("asc", "desc"),
        ("cache.get", "kind"): ("response", "blob"),
        ("cache.put", "kind"): ("response", "blob"),
        ("proxy.fetch", "method"): ("GET", "HEAD"),
        ("respond.redirect", "status"): (301, 302, 303, 307, 308),
    }


def test_keys_belong_to_documents_and_conditions_of_a_swap_exclude_each_other() -> None:
    keys = {
        operation.name: parameter.key_of
        for operation in VOCABULARY
        for parameter in operation.parameters
        if parameter.key_of
    }
    assert keys == {
        "kv.get": "doc",
        "kv.put": "doc",
        "kv.cas_put": "doc",
        "kv.delete": "doc",
        "index.upsert": "index",
        "index.delete": "index",
    }
    exclusive = {operation.name: operation.exclusive for operation in VOCABULARY}
    assert exclusive.pop("kv.cas_put") == (("if_absent", "if_rev", "if_equals"),)
    assert set(exclusive.values()) == {()}
