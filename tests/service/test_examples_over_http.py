"""Examples tell the truth: asked of a real server, all routes and templates answer as they say."""

from pathlib import Path

import msgspec

from pipelines.examples.format import Expect
from tests.support.http_examples import served


async def test_every_example_holds_over_http(tmp_path: Path) -> None:
    async with served(tmp_path) as there:
        examples = there.examples()
        assert {"get_blob", "get_digest", "tag_latest"} < {route for route, _ in examples}
        assert len({route for route, _ in examples}) == len(there.loaded.routes)
        wrong = [
            f"{route}: {example.name}: {difference}"
            for route, example in examples
            for difference in await there.differences(route, example)
        ]
    assert wrong == []


async def test_an_example_that_lies_is_found_over_http(tmp_path: Path) -> None:
    lies = {
        "status": Expect(status=299),
        "headers/x-request-id": Expect(status=201, headers={"x-request-id": None}),
        "json": Expect(status=201, json=[]),
        "documents/artifact_meta/artifact/acme/hello/1.0.0/any": Expect(
            status=201, documents={"artifact_meta": {"artifact/acme/hello/1.0.0/any": None}}
        ),
        "events": Expect(status=201, events=()),
    }
    async with served(tmp_path) as there:
        route, honest = there.examples()[0]
        found = {
            place: await there.differences(route, msgspec.structs.replace(honest, expect=lie))
            for place, lie in lies.items()
        }
    assert {place: [each.place for each in told] for place, told in found.items()} == {
        place: [place] for place in lies
    }
