"""What editors say of examples and of the operations' arguments (`pipelines/editor/schema.py`)."""

from collections.abc import Mapping

from operations.operation import Operation, Output, Parameter
from operations.types import Static
from operations.vocabulary import VOCABULARY

_OURS = frozenset(operation.name for operation in VOCABULARY)

EXAMPLE_KEYS: Mapping[str, Mapping[str, str]] = {
    "Example": {
        "name": "What it shows; once in a route.",
        "given": "What there is before the request, in order.",
        "request": "The request, which goes to this route.",
        "expect": "What has to come of it; what is left out is not looked at.",
    },
    "Given": {
        "upstreams": "What upstreams answer, by the upstream's name.",
        "blobs": "Texts of stored blobs, by the blob store's name.",
        "documents": "Stored documents by kind and key; their index rows come with them.",
        "requests": "Requests that are made first; none may be refused.",
    },
    "Answer": {
        "path": "The path that the upstream is asked for.",
        "status": "The status that it answers with.",
        "headers": "The headers that it answers with.",
        "text": "The body, as text.",
        "base64": "The body, as Base64 (RFC 4648).",
        "meanwhile": "What others do while the upstream is answering.",
    },
    "Others": {
        "blobs": "Texts of stored blobs, by the blob store's name.",
        "documents": "Stored documents by kind and key; their index rows come with them.",
        "requests": "Requests that are made; none may be refused.",
    },
    "Ask": {
        "route": "The id of the route that is asked; this one, in `request`.",
        "params": "The path's parameters, decoded.",
        "path": "The path as a client writes it, in place of `params`.",
        "query": "The query string, or its parameters.",
        "headers": "The request's headers.",
        "json": "The body, as JSON.",
        "text": "The body, as text.",
        "base64": "The body, as Base64 (RFC 4648).",
        "scopes": "The principal's scopes; all of the schema, when left out.",
        "subject": "Who asks; null for nobody.",
        "namespaces": "Patterns of the namespaces that the token is for; null for all.",
        "tenant": "The tenant that is named.",
    },
    "Expect": {
        "status": "The HTTP status.",
        "code": "The code of an error.",
        "headers": "Headers that have to be there, each with a pattern.",
        "json": 'The body; `{"$any": "digest"}` stands for any digest, `{"$has": {…}}` for an'
        " object with at least these members.",
        "text": "The body, as text.",
        "base64": "The body, as Base64 (RFC 4648).",
        "documents": "Documents afterwards, by kind and key; null: there is none.",
        "events": "The events that the request emitted, in order.",
    },
}

ARGUMENTS: Mapping[str, str] = {
    "when": "The step runs only where this condition holds.",
    "scopes": "The scopes that let in.",
    "mode": "Whether one of the scopes is enough, or all are needed.",
    "entity": "The name of an entity.",
    "parse.query.schema": "The JSON Schema of the query's parameters, or its name in"
    " storage.schemas; it converts numbers and fills in defaults.",
    "validate.json_schema.schema": "A JSON Schema, or its name in storage.schemas.",
    "validate.json_schema.value": "The value that is judged; afterwards its properties are known.",
    "isolation": "How transactions are kept apart; all are kept `serializable`.",
    "doc": "The kind of document, of storage.documents.",
    "key": "The document's key: an instance of its key_template.",
    "index.query.key": "Values of the first fields of the ordering; none for all rows.",
    "cache.get.key": "The entry's key; it has to hold all that the value depends on.",
    "cache.put.key": "The entry's key; it has to hold all that the value depends on.",
    "value": "The whole document; its JSON Schema judges it.",
    "index.upsert.value": "The row: the source document's value.",
    "index.delete.value": "The row that is removed; its key alone names it.",
    "cache.put.value": "What is kept: a JSON value, or a handle on stored bytes.",
    "if_absent": "Write only where there is no such document (409 ALREADY_EXISTS).",
    "if_rev": "Write only if this still is its revision; null: only if there is none (412).",
    "if_equals": "Write only if this still is its value; null: only if there is none (412).",
    "store": "The blob store, of storage.blob_stores.",
    "from": "`request.body`, or a variable that holds bytes or text.",
    "digest": "A digest, as `sha256:…`.",
    "algo": "The digest's algorithm.",
    "expected": "What the digest has to be; else what the request's headers declare.",
    "index": "The index; `events` lists the event log.",
    "starts_with": "A text that the ordering's next field begins with.",
    "name": "The ordering, of the index's keys; the first, when left out.",
    "limit": "Rows of one page, at most 1000.",
    "after": "The cursor of the page before.",
    "order": "The declared sort (`asc`), or against it (`desc`).",
    "kind": "The cache: values, or references to blobs.",
    "ttl_seconds": "Seconds; null for the cache's default, 0 keeps nothing.",
    "upstream": "The upstream, of `upstreams`.",
    "method": "The HTTP method.",
    "path": "The path, added to the upstream's base_url.",
    "headers": "Headers by name; one that is null is left out.",
    "type": "The event's type, of events.types.",
    "payload": "What the event tells; its type's JSON Schema judges it.",
    "status": "The HTTP status.",
    "body": "The body: any JSON value.",
    "respond.bytes.body": "A handle on stored bytes, or a text.",
    "location": "The address that the client is sent to.",
    "code": "The error's code, in UPPER_CASE.",
    "message": "What went wrong, for a person.",
    "details": "What went wrong, for a program.",
    "template": "Text with `{field}` and `$variable` parts.",
    "out": "The variable that holds the result.",
    "parse.query.out": "The variable that holds the parameters, as an object.",
    "parse.json.out": "The variable that holds the body.",
    "kv.get.out": "The variable that holds the document, null when there is none.",
    "rev_out": "The variable that holds the document's revision, for `if_rev`.",
    "existed_out": "The variable that tells whether there was a document.",
    "blob.put.out": "The variable that holds the digest of the bytes.",
    "out_size": "The variable that holds how many bytes there were.",
    "blob.get.out": "The variable that holds a handle on the bytes.",
    "index.query.out": "The variable that holds the rows.",
    "next_out": "The variable that holds the next page's cursor, null when there is none.",
    "hit_out": "The variable that tells whether the entry was there.",
    "value_out": "The variable that holds the entry, null when it was not there.",
    "proxy.fetch.out": "The variable that holds `status`, `headers` and `body` of the answer.",
}
"""By the argument's name, or by operation and name where that says more."""

OPERATORS: Mapping[str, str] = {
    "equals": "Both are the same JSON value: `[a, b]`.",
    "not_equals": "The two are not the same JSON value: `[a, b]`.",
    "in": "The list holds the value: `[value, list]`.",
    "not_in": "The list does not hold the value: `[value, list]`.",
    "is_null": "The value is null.",
    "is_not_null": "The value is not null; from here on it may be used.",
    "is_empty": 'The value is null, "", [] or {}.',
    "is_not_empty": 'The value is none of null, "", [] and {}.',
    "gt": "The first is greater, as a number or as a text: `[a, b]`.",
    "gte": "The first is greater or equal: `[a, b]`.",
    "lt": "The first is less: `[a, b]`.",
    "lte": "The first is less or equal: `[a, b]`.",
    "starts_with": "The first text begins with the second: `[text, start]`.",
    "ends_with": "The first text ends with the second: `[text, end]`.",
    "all": "Every condition of the list holds.",
    "any": "At least one condition of the list holds.",
    "not": "The condition does not hold.",
}


def told(operation: Operation, argument: Parameter | Output) -> str:
    """What an argument is, in words; for an operation of an extension, what its type says."""
    if operation.name in _OURS:
        exact = ARGUMENTS.get(f"{operation.name}.{argument.name}")
        return exact or ARGUMENTS[argument.name]
    if isinstance(argument, Output):
        return f"The variable that is set: {argument.type.kind}."
    kind = argument.type
    return f"Type: {kind.section if isinstance(kind, Static) else kind.kind}."
