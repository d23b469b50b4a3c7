"""Extension vocabularies: operations of other packages, under a prefix of their own.

A package offers them as an entry point of the group `larder.operations` (PyPA entry points
specification). The entry point's name is the prefix, and its value a tuple of operations:

    [project.entry-points."larder.operations"]
    acme = "acme_larder.operations:OPERATIONS"

    @operation("acme.shout")
    def shout(ctx: ExecutionContext, text: Text) -> Text:
        '''The text in capital letters.'''
        return text.upper()

    OPERATIONS = (shout,)

`operation` comes from `operations.operation`, where effects and errors are declared too, `Text`
and the other types of arguments and results from `operations.types`.

It is imported only where `ops.allowed` lists one of its operations (`acme.sign`). What it declares
is what the checker proves things by, so it declares in the language's own terms, and it is watched
(`operations/monitor.py`): it can do nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple, get_args

from errors.catalogue import CATALOGUE
from operations.monitor import watched
from operations.operation import Effect, Operation
from operations.vocabulary import VOCABULARY

GROUP = "larder.operations"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\.[a-z][a-z0-9_]{0,63}")
_FAMILIES = frozenset(operation.name.partition(".")[0] for operation in VOCABULARY)
_OURS = frozenset(operation.name for operation in VOCABULARY)
_OWN = frozenset({"auth", "txn", "reply", "blob.write"})
"""Effects of the thirty alone: the proofs know each operation that has one of them by name."""

_NEEDED = {
    "kv.read": ("doc", "key"), "kv.write": ("doc", "key"), "index.read": ("index",),
    "index.write": ("index", "key"), "event.write": ("type",), "cache.read": ("kind", "key"),
    "cache.write": ("kind", "key", "value"),
}  # fmt: skip
"""The arguments by which the proofs see what an effect is about."""


class ExtensionFault(NamedTuple):
    """Why an operation that `ops.allowed` lists cannot be had: its name, what is wrong, a hint."""

    name: str
    message: str
    hint: str


class Vocabulary(NamedTuple):
    """The operations that a schema may use, and why some that it lists are not among them."""

    operations: tuple[Operation, ...]
    faults: tuple[ExtensionFault, ...] = ()


def vocabulary_for(allowed: Iterable[str]) -> Vocabulary:
    """The thirty, and those of installed extensions that `ops.allowed` lists."""
    foreign = tuple(sorted({name for name in allowed if name not in _OURS}))
    return extended(foreign) if foreign else Vocabulary(VOCABULARY)


def operations_for(
    allowed: Iterable[str], vocabulary: Iterable[Operation] | None = None
) -> dict[str, Operation]:
    """The operations of `vocabulary` by name; of `vocabulary_for(allowed)` where there is none."""
    found = vocabulary_for(allowed).operations if vocabulary is None else vocabulary
    return {operation.name: operation for operation in found}


@lru_cache(maxsize=32)
def extended(foreign: tuple[str, ...]) -> Vocabulary:
    """The thirty and these others; what is installed does not change while a process runs."""
    found: list[Operation] = []
    faults: list[ExtensionFault] = []
    points = {point: _load(point) for point in _wanted(foreign)}
    for name in foreign:
        offers = [(p, offered) for p, offered in points.items() if p.name == _prefix(name)]
        outcome = _choose(name, offers)
        if isinstance(outcome, Operation):
            found.append(watched(outcome))
        else:
            faults.append(ExtensionFault(name, *outcome))
    return Vocabulary((*VOCABULARY, *found), tuple(faults))


def _prefix(name: str) -> str:
    return name.partition(".")[0]


def _wanted(foreign: Sequence[str]) -> Iterator[EntryPoint]:
    """The entry points to import: those whose prefix some listed operation has."""
    prefixes = {_prefix(name) for name in foreign if _NAME.fullmatch(name)} - _FAMILIES
    found = entry_points(group=GROUP) if prefixes else ()
    for point in sorted(found, key=lambda point: (point.name, point.value)):
        if point.name in prefixes:
            yield point


def _load(point: EntryPoint) -> Sequence[Operation] | str:
    """What an entry point offers, or why it offers nothing."""
    try:
        offered: Any = point.load()
    except Exception as fault:  # noqa: BLE001  Whatever somebody else's module raises is told.
        return f"{point.value} cannot be imported: {type(fault).__name__}: {fault}"
    if not isinstance(offered, tuple | list) or not all(
        isinstance(each, Operation) for each in offered
    ):
        return f"{point.value} is no tuple of operations"
    return offered


def _choose(
    name: str, offers: list[tuple[EntryPoint, Sequence[Operation] | str]]
) -> Operation | tuple[str, str]:
    """The operation of that name, or what is wrong with it and a hint."""
    prefix = _prefix(name)
    if prefix in _FAMILIES or not _NAME.fullmatch(name):
        return f"no operation {name!r}", "see OPERATIONS.md for all of them"
    if not offers:
        hint = f"install the package that offers {prefix}.… as an entry point of {GROUP}"
        return f"no operation {name!r}: no installed package offers {prefix}.…", hint
    if len(offers) > 1:
        places = " and ".join(point.value for point, _ in offers)
        return f"{name!r} is offered by {places}", "keep one of the two packages installed"
    point, offered = offers[0]
    if isinstance(offered, str):
        return offered, "mend or remove the package"
    found = [operation for operation in offered if operation.name == name]
    strange = [each.name for each in offered if _prefix(each.name) != prefix]
    if strange:
        told = f"{point.value} declares {strange[0]!r}, which does not begin with {prefix}."
        return told, "an extension keeps to the prefix that its entry point is named by"
    if len(found) != 1:
        told = "twice" if found else "nowhere"
        return f"{point.value} declares {name!r} {told}", "correct the name in ops.allowed"
    fault = next(_faults(found[0]), None)
    return found[0] if fault is None else (f"{name}: {fault}", "see operations/extensions.py")


def _faults(operation: Operation) -> Iterator[str]:
    """What in a declaration the proofs could not rest on."""
    unknown = operation.effects - frozenset(get_args(Effect))
    if unknown:
        yield f"there is no effect {', '.join(sorted(unknown))}"
    kept = operation.effects & _OWN
    if kept:
        yield f"the effect {', '.join(sorted(kept))} is for the language's own operations"
    for effect in sorted(operation.effects & _NEEDED.keys()):
        for argument in _NEEDED[effect]:
            if operation.parameter(argument) is None:
                yield f"an operation with the effect {effect} takes the argument {argument!r}"
    for code in operation.errors:
        if code not in CATALOGUE:
            yield f"the error {code} is not in ERRORS.md"
