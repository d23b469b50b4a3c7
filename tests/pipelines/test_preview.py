"""What a trace may show: found in time that grows with the text, not with its square."""

import time

import pytest

from operations.context import Request
from pipelines.examples.ask import Content
from pipelines.trace.preview import Preview


@pytest.mark.parametrize("query", ["x" * 300_000, "=" * 300_000, "a=b;" * 75_000])
def test_a_long_query_is_read_once(query: str) -> None:
    request = Request("1", "GET", "/", {}, f"{query}&=token=xyzzy&a=1", {}, Content(b""))
    started = time.process_time()
    preview = Preview()
    preview.learn_request(request)
    preview.query(query)
    assert time.process_time() - started < 1.0
    assert preview.text("xyzzy") == "[hidden]"
    assert preview.query("=token=xyzzy&a=1;b") == "=token=[hidden]&a=1;b"
