"""What the rulebook says of one rule."""

from dataclasses import dataclass
from typing import Literal

Place = Literal["steps", "route", "schema", "file"]
"""What a fragment is: steps behind a pipeline's entrance, members of a route, members of the whole
document (merged into it, RFC 7396), or a whole file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule: what it proves, why that matters, and how to satisfy it, in sentences.

    `wrong` is a fragment that the rule refuses, `right` the same one mended; both are checked by
    the tests against a schema that is otherwise sound.
    """

    title: str
    proves: str
    why: str
    how: str
    place: Place
    wrong: str
    right: str
