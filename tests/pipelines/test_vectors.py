"""language.md, sections 2 and 3, sentence by sentence: see vectors.json."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from errors.problem import Refusal
from tests.support.mini import ENTRY, mini, step

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
FACTS = VECTORS["facts"]


def vectors(kind: str) -> list[Any]:
    return [pytest.param(vector, id=vector["says"]) for vector in VECTORS[kind]]


def route(vector: Mapping[str, Any], *last: Mapping[str, Any]) -> dict[str, Any]:
    body = [
        step("parse.json", out="body"),
        step("validate.json_schema", schema=FACTS["schema"], value="$body"),
    ]
    if "also" in vector:  # A second body that proves the same property.
        required = [vector["also"]["validate"]]
        properties = {required[0]: {"type": "string"}}
        schema = {"type": "object", "properties": properties, "required": required}
        body += [
            step("parse.json", out="other"),
            step("validate.json_schema", schema=schema, value="$other"),
        ]
    return mini(*ENTRY, *body, *last)


async def check(bench: Callable[..., Any], vector: Mapping[str, Any], schema: Any) -> None:
    made = bench(schema)
    if "error" in vector:
        assert vector["error"] in made.rules, [str(f) for f in made.loaded.findings]
        return
    made.open()
    body = json.dumps(FACTS["body"]).encode()
    asked = made.ask(FACTS["fields"], body, headers={"x-probe": "yes"})
    if "refused" in vector:
        with pytest.raises(Refusal) as caught:
            await asked
        assert caught.value.problem.code == vector["refused"]
        assert caught.value.problem.status == 400
        return
    reply = await asked
    assert isinstance(reply.body, bytes)
    assert json.loads(reply.body) == {"is": vector["output"]}


@pytest.mark.parametrize("vector", vectors("values"))
async def test_values(vector: dict[str, Any], bench: Callable[..., Any]) -> None:
    reply = step("respond.json", status=200, body={"is": vector["value"]})
    await check(bench, vector, route(vector, reply))


@pytest.mark.parametrize("vector", vectors("keys"))
async def test_keys(vector: dict[str, Any], bench: Callable[..., Any]) -> None:
    read = step("kv.get", doc="thing", key=vector["key"], out="found")
    reply = step("respond.json", status=200, body={"is": "$found"})
    await check(bench, vector, route(vector, read, reply))


@pytest.mark.parametrize("vector", vectors("conditions"))
async def test_conditions(vector: dict[str, Any], bench: Callable[..., Any]) -> None:
    yes = step("respond.json", status=200, body={"is": True}, when=vector["when"])
    no = step("respond.json", status=200, body={"is": False})
    await check(bench, vector, route(vector, yes, no))
