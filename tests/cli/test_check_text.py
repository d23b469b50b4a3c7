"""Findings for people: the line, the caret under what is meant, hint and path; nothing hostile."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.load import load
from service.check_formats import as_github, as_junit
from service.check_sarif import as_sarif
from service.check_source import Checked, Report, Text
from service.check_text import WIDTH, excerpt_of, tell
from service.console import takes_colours
from tests.pipelines.check.casebook import cases
from tests.support.cli import Ran, larder_within

ANSI = re.compile("\x1b\\[[0-9;]*m")


def checked(source: bytes, tmp_path: Path, *options: str, **environ: str) -> Ran:
    (tmp_path / "s.json").write_bytes(source)
    return larder_within("check", "s.json", *options, home=tmp_path, environ=environ)


def told(source: bytes) -> list[str]:
    found = load(source, "s.json").findings
    return list(tell(found, Text(source)))


def test_a_finding_is_printed_as_compilers_print_it() -> None:
    assert told(b'{\n  "type_id": "a",\n  "type_id": "b"\n}') == [
        "s.json:3:3: error E101: the key `type_id` stands twice",
        '    3 |   "type_id": "b"',
        "      |   ^^^^^^^^^",
        "      = at: /type_id",
    ]


def test_a_counterexample_has_its_own_line() -> None:
    (case,) = (c for c in cases() if c.title == "a success before the commit")
    (finding,) = load(case.source, "s.json").findings
    lines = told(case.source)
    assert finding.path.startswith("when ")
    assert f"      = hint: {finding.hint}" in lines
    assert f"      = path: {finding.path}" in lines
    assert [line for line in lines if finding.path in line] == [f"      = path: {finding.path}"]


def test_of_a_step_on_several_lines_its_operation_is_shown() -> None:
    (case,) = (c for c in cases() if c.title == "a success before the commit")
    lines = told(case.source)
    assert [line[5:] for line in lines[1:4]] == [
        " |      {",
        " |      ^",
        ' |       "op": "respond.json",',
    ]


@pytest.mark.parametrize(
    ("line", "column", "token"),
    [
        (b'{"a": "b\\"c", "d": 1}', 7, '"b\\"c"'),
        (b'{"a": "open', 7, '"open'),
        (b'{"a": -12.5e3, "d": 1}', 7, "-12.5e3"),
        (b'{"a": {"b": "}"}, "c": 1}', 7, '{"b": "}"}'),
        (b'{"a": [1, [2', 7, "["),
        (b'{"a": true}', 7, "true"),
        (b'{"a": }', 7, "}"),
        (b"{", 2, "?"),
    ],
)
def test_the_caret_takes_the_whole_token(line: bytes, column: int, token: str) -> None:
    assert Text(line).token(1, column) == len(token)


def test_carets_stand_under_what_they_mean_whatever_stands_before() -> None:
    source = '{"名前": "e\u0301", "type_id":\t1}'.encode()
    found = [each for each in load(source, "s.json").findings if each.pointer == "/type_id"]
    excerpt, caret = excerpt_of(found[0], Text(source))
    assert (excerpt, caret) == ('{"名前": "e\u0301", "type_id": 1}', " " * 25 + "^")


@pytest.mark.parametrize("before", [0, 50, 5000])
@pytest.mark.parametrize("after", [0, 5000])
def test_a_long_line_is_cut_around_what_is_meant(before: int, after: int) -> None:
    source = f'{{{" " * before}"type_id": 1, "comment": "{"x" * after}"}}'.encode()
    found = [each for each in load(source, "s.json").findings if each.pointer == "/type_id"]
    excerpt, caret = excerpt_of(found[0], Text(source))
    assert len(excerpt) <= WIDTH
    assert excerpt[caret.index("^")] == "1"
    assert (excerpt[-1] == "…") is (after > 0)
    assert (excerpt[0] == "…") is (before > 0 and before + after > WIDTH)


def test_wide_characters_do_not_widen_an_excerpt() -> None:
    source = ('{"comment": "' + "名" * 200 + '", "type_id": 1}').encode()
    found = [each for each in load(source, "s.json").findings if each.pointer == "/type_id"]
    excerpt, caret = excerpt_of(found[0], Text(source))
    assert excerpt.endswith('"type_id": 1}')
    cells = sum(2 if each == "名" else 1 for each in excerpt[: excerpt.index("1}")])
    assert caret == " " * cells + "^"


@pytest.mark.parametrize(
    "text",
    [
        '{"a\\u001b[2J": 1, "\x1b]0;owned\x07": "\x9b31m"}',
        '{"a\\u001b[2J": 1, "c\\u202e": "\x9b31m", "type_id": "\\u001b[2J"}',
    ],
)
def test_no_control_character_of_a_schema_reaches_the_terminal(tmp_path: Path, text: str) -> None:
    hostile = text.encode()
    for options in ((), ("--color", "always"), ("--format", "github")):
        ran = checked(hostile, tmp_path, *options)
        said = ANSI.sub("", ran.out.decode()) + ran.err
        assert all(each.isprintable() or each == "\n" for each in said)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(str.encode),
        st.dictionaries(st.text(max_size=20), st.text(max_size=150), max_size=4).map(
            lambda value: json.dumps(value, ensure_ascii=False).encode()
        ),
    )
)
def test_whatever_is_checked_is_shown_within_its_width_and_printable(source: bytes) -> None:
    text = Text(source)
    for finding in load(source, "s.json").findings:
        excerpt, caret = excerpt_of(finding, text)
        assert "^" in caret
        assert len(excerpt) <= WIDTH
        assert all(line.isprintable() for line in tell([finding], text))
        for as_form in (as_github, as_junit, as_sarif):
            assert as_form(Report((Checked("s.json", text, (finding,)),), ())).encode()


def test_colours_are_for_terminals(tmp_path: Path) -> None:
    plain = checked(b"{", tmp_path)
    assert not ANSI.search(plain.out.decode())
    coloured = checked(b"{", tmp_path, "--color", "always", NO_COLOR="1")
    assert ANSI.search(coloured.out.decode())
    assert ANSI.sub("", coloured.out.decode()) == plain.out.decode()


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_takes_colours_unless_its_user_does_not(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    master, slave = os.openpty()
    with os.fdopen(master), os.fdopen(slave, "w") as terminal:
        assert takes_colours(terminal) is coloured


@pytest.mark.parametrize(
    ("source", "told"),
    [(b"{", "1 error, 0 warnings"), (b'{"x": 1, "y": 2}', "errors, 0 warnings")],
)
def test_the_last_line_counts(tmp_path: Path, source: bytes, told: str) -> None:
    assert checked(source, tmp_path).err.splitlines()[-1].startswith("1 file checked: ")
    assert checked(source, tmp_path).err.splitlines()[-1].endswith(told)
