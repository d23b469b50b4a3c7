"""What each key of the language means, in one sentence: `pipelines/editor/schema.py` shows it.

Sizes are bytes and times are told with their unit. A test holds the table to the structs.
"""

from collections.abc import Mapping

KEYS: Mapping[str, Mapping[str, str]] = {
    "Document": {
        "schema_version": "The version of the language that this file is written in.",
        "type_id": "The name of this kind of repository; health and listings tell it.",
        "capabilities": "What this repository says it can do; must cover what the rest uses.",
        "entities": "What paths speak of, by name, and beside them `versioning`.",
        "storage": "Blob stores, kv stores, the kinds of documents, and their JSON Schemas.",
        "indexes": "Listings of documents in an order, by name.",
        "auth": "Scopes, the policies that open routes to them, and what anonymous clients may.",
        "upstreams": "Other repositories that `proxy.fetch` may ask, by name.",
        "caching": "The response cache and the blob cache.",
        "ops": "The operations that pipelines may use, and the limits that requests obey.",
        "api": "The routes.",
        "events": "The types of events that pipelines may emit.",
        "replication": "The event log, how it is shipped, and what a follower does with it.",
        "gc": "What the collector keeps, and when it removes unreferenced blobs.",
        "invariants": "Statements about this file that have to hold, judged at load.",
        "features": "Flags; one that is off is enforced.",
        "validation": "Rules of the language by id, and what happens when one is broken.",
        "tenancy": "Whether tenants are kept apart.",
    },
    "Capabilities": {
        "protocols": "The protocols that clients may speak.",
        "storage": "The kinds of storage in use: blob, kv, index, cache, events.",
        "features": "The features in use, by name.",
    },
    "Entities": {"versioning": "How versions are written and compared, for all entities."},
    "EntityDeclaration": {
        "fields": "The entity's fields by name; a path's `{name}` is the field `name`.",
        "primary_key": "The fields that make one thing of this entity; the first is the namespace.",
        "constraints": "The patterns and lengths that fields obey; `validate.entity` asks them.",
    },
    "EntityField": {
        "type": "`version` fields sort by versioning; `tag` marks movable names; gc marks from"
        " `digest` fields.",
        "optional": "Whether the field may be absent.",
        "normalize": "Applied in order: `trim`, `lower`, `upper`, `replace:X:Y`.",
    },
    "Constraint": {
        "field": "The field that this is about.",
        "regex": "Matched in full, in linear time (RE2). Keep `/`, `\\` and controls out of it.",
        "when_present": "Whether an absent value passes; needed for optional fields.",
        "max_length": "Characters that a value may have.",
    },
    "Versioning": {
        "scheme": "How versions are written.",
        "ordering": "How versions are compared.",
        "allow_prerelease": "Whether prereleases may be published.",
        "latest_policy": "How `latest` is chosen among versions.",
    },
    "LatestPolicy": {
        "enabled": "Whether there is a latest version.",
        "monotonic": "Whether latest never moves to a lower version by a publish.",
        "exclude_prerelease": "Whether prereleases are never latest.",
    },
    "Storage": {
        "blob_stores": "Where bytes lie, by name.",
        "kv_stores": "Where documents, index rows and events lie, by name.",
        "documents": "The kinds of documents by name.",
        "schemas": "JSON Schemas (2020-12) by name, for documents, bodies and queries.",
    },
    "BlobStoreDeclaration": {
        "kind": "What keeps the bytes.",
        "root": "A folder, relative to the data directory.",
        "addressing": "How the place of a blob comes from its digest.",
        "limits": "How small and how large a blob may be.",
    },
    "Addressing": {
        "mode": "Blobs lie by their content: the same bytes are stored once.",
        "digest": "The digest that names a blob.",
        "path_template": "The place below `root`; speaks of `{digest}` only, slices allowed.",
    },
    "BlobLimits": {
        "max_blob_bytes": "Larger uploads are answered 413.",
        "min_blob_bytes": "Smaller uploads are answered 400.",
    },
    "KvStoreDeclaration": {
        "kind": "What keeps documents, index rows and events, in one transaction.",
        "root": "A folder, relative to the data directory.",
        "url": "The database's address, for `postgresql`.",
    },
    "DocumentDeclaration": {
        "store": "The kv store that keeps these documents.",
        "key_template": "What keys look like: `artifact/{namespace}/{name}`; every `kv.*` key of"
        " this document is written so.",
        "schema": "The name, in storage.schemas, of the JSON Schema that documents obey.",
    },
    "IndexDeclaration": {
        "source_document": "The kind of document whose rows these are.",
        "keys": "The orderings; the first is used where `index.query` names none.",
    },
    "IndexKey": {
        "name": "The ordering's name, for `index.query`.",
        "fields": "Properties that rows are found by; `version.prerelease` is derived.",
        "sort": "What rows of equal fields are ordered by.",
        "unique": "Whether no two rows may agree on all fields.",
    },
    "Sort": {"field": "A property of the document.", "order": "Upwards or downwards."},
    "Auth": {
        "principals": "How clients may say who they are.",
        "scopes": "The names that tokens carry, and what each lets run.",
        "policies": "Who reaches which routes; a matching deny wins, no policy means deny.",
        "anonymous": "What a request without a credential may do.",
    },
    "Principals": {"source": "The kinds of credentials that are accepted."},
    "Scope": {
        "name": "The name that tokens carry.",
        "actions": "The kv, blob, index and proxy operations that it lets run; `*` for all.",
    },
    "Policy": {
        "name": "The policy's name; refusals tell it.",
        "effect": "Whether it lets in or keeps out.",
        "when": "A condition on `$route.tags`, `$route.id`, `$route.method`, `$tenant`.",
        "require": "The scopes that it asks for.",
    },
    "Require": {
        "scopes": "Names of scopes.",
        "mode": "Whether one of the scopes is enough, or all are needed.",
    },
    "Anonymous": {"scopes": "The scopes that everybody has."},
    "Upstream": {
        "base_url": "Where it is; paths of `proxy.fetch` are added to it.",
        "auth": "The credential, by the environment variables that hold it.",
        "timeouts_ms": "How long to wait.",
        "retry": "How often to try.",
        "health_check": "How its health is asked for.",
        "allow_private": "Whether it may be on plain http or at a private address.",
    },
    "UpstreamAuth": {
        "mode": "The kind of credential.",
        "username_env": "The variable that holds the user's name, for `basic`.",
        "password_env": "The variable that holds the password, for `basic`.",
        "token_env": "The variable that holds the token, for `bearer_token`.",
        "key_env": "The variable that holds the key, for `api_key`.",
        "header": "The header that carries the key, for `api_key`.",
    },
    "Timeouts": {
        "connect": "Milliseconds to connect.",
        "read": "Milliseconds between two pieces of an answer.",
    },
    "Retry": {
        "max_attempts": "Tries in all, the first included.",
        "backoff_ms": "Milliseconds before the second try, with jitter.",
        "exponential": "Whether each pause is twice the one before.",
    },
    "HealthCheck": {
        "path": "The path that is asked for.",
        "interval_seconds": "Seconds between two questions.",
    },
    "Caching": {
        "response_cache": "Values kept by `cache.put` of kind `response`.",
        "blob_cache": "References to blobs kept by `cache.put` of kind `blob`.",
    },
    "ResponseCache": {
        "enabled": "Whether anything is kept.",
        "vary_headers": "Request headers of which each value has entries of its own.",
        "max_entry_bytes": "Larger values are not kept.",
        "default_ttl_seconds": "Seconds that a value is kept where `ttl_seconds` is null.",
        "revalidate": "Whether clients may ask if their copy is still good.",
    },
    "BlobCache": {
        "enabled": "Whether anything is kept.",
        "max_bytes": "What all entries may have together.",
        "eviction": "Which entries go first: those not used for longest.",
        "pin_on_access": "Whether what was read stays.",
    },
    "Ops": {
        "closed_world": "Whether pipelines use listed operations only.",
        "allowed": "The operations that pipelines may use.",
        "limits": "What one request may cost.",
    },
    "Limits": {
        "max_pipeline_ops": "Steps that a pipeline may have; judged at load.",
        "max_request_body_bytes": "Larger bodies are answered 413 BODY_TOO_LARGE.",
        "max_json_bytes": "Larger JSON bodies are answered 413 JSON_TOO_LARGE.",
        "max_kv_value_bytes": "Larger documents are answered 413 VALUE_TOO_LARGE.",
        "max_cpu_ms_per_request": "Milliseconds of processor time; then 503 CPU_LIMIT.",
        "max_io_ops_per_request": "Calls to stores and upstreams; then 503 IO_LIMIT.",
        "max_event_bytes": "Larger events are answered 413 EVENT_TOO_LARGE.",
        "deadline_ms": "Milliseconds that a request may last; then 504 DEADLINE.",
    },
    "Api": {"routes": "One object a URL and method."},
    "Route": {
        "id": "The route's name, once in this file; policies, logs and metrics tell it.",
        "method": "The HTTP method; GET answers HEAD too.",
        "path": "Segments between `/`; `{name}` is a parameter, `{name*}` takes the rest.",
        "tags": "What policies ask about; `proxy` lets a GET fill itself from an upstream.",
        "pipeline": "The steps, in order: `auth.require_scopes` first, one `respond.*` on every"
        " path.",
        "examples": "Requests with their outcomes; `larder test` runs them.",
    },
    "Step": {
        "op": "The operation.",
        "args": "The operation's arguments; `when` stands among them.",
        "id": "A name for the step.",
    },
    "Events": {"types": "One object a type."},
    "EventType": {
        "name": "The name that `emit.event` says in `type`.",
        "durable": "Whether events of this type go into the log.",
        "schema": "The JSON Schema (2020-12) of the payload.",
    },
    "Replication": {
        "mode": "Whether events are shipped, and in which direction.",
        "log": "The event log.",
        "shipping": "How events reach followers.",
        "apply_pipelines": "What a follower does with an event of each type, in a transaction.",
    },
    "ReplicationLog": {
        "store": "The kv store that holds the log.",
        "key_prefix": "The log's name in its store.",
        "ordering": "Events are numbered without gaps.",
        "max_event_bytes": "Larger events are answered 413 EVENT_TOO_LARGE.",
    },
    "Shipping": {
        "strategy": "Followers fetch.",
        "dedupe": "How an event that comes twice is applied once.",
        "batch": "How much is shipped at once.",
    },
    "Dedupe": {"enabled": "Whether a follower remembers event ids."},
    "Batch": {"max_events": "Events in one shipment.", "max_bytes": "Bytes in one shipment."},
    "Gc": {
        "enabled": "Whether the collector runs; features.gc_enabled has to agree.",
        "retention": "What is kept whatever else happens.",
        "sweep": "When the collector runs, and what it spares.",
        "mark_sources": "The documents and fields whose digests keep blobs alive.",
    },
    "Retention": {
        "immutable_after_publish": "Whether what is published is never removed by retention.",
        "keep_last_n_versions": "How many versions of a package stay; all, when left out.",
        "keep_tags_forever": "Whether what a tag points at stays.",
    },
    "Sweep": {
        "schedule": "When the collector runs.",
        "sweep_unreferenced_after_seconds": "Seconds that an unreferenced blob is spared after it"
        " was stored.",
    },
    "Schedule": {"rrule": "An RFC 5545 recurrence rule, in UTC: `FREQ=DAILY;BYHOUR=3`."},
    "MarkSource": {
        "document": "A kind of document.",
        "fields": "Its properties that hold digests.",
    },
    "Invariants": {"global": "One object a statement."},
    "Invariant": {
        "id": "The statement's name; findings tell it.",
        "assert": "What has to hold of this file.",
    },
    "Features": {
        "mutable_tags": "Whether documents keyed by a tag may be written twice.",
        "allow_overwrite_artifacts": "Whether a published version may be replaced.",
        "proxy_enabled": "Whether routes tagged `proxy` answer.",
        "gc_enabled": "Whether the collector may run.",
    },
    "Validation": {
        "load_time_checks": "Rules judged when this file is read.",
        "runtime_checks": "Rules watched while requests run.",
    },
    "ValidationRule": {
        "id": "The check's name.",
        "require": "A rule of the language, as `E301`.",
        "on_fail": "What happens when the rule is broken.",
    },
    "Tenancy": {
        "mode": "Whether requests may, or have to, name a tenant.",
        "header": "The header that names the tenant.",
    },
}

ASSERTIONS: Mapping[str, str] = {
    "equals": "`[pointer, value]`: what stands there is that value.",
    "not_equals": "`[pointer, value]`: what stands there is another value.",
    "in": "`[pointer, values]`: what stands there is one of the values.",
    "all": "Every statement of the list holds.",
    "any": "At least one statement of the list holds.",
    "not": "The statement does not hold.",
    "implies": "Where `if` holds, `then` holds.",
    "route_requires": "Every route that `where` names runs all of `ops` and none of `forbids`, and"
    " is entered by `scopes` only.",
}
"""The words of an invariant's `assert`."""
