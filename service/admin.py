"""What only administrators may ask: here, the check of a schema before anybody serves it."""

import asyncio

from starlette.requests import Request
from starlette.routing import Route

from errors.problem import refuse
from pipelines.load import load
from schema.parse import MAX_BYTES
from service.bodies import read_bytes
from service.check_formats import finding_json
from service.endpoint import Answer, Endpoint
from service.refusals import unauthorized
from service.tokens import Authenticator

SCOPE = "admin"


async def admit(authenticator: Authenticator, request: Request) -> None:
    """Let in principals with the scope `admin` that are not bound to namespaces.

    Raises Refusal UNAUTHORIZED or FORBIDDEN.
    """
    principal = await authenticator.principal(request.scope["headers"])
    if principal.subject is None:
        raise unauthorized("log in first")
    if SCOPE not in principal.scopes:
        raise refuse("FORBIDDEN", f"this needs the scope {SCOPE}", scopes=[SCOPE], mode="any")
    if principal.namespaces is not None:
        named = list(principal.namespaces)
        raise refuse("FORBIDDEN", "your token is for other namespaces", namespaces=named)


def routes(authenticator: Authenticator) -> list[Route]:
    """The pages."""
    return [Route("/admin/check", Endpoint({"POST": _Check(authenticator)}))]


class _Check:
    """Judges the schema that the body is, as `larder check` does; nothing changes.

    One at a time: a check may take seconds of processor time.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._checking = asyncio.Lock()

    async def __call__(self, request: Request) -> Answer:
        """`errors`, `warnings` and `findings`; a text that is no JSON is a finding too."""
        await admit(self._authenticator, request)
        source = await read_bytes(request, MAX_BYTES)
        async with self._checking:
            findings = (await asyncio.to_thread(load, source, "schema.json")).findings
        errors = sum(finding.severity == "error" for finding in findings)
        counts = {"errors": errors, "warnings": len(findings) - errors}
        return Answer(200, {"ok": True, **counts, "findings": [*map(finding_json, findings)]})
