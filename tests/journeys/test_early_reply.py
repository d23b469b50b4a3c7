"""A reply that comes before the body was read also reaches clients that send everything first."""

from tests.support.server import LiveServer

BIG = bytes(16 * 1024 * 1024)


def test_a_second_publish_of_many_bytes_sees_its_409(shared_server: LiveServer) -> None:
    place = "early-reply/big/1.0.0/any"
    assert shared_server.put(place, BIG).status == 201
    answer = shared_server.put(place, BIG)
    assert (answer.status, answer.json()["error"]["code"]) == (409, "ALREADY_EXISTS")


def test_a_big_upload_without_a_token_sees_its_401(shared_server: LiveServer) -> None:
    answer = shared_server.put("early-reply/big/2.0.0/any", BIG, token=None)
    assert (answer.status, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")
