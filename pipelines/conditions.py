"""`when` becomes a condition: language.md section 3."""

from typing import Any

from pipelines.expressions import Fault, parse_value
from pipelines.nodes import All, Condition, Constant, Either, Not, Test
from schema.nearest import nearest
from schema.pointers import join
from schema.predicates import BINARY, COMBINATORS, UNARY

_OPERATORS = (*UNARY, *BINARY, *COMBINATORS)


def parse_condition(value: Any, pointer: str, faults: list[Fault]) -> Condition | None:
    """The condition that `value` at `pointer` writes; None when a part of it is wrong.

    Every wrong part is added to `faults` (E206).
    """
    if not isinstance(value, dict) or not value:
        return _wrong(
            faults,
            pointer,
            "a condition is an object with at least one operator",
            'write {"is_null": "$name"} or {"equals": ["$name", 1]}',
        )
    found = [
        _operator(name, operand, join(pointer, name), faults) for name, operand in value.items()
    ]
    conditions = tuple(condition for condition in found if condition is not None)
    if len(conditions) < len(found):
        return None
    return conditions[0] if len(conditions) == 1 else All(conditions)


def _operator(operator: str, operand: Any, pointer: str, faults: list[Fault]) -> Condition | None:
    if operator in ("all", "any"):
        if not isinstance(operand, list | tuple) or not operand:
            return _wrong(faults, pointer, f"{operator} takes a list of conditions", "name one")
        found = [parse_condition(c, f"{pointer}/{i}", faults) for i, c in enumerate(operand)]
        parts = tuple(condition for condition in found if condition is not None)
        if len(parts) < len(found):
            return None
        return All(parts) if operator == "all" else Either(parts)
    if operator == "not":
        inner = parse_condition(operand, pointer, faults)
        return None if inner is None else Not(inner)
    if operator in UNARY:
        return Test(operator, (parse_value(operand, pointer, faults),), pointer)
    if operator in BINARY:
        return _comparison(operator, operand, pointer, faults)
    close = nearest(operator, _OPERATORS)
    hint = f"did you mean {close}?" if close else f"one of {', '.join(_OPERATORS)}"
    return _wrong(faults, pointer, f"{operator!r} is no operator", hint)


def _comparison(operator: str, operand: Any, pointer: str, faults: list[Fault]) -> Condition | None:
    if not isinstance(operand, list | tuple) or len(operand) != 2:
        example = f'write {{"{operator}": ["$a", "b"]}}'
        return _wrong(faults, pointer, f"{operator} takes a list of two", example)
    left, right = (parse_value(o, f"{pointer}/{i}", faults) for i, o in enumerate(operand))
    if operator in ("in", "not_in") and isinstance(right, Constant):
        if not isinstance(right.value, list):
            return _wrong(
                faults, f"{pointer}/1", f"{operator} looks into a list", 'as in ["$a", ["x", "y"]]'
            )
    return Test(operator, (left, right), pointer)


def _wrong(faults: list[Fault], pointer: str, message: str, hint: str) -> Condition | None:
    faults.append(Fault(pointer, message, hint, "E206"))
    return None
