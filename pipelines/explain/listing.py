"""A pipeline as a listing for people: a row a step, guards above what they guard, paths below.

`{artifact}` stands for all fields of the entity `artifact` that the path carries.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap

from pipelines.derive.facts import Answer, Cost, RouteFacts, StepFacts

WIDTH = 120
"""Characters of a line."""

_COLUMNS = ("#", "step", "reads", "sets", "effects", "answers", "calls")
_SHARES = (3, 24, 25, 25, 12, 20, 5)
_WIDE = (1, 2, 3, 5)
"""The columns that share what a wider page has more."""

_BRIEF = 24
"""Characters up to which an argument stands in the listing."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def listing(facts: RouteFacts, width: int = WIDTH) -> str:
    """The whole listing, without control characters; lines have at most `width` characters."""
    lines = [
        *_head(facts, width),
        "",
        *_steps(facts, width),
        "",
        *_paths(facts, width),
    ]
    return "\n".join(_plain(line.rstrip()) for line in lines)


def cost_words(cost: Cost) -> str:
    """`18 steps, 10 store calls (26 with lost races), 5.0 GiB in, 123 B out, 5.0 GiB stored`."""
    told = [_count(cost.steps, "step"), _calls(cost)]
    sizes = (("in", cost.bytes_in), ("out", cost.bytes_out), ("stored", cost.bytes_stored))
    told += [f"{size_words(size)} {name}" for name, size in sizes if size != 0]
    return ", ".join(told)


def size_words(size: int | None) -> str:
    """Bytes for people: `64 KiB`; `unbounded` for None."""
    if size is None:
        return "unbounded"
    amount = float(size)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if amount == int(amount) else f"{amount:.1f} {unit}"


def scope_words(facts: RouteFacts) -> str:
    """Who may enter: `admin or write`."""
    if facts.anonymous:
        return "everybody"
    ways = [" and ".join(way) for way in facts.entrances]
    if len(ways) > 1:
        ways = [f"({way})" if " and " in way else way for way in ways]
    return " or ".join(ways) or "nobody"


def _head(facts: RouteFacts, width: int) -> Iterator[str]:
    is_route = bool(facts.method)
    yield (
        f"{facts.id}  {facts.method} {facts.path}" if is_route else f"{facts.id}, as it is applied"
    )
    told = [("does", facts.description)] if facts.description else []
    if is_route:
        told.append(("scopes", scope_words(facts)))
        told.append(("takes", facts.request_media or "no body"))
        told.append(("statuses", " ".join(map(str, sorted(facts.statuses)))))
    for entity, fields in entity_fields(facts).items():
        told.append(("fields", f"{{{entity}}}: {' '.join(fields)}"))
    told.append(("effects", " ".join(facts.effects) or "none"))
    told.append(("at most", cost_words(facts.cost)))
    for name, text in told:
        yield from _hanging(f"  {name:<9} ", text, width)


def _steps(facts: RouteFacts, width: int) -> Iterator[str]:
    more = max(0, width - sum(_SHARES) - len(_SHARES) + 1)
    widths = [
        share + (more // len(_WIDE) if at in _WIDE else 0) for at, share in enumerate(_SHARES)
    ]
    yield from _row(_COLUMNS, widths)
    yield "-" * (sum(widths) + len(widths) - 1)
    entities = entity_fields(facts)
    above: str | None = None
    for step in facts.steps:
        if step.guard is not None and step.guard != above:
            yield from _hanging("    when ", step.guard, width)
        above = step.guard
        yield from _row(_cells(step, entities), widths)
    if facts.method:
        told = dict.fromkeys(_answer(a) for a in facts.answers if a.step is None)
        yield from _list("around it: ", [*told], width)


def _cells(step: StepFacts, entities: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    mark = f"{step.index:>2}{'' if step.guard is None else '?'}"
    effects = [effect for effect in step.effects if effect != "reply"]
    return (
        mark,
        brief(step),
        _typed(step.reads, entities),
        _typed(step.sets, entities),
        "\n".join(effects),
        "\n".join(dict.fromkeys(map(_answer, step.answers))) if step.runs else "never runs",
        str(step.cost.store_calls or ""),
    )


def brief(step: StepFacts) -> str:
    """The operation and those of its arguments that are short."""
    told = [step.operation]
    for name, text in step.arguments.items():
        if name == "scopes":
            mode = " and " if step.arguments.get("mode") == "all" else " or "
            told.append(mode.join(json.loads(text)))
        elif name not in _SILENT:
            argument = text if name in _NAMELESS else f"{name}={text}"
            told += [argument] if len(argument) <= _BRIEF else []
    return " ".join(told)


_NAMELESS = frozenset({
    "entity", "doc", "index", "store", "kind", "type", "status", "code", "upstream", "method",
    "isolation", "schema",
})  # fmt: skip
_SILENT = frozenset({"mode", "algo", "message", "body", "value", "payload", "details"})


def entity_fields(facts: RouteFacts) -> dict[str, tuple[str, ...]]:
    """The entities that the path is parsed as, each with the names of its fields."""
    return {
        step.arguments["entity"]: tuple(name for name, _ in step.sets)
        for step in facts.steps
        if step.operation == "parse.path" and "entity" in step.arguments and step.sets
    }


def _typed(names: Sequence[tuple[str, str]], entities: Mapping[str, Sequence[str]]) -> str:
    """Names by their type, a line for each: `$newest $tags: rows`."""
    rest, by_type = dict(names), dict[str, list[str]]()
    for entity, fields in entities.items():
        if all(field in rest for field in fields):
            kinds = dict.fromkeys(rest.pop(field) for field in fields)
            by_type.setdefault(" or ".join(kinds), []).append(f"{{{entity}}}")
    for name, kind in rest.items():
        by_type.setdefault(kind, []).append(name)
    return "\n".join(f"{' '.join(same)}: {kind}" for kind, same in by_type.items())


def _answer(answer: Answer) -> str:
    return f"{answer.status} {answer.code}" if answer.code else str(answer.status)


def _paths(facts: RouteFacts, width: int) -> Iterator[str]:
    if not facts.paths:
        yield "paths: too many to be followed"
        return
    yield f"paths: {len(facts.paths)}" + ("" if facts.complete else ", and more than can be listed")
    for path in facts.paths:
        end = f"{path.status} {path.code}" if path.code else str(path.status or "applied")
        when = path.when if path.when == "always" else f"when {path.when}"
        yield from _hanging(f"  {end} ", when, width)
        yield from _hanging("      ", f"runs {_ranges(path.steps)}: {cost_words(path.cost)}", width)


def _calls(cost: Cost) -> str:
    told = _count(cost.store_calls, "store call")
    return f"{told} ({cost.worst_calls} with lost races)" if cost.retried else told


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _ranges(indexes: Sequence[int]) -> str:
    """`0-4 6-18`."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _hanging(head: str, text: str, width: int) -> Iterator[str]:
    """Text behind a head; what does not fit stands below its beginning."""
    lines = _wrapped(text, max(20, width - len(head)))
    for at, line in enumerate(lines or [""]):
        yield (head if at == 0 else " " * len(head)) + line


def _list(head: str, items: Sequence[str], width: int) -> Iterator[str]:
    """Items behind a head, none of them broken."""
    line = head
    for at, item in enumerate(items):
        text = item if at == len(items) - 1 else f"{item},"
        if len(line) + len(text) > width and line.strip():
            yield line
            line = " " * len(head)
        line += f"{text} "
    yield line


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    columns = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for parts in zip_longest(*columns, fillvalue=""):
        *left, last = (f"{part:<{width}}" for part, width in zip(parts, widths, strict=True))
        yield " ".join([*left, last.strip().rjust(widths[-1])])


def _wrapped(text: str, width: int) -> list[str]:
    lines = [wrap(_plain(line), width, break_on_hyphens=False) for line in text.split("\n")]
    return [part for parts in lines for part in parts]


def _plain(text: str) -> str:
    """What stands in a schema must not move the cursor of who reads the listing."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
