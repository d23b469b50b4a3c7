"""The one shape of every error on the wire."""

from typing import Any

import msgspec

from errors.problem import Problem, Refusal, refuse

CHALLENGE = 'Bearer realm="larder", Basic realm="larder"'


def refusal_response(
    refused: Refusal | Problem, request_id: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that answer a refusal.

    `where` and `hint` of the problem stand in the body's `details`, beside its own. Every 401
    tells how to come again.
    """
    problem = refused.problem if isinstance(refused, Refusal) else refused
    headers = {
        "Content-Type": "application/json",
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
    }
    if problem.status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(refused, Refusal):
        headers.update(refused.headers)
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    details = _details(problem)
    if details:
        error["details"] = details
    error["request_id"] = request_id
    return problem.status, headers, msgspec.json.encode({"ok": False, "error": error})


def unauthorized(message: str, **facts: Any) -> Refusal:
    """The refusal of a credential that is missing, wrong, or over."""
    return refuse("UNAUTHORIZED", message, **facts)


def _details(problem: Problem) -> dict[str, Any]:
    told = {"where": problem.where, "hint": problem.hint}
    return {name: value for name, value in told.items() if value} | dict(problem.details or {})
