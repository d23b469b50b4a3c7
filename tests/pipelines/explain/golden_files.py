"""The listings of the shipped pipelines as files; `python -m tests.pipelines.explain.golden_files`
writes them anew."""

import json
from functools import cache
from pathlib import Path

from pipelines.derive.facts import RouteFacts
from pipelines.derive.routes import apply_facts, route_facts
from pipelines.explain.formats import Format, explain
from pipelines.load import Loaded, load

SOURCE = Path(__file__).resolve().parents[3] / "schema.json"
FOLDER = Path(__file__).parent / "golden"
PICTURED = "get_blob"
ENDINGS: dict[str, Format] = {"txt": "text", "dot": "dot", "mmd": "mermaid"}


@cache
def shipped() -> Loaded:
    """The shipped schema."""
    return load(SOURCE.read_bytes(), "schema.json")


@cache
def every() -> dict[str, RouteFacts]:
    """The facts of all shipped routes and apply pipelines."""
    loaded, written = shipped(), json.loads(SOURCE.read_bytes())
    found = (*route_facts(loaded, written=written), *apply_facts(loaded))
    return {facts.id: facts for facts in found}


def files() -> dict[str, str]:
    """What each file should hold: a listing for each, pictures of one."""
    found = {f"{name}.txt": explain(facts) + "\n" for name, facts in every().items()}
    for ending, form in ENDINGS.items():
        found[f"{PICTURED}.{ending}"] = explain(every()[PICTURED], form) + "\n"
    return found


def write() -> None:
    """Write every file, and remove those of pipelines that are no more."""
    wanted = files()
    for file in FOLDER.iterdir():
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
