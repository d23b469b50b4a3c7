"""Pictures of pipelines: valid in their notation whatever a schema's names are."""

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.derive.facts import RouteFacts
from pipelines.explain.graph import dot, graph, mermaid
from tests.pipelines.explain.dot_reader import Picture, read_dot
from tests.pipelines.explain.golden_files import every

HOSTILE = [
    '"];evil [label="',
    "\\",
    '\\"',
    "a\nb",
    "end",
    "<b>&amp;</b>",
    "x|y",
    "]--> z",
    "%%{",
    "🙂",
]
_NODE = re.compile(r'  (\w+)(\[|\{|\(\[|\(\()"([^"]*)"(\]|\}|\]\)|\)\))')
_EDGE = re.compile(r'  (\w+) -->(?:\|"([^"]*)"\|)? (\w+)')
_ENTITY = re.compile(r"#(\d+);")


def read_mermaid(text: str) -> Picture:
    """The nodes and edges. Raises ValueError for a line that is neither."""
    first, *lines = text.splitlines()
    assert first == "flowchart TD"
    picture = Picture({}, [])
    for line in lines:
        if (node := _NODE.fullmatch(line)) is not None:
            picture.nodes[node[1]] = shown(node[3])
        elif (edge := _EDGE.fullmatch(line)) is not None:
            picture.edges.append((edge[1], edge[3], shown(edge[2] or "")))
        else:
            raise ValueError(f"neither node nor edge: {line!r}")
    return picture


def shown(label: str) -> str:
    """What Mermaid shows of a label: entity codes are characters, `<br/>` ends a line."""
    return _ENTITY.sub(lambda found: html.unescape(f"&#{found[1]};"), label.replace("<br/>", "\n"))


def drawn(facts: RouteFacts) -> Picture:
    """What both notations should hold."""
    nodes, edges = graph(facts)
    labels = {node.name: "\n".join(node.label) for node in nodes}
    return Picture(labels, [tuple(edge) for edge in edges])  # type: ignore[misc]


def with_name(name: str) -> RouteFacts:
    """A route in which everything that a schema names is called so."""
    facts = every()["get_blob"]
    steps = tuple(
        replace(step, arguments={"doc": name}, sets=((name, "text"),), guard=step.guard and name)
        for step in facts.steps
    )
    return replace(facts, id=name, path=name, steps=steps)


@pytest.mark.parametrize("id", every())
def test_dot_and_mermaid_draw_the_same_graph(id: str) -> None:
    facts = every()[id]
    assert read_dot(dot(facts)) == read_mermaid(mermaid(facts)) == drawn(facts)


@pytest.mark.parametrize("id", every())
def test_every_step_is_reached_and_only_ends_lead_nowhere(id: str) -> None:
    nodes, edges = graph(every()[id])
    assert {node.name for node in nodes} - {edge.target for edge in edges} == {"start"}
    ends = {node.name for node in nodes if node.kind in ("reply", "end")}
    assert {node.name for node in nodes} - {edge.source for edge in edges} == ends


def test_a_guard_is_a_labelled_edge_and_its_opposite_leads_past_the_step() -> None:
    _, edges = graph(every()["get_blob"])
    out_of_joint = [(edge.target, edge.label) for edge in edges if edge.source == "if5"]
    assert out_of_joint == [("s5", "is_null $meta"), ("if6", "else")]


def test_steps_that_no_path_runs_are_not_drawn() -> None:
    facts = every()["get_blob"]
    steps = tuple(replace(step, runs=step.index != 6) for step in facts.steps)
    nodes, edges = graph(replace(facts, steps=steps))
    assert "s6" not in {node.name for node in nodes}
    assert ("if5", "s7") in {(edge.source, edge.target) for edge in edges}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_labels(name: str) -> None:
    check(with_name(name))


@given(st.text(max_size=40))
def test_any_name_stays_a_label(name: str) -> None:
    check(with_name(name))


def check(facts: RouteFacts) -> None:
    wanted = drawn(facts)
    assert all(line.isprintable() for label in wanted.nodes.values() for line in label.split("\n"))
    assert read_dot(dot(facts)) == read_mermaid(mermaid(facts)) == wanted
