import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from config_db.accounts import Account
from errors.problem import Refusal
from service.keys import SigningKeys, open_keys, rotate
from service.sessions import Sessions

NOW = 1_800_000_000
ANN = Account(1, "ann", "v1$", ("read",), None, False, False, "stamp", None, 1)
GOOD = {
    "iss": "larder", "aud": "larder", "sub": "ann", "iat": NOW, "nbf": NOW, "exp": NOW + 60,
    "jti": "jti", "stamp": "stamp",
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jwt_secret.json"


@pytest.fixture
def keys(path: Path) -> SigningKeys:
    return open_keys(path)


@pytest.fixture
def sessions(keys: SigningKeys) -> Sessions:
    return Sessions(keys, lambda: NOW, ttl_seconds=60)


def refusal_of(sessions: Sessions, token: str) -> str:
    with pytest.raises(Refusal) as refused:
        sessions.read(token)
    assert refused.value.problem.code == "UNAUTHORIZED"
    return refused.value.problem.message


def signed(keys: SigningKeys, algorithm: str = "HS256", **changes: Any) -> str:
    kid, secret = keys.signing()
    claims = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return jwt.encode(claims, secret, algorithm, headers={"kid": kid})


def unsigned(header: Any, payload: Any, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_what_is_issued_is_read_back_and_carries_every_claim(sessions: Sessions):
    token = sessions.issue(ANN)
    claims = sessions.read(token)
    assert (claims.username, claims.stamp, claims.expires_at) == ("ann", "stamp", NOW + 60)
    payload = jwt.decode(token, options={"verify_signature": False})
    assert set(payload) == {"iss", "aud", "sub", "iat", "nbf", "exp", "jti", "stamp"}
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


def test_every_session_has_a_jti_of_its_own(sessions: Sessions):
    assert len({sessions.read(sessions.issue(ANN)).jti for _ in range(100)}) == 100


def test_a_session_ends_at_its_last_second(keys: SigningKeys, sessions: Sessions):
    token = sessions.issue(ANN)
    assert Sessions(keys, lambda: NOW + 59.9).read(token)
    assert "expired" in refusal_of(Sessions(keys, lambda: NOW + 60), token)


@pytest.mark.parametrize("claim", sorted(GOOD))
def test_a_token_that_lacks_a_claim_is_refused(keys: SigningKeys, sessions: Sessions, claim: str):
    assert sessions.read(signed(keys))
    refusal_of(sessions, signed(keys, **{claim: ...}))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ["larder"]},
        {"aud": ["larder", "other"]},
        {"sub": 7},
        {"sub": ""},
        {"sub": "x" * 129},
        {"jti": 7},
        {"stamp": None},
        {"stamp": ["stamp"]},
        {"exp": str(NOW + 60)},
        {"exp": NOW + 60.5},
        {"exp": True},
        {"exp": None},
        {"exp": 10**400},
        {"iat": "now"},
        {"iat": NOW + 6},
        {"nbf": NOW + 6},
        {"exp": NOW},
        {"exp": -1},
    ],
)
def test_a_claim_of_the_wrong_value_or_type_is_refused(
    keys: SigningKeys, sessions: Sessions, changes: dict[str, Any]
):
    refusal_of(sessions, signed(keys, **changes))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_only_the_one_algorithm_counts_even_with_the_right_key(
    keys: SigningKeys, sessions: Sessions, algorithm: str
):
    refusal_of(sessions, signed(keys, algorithm))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 7, "RS256"])
def test_an_unsigned_token_is_refused(keys: SigningKeys, sessions: Sessions, algorithm: Any):
    header = {"alg": algorithm, "typ": "JWT", "kid": keys.signing()[0]}
    for signature in (b"", b"x" * 32):
        refusal_of(sessions, unsigned(header, GOOD, signature))


@pytest.mark.parametrize("kid", ["unknown", "", "../../etc/passwd", None, 7, ["a"], {}])
def test_a_key_that_is_not_ours_is_refused(keys: SigningKeys, sessions: Sessions, kid: Any):
    header = {"alg": "HS256", "typ": "JWT", "kid": kid}
    refusal_of(sessions, unsigned(header, GOOD, b"x" * 32))
    refusal_of(sessions, jwt.encode(GOOD, b"k" * 32, "HS256", headers={"kid": keys.signing()[0]}))
    refusal_of(sessions, jwt.encode(GOOD, keys.signing()[1], "HS256"))


def test_a_changed_payload_breaks_the_signature(sessions: Sessions):
    header, _, signature = sessions.issue(ANN).split(".")
    payload = unsigned({}, GOOD | {"sub": "admin"}).split(".")[1]
    refusal_of(sessions, f"{header}.{payload}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "..", "...", "a.b.c", "a", "=.=.=", "é.é.é",
        "x" * 3000, unsigned([], GOOD), unsigned("", GOOD), unsigned(None, None),
        base64.urlsafe_b64encode(b"[" * 1400).decode() + ".e30.e30",
        base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"\xff"}').decode() + ".e30.e30",
    ],
)  # fmt: skip
def test_garbage_is_refused_and_never_a_fault(sessions: Sessions, token: str):
    refusal_of(sessions, token)


def test_sessions_outlive_a_rotation_of_the_key_by_another_process(path: Path, sessions: Sessions):
    before = sessions.issue(ANN)
    rotate(path, now=NOW, longest_session_seconds=60)
    after = sessions.issue(ANN)
    kids = [jwt.get_unverified_header(token)["kid"] for token in (before, after)]
    assert kids[0] != kids[1]
    assert sessions.read(before).username == sessions.read(after).username == "ann"


def test_a_token_of_a_key_that_has_retired_is_refused(path: Path, keys: SigningKeys):
    long = Sessions(keys, lambda: NOW, ttl_seconds=10_000).issue(ANN)
    rotate(path, now=NOW, longest_session_seconds=60)
    later = Sessions(open_keys(path), lambda: NOW + 61)
    refusal_of(later, long)
