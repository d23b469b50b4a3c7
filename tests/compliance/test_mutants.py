"""Every kind of check notices the fault that it is there for: operations are broken one by one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from operations.context import ExecutionContext
from operations.operation import Operation
from operations.vocabulary import VOCABULARY
from tests.compliance import (
    auth_checks,
    coverage_checks,
    event_checks,
    operation_checks,
    storage_checks,
)
from tests.compliance.bench import Probes, Recorder
from tests.compliance.families import on_both, once
from tests.compliance.report import Failed, perform
from tests.compliance.subject import read
from tests.compliance.test_compliance import ROOT

KNOWN = {each.name: each for each in VOCABULARY}
Function = Callable[..., Any]


class Sabotaged(Recorder):
    """A vocabulary in which one operation is another."""

    def __init__(self, broken: Operation) -> None:
        super().__init__()
        self.broken = broken

    def vocabulary(self) -> tuple[Operation, ...]:
        """All operations, one of them broken."""
        return tuple(
            self.broken if each.name == self.broken.name else each for each in super().vocabulary()
        )


def nothing(ctx: ExecutionContext, *arguments: Any) -> None:
    """Do nothing."""


async def nothing_slowly(ctx: ExecutionContext, *arguments: Any) -> None:
    """Do nothing, where a result is awaited."""


async def accepts_all(ctx: ExecutionContext, digest: str, *_: Any) -> None:
    await KNOWN["blob.verify_digest"].function(ctx, digest, "sha256", digest)


async def unconditional(ctx: ExecutionContext, doc: Any, key: str, value: Any, *_: Any) -> None:
    KNOWN["kv.put"].function(ctx, doc, key, value)


async def backwards(ctx: ExecutionContext, *arguments: Any) -> Any:
    page = await KNOWN["index.query"].function(ctx, *arguments)
    return page._replace(out=page.out[::-1])


async def forever(ctx: ExecutionContext, kind: str, key: str, ttl: int, value: Any) -> None:
    await KNOWN["cache.put"].function(ctx, kind, key, ttl * 1000, value)


async def uncommitted(ctx: ExecutionContext) -> None:
    ctx.abort()


async def never_found(ctx: ExecutionContext, *_: Any) -> Any:
    return None, None


def ticking(ctx: ExecutionContext) -> str:
    ctx.moment = ctx.now = None
    return ctx.time_iso()


def twice(ctx: ExecutionContext, type: Any, payload: Any) -> None:
    for _ in range(2):
        KNOWN["emit.event"].function(ctx, type, payload)


MUTANTS: list[tuple[str, Function, Function]] = [
    ("auth.require_scopes", nothing, auth_checks.modes),
    ("auth.require_scopes", nothing, auth_checks.namespaces_bind),
    ("normalize.entity", nothing, operation_checks.entities_are_normalised),
    ("validate.entity", nothing, operation_checks.validation_names_all),
    ("validate.json_schema", nothing, operation_checks.validation_names_all),
    ("kv.cas_put", unconditional, operation_checks.cas_absent),
    ("kv.cas_put", unconditional, operation_checks.cas_revision),
    ("kv.cas_put", unconditional, operation_checks.cas_equals),
    ("kv.cas_put", unconditional, operation_checks.one_of_many_wins),
    ("kv.get", never_found, operation_checks.reads_own_writes),
    ("cache.put", forever, operation_checks.cache_lifetimes),
    ("time.now_iso8601", ticking, operation_checks.one_moment_a_request),
    ("blob.verify_digest", accepts_all, storage_checks.digests_verified),
    ("blob.verify_digest", nothing_slowly, storage_checks.content_addressed),
    ("index.query", backwards, storage_checks.versions_in_order),
    ("index.query", backwards, storage_checks.releases_only),
    ("index.query", backwards, storage_checks.pages),
    ("index.delete", nothing, storage_checks.rows_have_one_place),
    ("txn.commit", uncommitted, storage_checks.documents_by_key),
    ("txn.commit", uncommitted, storage_checks.survives_reopening),
    ("emit.event", nothing, event_checks.gap_free),
    ("emit.event", twice, event_checks.gap_free),
    ("emit.event", twice, event_checks.atomic_with_data),
]


@pytest.mark.parametrize(
    ("name", "broken", "check"),
    MUTANTS,
    ids=[f"{m[0]}-{m[1].__name__}-{m[2].__name__}" for m in MUTANTS],
)
async def test_a_broken_operation_fails_its_check(
    name: str, broken: Function, check: Function
) -> None:
    probes = Probes(Sabotaged(replace(KNOWN[name], function=broken)))
    modules = (auth_checks, operation_checks, storage_checks, event_checks)
    on_stores = any(check in module.ON_BOTH for module in modules)
    (made,) = (on_both if on_stores else once)("", (check,), probes)
    result = await perform(made)
    assert result.status == "failed", result


async def test_an_operation_that_lost_an_argument_is_noticed() -> None:
    recorder = Recorder(ran=set(KNOWN))
    thinner = replace(KNOWN["kv.get"], parameters=KNOWN["kv.get"].parameters[:1])
    known = {**KNOWN, "kv.get": thinner}
    subject = read(ROOT / "schema.json")
    with pytest.raises(Failed, match="arguments: doc instead of doc key"):
        await coverage_checks._covered("kv.get", known, subject, recorder)


async def test_an_operation_that_nobody_ran_is_noticed() -> None:
    checks = coverage_checks.checks(read(ROOT / "schema.json"), Recorder())
    results = [await perform(check) for check in checks]
    assert [each.detail for each in results[:30]] == ["no behaviour check ran it"] * 30
