"""An entity: its fields, their normal forms, and everything that can be wrong with its values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schema.document_data import Constraint, EntityDeclaration, Versioning
from schema.fields import Field, compile_field, value_of


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing that is stored. `fields` are in the order they were declared."""

    name: str
    fields: Mapping[str, Field]
    primary_key: tuple[str, ...]

    def normalize(self, name: str, value: Any) -> Any:
        """The normal form of a field's value; what is not text stays as it is."""
        return self.fields[name].normalize(value)

    def failures(self, values: Mapping[str, Any]) -> list[dict[str, str]]:
        """Everything that is wrong with the given fields, as `{"field", "message"}`.

        Only the fields among `values` are looked at, since a route carries some of an entity's
        fields; one that is None there is absent.
        """
        return list(self._failures(values))

    def _failures(self, values: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        for name, field in self.fields.items():
            if name not in values:
                continue
            value = values[name]
            if value is not None:
                message = field.failure(value)
            else:
                message = None if field.optional else "is missing"
            if message is not None:
                yield {"field": name, "message": message}

    def from_text(self, name: str, text: str) -> Any:
        """The value a path segment's text stands for. Raises ValueError for a wrong integer or
        boolean."""
        return value_of(self.fields[name], text)


def compile_entity(name: str, declared: EntityDeclaration, versioning: Versioning) -> Entity:
    """Compile an entity. Raises PatternFault or NormalizerFault."""
    constraints: dict[str, Constraint] = {c.field: c for c in declared.constraints}
    fields = {
        field: compile_field(
            field,
            declaration,
            constraints.get(field),
            versioning.scheme,
            versioning.allow_prerelease,
        )
        for field, declaration in declared.fields.items()
    }
    return Entity(name, fields, declared.primary_key)
