"""The vocabulary: thirty operations, closed. It is a value; whoever needs others passes others."""

from operations import (
    auth,
    blob,
    cache,
    emit,
    index,
    kv,
    normalize,
    parse,
    proxy,
    respond,
    string,
    time,
    txn,
    validate,
)
from operations.operation import Operation

VOCABULARY: tuple[Operation, ...] = (
    auth.require_scopes,
    *parse.OPERATIONS,
    normalize.normalize_entity,
    *validate.OPERATIONS,
    *txn.OPERATIONS,
    *kv.OPERATIONS,
    *blob.OPERATIONS,
    *index.OPERATIONS,
    *cache.OPERATIONS,
    proxy.fetch,
    emit.event,
    *respond.OPERATIONS,
    time.now_iso8601,
    string.format_,
)
