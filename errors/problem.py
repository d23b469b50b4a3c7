"""A problem is a value: the same shape from the schema's check to the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errors.catalogue import CATALOGUE


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong, told so that the client knows what to do next.

    `code` is forever and stands in `errors.catalogue`; `status` is the HTTP status it answers with;
    `where` is a JSON Pointer or a field's name; `details` is any JSON object.
    """

    code: str
    message: str
    status: int
    where: str | None = None
    hint: str | None = None
    details: Mapping[str, Any] | None = None


class Refusal(Exception):
    """An operation's way to end a request: raised once, answered once."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem
        self.headers = dict(headers or {})


def problem(
    code: str,
    message: str,
    *,
    where: str | None = None,
    hint: str | None = None,
    **details: Any,
) -> Problem:
    """Make a problem of the catalogue's `code`; KeyError for a code that is not in it."""
    entry = CATALOGUE[code]
    return Problem(code, message, entry.status, where, hint or entry.remedy, details or None)


def error_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """The body that answers a problem; `where` and `hint` stand in `details`, beside its own."""
    told = {"where": problem.where, "hint": problem.hint}
    details = {name: value for name, value in told.items() if value} | dict(problem.details or {})
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    error |= {"details": details} if details else {}
    return {"ok": False, "error": {**error, "request_id": request_id}}


def refuse(code: str, message: str, **facts: Any) -> Refusal:
    """The refusal to raise for `code`: `raise refuse("BLOB_TOO_LARGE", "…", limit=limit)`."""
    return Refusal(problem(code, message, **facts))
