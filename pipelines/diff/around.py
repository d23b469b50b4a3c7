"""What is around the routes, compared: scopes, policies, tenants, limits, upstreams, flags."""

from collections.abc import Iterator
from typing import Any

import msgspec

from pipelines.diff.difference import Difference, pairs
from pipelines.policies import admission
from schema.document import Document
from schema.document_access import Upstream
from schema.pointers import join

Json = Any

_BUDGETS = ("max_cpu_ms_per_request", "max_io_ops_per_request", "deadline_ms")


def access_differences(old: Document, new: Document) -> Iterator[Difference]:
    """Scopes, credentials, tenants; who gets into a route is compared with the routes."""
    before = {scope.name: f"/auth/scopes/{at}" for at, scope in enumerate(old.auth.scopes)}
    after = {scope.name: f"/auth/scopes/{at}" for at, scope in enumerate(new.auth.scopes)}
    for name, was, now in pairs(before, after):
        if was is None or now is None:
            kind = "scope-added" if was is None else "scope-removed"
            yield Difference(kind, was, now, f"the scope `{name}` is {'new' if now else 'gone'}")
    place = "/auth/principals/source"
    sources = set(old.auth.principals.source), set(new.auth.principals.source)
    for name in sorted(sources[0] - sources[1]):
        yield Difference("credential-removed", place, place, f"{name} does not count any more")
    for name in sorted(sources[1] - sources[0]):
        yield Difference("credential-added", place, place, f"{name} counts now")
    if _tenant_rules(old) != _tenant_rules(new):
        told = "the policies that ask for a tenant, or deny, are others"
        yield Difference("policy-changed", "/auth/policies", "/auth/policies", told)
    yield from _tenancy(old, new)


def service_differences(old: Document, new: Document) -> Iterator[Difference]:
    """Identity, limits, upstreams, caches, features, and what the author wants proved."""
    if old.type_id != new.type_id:
        told = f"type_id is {new.type_id}, and was {old.type_id}"
        yield Difference("identity-changed", "/type_id", "/type_id", told)
    yield from _limits(old, new)
    for name, was, now in pairs(old.upstreams, new.upstreams):
        where = join("/upstreams", name)
        if was is None:
            yield Difference("upstream-added", None, where, f"the upstream `{name}` is new")
        elif now is None:
            yield Difference("upstream-removed", where, None, f"the upstream `{name}` is gone")
        else:
            for kind, key in _upstream(was, now):
                told = f"`{name}`: another {key}"
                yield Difference(kind, f"{where}/{key}", f"{where}/{key}", told)
    yield from _features(old, new)
    yield from _caching(old, new)
    yield from _proofs(old, new)


def _tenant_rules(document: Document) -> set[tuple[Json, ...]]:
    """What of the policies no route's scopes tell: conditions on the tenant, and denials."""
    whens = {policy.name: policy.when for policy in document.auth.policies}
    found = set()
    for route in document.api.routes:
        rules = admission(route, document)
        for effect, each in (("allow", rules.allow), ("deny", rules.deny)):
            for rule in each:
                asked = "" if rule.holds is None else _text(whens[rule.name])
                if asked or effect == "deny":
                    scopes = tuple(sorted(rule.scopes))
                    found.add((route.method, route.path, effect, scopes, rule.every, asked))
    return found


def _tenancy(old: Document, new: Document) -> Iterator[Difference]:
    was, now = old.tenancy, new.tenancy
    if was.mode != now.mode:
        kind = (
            "tenancy-allowed" if (was.mode, now.mode) == ("off", "optional") else "tenancy-changed"
        )
        told = f"tenants are {now.mode}, and were {was.mode}"
        yield Difference(kind, "/tenancy/mode", "/tenancy/mode", told)
    if was.header.lower() != now.header.lower() and "off" not in (was.mode, now.mode):
        told = f"tenants are named by {now.header}, and were by {was.header}"
        yield Difference("tenant-header-changed", "/tenancy/header", "/tenancy/header", told)


def _limits(old: Document, new: Document) -> Iterator[Difference]:
    """`max_pipeline_ops` bounds the author alone."""
    before, after = msgspec.structs.asdict(old.ops.limits), msgspec.structs.asdict(new.ops.limits)
    for name, was in before.items():
        now = after[name]
        if now == was or name == "max_pipeline_ops":
            continue
        lowered = "budget-lowered" if name in _BUDGETS else "limit-lowered"
        place = f"/ops/limits/{name}"
        told = f"{name} is {now}, and was {was}"
        yield Difference(lowered if now < was else "limit-raised", place, place, told)
    logs = [
        each.replication.log.max_event_bytes if each.replication else None for each in (old, new)
    ]
    if None not in logs and logs[0] != logs[1]:
        place = "/replication/log/max_event_bytes"
        kind = "limit-lowered" if int(logs[1] or 0) < int(logs[0] or 0) else "limit-raised"
        yield Difference(kind, place, place, f"events may have {logs[1]} bytes, and had {logs[0]}")


def _upstream(old: Upstream, new: Upstream) -> Iterator[tuple[str, str]]:
    if old.base_url.rstrip("/") != new.base_url.rstrip("/"):
        yield "upstream-moved", "base_url"
    for key in ("auth", "timeouts_ms", "retry", "allow_private"):
        if getattr(old, key) != getattr(new, key):
            yield "upstream-changed", key


def _features(old: Document, new: Document) -> Iterator[Difference]:
    """gc_enabled is told of with the collector."""
    for name in ("mutable_tags", "allow_overwrite_artifacts", "proxy_enabled"):
        now = getattr(new.features, name)
        if now != getattr(old.features, name):
            kind = "feature-on" if now else "feature-off"
            yield Difference(kind, f"/features/{name}", f"/features/{name}", f"{name} is {now}")


def _caching(old: Document, new: Document) -> Iterator[Difference]:
    was, now = old.caching.response_cache, new.caching.response_cache
    gone = {name.lower() for name in was.vary_headers} - {name.lower() for name in now.vary_headers}
    place = "/caching/response_cache/vary_headers"
    for name in sorted(gone):
        told = f"cached values do not depend on {name} any more"
        yield Difference("cache-varies-less", place, place, told)
    rest = [msgspec.structs.replace(each, vary_headers=()) for each in (was, now)]
    if rest[0] != rest[1] or old.caching.blob_cache != new.caching.blob_cache:
        yield Difference("cache-changed", "/caching", "/caching", "the caches keep otherwise")


def _proofs(old: Document, new: Document) -> Iterator[Difference]:
    before = {each.id: each.assertion for each in old.invariants.global_}
    after = {each.id: each.assertion for each in new.invariants.global_}
    where = "/invariants/global"
    for name, assertion in before.items():
        if _text(assertion) != _text(after.get(name)):
            told = f"the invariant `{name}` is {'another' if name in after else 'gone'}"
            yield Difference("proof-removed", where, where if name in after else None, told)
    for section in ("load_time_checks", "runtime_checks"):
        was, now = (
            {check.require: check.on_fail for check in getattr(each.validation, section)}
            for each in (old, new)
        )
        place = f"/validation/{section}"
        for rule, weight in was.items():
            if weight != "warn" and now.get(rule, "warn") == "warn":
                told = f"{rule} is not asked for any more" if rule not in now else f"{rule} warns"
                yield Difference("proof-removed", place, place, told)


def _text(value: Json) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
