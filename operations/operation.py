"""An operation is declared once: the annotated function is the declaration.

`@operation("kv.get", effects=("kv.read",))` reads the names, types and defaults of the function's
arguments, its outputs from the return type, and the first line of its docstring.
A trailing underscore is dropped (`from_` is written `from`). One output is written `out`; several
are a NamedTuple whose fields are the outputs' argument names, optional where they have a default.
"""

import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from operations.types import Dynamic, KeyOf, Static
from schema import model
from schema.entities import Entity
from schema.validators import Validator

Effect = Literal[
    "auth", "txn", "kv.read", "kv.write", "blob.read", "blob.write", "index.read", "index.write",
    "cache.read", "cache.write", "event.write", "network", "request.body", "clock", "reply",
]  # fmt: skip

REQUIRED: Any = inspect.Parameter.empty

_BY_CLASS: dict[Any, Static] = {
    Entity: Static("entity"),
    model.DocumentKind: Static("document"),
    model.Index: Static("index"),
    model.BlobStoreKind: Static("blob_store"),
    model.UpstreamKind: Static("upstream"),
    model.EventKind: Static("event"),
    Validator: Static("json_schema"),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument as schema.json writes it.

    `choices` are the literals that a static argument may be, when they are known to the function.
    """

    name: str
    type: Dynamic | Static
    required: bool
    default: Any
    choices: tuple[Any, ...] = ()
    key_of: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One output: the argument that names the variable it sets, and the value's type."""

    name: str
    type: Dynamic
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """A verb of the language. `errors` are the only codes it may refuse with.

    `exclusive` holds groups of arguments of which exactly one must be given.
    """

    name: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    effects: frozenset[str]
    errors: tuple[str, ...]
    exclusive: tuple[tuple[str, ...], ...]
    summary: str
    named_outputs: bool
    """Whether the function's result is a NamedTuple of outputs, even if it has only one."""
    function: Callable[..., Any]
    awaits: bool

    @property
    def one_output(self) -> bool:
        """Whether the function's whole result is the one output, `out`."""
        return len(self.outputs) == 1 and not self.named_outputs

    def parameter(self, name: str) -> Parameter | None:
        """The parameter written `name` in schema.json."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        return None

    def output(self, name: str) -> Output | None:
        """The output written `name` in schema.json."""
        for output in self.outputs:
            if output.name == name:
                return output
        return None


def operation(
    name: str,
    effects: tuple[Effect, ...] = (),
    errors: tuple[str, ...] = (),
    exclusive: tuple[tuple[str, ...], ...] = (),
) -> Callable[[Callable[..., Any]], Operation]:
    """Declare the decorated function as the operation `name`."""

    def declare(function: Callable[..., Any]) -> Operation:
        hints = get_type_hints(function, include_extras=True)
        doc = inspect.getdoc(function)
        if not doc:
            raise TypeError(f"operation {name} has no docstring")
        return Operation(
            name=name,
            parameters=tuple(_parameters(name, function, hints)),
            outputs=tuple(_outputs(name, hints.get("return"))),
            effects=frozenset(effects),
            errors=errors,
            exclusive=exclusive,
            summary=doc.splitlines()[0],
            named_outputs=_is_named_tuple(hints.get("return")),
            function=function,
            awaits=inspect.iscoroutinefunction(function),
        )

    return declare


def _parameters(
    name: str, function: Callable[..., Any], hints: dict[str, Any]
) -> Iterator[Parameter]:
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            raise TypeError(f"{name}: {parameter.name} must be takeable by position and by name")
        hint = hints[parameter.name]
        kind, key_of = _marks(hint)
        choices = _choices(hint)
        if kind is None:
            kind = _BY_CLASS.get(_plain(hint)) or (Static("literal") if choices else None)
        if kind is None:
            raise TypeError(f"{name}: the type of {parameter.name} is none of operations.types")
        yield Parameter(
            name=parameter.name.rstrip("_"),
            type=kind,
            required=parameter.default is REQUIRED,
            default=None if parameter.default is REQUIRED else parameter.default,
            choices=choices,
            key_of=key_of,
        )


def _outputs(name: str, returned: Any) -> Iterator[Output]:
    if returned is None or returned is type(None):
        return
    if _is_named_tuple(returned):
        hints = get_type_hints(returned, include_extras=True)
        for field in returned._fields:
            required = field not in returned._field_defaults
            yield Output(field, _output_type(name, hints[field]), required)
        return
    yield Output("out", _output_type(name, returned), True)


def _is_named_tuple(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")


def _output_type(name: str, hint: Any) -> Dynamic:
    kind, _ = _marks(hint)
    if not isinstance(kind, Dynamic):
        raise TypeError(f"{name}: an output's type must be one of operations.types")
    return kind


def _marks(hint: Any) -> tuple[Dynamic | Static | None, str | None]:
    kind: Dynamic | Static | None = None
    key_of = None
    if get_origin(hint) is Annotated:
        for mark in get_args(hint)[1:]:
            if isinstance(mark, (Dynamic, Static)):
                kind = mark
            elif isinstance(mark, KeyOf):
                key_of = mark.parameter
    elif get_origin(hint) in (Union, types.UnionType):
        for option in get_args(hint):
            kind, key_of = _marks(option)
            if kind is not None:
                break
    return kind, key_of


def _choices(hint: Any) -> tuple[Any, ...]:
    plain = _plain(hint)
    return get_args(plain) if get_origin(plain) is Literal else ()


def _plain(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        options = [o for o in get_args(hint) if o is not type(None)]
        return _plain(options[0]) if len(options) == 1 else hint
    return hint
