"""`larder fetch` against services that lie, break off, or are no Larder at all."""

import hashlib
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.cli import Ran, larder_within
from tests.support.liar import Said, liar

CONTENT = b"what was published"
OTHER = hashlib.sha256(b"something else")
WHAT = "acme/hello/1.0.0/txt"


def repr_digest(digest: bytes) -> dict[str, str]:
    return {"Repr-Digest": f"sha-256=:{b64encode(digest).decode()}:"}


RIGHT = repr_digest(hashlib.sha256(CONTENT).digest())


def fetch(home: Path, said: Said, *options: str) -> Ran:
    with liar(said) as url:
        return larder_within("fetch", WHAT, "--url", url, *options, home=home)


def test_what_was_announced_is_kept(tmp_path: Path) -> None:
    ran = fetch(tmp_path, Said(200, RIGHT, CONTENT), "-o", "out")
    assert ran.code == 0
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_an_etag_announces_a_digest_too(tmp_path: Path) -> None:
    etag = {"ETag": f'"sha256:{hashlib.sha256(CONTENT).hexdigest()}"'}
    assert fetch(tmp_path, Said(200, etag, CONTENT), "-o", "out").code == 0


@pytest.mark.parametrize(
    "headers",
    [
        repr_digest(OTHER.digest()),
        {"ETag": f'"{OTHER.hexdigest()}"'},
        {"Repr-Digest": "sha-256=:????:"},
        {"Repr-Digest": "sha-256=:abc:"},
        {},
    ],
)
def test_what_was_not_announced_is_not_kept(tmp_path: Path, headers: dict[str, str]) -> None:
    ran = fetch(tmp_path, Said(200, headers, CONTENT), "-o", "out")
    assert (ran.code, ran.err.split(":")[0]) == (3, "error DIGEST_MISMATCH")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_survives_a_mismatch(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"older")
    fetch(tmp_path, Said(200, repr_digest(OTHER.digest()), CONTENT), "-o", "out")
    assert [(f.name, f.read_bytes()) for f in tmp_path.iterdir()] == [("out", b"older")]


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    ran = fetch(tmp_path, Said(200, RIGHT, CONTENT, cut=5), "-o", "out")
    assert (ran.code, list(tmp_path.iterdir())) == (4, [])


def test_standard_output_gets_verified_bytes_only(tmp_path: Path) -> None:
    assert fetch(tmp_path, Said(200, RIGHT, CONTENT), "-o", "-").out == CONTENT
    assert fetch(tmp_path, Said(200, repr_digest(OTHER.digest()), CONTENT), "-o", "-").out == b""


def test_without_a_name_the_coordinate_is_the_name(tmp_path: Path) -> None:
    fetch(tmp_path, Said(200, RIGHT, CONTENT))
    assert (tmp_path / "hello-1.0.0-txt").read_bytes() == CONTENT


@pytest.mark.parametrize("output", [".", "missing/out"])
def test_a_place_that_cannot_be_written_exits_with_2(tmp_path: Path, output: str) -> None:
    assert fetch(tmp_path, Said(200, RIGHT, CONTENT), "-o", output).code == 2


def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    fetch(tmp_path, Said(200, RIGHT, CONTENT), "-o", "out")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_answer_that_is_no_larders_is_still_told(tmp_path: Path) -> None:
    ran = fetch(tmp_path, Said(502, {}, b"<html>bad gateway</html>"))
    assert (ran.code, ran.err.split(":")[0]) == (1, "error HTTP_502")


def test_what_a_service_says_cannot_move_the_cursor(tmp_path: Path) -> None:
    body = b'{"ok": false, "error": {"code": "GONE", "message": "\\u001b[2Jgone"}}'
    assert "\x1b" not in fetch(tmp_path, Said(410, {}, body)).err
