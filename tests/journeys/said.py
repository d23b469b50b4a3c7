"""What replies say, and what the bytes are called."""

import base64
import hashlib

from tests.support.server import Answer, LiveServer


def code_of(answer: Answer) -> str:
    """The status and the code of an error, whose shape is checked on the way."""
    body = answer.json()
    assert body.keys() == {"ok", "error"}
    assert body["ok"] is False
    assert body["error"].keys() - {"details"} == {"code", "message", "request_id"}
    assert body["error"]["message"]
    assert answer.headers["x-request-id"] == body["error"]["request_id"]
    assert answer.headers["content-type"] == "application/json"
    return f"{answer.status} {body['error']['code']}"


def hex_of(content: bytes) -> str:
    """The SHA-256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def base64_of(content: bytes) -> str:
    """The SHA-256 of bytes, in base64."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def fetch(server: LiveServer, coordinate: str) -> bytes:
    """The bytes that are published at a coordinate."""
    answer = server.ask("GET", f"/v1/{coordinate}/blob")
    assert answer.status == 200, answer
    return answer.content
