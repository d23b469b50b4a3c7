"""Large schemas for the benchmark of the checker: many routes of fourteen steps each.

The routes are those of the shipped schema brought to fourteen steps, for one family of packages
after another: each family has its own paths, documents, keys, indexes, events, variables and
wordings, and every other one guards its steps in another way.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = 14
Args = dict[str, Any]

_SHIPPED = json.loads((Path(__file__).parents[1] / "schema.json").read_bytes())
_COORDINATE = ("namespace", "name", "version", "variant")
_WORDS = ("meta", "entry", "found", "record", "known", "item", "present")
_READERS, _WRITERS = ["read", "write", "admin"], ["write", "admin"]


def many_routes(count: int) -> bytes:
    """A schema of `count` routes that nothing is to be found in, indented unless it is large."""
    schema = copy.deepcopy(_SHIPPED)
    routes, storage = [], schema["storage"]
    schema["replication"]["apply_pipelines"] = {}
    schema["events"]["types"], schema["invariants"] = [], {}
    for family in range(-(-count // len(PATTERNS))):
        one = Family(family)
        storage["documents"] |= one.documents()
        schema["indexes"] |= one.indexes()
        schema["events"]["types"] += one.events()
        schema["gc"]["mark_sources"] += [
            {"document": name, "fields": ["blob_digest"]} for name in (one.meta, one.tag)
        ]
        routes += [pattern(one) for pattern in PATTERNS]
    schema["api"]["routes"] = routes[:count]
    schema["ops"]["allowed"] = _SHIPPED["ops"]["allowed"]
    return json.dumps(schema, indent=2 if count <= 1000 else None).encode()


class Family:
    """One family of packages: its names, and the steps that speak of them."""

    def __init__(self, number: int) -> None:
        self.name = f"family{number}"
        self.odd = number % 2 == 1
        self.var = f"{_WORDS[number % len(_WORDS)]}{number}"
        self.key = f"{self.name}/artifact/{{namespace}}/{{name}}/{{version}}/{{variant}}"
        self.package_key = f"{self.name}/package/{{namespace}}/{{name}}"
        self.tag_key = f"{self.name}/tag/{{namespace}}/{{name}}/{{tag}}"
        self.meta, self.package, self.tag = (
            f"{self.name}_{kind}" for kind in ("artifact", "package", "tag")
        )

    def documents(self) -> dict[str, Any]:
        """Artifacts, packages and tags, in the schemas that the shipped ones have."""
        kinds = {
            self.meta: (self.key, "artifact_meta"),
            self.package: (self.package_key, "package_meta"),
            self.tag: (self.tag_key, "tag_map"),
        }
        return {
            name: {"store": "meta", "key_template": key, "schema": schema}
            for name, (key, schema) in kinds.items()
        }

    def indexes(self) -> dict[str, Any]:
        """An index of each document."""
        shipped = _SHIPPED["indexes"]
        of = {self.meta: "artifact_versions", self.package: "packages", self.tag: "tags"}
        return {f"{doc}s": {**shipped[name], "source_document": doc} for doc, name in of.items()}

    def events(self) -> list[Any]:
        """What is published, and a tag that moves."""
        published, _, updated, _ = _SHIPPED["events"]["types"]
        return [
            {**published, "durable": False, "name": f"{self.name}.published"},
            {**updated, "durable": False, "name": f"{self.name}.updated"},
        ]

    def route(self, id: str, method: str, path: str, scopes: list[str], *steps: Any) -> Any:
        """A route that lets `scopes` in and then does `steps`."""
        pipeline = [
            step("auth.require_scopes", scopes=scopes),
            *(step(f"{verb}.{'path' if verb == 'parse' else 'entity'}", entity="artifact")
              for verb in ("parse", "normalize", "validate")),
            *steps,
        ]  # fmt: skip
        if len(pipeline) != STEPS:
            raise ValueError(f"{id} has {len(pipeline)} steps")
        return {
            "id": f"{self.name}_{id}",
            "method": method,
            "path": f"/v1/{self.name}/{{namespace}}/{{name}}{path}",
            "tags": [self.name, {_READERS[0]: "read"}.get(scopes[0], "write")],
            "description": f"{id} of {self.name}",
            "pipeline": pipeline,
        }

    def get(self, doc: str, key: str, out: str, **more: Any) -> Any:
        """Read a document."""
        return step("kv.get", doc=doc, key=key, out=out, **more)

    def missing(self, variable: str, what: str) -> Any:
        """404 when nothing was found, asked in one of two ways."""
        asked: Any = {"is_null": f"${variable}"}
        when = {"not": {"is_not_null": f"${variable}"}} if self.odd else asked
        message = f"no such {what} in {self.name}"
        return step("respond.error", status=404, code="NOT_FOUND", message=message, when=when)

    def gone(self, variable: str) -> Any:
        """410 when it was withdrawn."""
        where = f"${variable}.withdrawn_at"
        when = {"not_equals": [where, None]} if self.odd else {"is_not_null": where}
        return step(
            "respond.error", status=410, code="GONE", message=f"{self.name}: withdrawn",
            details={"withdrawn_at": where}, when=when,
        )  # fmt: skip

    def value(self, **more: Any) -> Args:
        """An artifact's document."""
        fields = {name: f"{{{name}}}" for name in _COORDINATE}
        return {**fields, "blob_digest": "$digest", "size": "$size", **more}


def step(op: str, **args: Any) -> dict[str, Any]:
    """One step; `from_` is written `from`."""
    return {"op": op, "args": {name.rstrip("_"): value for name, value in args.items()}}


_NOW = step("time.now_iso8601", out="now")
_BEGIN = step("txn.begin", isolation="serializable")
_COMMIT = step("txn.commit")
_BYTES = {"Content-Type": "application/octet-stream"}


def publish(f: Family) -> Any:
    """An upload that is never replaced."""
    value = f.value(published_at="$now", published_by="$principal.subject")
    taken = step(
        "respond.error", status=409, code="ALREADY_EXISTS", message=f"{f.name}: published",
        details={"digest": f"${f.var}.blob_digest"}, when={"is_not_null": f"${f.var}"},
    )  # fmt: skip
    return f.route(
        "publish", "PUT", "/{version}/{variant}/blob", _WRITERS,
        f.get(f.meta, f.key, f.var), taken,
        step("blob.put", store="primary", from_="request.body", out="digest", out_size="size"),
        _NOW, _BEGIN, step("blob.verify_digest", digest="$digest", algo="sha256"),
        step("kv.cas_put", doc=f.meta, key=f.key, value=value, if_absent=True),
        step("index.upsert", index=f"{f.meta}s", key=f.key, value=value),
        _COMMIT, step("respond.json", status=201, body={"ok": True, "digest": "$digest"}),
    )  # fmt: skip


def announce(f: Family) -> Any:
    """An upload that is told of in an event."""
    value = f.value(published_at="$now", published_by="$principal.subject")
    return f.route(
        "announce", "POST", "/{version}/{variant}/blob", _WRITERS,
        step("blob.put", store="primary", from_="request.body", out="digest", out_size="size"),
        _NOW, _BEGIN, step("blob.verify_digest", digest="$digest", algo="sha256"),
        step("kv.cas_put", doc=f.meta, key=f.key, value=value, if_absent=True),
        step("index.upsert", index=f"{f.meta}s", key=f.key, value=value),
        step("emit.event", type=f"{f.name}.published", payload=value), _COMMIT,
        step("string.format", template=f"/v1/{f.name}/{{namespace}}/{{name}}", out="home"),
        step("respond.json", status=201, body={"ok": True}, headers={"Location": "$home"}),
    )  # fmt: skip


def download(f: Family) -> Any:
    """Bytes, from a cache or from the store."""
    cached = step("cache.get", kind="blob", key=f.key, hit_out="hit", value_out="cached")
    fresh = {"all": [{"equals": ["$hit", False]}, {"is_not_null": f"${f.var}"}]}
    keep = {"when": fresh} if f.odd else {}
    return f.route(
        "download", "GET", "/{version}/{variant}/blob", _READERS, cached,
        step("respond.bytes", status=200, body="$cached", headers=_BYTES,
             when={"equals": ["$hit", True]}),
        f.get(f.meta, f.key, f.var), f.missing(f.var, "artifact"), f.gone(f.var),
        f.get(f.package, f.package_key, "package"), f.missing("package", "package"),
        step("blob.get", store="primary", digest=f"${f.var}.blob_digest", out="bytes"),
        step("cache.put", kind="blob", key=f.key, ttl_seconds=300, value="$bytes", **keep),
        step("respond.bytes", status=200, body="$bytes", headers=_BYTES),
    )  # fmt: skip


def describe(f: Family) -> Any:
    """What is known of one artifact and of its package."""
    ask = step("parse.query", out="query", schema="page_query")
    by = {"index": f"{f.meta}s", "name": "by_version", "key": ["{namespace}", "{name}"]}
    return f.route(
        "describe", "GET", "/{version}/{variant}", _READERS, ask,
        f.get(f.meta, f.key, f.var), f.missing(f.var, "artifact"), f.gone(f.var),
        f.get(f.package, f.package_key, "package"), f.missing("package", "package"),
        step("index.query", **by, limit="$query.limit", out="versions"),
        step("index.query", index=f"{f.tag}s", key=["{namespace}", "{name}"], out="tags"), _NOW,
        step("respond.json", status=200, body={
            "artifact": f"${f.var}", "latest": "$package.latest", "versions": "$versions",
            "tags": "$tags", "at": "$now"}),
    )  # fmt: skip


def latest(f: Family) -> Any:
    """The newest release."""
    newest = step(
        "index.query", index=f"{f.meta}s", name="releases", limit=1, out="newest",
        key=["{namespace}", "{name}", False],
    )  # fmt: skip
    none = step(
        "respond.error", status=404, code="NOT_FOUND", message=f"{f.name} has no release",
        when={"is_empty": "$newest"},
    )  # fmt: skip
    stale = step(
        "respond.error", status=409, code="STALE", message=f"{f.name} is being published",
        when={"any": [{"is_null": "$package.latest"},
                      {"not_equals": ["$package.latest", "$newest[0].version"]}]},
    )  # fmt: skip
    home = step("string.format", template="{namespace}/{name}", out="home")
    busy = {"in": ["$request.headers.x_mode", [f.name, "offline"]]}
    return f.route(
        "latest", "GET", "/latest", _READERS,
        step("respond.error", status=503, code="BUSY", message="not now", when=busy),
        f.get(f.package, f.package_key, "package"), f.missing("package", "package"), newest, none,
        stale, home, _NOW, step("parse.query", out="query"),
        step("respond.json", status=200, body={"newest": "$newest[0]", "of": "$home"}),
    )  # fmt: skip


def versions(f: Family) -> Any:
    """A page of versions and a page of tags."""
    page = {"key": ["{namespace}", "{name}"], "limit": "$query.limit", "after": "$query.after"}
    head = {"equals": ["$request.headers.x_brief", f.name]}
    return f.route(
        "versions", "GET", "/versions", _READERS,
        step("parse.query", out="query", schema="page_query"),
        f.get(f.package, f.package_key, f.var), f.missing(f.var, "package"),
        step("index.query", index=f"{f.meta}s", name="by_version", **page, out="versions",
             next_out="next"),
        step("respond.json", status=200, body={"versions": "$versions"}, when=head),
        step("index.query", index=f"{f.tag}s", **page, out="tags", next_out="next_tags"),
        step("respond.error", status=404, code="EMPTY", message=f"{f.name} is empty",
             when={"all": [{"is_empty": "$versions"}, {"is_empty": "$tags"}]}),
        _NOW, step("string.format", template="{namespace}/{name}", out="home"),
        step("respond.json", status=200, body={
            "package": f"${f.var}", "versions": "$versions", "next": "$next", "tags": "$tags",
            "home": "$home", "at": "$now"}),
    )  # fmt: skip


def move_tag(f: Family) -> Any:
    """Point a tag at an artifact."""
    target = f"{f.name}/artifact/{{namespace}}/{{name}}/{{target_version}}/{{target_variant}}"
    names = ("namespace", "name", "tag", "target_version", "target_variant")
    value = {name: f"{{{name}}}" for name in names}
    value |= {"blob_digest": f"${f.var}.blob_digest", "updated_at": "$now"}
    value |= {"updated_by": "$principal.subject"}
    return f.route(
        "move_tag", "PUT", "/tags/{tag}", _WRITERS, step("parse.json", out="body"),
        step("validate.json_schema", schema="tag_request", value="$body"), _NOW, _BEGIN,
        f.get(f.meta, target, f.var), f.missing(f.var, "target"),
        step("kv.put", doc=f.tag, key=f.tag_key, value=value),
        step("index.upsert", index=f"{f.tag}s", key=f.tag_key, value=value), _COMMIT,
        step("respond.json", status=200, body={"ok": True}),
    )  # fmt: skip


def drop_tag(f: Family) -> Any:
    """Remove a tag."""
    asked: Any = {"equals": ["$existed", False]}
    return f.route(
        "drop_tag", "DELETE", "/tags/{tag}", _WRITERS, _NOW,
        f.get(f.package, f.package_key, "package"), f.missing("package", "package"), _BEGIN,
        step("kv.delete", doc=f.tag, key=f.tag_key, existed_out="existed"),
        step("respond.error", status=404, code="NOT_FOUND", message=f"{f.name}: no such tag",
             when={"not": {"equals": ["$existed", True]}} if f.odd else asked),
        step("index.delete", index=f"{f.tag}s", key=f.tag_key), _COMMIT,
        step("string.format", template=f"{f.name}: {{tag}} of {{name}}", out="text"),
        step("respond.json", status=200, body={"ok": True, "text": "$text", "at": "$now"}),
    )  # fmt: skip


def rename(f: Family) -> Any:
    """Bring a package's document up to its newest release, or remove it when there is none."""
    some, none = {"is_not_empty": "$newest"}, {"is_empty": "$newest"}
    value = {"namespace": "{namespace}", "name": "{name}", "path": "{namespace}/{name}"}
    value |= {"latest": "$newest[0].version"}
    doc, row = {"doc": f.package, "key": f.package_key}, f"{f.package}s"
    return f.route(
        "rename", "POST", "/refresh", _WRITERS, _BEGIN,
        step("index.query", index=f"{f.meta}s", name="by_version", limit=1, out="newest",
             key=["{namespace}", "{name}"]),
        f.get(f.package, f.package_key, f.var), f.missing(f.var, "package"),
        step("kv.put", **doc, value=value, when=some),
        step("index.upsert", index=row, key=f.package_key, value=value, when=some),
        step("kv.delete", **doc, when=none),
        step("index.delete", index=row, key=f.package_key, when=none), _COMMIT,
        step("respond.json", status=200, body={"ok": True, "was": f"${f.var}.latest"}),
    )  # fmt: skip


def withdraw(f: Family) -> Any:
    """Take an artifact out of the listings."""
    names = (*_COORDINATE, "blob_digest", "size", "published_at", "published_by")
    value = {name: f"${f.var}.{name}" for name in names}
    value |= {"withdrawn_at": "$now", "withdrawn_by": "$principal.subject"}
    return f.route(
        "withdraw", "DELETE", "/{version}/{variant}", _WRITERS, _NOW, _BEGIN,
        f.get(f.meta, f.key, f.var, rev_out="revision"), f.missing(f.var, "artifact"),
        f.gone(f.var),
        step("kv.cas_put", doc=f.meta, key=f.key, value=value, if_rev="$revision"),
        step("index.delete", index=f"{f.meta}s", key=f.key),
        step("emit.event", type=f"{f.name}.published", payload=value), _COMMIT,
        step("respond.json", status=200, body={"ok": True, "withdrawn_at": "$now"}),
    )  # fmt: skip


PATTERNS: tuple[Callable[[Family], Any], ...] = (
    publish, announce, download, describe, latest, versions, move_tag, drop_tag, rename, withdraw,
)  # fmt: skip
