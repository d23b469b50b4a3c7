"""What is declared and cannot be used: JSON Schemas (E109), addresses and bounds (E110), keys
(E501), shared fields (E502), patterns (E503).
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from errors.finding import Finding
from schema.authoring import schema_faults
from schema.document import Document
from schema.document_access import Upstream
from schema.document_data import Constraint, EntityField
from schema.fields import NORMALIZERS, Field, NormalizerFault, compile_field, compile_normalizer
from schema.keys import key_faults
from schema.nearest import hint, short
from schema.patterns import PatternFault, compile_pattern
from schema.places import Places
from schema.pointers import join
from schema.templates import TemplateFault

_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FILE_NAME = re.compile(r"[A-Za-z0-9._+=@-]{1,255}")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_CREDENTIALS = {
    "none": (),
    "basic": ("username_env", "password_env"),
    "bearer_token": ("token_env",),
    "api_key": ("key_env",),
}


def json_schemas(document: Document, places: Places) -> Iterator[Finding]:
    """JSON Schemas of documents and events that cannot be compiled (E109)."""
    schemas = {
        join("/storage/schemas", name): schema for name, schema in document.storage.schemas.items()
    }
    for at, event in enumerate(document.events.types):
        schemas[join("/events/types", at, "schema")] = event.schema
    for pointer, schema in schemas.items():
        for fault in schema_faults(schema):
            yield places.finding("E109", pointer + fault.pointer, str(fault))


def constraint_patterns(document: Document, places: Places) -> Iterator[Finding]:
    """Patterns that are not linear-time, and fields without a bound (E503)."""
    for name, entity in document.entities.named.items():
        for at, constraint in enumerate(entity.constraints):
            pointer = join("/entities", name, "constraints", at, "regex")
            try:
                pattern = compile_pattern(constraint.regex, constraint.max_length)
            except PatternFault as fault:
                remedy = "write it without back-references and look-arounds"
                yield places.finding("E503", pointer, str(fault), remedy)
                continue
            if not pattern.bounded:
                yield places.finding(
                    "E503", pointer, f"`{constraint.field}` has no bound", 'add "max_length": 64'
                )


def normalizers(document: Document, places: Places) -> Iterator[Finding]:
    """Normalisers that are none (E110)."""
    for name, entity in document.entities.named.items():
        for field, declared in entity.fields.items():
            for at, text in enumerate(declared.normalize):
                pointer = join("/entities", name, "fields", field, "normalize", at)
                try:
                    compile_normalizer(text)
                except NormalizerFault as fault:
                    yield places.finding("E110", pointer, str(fault), hint(text, NORMALIZERS))


def shared_fields(document: Document, places: Places) -> Iterator[Finding]:
    """Fields of one name that entities declare with different types or patterns (E502)."""
    seen: dict[str, tuple[str, object]] = {}
    for entity, declared in document.entities.named.items():
        rules = {c.field: (c.regex, c.max_length) for c in declared.constraints}
        for name, field in declared.fields.items():
            first, facts = seen.setdefault(name, (entity, (field.type, rules.get(name))))
            if facts != (field.type, rules.get(name)):
                yield places.finding(
                    "E502",
                    join("/entities", entity, "fields", name),
                    f"`{name}` has another type or pattern than in entity `{first}`",
                    "one name means one kind of value in keys",
                )


def key_templates(document: Document, places: Places) -> Iterator[Finding]:
    """Key templates and blob paths whose keys might not be told apart (E501)."""
    fields = _key_fields(document)
    digest = {"digest": compile_field("digest", EntityField("digest"), None)}
    for name, kind in document.storage.documents.items():
        pointer = join("/storage/documents", name, "key_template")
        yield from _template(places, pointer, kind.key_template, fields)
    for name, store in document.storage.blob_stores.items():
        pointer = join("/storage/blob_stores", name, "addressing", "path_template")
        template = store.addressing.path_template
        found = list(_template(places, pointer, template, digest))
        yield from found or _file_names(places, pointer, template)


def _file_names(places: Places, pointer: str, template: str) -> Iterator[Finding]:
    """What no blob store takes for a path, although keys could be told apart."""
    for segment in _PLACEHOLDER.sub("0" * 71, template).split("/"):
        if not _FILE_NAME.fullmatch(segment):
            told = f"`{short(segment)}` is no file name"
            hinted = "beside {digest…} letters, digits and . _ + = @ -, 255 in all"
            yield places.finding("E501", pointer, told, hinted)
    if template.startswith("staging/"):
        told = "unfinished uploads lie in `staging/`"
        yield places.finding("E501", pointer, told, "choose another folder")


def _template(
    places: Places, pointer: str, source: str, fields: dict[str, Field]
) -> Iterator[Finding]:
    try:
        for fault in key_faults(source, fields):
            yield places.finding("E501", pointer, str(fault), fault.hint)
    except TemplateFault as fault:
        yield places.finding("E501", pointer, str(fault), fault.hint)


def _key_fields(document: Document) -> dict[str, Field]:
    """The fields that compile; what is wrong with the others is told elsewhere."""
    fields: dict[str, Field] = {}
    for entity in document.entities.named.values():
        rules: dict[str, Constraint] = {c.field: c for c in entity.constraints}
        for name, declared in entity.fields.items():
            plain = EntityField(declared.type, declared.optional)
            try:
                field = compile_field(name, plain, rules.get(name))
            except PatternFault:
                field = compile_field(name, plain, None)
            if name not in fields or fields[name].optional:
                fields[name] = field
    return fields


def upstream_addresses(document: Document, places: Places) -> Iterator[Finding]:
    """Upstreams' addresses and credentials (E110)."""
    for name, upstream in document.upstreams.items():
        base = join("/upstreams", name)
        fault = _address_fault(upstream)
        if fault:
            yield places.finding(
                "E110", f"{base}/base_url", fault, "https://HOST or https://HOST/PATH"
            )
        auth = upstream.auth
        for key in _CREDENTIALS[auth.mode]:
            variable = getattr(auth, key)
            if variable is None or not _ENVIRONMENT.fullmatch(variable):
                yield places.finding(
                    "E110",
                    join(base, "auth", key),
                    f"`{auth.mode}` needs `{key}`",
                    "the name of an environment variable",
                )
        if auth.mode == "api_key" and not _HEADER.fullmatch(auth.header):
            yield places.finding("E110", join(base, "auth", "header"), "not a header's name")
        if upstream.health_check and not upstream.health_check.path.startswith("/"):
            yield places.finding("E110", f"{base}/health_check/path", "a path starts with `/`")


def _address_fault(upstream: Upstream) -> str | None:
    url = upstream.base_url
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        return f"`{short(url)}` is not an address"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return f"`{short(url)}` is not an address"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_right:
        return f"`{short(url)}` is not an http or https address"
    if parts.username is not None or parts.password is not None:
        return "an address carries no credentials: use `auth`"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "an address ends with its path"
    if parts.scheme == "http" and not upstream.allow_private:
        return 'plain http needs "allow_private": true'
    return None


def store_bounds(document: Document, places: Places) -> Iterator[Finding]:
    """Sizes of blobs and roots of stores (E110)."""
    storage = document.storage
    for name, store in storage.blob_stores.items():
        limits = store.limits
        if limits.min_blob_bytes > limits.max_blob_bytes:
            yield places.finding(
                "E110",
                join("/storage/blob_stores", name, "limits", "min_blob_bytes"),
                f"{limits.min_blob_bytes} is over max_blob_bytes, {limits.max_blob_bytes}",
            )
    roots = {
        join("/storage/blob_stores", n, "root"): s.root for n, s in storage.blob_stores.items()
    }
    roots |= {join("/storage/kv_stores", n, "root"): s.root for n, s in storage.kv_stores.items()}
    for pointer, root in roots.items():
        parts = (root or "x").split("/")
        if "" in parts or "." in parts or ".." in parts or "\\" in str(root) or "\0" in str(root):
            yield places.finding(
                "E110",
                pointer,
                f"`{short(str(root))}` may leave the data directory",
                "a relative path without `.` and `..`",
            )


def header_names(document: Document, places: Places) -> Iterator[Finding]:
    """Header names (E110)."""
    headers = {"/tenancy/header": document.tenancy.header}
    for at, name in enumerate(document.caching.response_cache.vary_headers):
        headers[join("/caching/response_cache/vary_headers", at)] = name
    for pointer, name in headers.items():
        if not _HEADER.fullmatch(name):
            yield places.finding("E110", pointer, f"`{short(name)}` is not a header's name")


RULES = (
    json_schemas,
    constraint_patterns,
    normalizers,
    shared_fields,
    key_templates,
    upstream_addresses,
    store_bounds,
    header_names,
)
