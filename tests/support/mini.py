"""A small schema with one route, for tests of the language: what a step makes of a value."""

import copy
from typing import Any

DIGEST = "sha256:" + "0" * 64

MINI: dict[str, Any] = {
    "schema_version": "1.0",
    "type_id": "larder.mini",
    "entities": {
        "thing": {
            "fields": {
                "name": {"type": "string"},
                "digest": {"type": "digest"},
                "count": {"type": "integer"},
                "flag": {"type": "boolean"},
                "variant": {"type": "string", "optional": True},
            },
            "primary_key": ["name", "count"],
            "constraints": [
                {"field": "name", "regex": "[a-z0-9]+", "max_length": 32},
                {"field": "digest", "regex": "sha256:[0-9a-f]{64}"},
                {"field": "count", "regex": "[0-9]{1,9}"},
                {"field": "flag", "regex": "true|false"},
                {"field": "variant", "regex": "[a-z]+", "max_length": 16, "when_present": True},
            ],
        }
    },
    "storage": {
        "blob_stores": {"blobs": {"kind": "memory"}},
        "kv_stores": {"meta": {"kind": "memory"}},
        "documents": {
            "thing": {"store": "meta", "key_template": "thing/{name}/{count}", "schema": "thing"}
        },
        "schemas": {"thing": {"type": "object", "properties": {"value": {"type": "string"}}}},
    },
    "auth": {
        "scopes": [{"name": "read", "actions": ["*"]}],
        "policies": [{"name": "all", "effect": "allow", "require": {"scopes": ["read"]}}],
    },
    "ops": {"allowed": []},
    "api": {"routes": []},
}


def mini(*steps: dict[str, Any], allowed: tuple[str, ...] = (), **sections: Any) -> dict[str, Any]:
    """The schema with one POST route /{name}/{digest}/{count}/{flag} made of `steps`."""
    schema = copy.deepcopy(MINI)
    schema["ops"]["allowed"] = sorted({step["op"] for step in steps} | set(allowed))
    schema["api"]["routes"] = [
        {
            "id": "vector",
            "method": "POST",
            "path": "/t/{name}/{digest}/{count}/{flag}",
            "tags": ["read"],
            "pipeline": list(steps),
        }
    ]
    schema.update(sections)
    return schema


def step(op: str, **args: Any) -> dict[str, Any]:
    """One step as schema.json writes it; `from_` stands for `from`."""
    return {"op": op, "args": {name.rstrip("_"): value for name, value in args.items()}}


ENTRY = (
    step("auth.require_scopes", scopes=["read"]),
    step("parse.path", entity="thing"),
    step("validate.entity", entity="thing"),
)
