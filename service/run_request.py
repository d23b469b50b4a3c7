"""The request of `larder run`: a file in the format of examples, or one of the route's own."""

from typing import Any

import msgspec

from pipelines.examples.format import Example, parse_examples
from schema.document import Document, Route
from schema.nearest import hint
from schema.parse import parse
from service.console import read_input, say
from service.failures import CouldNotRun

_OF_EXAMPLES = ("name", "given", "request", "expect")
"""Any of these makes an object an example; without one it is an example's `request`."""


def read_request(file: str, route: Route, document: Document) -> Example:
    """The request in a file (`-` is standard input), or the whole example.

    Raises CouldNotRun, after telling each fault with its place.
    """
    shown = "<stdin>" if file == "-" else file
    parsed = parse(read_input(file), shown)
    if parsed.findings:
        for finding in parsed.findings:
            say(str(finding))
        raise CouldNotRun(f"{shown} is not JSON")
    whole = isinstance(parsed.value, dict) and any(n in parsed.value for n in _OF_EXAMPLES)
    within = "" if whole else "/request"
    written: Any = parsed.value if whole else {"request": parsed.value}
    example = {"name": shown, "expect": {"status": 200}, **written}
    alone = msgspec.structs.replace(route, examples=(example,))
    examples, faults = parse_examples(alone, "", document)
    for fault in faults:
        pointer = fault.pointer.removeprefix("/examples/0").removeprefix(within)
        say(str(parsed.places.finding(fault.rule, pointer, fault.message, fault.hint)))
    if faults:
        what = "an example" if whole else "a request"
        raise CouldNotRun(
            f"{shown} is not {what} of {route.id}",
            hint="`larder test --help` shows the format of examples and their requests.",
        )
    return examples[0]


def own_example(name: str, route: Route, document: Document) -> Example:
    """A route's own example by name. Raises CouldNotRun for none."""
    examples, _ = parse_examples(route, "", document)
    for example in examples:
        if example.name == name:
            return example
    known = [example.name for example in examples]
    raise CouldNotRun(f"{route.id} has no example {name!r}", hint=hint(name, known) or None)
