"""Normal forms."""

from operations.context import ExecutionContext
from operations.operation import operation
from schema.entities import Entity


@operation("normalize.entity")
def normalize_entity(ctx: ExecutionContext, entity: Entity) -> None:
    """Rewrite the entity's fields to their declared normal forms; absent ones stay absent."""
    slots = ctx.slots
    fields = entity.fields
    for name, slot in ctx.program.field_slots[entity.name].items():
        value = slots[slot]
        if value is not None:
            slots[slot] = fields[name].normalize(value)
