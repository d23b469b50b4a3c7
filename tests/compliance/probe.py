"""A small schema of the run's own: what the operations and stores do, whatever schema is judged."""

from typing import Any

Json = dict[str, Any]

ALL_SCOPES = ["reader", "writer", "admin"]
LIMITS = {"max_json_bytes": 300, "max_kv_value_bytes": 200, "max_event_bytes": 300}
MAX_BLOB, MIN_BLOB = 200_000, 2
MAX_ENTRY = 400


def step(op: str, **args: Any) -> Json:
    """One step; `from_` stands for `from`."""
    return {"op": op, "args": {name.rstrip("_"): value for name, value in args.items()}}


def error(status: int, code: str, when: Any = None) -> Json:
    """An error reply, guarded or not."""
    guard = {} if when is None else {"when": when}
    return step("respond.error", status=status, code=code, message="as declared", **guard)


def reply(**body: Any) -> Json:
    """A JSON reply of status 200."""
    return step("respond.json", status=200, body=body)


def route(name: str, method: str, path: str, *steps: Json, **more: Any) -> Json:
    """A route that every scope may enter, with its entity read from the path."""
    entry = [step("auth.require_scopes", scopes=ALL_SCOPES)]
    if "{" in path:
        entry += [
            step("parse.path", entity="thing"),
            step("normalize.entity", entity="thing"),
            step("validate.entity", entity="thing"),
        ]
    made = {"id": name, "method": method, "path": path, "tags": ["probe"], **more}
    return {**made, "pipeline": [*entry, *steps]}


BEGIN, COMMIT = step("txn.begin", isolation="serializable"), step("txn.commit")
NOTE: Json = {"doc": "note", "key": "note/{name}"}
UPLOAD: Json = {"doc": "upload", "key": "upload/{name}"}
BADGE: Json = {"key": "badge/{name}"}
ITEM: Json = {"namespace": "{namespace}", "name": "{name}", "version": "{version}"}
ITEM_KEY = "item/{namespace}/{name}/{version}"
GET_NOTE = step("kv.get", **NOTE, out="note", rev_out="rev")
NO_NOTE = error(404, "NOT_FOUND", {"is_null": "$note"})
GET_UPLOAD = step("kv.get", **UPLOAD, out="upload")
NO_UPLOAD = error(404, "NOT_FOUND", {"is_null": "$upload"})
GET_BYTES = step("blob.get", store="primary", digest="$upload.digest", out="blob")
RECEIVE = step("blob.put", store="primary", from_="request.body", out="digest", out_size="size")
VERIFY = step("blob.verify_digest", digest="$digest", algo="sha256")
EMIT = step("emit.event", type="noted", payload={"text": "{name}"})
PAGE = step("parse.query", out="query", schema="page")
SAME = {"text": "{name}"}


def text(shortest: int = 1, longest: int = 64) -> Json:
    """A JSON Schema of a bounded text."""
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def closed(required: list[str], **properties: Any) -> Json:
    """A JSON Schema of an object without other members."""
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def listing(route_id: str, path: str, /, **args: Any) -> Json:
    """A route that lists an index, a page at a time."""
    paged = {"limit": "$query.limit", "after": "$query.after", "out": "rows", "next_out": "next"}
    query = step("index.query", **args, **paged)
    return route(route_id, "GET", path, PAGE, query, reply(rows="$rows", next="$next"))


ROUTES: tuple[Json, ...] = (
    route("note", "GET", "/notes/{name}", GET_NOTE, reply(note="$note", rev="$rev")),
    route(
        "note_put", "PUT", "/notes/{name}", step("parse.json", out="body"),
        step("validate.json_schema", schema="note", value="$body"),
        BEGIN, step("kv.put", **NOTE, value="$body"), COMMIT, reply(ok=True),
    ),
    route(
        "note_header", "PUT", "/notes/{name}/header", BEGIN,
        step("kv.put", **NOTE, value={"text": "$request.headers.x_text"}), COMMIT, reply(ok=True),
    ),
    route(
        "note_absent", "PUT", "/notes/{name}/absent", BEGIN,
        step("kv.cas_put", **NOTE, value=SAME, if_absent=True), EMIT, COMMIT, reply(ok=True),
    ),
    route(
        "note_rev", "PUT", "/notes/{name}/rev", step("parse.query", out="query", schema="revision"),
        BEGIN, step("kv.cas_put", **NOTE, value=SAME, if_rev="$query.rev"), COMMIT, reply(ok=True),
    ),
    route(
        "note_equals", "PUT", "/notes/{name}/equals", step("parse.json", out="body"),
        step("validate.json_schema", schema="expectation", value="$body"), BEGIN,
        step("kv.cas_put", **NOTE, value=SAME, if_equals="$body.expected"), COMMIT, reply(ok=True),
    ),
    route(
        "note_again", "PUT", "/notes/{name}/again", BEGIN, GET_NOTE,
        step("kv.cas_put", **NOTE, value=SAME, if_rev="$rev"), EMIT, COMMIT, reply(ok=True),
    ),
    route(
        "note_delete", "DELETE", "/notes/{name}", BEGIN,
        step("kv.delete", **NOTE, existed_out="existed"), COMMIT, reply(existed="$existed"),
    ),
    route(
        "note_abort", "PUT", "/notes/{name}/abort", BEGIN, step("kv.put", **NOTE, value=SAME),
        EMIT, step("txn.abort"), error(409, "TXN_CONFLICT"),
    ),
    route(
        "note_refused", "PUT", "/notes/{name}/refused", BEGIN, step("kv.put", **NOTE, value=SAME),
        EMIT, error(412, "PRECONDITION_FAILED"),
    ),
    route(
        "note_own", "PUT", "/notes/{name}/own", BEGIN, step("kv.put", **NOTE, value=SAME),
        GET_NOTE, COMMIT, reply(note="$note"),
    ),
    route(
        "moments", "POST", "/moments/{name}", step("time.now_iso8601", out="one"),
        step("time.now_iso8601", out="two"), BEGIN,
        step("kv.put", **NOTE, value={"text": "$one"}),
        step("emit.event", type="noted", payload={"text": "$two"}), COMMIT,
        reply(one="$one", two="$two"),
    ),
    route(
        "event", "PUT", "/events/{name}", BEGIN, step("kv.put", **NOTE, value=SAME),
        step("emit.event", type="noted", payload={"text": "$request.headers.x_text"}), COMMIT,
        reply(ok=True),
    ),
    route(
        "upload", "PUT", "/uploads/{name}", RECEIVE, BEGIN, VERIFY,
        step("kv.put", **UPLOAD, value={"digest": "$digest", "size": "$size"}), COMMIT,
        reply(digest="$digest", size="$size"),
    ),
    route(
        "upload_refused", "PUT", "/uploads/{name}/refused", RECEIVE, BEGIN, VERIFY,
        step("kv.put", **UPLOAD, value={"digest": "$digest", "size": "$size"}),
        error(412, "PRECONDITION_FAILED"),
    ),
    route("keep", "POST", "/uploads", RECEIVE, VERIFY, reply(digest="$digest")),
    route(
        "download", "GET", "/uploads/{name}", GET_UPLOAD, NO_UPLOAD, GET_BYTES,
        step("respond.bytes", status=200, body="$blob"),
    ),
    route(
        "by_digest", "GET", "/digests/{digest}",
        step("blob.get", store="primary", digest="{digest}", out="blob"),
        step("respond.bytes", status=200, body="$blob"),
    ),
    route(
        "check_digest", "POST", "/digests/{digest}",
        step("blob.verify_digest", digest="{digest}", algo="sha256"), reply(ok=True),
    ),
    route(
        "item_put", "PUT", "/items/{namespace}/{name}/{version}", BEGIN,
        step("kv.cas_put", doc="item", key=ITEM_KEY, value=ITEM, if_absent=True),
        step("index.upsert", index="items", key=ITEM_KEY, value=ITEM), EMIT, COMMIT,
        reply(ok=True),
    ),
    listing("items", "/items/{namespace}/{name}", index="items", key=["{namespace}", "{name}"]),
    listing(
        "releases", "/releases/{namespace}/{name}", index="items", name="releases",
        key=["{namespace}", "{name}", False],
    ),
    route(
        "badge_put", "PUT", "/badges/{name}", step("parse.query", out="query", schema="labelled"),
        BEGIN, step("kv.put", doc="badge", **BADGE, value={"label": "$query.label"}),
        step("index.upsert", index="badges", **BADGE, value={"label": "$query.label"}), COMMIT,
        reply(ok=True),
    ),
    route(
        "badge_delete", "DELETE", "/badges/{name}", BEGIN, step("kv.delete", doc="badge", **BADGE),
        step("index.delete", index="badges", **BADGE), COMMIT, reply(ok=True),
    ),
    listing("badges", "/badges", index="badges", key=[], starts_with="$query.prefix"),
    listing("badges_down", "/badges-down", index="badges", key=[], order="desc"),
    route(
        "cache_put", "PUT", "/cache/{name}", GET_NOTE, NO_NOTE,
        step("cache.put", kind="response", key="c/{name}", ttl_seconds=10,
             value={"text": "$note.text", "twice": ["$note.text", "$note.text"]}), reply(ok=True),
    ),
    route(
        "cache", "GET", "/cache/{name}",
        step("cache.get", kind="response", key="c/{name}", hit_out="hit", value_out="value"),
        reply(hit="$hit", value="$value"),
    ),
    route(
        "cache_blob", "PUT", "/cached/{name}", GET_UPLOAD, NO_UPLOAD, GET_BYTES,
        step("cache.put", kind="blob", key="b/{name}", ttl_seconds=10, value="$blob"),
        reply(ok=True),
    ),
    route(
        "cached_blob", "GET", "/cached/{name}",
        step("cache.get", kind="blob", key="b/{name}", hit_out="hit", value_out="cached"),
        error(404, "NOT_FOUND", {"equals": ["$hit", False]}),
        step("respond.bytes", status=200, body="$cached"),
    ),
    route(
        "thing", "GET", "/things/{namespace}/{name}/{version}",
        step("string.format", template="{namespace}:{name}@{version}", out="said"),
        reply(namespace="{namespace}", name="{name}", version="{version}", said="$said"),
    ),
    route("query", "GET", "/query", PAGE, reply(query="$query")),
    route(
        "guarded", "GET", "/guarded", step("parse.query", out="query"),
        error(409, "ALREADY_EXISTS", {"is_not_empty": "$query"}), reply(ok=True),
    ),
    route("away", "GET", "/away/{name}",
          step("respond.redirect", status=307, location="/notes/{name}")),
    route(
        "words", "GET", "/words/{name}",
        step("respond.bytes", status=200, body="said {name}", headers={"X-Said": "{name}"}),
    ),
    route(
        "fetch", "GET", "/fetch/{name}",
        step("proxy.fetch", upstream="origin", method="GET", path="/{name}", out="answer"),
        reply(status="$answer.status", said="$answer.headers.x_said"),
    ),
    route(
        "mirror", "PUT", "/fetch/{name}",
        step("proxy.fetch", upstream="origin", method="GET", path="/{name}", out="answer"),
        step("blob.put", store="primary", from_="$answer.body", out="digest", out_size="size"),
        VERIFY, reply(digest="$digest", size="$size"),
    ),
    route("secret", "GET", "/secret", reply(ok=True), tags=["probe", "secret"]),
    {
        "id": "both", "method": "GET", "path": "/both", "tags": ["probe"],
        "pipeline": [
            step("auth.require_scopes", scopes=["reader", "second"], mode="all"), reply(ok=True),
        ],
    },
)  # fmt: skip


def probe_schema(origin: str = "https://origin.invalid", **changes: Any) -> Json:
    """The probe's schema; `origin` is the address of its upstream."""
    local = origin.startswith("http://")
    segment = "[a-z0-9](?:[a-z0-9.-]{0,30}[a-z0-9])?"
    page = {"limit": {"type": "integer", "minimum": 1}, "after": text(0, 2048), "prefix": text()}
    actions = ["kv.get", "blob.get", "index.query", "proxy.fetch"]
    return {
        "schema_version": "1.0",
        "type_id": "larder.probe",
        "entities": {
            "thing": {
                "fields": {
                    "namespace": {"type": "string", "normalize": ["trim", "lower"]},
                    "name": {"type": "string", "normalize": ["trim", "lower", "replace:_:-"]},
                    "version": {"type": "version", "normalize": ["trim"]},
                    "digest": {"type": "digest", "optional": True},
                },
                "primary_key": ["namespace", "name", "version"],
                "constraints": [
                    {"field": "namespace", "regex": segment, "max_length": 32},
                    {"field": "name", "regex": segment, "max_length": 32},
                    {"field": "version", "regex": "[0-9][0-9A-Za-z.+-]*", "max_length": 40},
                    {"field": "digest", "regex": "sha256:[0-9a-f]{64}", "max_length": 71,
                     "when_present": True},
                ],
            },
            "versioning": {"scheme": "semver", "ordering": "semver"},
        },
        "storage": {
            "blob_stores": {
                "primary": {
                    "kind": "filesystem",
                    "limits": {"max_blob_bytes": MAX_BLOB, "min_blob_bytes": MIN_BLOB},
                }
            },
            "kv_stores": {"meta": {"kind": "sqlite"}},
            "documents": {
                "note": {"store": "meta", "key_template": "note/{name}", "schema": "note"},
                "upload": {"store": "meta", "key_template": "upload/{name}", "schema": "upload"},
                "item": {"store": "meta", "key_template": ITEM_KEY, "schema": "item"},
                "badge": {"store": "meta", "key_template": "badge/{name}", "schema": "badge"},
            },
            "schemas": {
                "note": closed(["text"], text=text(1, 190)),
                "upload": closed(
                    ["digest", "size"],
                    digest={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
                    size={"type": "integer"},
                ),
                "item": closed([*ITEM], **{name: text() for name in ITEM}),
                "badge": closed(["label"], label=text()),
                "page": closed([], **page),
                "labelled": closed(["label"], label=text()),
                "revision": closed(["rev"], rev={"type": "integer"}),
                "expectation": closed(["expected"], expected=closed(["text"], text=text())),
            },
        },
        "indexes": {
            "items": {
                "source_document": "item",
                "keys": [
                    {"name": "by_version", "fields": ["namespace", "name"],
                     "sort": [{"field": "version", "order": "desc"}]},
                    {"name": "releases", "fields": ["namespace", "name", "version.prerelease"],
                     "sort": [{"field": "version", "order": "desc"}]},
                ],
            },
            "badges": {
                "source_document": "badge",
                "keys": [{"name": "by_label", "fields": ["label"], "unique": True}],
            },
        },
        "auth": {
            "scopes": [
                {"name": "reader", "actions": ["*"]},
                {"name": "writer", "actions": ["*"]},
                {"name": "admin", "actions": ["*"]},
                {"name": "second", "actions": actions},
                {"name": "barred", "actions": ["*"]},
            ],
            "policies": [
                {"name": "all", "effect": "allow", "when": {"in": ["probe", "$route.tags"]},
                 "require": {"scopes": [*ALL_SCOPES, "second"]}},
                {"name": "barred", "effect": "deny", "when": {"in": ["secret", "$route.tags"]},
                 "require": {"scopes": ["barred"]}},
            ],
        },
        "upstreams": {
            "origin": {
                "base_url": origin, "allow_private": local,
                "timeouts_ms": {"connect": 2000, "read": 2000}, "retry": {"max_attempts": 1},
            }
        },
        "caching": {"response_cache": {"max_entry_bytes": MAX_ENTRY}},
        "ops": {
            "allowed": sorted({each["op"] for made in ROUTES for each in made["pipeline"]}),
            "limits": LIMITS,
        },
        "api": {"routes": list(ROUTES)},
        "events": {"types": [{"name": "noted", "schema": closed(["text"], text=text(1, 1000))}]},
        "replication": {
            "log": {"store": "meta", "max_event_bytes": 300},
            "apply_pipelines": {"noted": [step("string.format", template="{text}", out="said")]},
        },
        # Small limits, so that each can be met.
        "validation": {
            "load_time_checks": [
                {"id": f"val.{rule}", "require": rule, "on_fail": "warn"}
                for rule in ("E702", "E703")
            ],
        },
        **changes,
    }  # fmt: skip
