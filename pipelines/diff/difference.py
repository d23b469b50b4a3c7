"""One difference between two schemas, and how two mappings of names are compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pipelines.diff.kinds import GRADES, KINDS, Grade

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed: its kind, and the JSON Pointers where it stands, None where it does not."""

    kind: str
    old: str | None
    new: str | None
    message: str

    @property
    def grade(self) -> Grade:
        """How grave it is."""
        return KINDS[self.kind].grade

    @property
    def meaning(self) -> str:
        """What it means for clients or for data, in one sentence."""
        return KINDS[self.kind].meaning

    @property
    def hint(self) -> str:
        """What to do about it; empty where there is nothing to do."""
        return KINDS[self.kind].hint

    def order(self) -> tuple[int, str, str, str]:
        """The gravest first, then by place."""
        place = self.new if self.new is not None else self.old or ""
        return -GRADES.index(self.grade), place, self.kind, self.message


def pairs(old: Mapping[str, T], new: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    """Each name with what stands under it in both, None where nothing does."""
    for name in dict.fromkeys([*old, *new]):
        yield name, old.get(name), new.get(name)
