"""One JSON object a line, whatever a client sent."""

import io
import json
import logging

import pytest

from service.log import LogWriter, open_log, render


@pytest.fixture
def log():
    stream = io.StringIO()
    made = open_log("info", lambda: 1_700_000_000.25, stream)
    made.stream = stream
    yield made
    made.close()


def lines(log):
    log.close()
    return [json.loads(line) for line in log.stream.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_time(log):
    log.request({"request_id": "r1", "route": "list", "status": 200, "principal": None})
    assert lines(log) == [
        {
            "time": "2023-11-14T22:13:20.250Z", "level": "info", "event": "request",
            "request_id": "r1", "route": "list", "status": 200,
        }
    ]  # fmt: skip


def test_lines_below_the_level_are_not_written(log):
    log.bound.debug("quiet")
    log.warning("loud", reason="x")
    assert [(line["event"], line["level"]) for line in lines(log)] == [("loud", "warning")]


@pytest.mark.parametrize("evil", ["a\r\nb", "a\u2028b", "\x1b[2J", "\x9b2J", "\x7f", "a\u202eb"])
def test_no_value_breaks_out_of_its_line(evil):
    line = render({"time": 0.0, "event": "request", "path": evil})
    assert line.count("\n") == 1
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or ord(c) > 0x2000 for c in line[:-1])
    assert json.loads(line)["path"] == evil


@pytest.mark.parametrize("name", ["password", "Authorization", "access_token", "jwt_secret"])
def test_a_secret_is_hidden_by_its_name(name):
    assert "hunter2" not in render({"time": 0.0, "event": "x", name: "hunter2"})


def test_what_is_no_json_is_written_all_the_same():
    assert "ud800" in render({"time": 0.0, "event": "x", "path": "\ud800"})
    assert "object" in render({"time": 0.0, "event": "x", "path": object()})


def test_a_full_queue_drops_lines_and_says_so():
    stream = io.StringIO()
    writer = LogWriter(stream, lambda: 0.0, capacity=2)
    writer.close()
    for number in range(5):
        writer.put({"event": "x", "number": number})
    writer.write()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("number") for line in told] == [0, 1, None]
    assert (told[-1]["event"], told[-1]["count"]) == ("log lines dropped", 3)
    assert writer.dropped_total == 3


def test_a_fault_comes_with_its_traceback_in_one_line(log):
    try:
        raise ValueError("broken")
    except ValueError as fault:
        log.fault("r1", "list", fault)
    (line,) = lines(log)
    assert "ValueError: broken" in line["exception"]


def test_what_libraries_log_comes_the_same_way(log):
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        log.take_over_logging()
        logging.getLogger("library").warning("odd %s", "thing\n")
        logging.getLogger("uvicorn.error").info("chatter")
    finally:
        root.handlers, root.level = handlers, level
    assert [(line["logger"], line["event"]) for line in lines(log)] == [("library", "odd thing\n")]
