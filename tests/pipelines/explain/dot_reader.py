"""Reads the part of DOT that pictures of pipelines use; refuses everything else.

The grammar is that of graphviz.org/doc/info/lang.html: identifiers, quoted strings with `\\"` as
the only way to a quote, attribute lists, edges.
"""

import re
from typing import NamedTuple

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z_][A-Za-z0-9_]*|[0-9]+)|(->|[{}\[\]=,;]))')


class Picture(NamedTuple):
    """Node names with their labels as they are shown; edges with theirs."""

    nodes: dict[str, str]
    edges: list[tuple[str, str, str]]


def read_dot(text: str) -> Picture:
    """The nodes and edges. Raises ValueError for what is no DOT."""
    return _Reader(_tokens(text.strip())).graph()


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"no token at {text[at : at + 40]!r}")
        found.append(match[0].strip())
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.nodes: dict[str, str] = {}
        self.edges: list[tuple[str, str, str]] = []

    def graph(self) -> Picture:
        self.expect("digraph")
        self.expect("{")
        while self.tokens[0] != "}":
            self.statement()
        self.expect("}")
        if self.tokens:
            raise ValueError(f"text behind the graph: {self.tokens[0]}")
        return Picture(self.nodes, self.edges)

    def statement(self) -> None:
        name = self.name()
        if self.tokens[0] == "=":
            self.expect("=")
            self.tokens.pop(0)
        elif self.tokens[0] == "->":
            self.expect("->")
            self.edges.append((name, self.name(), self.attributes().get("label", "")))
        else:
            attributes = self.attributes()
            if name != "node":
                self.nodes[name] = attributes["label"]
        self.expect(";")

    def attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.tokens[0] != "[":
            return found
        self.expect("[")
        while self.tokens[0] != "]":
            name = self.name()
            self.expect("=")
            found[name] = _shown(self.tokens.pop(0))
            if self.tokens[0] == ",":
                self.expect(",")
        self.expect("]")
        return found

    def name(self) -> str:
        token = self.tokens.pop(0)
        if not token.isidentifier():
            raise ValueError(f"{token!r} is no name")
        return token

    def expect(self, token: str) -> None:
        if not self.tokens or self.tokens[0] != token:
            raise ValueError(f"{token!r} is missing before {self.tokens[:3]}")
        self.tokens.pop(0)


def _shown(token: str) -> str:
    if not token.startswith('"'):
        return token
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], token[1:-1])
