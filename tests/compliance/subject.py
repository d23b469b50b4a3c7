"""The schema that is judged."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.load import Loaded, load
from schema.document import Document
from schema.model import Schema
from schema.parse import parse
from schema.places import Places
from tests.compliance.report import Skipped


@dataclass(frozen=True)
class Subject:
    """A schema's text and what the one door made of it.

    `value` and `places` are None when it is no JSON to the letter.
    """

    file: str
    value: Any
    places: Places | None
    loaded: Loaded

    @property
    def schema(self) -> Schema:
        """The linked schema. Raises Skipped when it was refused."""
        if self.loaded.schema is None:
            raise Skipped("the schema was refused: see route compatibility")
        return self.loaded.schema

    @property
    def document(self) -> Document:
        """The typed document. Raises Skipped when the schema was refused."""
        return self.schema.document

    def written(self, *steps: str | int) -> Any:
        """What stands at a place of the text, also of a refused schema; None if nothing does."""
        found = self.value
        for step in steps:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found


def read(file: Path) -> Subject:
    """Read a schema. Raises OSError."""
    source = file.read_bytes()
    parsed = parse(source, str(file))
    places = None if parsed.findings else parsed.places
    return Subject(str(file), parsed.value, places, load(source, str(file)))
