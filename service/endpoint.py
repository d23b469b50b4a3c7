"""One path beside the declared routes: its methods, and the same errors as everywhere."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from errors.problem import Refusal, problem
from service.refusals import refusal_response

REQUEST_ID = "larder.request_id"


class Answer(NamedTuple):
    """A success: its status and its JSON body."""

    status: int
    body: Mapping[str, Any]


Handler = Callable[[Request], Awaitable[Answer]]


class Endpoint:
    """An ASGI application of a few handlers by method; HEAD is answered as GET is."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only a fault of the service itself gets out as an exception."""
        request_id = request_id_of(scope)
        try:
            answer = await self._handler(scope)(Request(scope, receive))
        except ClientDisconnect:
            return
        except Refusal as refusal:
            status, headers, body = refusal_response(refusal, request_id)
        else:
            headers = {
                "Content-Type": "application/json",
                "X-Request-Id": request_id,
                "Cache-Control": "no-store",
            }
            status, body = answer.status, msgspec.json.encode(answer.body)
        await Response(body, status, headers)(scope, receive, send)

    def _handler(self, scope: Scope) -> Handler:
        handler = self._handlers.get(scope["method"])
        if handler is None:
            allow = ", ".join(sorted(self._handlers))
            wrong = problem("METHOD_NOT_ALLOWED", f"{scope['method']} is not for this path")
            raise Refusal(wrong, {"Allow": allow})
        return handler


def request_id_of(scope: Scope) -> str:
    """The request's id: the one that the outer layer put in the scope, else a new one."""
    request_id: str = scope.setdefault(REQUEST_ID, uuid.uuid4().hex)
    return request_id
