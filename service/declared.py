"""A watch for tests: nothing is answered that the OpenAPI document does not tell.

It stands between the application and the connection. An answer whose status, or error code, is not
declared for its operation is told to the log and replaced by 500 UNDECLARED_ANSWER.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

import msgspec

from errors.problem import problem
from pipelines.derive.facts import RouteFacts
from service.beside import BESIDE, Beside
from service.exchange import raw_headers
from service.log import Log
from service.refusals import refusal_response

Message = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
Answers = Mapping[int, frozenset[str | None]]
"""Error codes by status; None among them stands for a reply that is no error."""

FAULT = 500


class Undeclared(Exception):
    """An operation answered what its facts do not tell."""


class Declared:
    """What each operation may answer: declared routes by id, pages by method and path."""

    def __init__(self, facts: Iterable[RouteFacts]) -> None:
        self._routes = {
            route.id: _gathered((answer.status, answer.code) for answer in route.answers)
            for route in facts
        }
        self._pages = [(_pattern(each.path), each.method, _of_page(each)) for each in BESIDE]

    def of(self, route: str, method: str, path: str) -> Answers | None:
        """The answers of an operation; None for what is no operation of the document."""
        known = self._routes.get(route)
        if known is not None:
            return known
        wanted = "GET" if method == "HEAD" else method
        for pattern, served, answers in self._pages:
            if served == wanted and pattern.fullmatch(path):
                return answers
        return None


class AnswerWatch:
    """The `send` of one request. `route` gives the declared route's id once it is known."""

    def __init__(
        self,
        send: Send,
        declared: Declared,
        log: Log,
        scope: Mapping[str, Any],
        request_id: str,
        route: Callable[[], str],
    ) -> None:
        self._send = send
        self._declared = declared
        self._log = log
        self._scope = scope
        self._id = request_id
        self._route = route
        self._start: Message | None = None
        self._replaced = False

    async def __call__(self, message: Message) -> None:
        """Hold the reply's head until its first bytes tell the error code."""
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            code = _code_in(start["status"], message.get("body", b""))
            wrong = self._wrong(start["status"], code)
            if wrong is not None:
                await self._replace(wrong)
                return
            await self._send(start)
        await self._send(message)

    def _wrong(self, status: int, code: str | None) -> str | None:
        """What is not declared, in words."""
        route, method = self._route(), self._scope["method"]
        answers = self._declared.of(route, method, self._scope["path"])
        if answers is None or status == FAULT:
            return None
        codes = answers.get(status)
        if codes is not None and (code in codes or (code is None and method == "HEAD")):
            return None
        return f"{method} of {route} answers {status} {code or ''}, which is not declared"

    async def _replace(self, wrong: str) -> None:
        self._replaced = True
        self._log.fault(self._id, self._route(), Undeclared(wrong))
        fault = problem("UNDECLARED_ANSWER", wrong)
        status, headers, body = refusal_response(fault, self._id)
        raw = raw_headers(headers, len(body))
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        sent = b"" if self._scope["method"] == "HEAD" else body
        await self._send({"type": "http.response.body", "body": sent})


def _gathered(answers: Iterable[tuple[int, str | None]]) -> Answers:
    found: dict[int, set[str | None]] = {}
    for status, code in answers:
        found.setdefault(status, set()).add(code)
    return {status: frozenset(codes) for status, codes in found.items()}


def _of_page(each: Beside) -> Answers:
    errors = [(status, code) for status, codes in each.errors.items() for code in codes]
    return _gathered([*((status, None) for status in each.replies), *errors])


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("".join(
        "[^/]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]*\})", path)
    ))  # fmt: skip


def _code_in(status: int, body: bytes | memoryview) -> str | None:
    """The code of an error's body; None for any other body."""
    if status < 400:
        return None
    try:
        told = msgspec.json.decode(bytes(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    error = told.get("error") if isinstance(told, dict) else None
    return error.get("code") if isinstance(error, dict) else None
