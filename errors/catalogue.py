"""Every code a client can meet: its status, its meaning and what to do about it.

A code never changes its meaning. ERRORS.md is printed from this table.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """One code of the catalogue; `status` is the HTTP status it is answered with."""

    status: int
    meaning: str
    remedy: str


CATALOGUE: dict[str, Entry] = {
    # who is asking
    "UNAUTHORIZED": Entry(
        401,
        "The route needs a principal and none, or none that is valid, was named.",
        "Send a token: Authorization: Bearer TOKEN, or Basic with the token as the password.",
    ),
    "INVALID_CREDENTIALS": Entry(
        401, "User name and password do not belong together.", "Check both and try again."
    ),
    "FORBIDDEN": Entry(
        403,
        "The principal lacks a scope, an action or a namespace that the route needs.",
        "Use a token that carries the scope named in details.",
    ),
    "TENANT_MISMATCH": Entry(
        403,
        "The tenant named by the request is not the tenant of the token.",
        "Leave the tenant header out, or use a token of that tenant.",
    ),
    "READ_ONLY_REPLICA": Entry(
        403, "This process follows a leader and takes no writes.", "Send writes to the leader."
    ),
    "LOGIN_RATE_LIMITED": Entry(
        429, "Too many logins failed lately.", "Wait as long as Retry-After says."
    ),
    # the request's form
    "BAD_REQUEST": Entry(
        400, "The request breaks HTTP or a bound of this service.", "See the message."
    ),
    "INVALID_PATH": Entry(
        400, "A segment of the URL does not fit its field.", "Correct the segment named in details."
    ),
    "INVALID_QUERY": Entry(
        400, "The query string does not fit the route.", "Correct the parameter named in details."
    ),
    "INVALID_JSON": Entry(400, "The body is not one JSON text in UTF-8.", "Send valid JSON."),
    "INVALID_CURSOR": Entry(
        400,
        "The cursor was not given out by this listing.",
        "Start again without `after`, then pass `next` on unchanged.",
    ),
    "INVALID_KEY": Entry(
        400,
        "A value cannot be part of a key: it does not fit the field it stands for.",
        "Correct the value named in details.",
    ),
    "VALIDATION_ERROR": Entry(
        400, "One or more values break their declared rules.", "Correct every place in details."
    ),
    "REQUEST_TIMEOUT": Entry(
        408, "The request did not arrive in time.", "Send the request without pauses."
    ),
    "HEADERS_TOO_LARGE": Entry(
        431, "The request has too many or too large headers.", "Send fewer or shorter headers."
    ),
    "URI_TOO_LONG": Entry(414, "The request target is too long.", "Shorten the URL."),
    # what is there
    "NOT_FOUND": Entry(404, "Nothing is stored under that address.", "Check the address."),
    "ROUTE_NOT_FOUND": Entry(
        404, "No route of this service has that path.", "See /schema for the declared routes."
    ),
    "ROUTE_DISABLED": Entry(
        404, "The route belongs to a feature that is switched off.", "Ask the operator."
    ),
    "METHOD_NOT_ALLOWED": Entry(
        405, "The path exists, but not with that method.", "Use a method named in Allow."
    ),
    "BLOB_NOT_FOUND": Entry(
        404, "No bytes with that digest are stored.", "Publish the artifact again."
    ),
    "TARGET_NOT_FOUND": Entry(
        404, "The tag's target is not published.", "Publish the target first."
    ),
    "GONE": Entry(
        410, "The artifact was withdrawn.", "Publish a new version; this one stays taken."
    ),
    # conflicts
    "ALREADY_EXISTS": Entry(
        409,
        "The coordinate is taken; what is published is never replaced.",
        "Publish under a new version; details name what stands there.",
    ),
    "INDEX_CONFLICT": Entry(
        409, "Another row holds the values of a unique index.", "Choose other values."
    ),
    "TXN_CONFLICT": Entry(
        409, "Others changed the same data, again and again.", "Send the request again."
    ),
    "PRECONDITION_FAILED": Entry(
        412, "The state is not the one that the request was made for.", "Read again, then retry."
    ),
    # sizes
    "BODY_TOO_LARGE": Entry(413, "The body is over max_request_body_bytes.", "Send less."),
    "JSON_TOO_LARGE": Entry(413, "The JSON body is over max_json_bytes.", "Send less."),
    "VALUE_TOO_LARGE": Entry(413, "The document is over max_kv_value_bytes.", "Store less."),
    "EVENT_TOO_LARGE": Entry(413, "The event is over max_event_bytes.", "Emit less."),
    "BLOB_TOO_LARGE": Entry(413, "The blob is over the store's max_blob_bytes.", "Send less."),
    "BLOB_TOO_SMALL": Entry(
        400, "The blob is under the store's min_blob_bytes.", "Send the whole file."
    ),
    "RANGE_NOT_SATISFIABLE": Entry(
        416,
        "The range lies outside the bytes.",
        "Ask for a range inside the size in Content-Range.",
    ),
    # data that breaks its promise
    "DIGEST_MISMATCH": Entry(
        422,
        "The bytes received are not the bytes declared; nothing was kept.",
        "Send again; details name both digests.",
    ),
    "DOCUMENT_INVALID": Entry(
        422, "A document to be stored breaks its JSON Schema.", "See the places in details."
    ),
    "EVENT_INVALID": Entry(
        422, "An event's payload breaks its JSON Schema.", "See the places in details."
    ),
    # limits and failures of the service
    "INTERNAL": Entry(
        500, "The service met a fault of its own.", "Report the request_id to the operator."
    ),
    "UNDECLARED_ANSWER": Entry(
        500,
        "The service was about to answer what its OpenAPI document does not tell; only a service "
        "with LARDER_ASSERT_ANSWERS looks for that.",
        "Report the message to the maintainers: the document and the service disagree.",
    ),
    "EFFECT_VIOLATION": Entry(
        500,
        "A step did what its operation does not declare; nothing was written.",
        "Report the request_id to the operator, whose log names the operation.",
    ),
    "UPSTREAM_ERROR": Entry(
        502, "The upstream refused, broke off or answered nonsense.", "Try again later."
    ),
    "CPU_LIMIT": Entry(
        503, "The request used more processor time than max_cpu_ms_per_request.", "Ask for less."
    ),
    "IO_LIMIT": Entry(
        503, "The request used more store calls than max_io_ops_per_request.", "Ask for less."
    ),
    "OVERLOADED": Entry(
        503, "The service is at its bound of work.", "Wait as long as Retry-After says."
    ),
    "SHUTTING_DOWN": Entry(503, "The service is stopping.", "Try again shortly."),
    "DEADLINE": Entry(504, "The request ran over deadline_ms.", "Try again, or ask for less."),
    "UPSTREAM_TIMEOUT": Entry(504, "The upstream did not answer in time.", "Try again later."),
    "STORAGE_FULL": Entry(507, "The storage has no room left.", "Ask the operator for room."),
}
