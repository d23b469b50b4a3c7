"""The one shape of every error on the wire."""

from typing import Any

import msgspec

from errors.problem import Problem, Refusal, error_body, refuse

CHALLENGE = 'Bearer realm="larder", Basic realm="larder"'


def refusal_response(
    refused: Refusal | Problem, request_id: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that answer a refusal.

    Every 401 tells how to come again.
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
    return problem.status, headers, msgspec.json.encode(error_body(problem, request_id))


def unauthorized(message: str, **facts: Any) -> Refusal:
    """The refusal of a credential that is missing, wrong, or over."""
    return refuse("UNAUTHORIZED", message, **facts)
