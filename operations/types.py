"""The types that an operation's signature may use, and what each means to the checker.

A parameter is either *static* (its value must be a literal and is resolved at load: the name of a
document, an entity, a list of scopes) or *dynamic* (an expression, evaluated per request).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

Kind = Literal[
    "any", "text", "digest", "integer", "boolean", "object", "array", "rows", "handle", "stream",
    "headers",
]  # fmt: skip
"""What a value is. `handle` refers to stored, verified bytes; `stream` to bytes still arriving."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Marks a parameter or an output whose value exists only per request."""

    kind: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Static:
    """Marks a parameter that is a literal of schema.json, resolved at load in `section`.

    `section` is one of: entity, document, index, blob_store, upstream, event, json_schema, scopes,
    ordering (of the index named in the same step), status, error_status, location_status, code,
    literal.
    """

    section: str


@dataclass(frozen=True, slots=True)
class KeyOf:
    """Marks the key of a document: a template that must be an instance of its key_template.

    `parameter` names the parameter that holds the document (or the index, whose source it is).
    """

    parameter: str


Json = Any
"""Any JSON value."""

NOT_GIVEN: Any = ...
"""The default of an argument that may be given as null, which then means something."""

AnyValue = Annotated[Json, Dynamic("any", nullable=True)]
Document = Annotated[Json, Dynamic("object", nullable=True)]
Text = Annotated[str, Dynamic("text")]
OptionalText = Annotated[str | None, Dynamic("text", nullable=True)]
Digest = Annotated[str, Dynamic("digest")]
OptionalDigest = Annotated[str | None, Dynamic("text", nullable=True)]
Integer = Annotated[int, Dynamic("integer")]
OptionalInteger = Annotated[int | None, Dynamic("integer", nullable=True)]
Boolean = Annotated[bool, Dynamic("boolean")]
Object = Annotated[Mapping[str, Json], Dynamic("object")]
Headers = Annotated[Mapping[str, str] | None, Dynamic("headers", nullable=True)]
Values = Annotated[tuple[Json, ...] | list[Json], Dynamic("array")]
Rows = Annotated[list[Json], Dynamic("rows")]
Handle = Annotated[Any, Dynamic("handle")]
BodyBytes = Annotated[Any, Dynamic("any")]
"""What respond.bytes sends and blob.put stores: a handle, a stream, a text, or `request.body`."""
UpstreamReply = Annotated[Mapping[str, Json], Dynamic("object")]
DocumentKey = Annotated[str, Dynamic("text"), KeyOf("doc")]
SourceKey = Annotated[str, Dynamic("text"), KeyOf("index")]
ScopeNames = Annotated[tuple[str, ...], Static("scopes")]
Status = Annotated[int, Static("status")]
ErrorStatus = Annotated[int, Static("error_status")]
RedirectStatus = Annotated[Literal[301, 302, 303, 307, 308], Static("location_status")]
ErrorCode = Annotated[str, Static("code")]
OrderingName = Annotated[str | None, Static("ordering")]
