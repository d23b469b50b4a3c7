import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from service.keys import KeyFileError, open_keys, read_keys, rotate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "jwt_secret.json"


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(path: Path):
    kid, secret = open_keys(path).signing()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(secret) == 64
    assert open_keys(path).signing() == (kid, secret)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("short", "5 bytes and needs at least 32"),
        ("", "0 bytes and needs at least 32"),
        ('{"keys": []}', "holds no key"),
        ('{"keys": [{"kid": "a", "secret": "c2hvcnQ="}]}', "5 bytes and needs at least 32"),
        ('{"keys": [{"kid": "a", "secret": "??"}]}', "not base64"),
        ('{"keys": 1}', "is no key file"),
        ("{", "is no key file"),
    ],
)
def test_a_key_file_that_is_not_good_enough_is_refused(path: Path, content: str, reason: str):
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(KeyFileError, match=reason):
        open_keys(path)
    assert path.read_text() == content


def test_a_file_that_holds_nothing_but_a_secret_is_one_key(path: Path):
    path.parent.mkdir()
    path.write_text("s" * 32 + "\n")
    assert open_keys(path).signing()[1] == b"s" * 32


def test_after_a_rotation_both_keys_verify_until_the_old_one_retires(path: Path):
    keys = open_keys(path)
    old, old_secret = keys.signing()
    new = rotate(path, now=1000, longest_session_seconds=60)
    assert keys.signing()[0] == new
    assert keys.verifying(old, 1060) == old_secret
    assert keys.verifying(old, 1061) is None
    assert keys.verifying(new, 9999) is not None


def test_a_retired_key_leaves_the_file_at_the_next_rotation(path: Path):
    old, _ = open_keys(path).signing()
    second = rotate(path, now=1000, longest_session_seconds=60)
    third = rotate(path, now=2000, longest_session_seconds=60)
    assert [key.kid for key in read_keys(path)] == [third, second]
    assert old not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_that_goes_bad_while_serving_is_told_and_the_keys_go_on(path: Path, caplog):
    keys = open_keys(path)
    kid, secret = keys.signing()
    path.write_text("{broken")
    assert keys.verifying("unknown", 0) is None
    assert keys.signing() == (kid, secret)
    assert caplog.text.count("is no key file") == 1


def test_a_message_never_holds_the_secret(path: Path):
    path.parent.mkdir()
    path.write_text(json.dumps({"keys": [{"kid": "a", "secret": "hush hush"}]}))
    with pytest.raises(KeyFileError) as refused:
        open_keys(path)
    assert "hush" not in str(refused.value)


def start(path: Path, together: "multiprocessing.synchronize.Barrier", seen) -> None:
    together.wait(30)
    seen.put(open_keys(path).signing())


def test_four_processes_that_start_at_once_sign_with_the_same_key(path: Path):
    context = multiprocessing.get_context("spawn")
    together, seen = context.Barrier(4), context.Queue()
    started = [context.Process(target=start, args=(path, together, seen)) for _ in range(4)]
    for process in started:
        process.start()
    keys = {seen.get(timeout=60) for _ in started}
    for process in started:
        process.join(60)
    assert len(keys) == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]
