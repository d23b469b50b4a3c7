"""POST /admin/check judges a schema as `larder check` does, for administrators only."""

from pathlib import Path

from pipelines.load import load
from schema.parse import MAX_BYTES
from tests.support.server import LiveServer, ask

SHIPPED = (Path(__file__).parents[2] / "schema.json").read_bytes()
BROKEN = SHIPPED.replace(b'"op": "txn.commit"', b'"op": "txn.comit"')


def test_a_sound_schema_has_no_findings(shared_server: LiveServer) -> None:
    answer = shared_server.ask("POST", "/admin/check", SHIPPED)
    assert (answer.status, answer.json()) == (
        200,
        {"ok": True, "errors": 0, "warnings": 0, "findings": []},
    )


def test_a_broken_schema_has_the_findings_of_the_check(shared_server: LiveServer) -> None:
    answer = shared_server.ask("POST", "/admin/check", BROKEN).json()
    expected = [str(finding) for finding in load(BROKEN, "schema.json").findings]
    assert [finding["rule"] for finding in answer["findings"]] == [
        text.split()[2] for text in expected
    ]
    assert answer["errors"] == len(expected) > 0


def test_what_is_no_json_is_a_finding(shared_server: LiveServer) -> None:
    answer = shared_server.ask("POST", "/admin/check", b"{,}")
    assert answer.status == 200
    assert [finding["rule"] for finding in answer.json()["findings"]] == ["E101"]


def test_more_than_a_schema_may_have_is_refused(shared_server: LiveServer) -> None:
    answer = shared_server.ask("POST", "/admin/check", b" " * (MAX_BYTES + 1))
    assert (answer.status, answer.json()["error"]["code"]) == (413, "JSON_TOO_LARGE")


def test_only_administrators_may_check(shared_server: LiveServer) -> None:
    assert ask(shared_server.url, "POST", "/admin/check", b"{}").status == 401
    made = shared_server.ask("POST", "/auth/tokens", {"name": "t", "scopes": ["write"]}).json()
    answer = ask(shared_server.url, "POST", "/admin/check", b"{}", token=made["token"])
    assert (answer.status, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
