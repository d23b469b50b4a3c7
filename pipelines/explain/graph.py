"""A pipeline as a graph: steps are nodes, guards are labelled edges, replies are ends.

Before each guarded step stands a joint; one edge leads from there into the step, the other past it.
DOT: graphviz.org/doc/info/lang.html. Mermaid: mermaid.js.org/syntax/flowchart.html.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from pipelines.derive.facts import RouteFacts, StepFacts
from pipelines.explain.listing import brief

_MOST = 120
"""Characters of a label."""

Kind = Literal["start", "step", "joint", "reply", "end"]


class Node(NamedTuple):
    """One node: `name` is safe in every notation; the lines of `label` are only printable."""

    name: str
    kind: Kind
    label: tuple[str, ...]


class Edge(NamedTuple):
    """One edge; `label` is empty where nothing is decided."""

    source: str
    target: str
    label: str = ""


def dot(facts: RouteFacts) -> str:
    """The graph in DOT."""
    nodes, edges = graph(facts)
    lines = ["digraph {", "  rankdir=TB;", '  node [fontname="monospace", shape=box];']
    for node in nodes:
        label = "\\n".join(_dot_text(line) for line in node.label)
        lines.append(f'  {node.name} [label="{label}"{_DOT_STYLES[node.kind]}];')
    for edge in edges:
        label = f' [label="{_dot_text(edge.label)}"]' if edge.label else ""
        lines.append(f"  {edge.source} -> {edge.target}{label};")
    return "\n".join([*lines, "}"])


def mermaid(facts: RouteFacts) -> str:
    """The graph as a Mermaid flowchart."""
    nodes, edges = graph(facts)
    lines = ["flowchart TD"]
    for node in nodes:
        opening, closing = _MERMAID_FRAMES[node.kind]
        label = "<br/>".join(_mermaid_text(line) for line in node.label)
        lines.append(f'  {node.name}{opening}"{label}"{closing}')
    for edge in edges:
        label = f'|"{_mermaid_text(edge.label)}"|' if edge.label else ""
        lines.append(f"  {edge.source} -->{label} {edge.target}")
    return "\n".join(lines)


def graph(facts: RouteFacts) -> tuple[list[Node], list[Edge]]:
    """Nodes and edges; steps that no path runs are left out."""
    steps = [step for step in facts.steps if step.runs]
    title = f"{facts.method} {facts.path}".strip() or "apply"
    nodes = [Node("start", "start", (_short(facts.id), _short(title)))]
    for step in steps:
        if step.guard is not None:
            nodes.append(Node(f"if{step.index}", "joint", (f"{step.index}?",)))
        nodes.append(Node(f"s{step.index}", _kind(step), tuple(_label(step))))
    if not facts.method:
        nodes.append(Node("end_", "end", ("applied",)))
    return nodes, list(_edges(steps, "" if facts.method else "end_"))


def _edges(steps: list[StepFacts], end: str) -> Iterator[Edge]:
    """`end` is the node behind the last step, if there is one."""
    open_ = [("start", "")]
    for step in steps:
        name, entry = f"s{step.index}", f"s{step.index}"
        if step.guard is not None:
            entry = f"if{step.index}"
        yield from (Edge(source, entry, label) for source, label in open_)
        open_ = []
        if step.guard is not None:
            yield Edge(entry, name, _short(step.guard))
            open_.append((entry, "else"))
        if "reply" not in step.effects:
            open_.insert(0, (name, ""))
    if end:
        yield from (Edge(source, end, label) for source, label in open_)


def _kind(step: StepFacts) -> Kind:
    return "reply" if "reply" in step.effects else "step"


def _label(step: StepFacts) -> Iterator[str]:
    yield _short(f"{step.index} {brief(step)}")
    if step.sets:
        yield _short(f"sets {', '.join(name for name, _ in step.sets)}")
    refused = [
        answer.code for answer in step.answers if answer.code and "reply" not in step.effects
    ]
    if refused:
        yield _short(f"may refuse: {', '.join(dict.fromkeys(refused))}")


def _short(text: str) -> str:
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


_DOT_STYLES: dict[Kind, str] = {
    "start": ", shape=plaintext",
    "step": "",
    "joint": ", shape=diamond",
    "reply": ", style=rounded, peripheries=2",
    "end": ", shape=doublecircle",
}

_MERMAID_FRAMES: dict[Kind, tuple[str, str]] = {
    "start": ("[", "]"),
    "step": ("[", "]"),
    "joint": ("{", "}"),
    "reply": ("([", "])"),
    "end": ("((", "))"),
}


def _dot_text(text: str) -> str:
    """Inside quotes a backslash begins an escape, and a quote ends the text."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _mermaid_text(text: str) -> str:
    """Mermaid reads markup even in quotes: all but plain characters are entity codes."""
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:=$/?()-_"
    return "".join(each if each in plain else f"#{ord(each)};" for each in text)
