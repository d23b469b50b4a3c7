"""Checks of values against their declared rules: all of what is wrong, never only the first."""

from errors.problem import refuse
from operations.context import ExecutionContext
from operations.operation import operation
from operations.types import AnyValue
from schema.entities import Entity
from schema.validators import Validator


@operation("validate.entity", errors=("VALIDATION_ERROR",))
def validate_entity(ctx: ExecutionContext, entity: Entity) -> None:
    """Check every field that the request carries: pattern, length, version scheme."""
    slots = ctx.slots
    fields = entity.fields
    failures = []
    for name, slot in ctx.program.field_slots[entity.name].items():
        value = slots[slot]
        message = None if value is None else fields[name].failure(value)
        if message is not None:
            failures.append({"field": name, "message": message})
    if failures:
        first = failures[0]
        raise refuse("VALIDATION_ERROR", f"{first['field']} {first['message']}", failures=failures)


@operation("validate.json_schema", errors=("VALIDATION_ERROR",))
def validate_json_schema(ctx: ExecutionContext, schema: Validator, value: AnyValue) -> None:
    """Check a value against a JSON Schema."""
    failures = schema.failures(value)
    if failures:
        first = failures[0]
        raise refuse(
            "VALIDATION_ERROR",
            f"{first['where'] or 'the value'}: {first['message']}",
            failures=failures,
        )


OPERATIONS = (validate_entity, validate_json_schema)
