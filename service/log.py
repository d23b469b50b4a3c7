"""Log lines: one JSON object each, written off the request's path.

A line is queued as a dictionary; a thread encodes and writes what has gathered, ten times a
second. When the queue is full, lines are dropped and counted, and the next line written says so.
JSON escapes CR, LF and ESC, and what else a terminal would obey is escaped here, so a line is one
line whatever a client sent.
"""

import logging
import re
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog

CAPACITY = 20_000
INTERVAL_SECONDS = 0.1

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_SECRET = re.compile(r"authorization|cookie|password|secret|token|api_key", re.IGNORECASE)
_TERMINAL = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_encode = msgspec.json.Encoder(enc_hook=str).encode


class LogWriter:
    """A bounded queue of events, and the thread that writes them to `stream`."""

    def __init__(
        self, stream: TextIO, clock: Callable[[], float], capacity: int = CAPACITY
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._capacity = capacity
        self._queue: deque[dict[str, Any]] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="larder-log", daemon=True)
        self._dropped = 0
        self.dropped_total = 0
        self._thread.start()

    def put(self, event: dict[str, Any]) -> None:
        """Queue an event; it gets its time now."""
        if len(self._queue) >= self._capacity:
            self._dropped += 1
            self.dropped_total += 1
            return
        event["time"] = self._clock()
        self._queue.append(event)

    def close(self) -> None:
        """Write what is queued and end the thread."""
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self.write()
        self.write()

    def write(self) -> None:
        """Write what is queued now."""
        lines = []
        while self._queue:
            lines.append(render(self._queue.popleft()))
        if self._dropped:
            count, self._dropped = self._dropped, 0
            told = {"event": "log lines dropped", "level": "warning", "count": count}
            lines.append(render({**told, "time": self._clock()}))
        if lines:
            try:
                self._stream.write("".join(lines))
                self._stream.flush()
            except (OSError, ValueError):
                # Nobody reads the log any more; serving goes on.
                self.dropped_total += len(lines)


def render(event: Mapping[str, Any]) -> str:
    """One event as a line: time, level and event first, secrets hidden."""
    told: dict[str, Any] = {
        "time": _iso(event["time"]),
        "level": event.get("level", "info"),
        "event": event.get("event", ""),
    }
    for name, value in event.items():
        if name not in told and value is not None:
            told[name] = "[hidden]" if _SECRET.search(name) else value
    try:
        line = _encode(told)
    except (UnicodeEncodeError, ValueError, TypeError):
        line = _encode({name: ascii(value) for name, value in told.items()})
    return _TERMINAL.sub(_escaped, line).decode("utf-8") + "\n"


class Log:
    """What the service says about itself, from `level` on."""

    def __init__(self, level: str, writer: LogWriter) -> None:
        self._minimum = _LEVELS[level]
        self._writer = writer
        self.says_requests = self._minimum <= _LEVELS["info"]
        self.bound: Any = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info,
                        self._queue],
            wrapper_class=structlog.make_filtering_bound_logger(self._minimum),
        )  # fmt: skip

    @property
    def dropped(self) -> int:
        """How many lines were dropped so far."""
        return self._writer.dropped_total

    def request(self, facts: dict[str, Any]) -> None:
        """One request was answered; the caller asks `says_requests` first."""
        facts["event"] = "request"
        facts["level"] = "info"
        self._writer.put(facts)

    def fault(self, request_id: str, route: str, fault: BaseException) -> None:
        """An exception that nobody expected, with its traceback."""
        self._writer.put(
            {
                "event": "fault",
                "level": "error",
                "request_id": request_id,
                "route": route,
                "exception": "".join(traceback.format_exception(fault)),
            }
        )

    def violation(self, request_id: str, route: str, culprit: str, effect: str) -> None:
        """A step did what its operation does not declare."""
        self._writer.put(
            {
                "event": "effect violation",
                "level": "error",
                "request_id": request_id,
                "route": route,
                "operation": culprit,
                "effect": effect,
            }
        )

    def info(self, event: str, **facts: Any) -> None:
        """Something went as it should."""
        self.bound.info(event, **facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Something should be looked at."""
        self.bound.warning(event, **facts)

    def error(self, event: str, **facts: Any) -> None:
        """Something did not go."""
        self.bound.error(event, **facts)

    def take_over_logging(self) -> None:
        """Send what libraries log (warnings and above; all of uvicorn's errors) the same way."""
        root = logging.getLogger()
        root.handlers = [_Bridge(self._writer)]
        root.setLevel(max(self._minimum, logging.WARNING))
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            library = logging.getLogger(name)
            library.handlers = []
            library.propagate = True

    def close(self) -> None:
        """Write what is queued."""
        self._writer.close()

    def _queue(
        self, _logger: Any, _name: str, event: MutableMapping[str, Any]
    ) -> Mapping[str, Any]:
        self._writer.put(dict(event))
        raise structlog.DropEvent


class _Bridge(logging.Handler):
    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        event = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            event["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        self._writer.put(event)


def open_log(level: str, clock: Callable[[], float], stream: TextIO | None = None) -> Log:
    """The log of a process, on standard error unless told otherwise."""
    return Log(level, LogWriter(stream or sys.stderr, clock))


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _escaped(found: "re.Match[bytes]") -> bytes:
    return b"\\u%04x" % ord(found[0].decode("utf-8"))
