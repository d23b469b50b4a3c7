"""The thirty do what they declare: all examples of the shipped schema hold under the monitor."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from operations.extensions import operations_for
from operations.monitor import watching
from pipelines.compile import compile_schema
from pipelines.examples.run import run_examples
from pipelines.load import load
from pipelines.nodes import StepNode
from service.scratch import scratch_world
from tests.support.server import ROOT

OF_THE_ENGINE = {
    "auth.require_scopes": {"world.denials"},  # What scopes do not let run is remembered.
    "cache.get": {"blob.read"},  # A reference is opened again when it is asked for.
    "blob.verify_digest": {"blob.write", "txn"},  # What blob.put received is kept now.
    "cache.put": {"blob.read"},  # Which values are references is known by the open handles.
    "kv.delete": {"kv.read"},  # `existed_out` tells whether there was something to remove.
    "emit.event": {"clock", "world.randomness"},  # Each event gets its time and its id.
}
"""Operation → what it does beyond its declaration, as the language's notes say."""


def monitored(step: StepNode, function: Callable[..., Any]) -> Callable[..., Any]:
    declared = step.operation
    effects = declared.effects | OF_THE_ENGINE.get(declared.name, set())
    return watching(replace(declared, effects=effects), function)


@pytest.mark.anyio
async def test_every_shipped_example_holds_under_the_effect_monitor() -> None:
    loaded = load((ROOT / "schema.json").read_bytes(), "schema.json")
    assert loaded.schema is not None
    assert loaded.programs is not None
    known = operations_for(loaded.schema.document.ops.allowed)
    programs = compile_schema(loaded.schema, known, monitored)
    opened = partial(scratch_world, loaded.schema, "memory")
    outcomes = [
        outcome
        async for outcome in run_examples(loaded.schema, loaded.programs, opened, tested=programs)
    ]
    assert len(outcomes) > 80
    assert [each for each in outcomes if each.differences] == []
