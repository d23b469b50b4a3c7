"""The parts of schema.json that say what is stored: entities, stores, documents, indexes.

Unknown keys of a part are refused; `schema/document.py` holds the whole.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
PositiveInt = Annotated[int, Meta(ge=1)]
Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with text keys."""


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A JSON object of schema.json; unknown keys are refused."""


class Capabilities(Part, frozen=True):
    """What this repository says it can do; must cover what the rest of the document uses."""

    protocols: tuple[str, ...] = ()
    storage: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


FieldType = Literal["string", "version", "tag", "digest", "integer", "boolean"]


class EntityField(Part, frozen=True):
    """One field: a path segment or property that has a type, a normal form and constraints.

    `version` fields sort by `entities.versioning`; documents keyed by a `tag` field are mutable
    only where `features.mutable_tags` says so; `digest` fields are what gc marks from.
    """

    type: FieldType
    optional: bool = False
    normalize: tuple[str, ...] = ()


class Constraint(Part, frozen=True):
    """A pattern that a field matches in full, and the characters it may have at most."""

    field: str
    regex: str
    when_present: bool = False
    max_length: PositiveInt | None = None


class EntityDeclaration(Part, frozen=True):
    """A thing that is stored, by its fields."""

    fields: dict[Name, EntityField]
    primary_key: Annotated[tuple[str, ...], Meta(min_length=1)]
    constraints: tuple[Constraint, ...] = ()


class LatestPolicy(Part, frozen=True):
    """How `latest` is chosen among versions."""

    enabled: bool = True
    monotonic: bool = True
    exclude_prerelease: bool = True


Ordering = Literal["semver", "pep440", "lexical"]


class Versioning(Part, frozen=True):
    """How versions are written (`scheme`) and compared (`ordering`)."""

    scheme: Ordering = "semver"
    ordering: Ordering = "semver"
    allow_prerelease: bool = True
    latest_policy: LatestPolicy = LatestPolicy()


class Entities(Part, frozen=True):
    """Every entity by name, and the one rule of versions.

    schema.json writes both side by side, `versioning` beside the entities' names;
    `schema/shape.py` parts them before conversion.
    """

    named: dict[Name, EntityDeclaration]
    versioning: Versioning = Versioning()


class Addressing(Part, frozen=True):
    """Where a blob lies: `path_template` speaks of `{digest}` only."""

    mode: Literal["content_addressed"] = "content_addressed"
    digest: Literal["sha256"] = "sha256"
    path_template: str = "blobs/{digest:0:2}/{digest:2:2}/{digest:0:64}"


class BlobLimits(Part, frozen=True):
    """Sizes in bytes."""

    max_blob_bytes: PositiveInt = 5 * 1024**3
    min_blob_bytes: Annotated[int, Meta(ge=0)] = 0


class BlobStoreDeclaration(Part, frozen=True):
    """A blob store; `root` is relative to the data directory."""

    kind: Literal["filesystem", "memory", "s3"]
    root: str | None = None
    addressing: Addressing = Addressing()
    limits: BlobLimits = BlobLimits()


class KvStoreDeclaration(Part, frozen=True):
    """A store of documents, index rows and events; `root` is relative to the data directory."""

    kind: Literal["sqlite", "memory", "postgresql"]
    root: str | None = None
    url: str | None = None


class DocumentDeclaration(Part, frozen=True):
    """A kind of document: where it lives, what its keys look like, which schema it obeys."""

    store: str
    key_template: str
    schema: str


class Storage(Part, frozen=True):
    """Everything that keeps bytes."""

    blob_stores: dict[Name, BlobStoreDeclaration] = {}
    kv_stores: dict[Name, KvStoreDeclaration] = {}
    documents: dict[Name, DocumentDeclaration] = {}
    schemas: dict[Name, Json] = {}


class Sort(Part, frozen=True):
    """One field that orders rows. `version.prerelease` is the derived true/false of a version."""

    field: str
    order: Literal["asc", "desc"] = "asc"


class IndexKey(Part, frozen=True):
    """One ordering of an index: equal on `fields`, ordered by `sort`.

    `fields` and `sort` name properties of the source document.
    """

    name: Name
    fields: tuple[str, ...]
    sort: tuple[Sort, ...] = ()
    unique: bool = False


class IndexDeclaration(Part, frozen=True):
    """Rows made from a source document; a row's identity is that document's key."""

    source_document: str
    keys: Annotated[tuple[IndexKey, ...], Meta(min_length=1)]
