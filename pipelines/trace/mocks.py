"""Outcomes that stand in for those of steps: `STEP=VALUE`, or `STEP=!CODE` for a refusal.

STEP is a step's index, its id, or its operation where only one step has it. VALUE is JSON: the one
output that the step names, or an object of them by output name where it names several; null for a
step that names none, which then does nothing. Instead of stored bytes, and of the body that an
upstream answers with, stand `{"text": …}` or `{"base64": …}`; such a body may also be a text.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from errors.catalogue import CATALOGUE
from errors.problem import refuse
from operations.context import ExecutionContext
from operations.json_text import NotJson, loads
from operations.operation import Output
from operations.values import is_digest
from pipelines.examples.ask import Content
from pipelines.nodes import Pipeline, StepNode
from schema.nearest import hint

ANYWHERE = ("CPU_LIMIT", "DEADLINE", "DOCUMENT_INVALID", "INVALID_KEY", "IO_LIMIT")
"""Codes that every step may be refused with, whatever its operation declares."""

_NEEDED = ("parse.path", "txn.begin")
"""Operations without outputs whose work later steps rely on."""

_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a text", lambda value: isinstance(value, str)),
    "digest": ("a digest, `sha256:` and 64 hexadecimal digits", is_digest),
    "integer": ("an integer", lambda value: type(value) is int),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "headers": ("an object", lambda value: isinstance(value, dict)),
    "array": ("an array", lambda value: isinstance(value, list)),
    "rows": ("an array", lambda value: isinstance(value, list)),
}


class BadMock(ValueError):
    """A mock that cannot stand in; `hint` tells what could."""

    def __init__(self, mock: str, message: str, remedy: str = "") -> None:
        super().__init__(f"{mock}: {message}")
        self.hint = remedy


class Bytes:
    """A handle on bytes that are stored nowhere."""

    def __init__(self, content: bytes) -> None:
        self.digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.size = len(content)
        self.modified_at = 0.0
        self._content = content

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of the range."""
        return self._content[start:stop]

    def close(self) -> None:
        """Nothing is open."""


class _Asked(NamedTuple):
    """A mock as it was written."""

    text: str
    node: StepNode
    value: Any


def replacements(mocks: Sequence[str], pipeline: Pipeline) -> dict[str, Callable[..., Any]]:
    """The functions that stand in, by the steps' pointers. Raises BadMock."""
    found: dict[str, Callable[..., Any]] = {}
    for mock in mocks:
        name, equals, written = mock.partition("=")
        if not equals:
            raise BadMock(mock, "has no `=`", "write STEP=VALUE or STEP=!CODE")
        node = _step(mock, name.strip(), pipeline)
        if node.pointer in found:
            raise BadMock(mock, f"step {node.index} has a mock already", "leave one out")
        function = (
            _refusing(mock, node, written[1:].strip())
            if written.startswith("!")
            else _answering(_Asked(mock, node, _json(mock, written)))
        )
        found[node.pointer] = _awaited(function) if node.operation.awaits else function
    return found


def _step(mock: str, name: str, pipeline: Pipeline) -> StepNode:
    steps = pipeline.steps
    if name.isascii() and name.isdigit():
        if int(name) < len(steps):
            return steps[int(name)]
        raise BadMock(mock, f"there is no step {name}", f"the last one is {len(steps) - 1}")
    named = [step for step in steps if step.id == name]
    named = named or [step for step in steps if step.operation.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        places = ", ".join(str(step.index) for step in named)
        raise BadMock(mock, f"several steps are {name}", f"name one by its index: {places}")
    known = [step.id or "" for step in steps] + [step.operation.name for step in steps]
    raise BadMock(mock, f"no step is {name}", hint(name, filter(None, known)))


def _json(mock: str, written: str) -> Any:
    try:
        return loads(written.encode())
    except (NotJson, UnicodeEncodeError) as error:
        told = f"the value is not JSON: {error}"
        raise BadMock(mock, told, "a text stands in double quotes; `!CODE` refuses") from None


def _refusing(mock: str, node: StepNode, code: str) -> Callable[..., Any]:
    operation = node.operation
    possible = sorted({*operation.errors, *ANYWHERE})
    if "reply" in operation.effects:
        possible = list(CATALOGUE)
    if code not in possible:
        told = f"{operation.name} does not refuse with {code}"
        raise BadMock(mock, told, hint(code, possible))

    def refusing(_ctx: ExecutionContext, *_arguments: Any) -> Any:
        raise refuse(code, "this outcome is a mock")

    return refusing


def _answering(asked: _Asked) -> Callable[..., Any]:
    text, node, value = asked
    operation = node.operation
    if operation.name in _NEEDED or "reply" in operation.effects:
        told = f"no value can stand in for what {operation.name} does"
        raise BadMock(text, told, "let it refuse: STEP=!CODE")
    parts = [output for output in operation.outputs if output.name in node.outputs]
    if not parts:
        if value is not None:
            told = f"step {node.index} sets nothing"
            raise BadMock(text, told, f"write {node.index}=null to pass it by")
        nothing = tuple(None for _ in operation.outputs)
        return lambda _ctx, *_arguments: nothing or None
    if len(parts) == 1:
        given = {parts[0].name: value}
    else:
        names = [part.name for part in parts]
        if not isinstance(value, dict) or sorted(value) != sorted(names):
            told = f"step {node.index} sets {', '.join(names)}"
            raise BadMock(text, told, "write an object with just these names")
        given = value
    made = [_made(text, node, part, given) for part in operation.outputs]

    def answering(ctx: ExecutionContext, *arguments: Any) -> Any:
        results = [make() for make in made]
        if operation.name == "blob.get":  # As blob.get does: caches know handles by this.
            ctx.handles.append((results[0], arguments[0].name))
        return results[0] if operation.one_output else tuple(results)

    return answering


def _made(mock: str, node: StepNode, output: Output, given: dict[str, Any]) -> Callable[[], Any]:
    """What gives the output's value, a new one for each run. Raises BadMock."""
    if output.name not in given:
        return lambda: None
    value, kind, operation = given[output.name], output.type, node.operation
    if value is None and kind.nullable:
        return lambda: None
    cached = output.name == "value_out" and node.static.get("kind") == "blob"
    if kind.kind == "handle" or cached:
        content = _bytes(mock, value, output.name)
        return lambda: Bytes(content)
    if operation.name == "proxy.fetch":
        return _upstream(mock, value)
    wanted, fits = _KINDS.get(kind.kind, ("a value", lambda _value: True))
    if not fits(value):
        nullable = ", or null" if kind.nullable else ""
        raise BadMock(mock, f"{output.name} of {operation.name} is {wanted}{nullable}")
    return lambda: value


def _upstream(mock: str, value: Any) -> Callable[[], Any]:
    """An upstream's answer, as proxy.fetch gives it: header names with `_` for `-`."""
    remedy = 'write {"status": 200, "headers": {"Content-Type": "text/plain"}, "body": "text"}'
    if not isinstance(value, dict) or value.keys() - {"status", "headers", "body"}:
        raise BadMock(mock, "an upstream answers status, headers and body", remedy)
    status, headers = value.get("status", 200), value.get("headers", {})
    if type(status) is not int or not 100 <= status <= 599:
        raise BadMock(mock, "the status is an integer from 100 to 599", remedy)
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise BadMock(mock, "headers are texts by name", remedy)
    body = value.get("body", "")
    content = _bytes(mock, {"text": body} if isinstance(body, str) else body, "body")
    named = {name.lower().replace("-", "_"): text for name, text in headers.items()}
    return lambda: {"status": status, "headers": named, "body": Content(content)}


def _bytes(mock: str, value: Any, name: str) -> bytes:
    remedy = 'write {"text": "…"} or {"base64": "…"}'
    if not isinstance(value, dict) or len(value) != 1:
        raise BadMock(mock, f"{name} is bytes", remedy)
    ((how, written),) = value.items()
    if how not in ("text", "base64") or not isinstance(written, str):
        raise BadMock(mock, f"{name} is bytes", remedy)
    try:
        return base64.b64decode(written, validate=True) if how == "base64" else written.encode()
    except (binascii.Error, ValueError):
        raise BadMock(mock, f"{name} is not Base64", "RFC 4648, with its padding") from None


def _awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    async def awaited(ctx: ExecutionContext, *arguments: Any) -> Any:
        return function(ctx, *arguments)

    return awaited
