"""Comparisons and values in words, for messages and counterexamples."""

import json

from pipelines.nodes import ArrayNode, Constant, Node, ObjectNode, Reference, Template, Test


def words(test: Test) -> str:
    """A comparison as a person would say it: `is_null $meta`."""
    return " ".join([test.operator, *map(node_words, test.operands)])


def node_words(node: Node) -> str:
    """A value as it is written."""
    match node:
        case Reference():
            return str(node)
        case Template(parts):
            return json.dumps("".join(map(str, parts)))
        case Constant(value):
            return json.dumps(value)
        case ArrayNode(items):
            return f"[{', '.join(map(node_words, items))}]"
        case ObjectNode(items):
            return "{" + ", ".join(f"{key}: {node_words(value)}" for key, value in items) + "}"
