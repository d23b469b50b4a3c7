"""The rulebook: every rule that schema.json is checked by, for people.

RULES.md is printed from it, `larder check --explain` reads from it, and the ids of the rules are
its keys. `E…` refuses the schema, `W…` warns.
"""

from collections.abc import Mapping

from errors.rulebook.access import ACCESS
from errors.rulebook.bytes import BYTES
from errors.rulebook.entry import Entry
from errors.rulebook.keys import KEYS
from errors.rulebook.names import NAMES
from errors.rulebook.replies import REPLIES
from errors.rulebook.service import OWN, SERVICE
from errors.rulebook.shape import SHAPE
from errors.rulebook.transactions import TRANSACTIONS

FAMILIES: Mapping[str, Mapping[str, Entry]] = {
    "Shape and names of the file": SHAPE,
    "Names in pipelines": NAMES,
    "Who may do what": ACCESS,
    "Transactions": TRANSACTIONS,
    "Bytes and caches": BYTES,
    "Replies": REPLIES,
    "Keys and patterns": KEYS,
    "The collector, replication, cost, and what is told": SERVICE,
}
"""The rules by what they are about, in the order of the book."""

RULEBOOK: Mapping[str, Entry] = {
    id: entry for family in FAMILIES.values() for id, entry in family.items()
}


def entry_of(id: str) -> Entry | None:
    """What the book says of a rule; of an id of a schema's own (`inv.…`), what such ids mean."""
    return RULEBOOK.get(id) or (OWN.get(id.partition(".")[0]) if "." in id else None)
