"""A schema whose limits are so small, and whose routes so odd, that every error can be met."""

from typing import Any

from tests.support.mini import step

KIB = 1024
MIB = 1024 * KIB
JSON_BYTES = 5 * MIB
BODY_BYTES = 8 * MIB
BLOB_BYTES = 3 * MIB
LIMITS = {
    "max_request_body_bytes": BODY_BYTES,
    "max_json_bytes": JSON_BYTES,
    "max_kv_value_bytes": 1000,
    "max_event_bytes": 200,
    "max_io_ops_per_request": 12,
    "max_cpu_ms_per_request": 40,
    "deadline_ms": 1500,
}
LETTERS = {"type": "string", "pattern": "^[A-Za-z]*$", "maxLength": 100_000}
THING = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "rev": {"type": "integer"}},
    "required": ["text"],
}
PAGE = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer", "minimum": 1, "maximum": 3, "default": 3},
        "after": {"type": "string", "maxLength": 500},
    },
    "additionalProperties": False,
}
VALUE = {"name": "{name}", "text": "$body.text"}


def _route(method: str, path: str, *steps: dict[str, Any], reads: bool = False) -> dict[str, Any]:
    words = [word.strip("{}") for word in path.split("/")[1:]]
    begin = [step("auth.require_scopes", scopes=["admin"])]
    if "{" in path:
        begin += [step("parse.path", entity="thing"), step("validate.entity", entity="thing")]
    if reads:
        begin.append(step("parse.json", out="body"))
        begin.append(step("validate.json_schema", schema="request", value="$body"))
    return {
        "id": "_".join([method.lower(), *words]), "method": method, "path": path, "tags": ["all"],
        "pipeline": [*begin, *steps],
    }  # fmt: skip


def _written(*steps: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    done = step("respond.json", status=200, body={"ok": True})
    return step("txn.begin", isolation="serializable"), *steps, step("txn.commit"), done


def _plain(**condition: Any) -> dict[str, Any]:
    operation = "kv.cas_put" if condition else "kv.put"
    return step(operation, doc="plain", key="plain/{name}", value=VALUE, **condition)


def _received(source: str, store: str = "blobs") -> tuple[dict[str, Any], ...]:
    return (
        step("blob.put", store=store, from_=source, out="digest_of_it", out_size="size"),
        step("blob.verify_digest", digest="$digest_of_it"),
        step("respond.json", status=201, body={"digest": "$digest_of_it", "size": "$size"}),
    )


def _routes() -> list[dict[str, Any]]:
    asked = step("proxy.fetch", upstream="up", method="GET", path="/{name}", out="answer")
    nobody = step("proxy.fetch", upstream="nobody", method="GET", path="/x", out="answer")
    status = step("respond.json", status=200, body={"status": "$answer.status"})
    found = step("respond.json", status=200, body={"value": "$value", "rev": "$rev"})
    indexed = {"key": "indexed/{name}", "value": VALUE}
    get = step("kv.get", doc="plain", key="plain/{name}", out="value", rev_out="rev")
    reads = [step("kv.get", doc="plain", key="plain/{name}", out=f"v{n}") for n in range(13)]
    listed = {"out": "rows", "next_out": "next", "limit": "$query.limit", "after": "$query.after"}
    named = {"body": "", "headers": {"X-Text": "$body.text"}}
    return [
        _route("GET", "/blobs/{digest}",
               step("blob.get", store="blobs", digest="{digest}", out="blob"),
               step("respond.bytes", status=200, body="$blob")),
        _route("PUT", "/blobs", *_received("request.body")),
        _route("PUT", "/wide", *_received("request.body", "wide")),
        _route("POST", "/pull/{name}", asked, *_received("$answer.body")),
        _route("GET", "/up/{name}", asked, status),
        _route("GET", "/nobody", nobody, status),
        _route("GET", "/plain/{name}", get, found),
        _route("PUT", "/plain/{name}", *_written(_plain()), reads=True),
        _route("PUT", "/plain/{name}/new", *_written(_plain(if_absent=True)), reads=True),
        _route("PUT", "/plain/{name}/rev", *_written(_plain(if_rev="$body.rev")), reads=True),
        _route("PUT", "/plain/{name}/same", *_written(_plain(if_equals=VALUE)), reads=True),
        _route("PUT", "/indexed/{name}", *_written(
            step("kv.put", doc="indexed", **indexed),
            step("index.upsert", index="by_text", **indexed),
        ), reads=True),
        _route("PUT", "/told/{name}", *_written(
            _plain(), step("emit.event", type="told", payload=VALUE)), reads=True),
        _route("GET", "/list", step("parse.query", out="query", schema="page"),
               step("index.query", index="by_text", **listed),
               step("respond.json", status=200, body={"rows": "$rows", "next": "$next"})),
        _route("GET", "/count/{count}", step("respond.json", status=200, body={"n": "{count}"})),
        _route("GET", "/many/{name}", *reads, step("respond.json", status=200, body="$v0")),
        _route("PUT", "/headers/json", step("respond.json", status=200, **named), reads=True),
        _route("PUT", "/headers/bytes", step("respond.bytes", status=200, **named), reads=True),
        _route("PUT", "/elsewhere", step("respond.redirect", status=303, location="/$body.text"),
               reads=True),
        _route("POST", "/json", step("parse.json", out="body"),
               step("respond.json", status=200, body={"ok": True})),
    ]  # fmt: skip


def small_schema(upstream: str, **limits: int) -> dict[str, Any]:
    """The schema; `upstream` is the address of a server that misbehaves as its paths say."""
    routes = _routes()
    patient = {"timeouts_ms": {"connect": 300, "read": 300}, "allow_private": True}
    once = {"retry": {"max_attempts": 1, "backoff_ms": 1}} | patient
    return {
        "schema_version": "1.0",
        "type_id": "larder.small",
        "capabilities": {
            "storage": ["blob", "kv", "index"],
            "features": ["events", "proxy"],
        },
        "entities": {
            "thing": {
                "fields": {
                    "name": {"type": "string"},
                    "count": {"type": "integer", "optional": True},
                    "digest": {"type": "digest", "optional": True},
                },
                "primary_key": ["name"],
                "constraints": [
                    {"field": "name", "regex": "[a-z0-9]+", "max_length": 32},
                    {"field": "count", "regex": "[0-9]{1,9}", "when_present": True},
                    {"field": "digest", "regex": "sha256:[0-9a-f]{64}", "when_present": True},
                ],
            }
        },
        "storage": {
            "blob_stores": {
                "blobs": {
                    "kind": "filesystem",
                    "limits": {"max_blob_bytes": BLOB_BYTES, "min_blob_bytes": 4},
                },
                "wide": {"kind": "filesystem"},
            },
            "kv_stores": {"meta": {"kind": "sqlite"}},
            "documents": {
                kind: {"store": "meta", "key_template": kind + "/{name}", "schema": "document"}
                for kind in ("plain", "indexed")
            },
            "schemas": {
                "request": THING,
                "page": PAGE,
                "document": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "text": LETTERS},
                    "required": ["name", "text"],
                },
            },
        },
        "indexes": {
            "by_text": {
                "source_document": "indexed",
                "keys": [{"name": "text", "fields": ["text"], "unique": True}],
            }
        },
        "auth": {
            "scopes": [{"name": "admin", "actions": ["*"]}],
            "policies": [{"name": "all", "effect": "allow", "require": {"scopes": ["admin"]}}],
        },
        "upstreams": {
            "up": {"base_url": upstream} | once,
            "nobody": {"base_url": "http://127.0.0.1:1"} | once,
        },
        "events": {
            "types": [
                {
                    "name": "told",
                    "durable": False,
                    "schema": {
                        "type": "object",
                        "properties": {"text": {"type": "string", "pattern": "^[a-z]*$"}},
                    },
                }
            ]
        },
        "ops": {
            "allowed": sorted({s["op"] for route in routes for s in route["pipeline"]}),
            "limits": LIMITS | limits,
        },
        "api": {"routes": routes},
        # One route makes more store calls than it may, so that the limit can be met.
        "validation": {
            "load_time_checks": [{"id": "val.calls", "require": "E702", "on_fail": "warn"}]
        },
    }
