"""`larder serve` prints what it finds in its schema as `larder check` does."""

from pathlib import Path

from tests.support.cli import larder, larder_within
from tests.support.server import ROOT, LiveServer

SHIPPED = (ROOT / "schema.json").read_bytes()


def test_a_refused_schema_is_told_as_by_check_and_nothing_is_served(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(SHIPPED.replace(b'"op": "kv.get"', b'"op": "kv.gett"'))
    checked = larder_within("check", "s.json", home=tmp_path)
    served = larder("serve", "--schema", "s.json", "--port", "0", home=tmp_path)
    assert served.code == checked.code == 1
    assert "      = hint: did you mean kv.get?\n" in served.err
    assert served.err == checked.out.decode() + "s.json is refused; nothing is served\n"


def test_a_warning_is_told_as_by_check_and_the_schema_is_served(tmp_path: Path) -> None:
    warned = tmp_path / "warned.json"
    warned.write_bytes(SHIPPED.replace(b'"pin_on_access": false', b'"pin_on_access": true'))
    environ = {"LARDER_SCHEMA": str(warned)}
    checked = larder_within("check", home=tmp_path, environ=environ)
    with LiveServer(tmp_path, environ) as server:
        assert server.ask("GET", "/health/ready").status == 200
        assert checked.out.decode() in server.log.read_text(encoding="utf-8")
    assert "warning W103" in checked.out.decode()
