"""What an upstream may do to us, against a server that does it."""

import asyncio
import contextlib

import pytest

from errors.problem import Refusal
from schema.document_access import Retry, Timeouts, Upstream, UpstreamAuth
from service.addresses import is_public
from service.upstream import UpstreamNetwork, address_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nX-Two: b\r\n\r\nhello"


class Scripted:
    """A server that plays one script per connection: bytes to send, numbers to wait, then ends."""

    def __init__(self):
        self.scripts = []
        self.heads = []
        self.port = 0
        self.busy = set()

    def accept(self, reader, writer):
        task = asyncio.get_running_loop().create_task(self.serve(reader, writer))
        self.busy.add(task)

    async def stop(self):
        for task in self.busy:
            task.cancel()
        await asyncio.gather(*self.busy, return_exceptions=True)

    async def serve(self, reader, writer):
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            for step in self.scripts.pop(0) if self.scripts else (OK,):
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                else:
                    await asyncio.sleep(step)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def upstream(self, **changed):
        facts = {
            "base_url": f"http://127.0.0.1:{self.port}/root", "allow_private": True,
            "timeouts_ms": Timeouts(300, 300), "retry": Retry(max_attempts=1, backoff_ms=1),
        } | changed  # fmt: skip
        return Upstream(**facts)


@pytest.fixture
async def peer():
    scripted = Scripted()
    server = await asyncio.start_server(scripted.accept, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    yield scripted
    server.close()
    await scripted.stop()


@pytest.fixture
async def pauses():
    return []


@pytest.fixture
async def network(pauses):
    async def sleep(seconds):
        pauses.append(seconds)

    made = UpstreamNetwork(
        {"UP_USER": "ann", "UP_PASSWORD": "pw", "UP_TOKEN": "t0ken"},
        fraction=lambda: 1.0,
        sleep=sleep,
    )
    yield made
    await made.close()


async def fetched(network, upstream, path="a/b", method="GET", headers=None):
    answer = await network.fetch("up", upstream, method, path, headers or {})
    try:
        return answer, b"".join([piece async for piece in answer.body.chunks()])
    finally:
        await answer.close()


async def refused(network, upstream, **asked):
    with pytest.raises(Refusal) as refusal:
        await fetched(network, upstream, **asked)
    return refusal.value.problem


async def test_an_answer_comes_with_its_headers_and_raw_bytes(peer, network):
    answer, body = await fetched(network, peer.upstream(), headers={"X-Own": "1"})
    assert (answer.status, answer.headers["x-two"], body) == (200, "a, b", b"hello")
    assert peer.heads[0].startswith("GET /root/a/b HTTP/1.1\r\n")
    assert "X-Own: 1" in peer.heads[0]
    assert "Accept-Encoding: identity" in peer.heads[0]


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        (UpstreamAuth(), None),
        (UpstreamAuth("basic", "UP_USER", "UP_PASSWORD"), "Authorization: Basic YW5uOnB3"),
        (UpstreamAuth("bearer_token", token_env="UP_TOKEN"), "Authorization: Bearer t0ken"),
        (UpstreamAuth("api_key", key_env="UP_TOKEN", header="X-Key"), "X-Key: t0ken"),
    ],
)
async def test_credentials_come_from_the_environment_alone(peer, network, auth, sent):
    forged = {"authorization": "Bearer forged", "x-key": "forged", "host": "evil"}
    await fetched(network, peer.upstream(auth=auth), headers=forged)
    assert sent is None or sent in peer.heads[0]
    assert "evil" not in peer.heads[0]
    assert "Bearer forged" not in peer.heads[0]
    assert sent is None or not sent.startswith("X-Key") or "forged" not in peer.heads[0]


async def test_credentials_that_are_not_set_are_an_error(peer, network):
    auth = UpstreamAuth("bearer_token", token_env="UNSET")
    assert (await refused(network, peer.upstream(auth=auth))).code == "UPSTREAM_ERROR"
    assert peer.heads == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(peer, network, status):
    peer.scripts = [(b"HTTP/1.1 %d X\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n" % status,)]
    problem = await refused(network, peer.upstream())
    assert (problem.code, problem.details["status"]) == ("UPSTREAM_ERROR", status)
    assert len(peer.heads) == 1


async def test_a_missing_thing_is_an_answer(peer, network):
    peer.scripts = [(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n",)]
    answer, _ = await fetched(network, peer.upstream())
    assert answer.status == 404


BUSY = b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n%s\r\n"


async def test_a_busy_upstream_is_asked_again_with_growing_pauses(peer, network, pauses):
    peer.scripts = [(BUSY % b"",), (), (OK,)]
    _, body = await fetched(network, peer.upstream(retry=Retry(max_attempts=3, backoff_ms=100)))
    assert body == b"hello"
    assert pauses == [0.1, 0.2]


async def test_the_last_try_is_an_error(peer, network, pauses):
    peer.scripts = [(BUSY % b"",)] * 9
    problem = await refused(network, peer.upstream(retry=Retry(max_attempts=3, backoff_ms=1)))
    assert (problem.code, problem.details["status"]) == ("UPSTREAM_ERROR", 503)
    assert (len(peer.heads), len(pauses)) == (3, 2)


async def test_retry_after_is_honoured(peer, network, pauses):
    peer.scripts = [(BUSY % b"Retry-After: 3\r\n",), (OK,)]
    await fetched(network, peer.upstream(retry=Retry(max_attempts=3, backoff_ms=1)))
    assert pauses == [3.0]


async def test_an_upstream_that_asks_for_too_long_a_pause_is_left_alone(peer, network, pauses):
    peer.scripts = [(BUSY % b"Retry-After: 3600\r\n",)]
    await refused(network, peer.upstream(retry=Retry(max_attempts=3, backoff_ms=1)))
    assert (pauses, len(peer.heads)) == ([], 1)


async def test_a_write_is_never_sent_twice(peer, network):
    peer.scripts = [(BUSY % b"",)]
    await refused(network, peer.upstream(retry=Retry(max_attempts=3)), method="POST")
    assert len(peer.heads) == 1


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ((), "UPSTREAM_ERROR"),
        ((b"nonsense\r\n\r\n",), "UPSTREAM_ERROR"),
        ((1.0,), "UPSTREAM_TIMEOUT"),
        ((b"HTTP/1.1 200 OK\r\n", *(b"X: y\r\n", 0.1) * 20), "UPSTREAM_TIMEOUT"),
        ((OK[:-2],), "UPSTREAM_ERROR"),
        ((OK[:-2], 1.0), "UPSTREAM_TIMEOUT"),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",),
            "UPSTREAM_ERROR",
        ),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *(b"x", 0.1) * 20), "UPSTREAM_TIMEOUT"),
    ],
)
async def test_an_upstream_that_hangs_drips_or_breaks_off_is_an_error(peer, network, script, code):
    peer.scripts = [script] * 2  # A connection closed before any answer is tried once more.
    assert (await refused(network, peer.upstream())).code == code


async def test_an_upstream_that_is_not_there_is_an_error(network, peer):
    nobody = peer.upstream(base_url="http://127.0.0.1:1/")
    assert (await refused(network, nobody)).code == "UPSTREAM_ERROR"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_refused_at_connect_time(peer, network, host):
    closed = peer.upstream(base_url=f"https://{host}:{peer.port}/", allow_private=False)
    assert (await refused(network, closed)).code == "UPSTREAM_ERROR"
    assert peer.heads == []


async def test_plain_http_is_refused(network, peer):
    plain = peer.upstream(base_url="http://packages.example/", allow_private=False)
    assert "https" in (await refused(network, plain)).message


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("a/b", "https://h/root/a/b"),
        ("/a", "https://h/root/a"),
        ("a?b#c", "https://h/root/a%3Fb%23c"),
        ("@s/p%q", "https://h/root/@s/p%25q"),
        ("é", "https://h/root/%C3%A9"),
    ],
)
def test_a_path_is_taken_literally(path, url):
    assert str(address_of("up", Upstream(base_url="https://h/root/"), path)) == url


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//evil/x",
        "../x",
        "a/../b",
        "a/./b",
        "a/%2e%2e/b",
        "a/%2fb",
        "a\\b",
        "a\r\nb",
        "a//b",
    ],
)
def test_a_path_stays_under_the_base(path):
    with pytest.raises(Refusal, match="UPSTREAM_ERROR"):
        address_of("up", Upstream(base_url="https://h/root"), path)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_a_public_address_is_open(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.8", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1",
        "2001::1", "fec0::1", "100::1", "3fff::1",
    ],
)  # fmt: skip
def test_an_address_of_no_public_network_is_closed(address):
    assert not is_public(address)
