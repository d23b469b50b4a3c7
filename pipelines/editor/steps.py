"""The part of the editors' schema about steps: made from the operations' signatures.

A step is told by its `op`: for each operation, `if` the op is that, `then` its arguments are these.
So an editor completes the arguments of one operation, and complains about that one only.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from operations.operation import Operation, Parameter
from operations.types import NOT_GIVEN, Dynamic, Static
from operations.vocabulary import VOCABULARY
from pipelines.editor.words import ARGUMENTS, OPERATORS, told
from schema.predicates import BINARY, UNARY

Json = Any

_VARIABLE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
_REFERENCE = r"^(\$[A-Za-z_].*|\{[A-Za-z_].*\})$"
_CONDITION = {"$ref": "#/$defs/Condition"}
_CONDITIONS = {"type": "array", "minItems": 1, "items": _CONDITION}
_PAIR = {"type": "array", "minItems": 2, "maxItems": 2}
_IN_LIST = {**_PAIR, "prefixItems": [True, {"type": ["array", "string"]}]}

_STATIC: dict[str, Json] = {
    "json_schema": {"type": ["string", "object", "boolean"]},
    "scopes": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    "ordering": {"type": ["string", "null"]},
    "status": {"type": "integer", "minimum": 200, "maximum": 599},
    "error_status": {"type": "integer", "minimum": 400, "maximum": 599},
    "code": {"type": "string", "pattern": "^_*[A-Z0-9][A-Z0-9_]*$"},
    "literal": {},
}
_DYNAMIC = {
    "integer": "integer", "boolean": "boolean", "object": "object", "headers": "object",
    "array": "array", "rows": "array",
}  # fmt: skip


def step_parts(vocabulary: Sequence[Operation]) -> dict[str, Json]:
    """The definitions `Step`'s conditions refer to: operations' names, pipelines, conditions."""
    return {
        "OperationName": _names(vocabulary),
        "Listed": {
            "description": "An operation; a scope may list `*` for all.",
            "anyOf": [{"const": "*"}, {"$ref": "#/$defs/OperationName"}],
        },
        "Pipeline": {
            "description": "Steps in order.",
            "type": "array",
            "items": {"$ref": "#/$defs/Step"},
        },
        "Condition": {
            "description": "One operator or more; several are AND.",
            "type": "object",
            "minProperties": 1,
            "properties": {name: _operator(name) for name in OPERATORS},
            "additionalProperties": False,
        },
    }


def step_rules(vocabulary: Sequence[Operation]) -> list[Json]:
    """For each operation: if a step's op is that, then its arguments are these."""
    return [
        {
            "if": {"properties": {"op": {"const": operation.name}}, "required": ["op"]},
            "then": _then(operation),
        }
        for operation in vocabulary
    ]


def page_of(operation: Operation) -> str:
    """What an editor shows of an operation, in Markdown."""
    lines = [inspect.getdoc(operation.function) or operation.summary, ""]
    lines.append(f"Effects: {', '.join(sorted(operation.effects)) or 'none'}.")
    lines.append(f"Errors: {', '.join(operation.errors) or 'none'}.")
    return "\n".join(lines)


def _names(vocabulary: Sequence[Operation]) -> Json:
    """The operations; a name of a family that is not ours is one of an extension."""
    families = sorted({operation.name.partition(".")[0] for operation in VOCABULARY})
    return {
        "description": "An operation of the vocabulary, or of an extension.",
        "errorMessage": "no operation of that name; those of an extension have its own prefix",
        "anyOf": [
            {
                "enum": [operation.name for operation in vocabulary],
                "enumDescriptions": [operation.summary for operation in vocabulary],
                "markdownEnumDescriptions": [page_of(operation) for operation in vocabulary],
            },
            {
                "type": "string",
                "pattern": r"^[A-Za-z_][A-Za-z0-9_-]*\.",
                "not": {"pattern": rf"^({'|'.join(families)})\."},
            },
        ],
    }


def _then(operation: Operation) -> Json:
    arguments: dict[str, Json] = {}
    for parameter in operation.parameters:
        arguments[parameter.name] = {**_value(parameter), "description": told(operation, parameter)}
    for output in operation.outputs:
        arguments[output.name] = {**_VARIABLE, "description": told(operation, output)}
    arguments["when"] = {**_CONDITION, "description": ARGUMENTS["when"]}
    needed = [parameter.name for parameter in operation.parameters if parameter.required]
    needed += [output.name for output in operation.outputs if output.required]
    taken = {
        "description": operation.summary,
        "markdownDescription": page_of(operation),
        "type": "object",
        "properties": arguments,
        "additionalProperties": False,
    }
    if needed:
        taken["required"] = needed
    if operation.exclusive:
        taken["allOf"] = [
            {"oneOf": [{"required": [name]} for name in group]} for group in operation.exclusive
        ]
    then: dict[str, Json] = {"properties": {"args": taken}}
    return {**then, "required": ["args"]} if needed or operation.exclusive else then


def _value(parameter: Parameter) -> dict[str, Json]:
    shape = _typed(parameter)
    default = parameter.default
    if parameter.required or default is NOT_GIVEN or default is None:
        return shape
    return {**shape, "default": list(default) if isinstance(default, tuple) else default}


def _typed(parameter: Parameter) -> dict[str, Json]:
    kind = parameter.type
    if parameter.choices:
        return {"enum": list(parameter.choices)}
    if isinstance(kind, Static):
        return dict(_STATIC.get(kind.section, {"type": "string"}))
    return _dynamic(kind)


def _dynamic(kind: Dynamic) -> dict[str, Json]:
    """A literal of the type, or the text of an expression."""
    if kind.kind == "any" and kind.nullable:
        return {}
    literal = _DYNAMIC.get(kind.kind)
    types = ["string"] if literal is None else [literal, "string"]
    types += ["null"] if kind.nullable else []
    named = {"type": types if len(types) > 1 else types[0]}
    return named if literal is None else {**named, "pattern": _REFERENCE}


def _operator(name: str) -> Json:
    shapes: dict[str, Json] = {
        "all": _CONDITIONS, "any": _CONDITIONS, "not": _CONDITION,
        "in": _IN_LIST, "not_in": _IN_LIST,
    }  # fmt: skip
    if name in UNARY:
        shape: Json = {}
    else:
        shape = shapes.get(name, _PAIR if name in BINARY else {})
    return {**shape, "description": OPERATORS[name]}
