"""What a connection may send, and what it gets for it. Raw bytes over real sockets."""

import json
import re
import socket
import time

import pytest

from tests.service.wire import read_to_end, until

CLOSE = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def error_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head
    assert f"content-length: {len(body)}".encode() in head
    error = json.loads(body)["error"]
    assert f"x-request-id: {error['request_id']}".encode() in head
    return error["code"]


def test_requests_follow_each_other_on_one_connection(wire):
    answer = wire.talk(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", CLOSE)
    assert statuses(answer) == [200, 200]
    assert answer.endswith(b"GET /last 2 ")


def test_pipelined_requests_are_answered_in_order(wire):
    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(20))
    answer = wire.talk(requests + CLOSE)
    assert re.findall(rb"GET /(\d+) ", answer) == [b"%d" % n for n in range(20)]
    assert len(statuses(answer)) == 21


@pytest.mark.parametrize("count", [1, 3])
def test_a_client_that_ends_its_side_after_whole_requests_is_answered(wire, count):
    with wire.connect() as client:
        client.sendall(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n" * count)
        client.shutdown(socket.SHUT_WR)
        assert statuses(read_to_end(client)) == [200] * count


def test_a_client_that_ends_its_side_within_a_body_is_gone(wire):
    with wire.connect() as client:
        client.sendall(b"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b""
    until(lambda: wire.app.ended == [("/a", "disconnect")])


def test_more_pipelined_requests_than_allowed_end_the_connection(wire):
    assert statuses(wire.talk(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 1000 + CLOSE)) == []


def test_a_chunked_body_arrives_and_its_trailers_stay_out_of_the_headers(wire):
    answer = wire.talk(
        b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nAuthorization: Bearer evil\r\n\r\n",
    )
    assert answer.endswith(b"PUT /c 3 abcde")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a,b\xff\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Length: 3\r\n\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\na",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\na",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\na",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX\x01: x\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/0.9\r\nHost: h\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /#fragment HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET nothing HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n",
        b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PUT / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
        b"Content-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
)
def test_what_two_parsers_could_read_differently_is_refused_once_and_for_all(wire, head):
    answer = wire.talk(head + CLOSE)
    assert statuses(answer) == [400]
    assert error_of(answer) == "BAD_REQUEST"
    assert b"connection: close" in answer
    assert wire.app.seen == []


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: pkg.example:\r\n\r\n",
        b"GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
def test_what_is_unusual_but_clear_is_answered(wire, head):
    assert statuses(wire.talk(head + CLOSE)) == [200, 200]
    assert wire.app.seen == [("GET", "/a"), ("GET", "/last")]


def test_http_1_0_needs_no_host_and_closes(wire):
    assert wire.talk(b"GET /old HTTP/1.0\r\n\r\n").endswith(b"GET /old 0 ")


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (b"GET /%s HTTP/1.1\r\nHost: h\r\n\r\n" % (b"a" * 600), 414, "URI_TOO_LONG"),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 30 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * 5000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (
            b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + b"X: y\r\n" * 1000
            + b"\r\n",
            431,
            "HEADERS_TOO_LARGE",
        ),
    ],
)
def test_a_head_over_its_bounds_is_refused(wire, head, status, code):
    answer = wire.talk(head)
    assert statuses(answer) == [status]
    assert error_of(answer) == code


def test_a_header_that_never_ends_is_refused_while_it_comes(wire):
    with wire.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
        client.settimeout(0.01)
        answer = b""
        for _ in range(1000):
            try:
                client.sendall(b"y" * 1000)
                answer = client.recv(4096)
                break
            except TimeoutError:
                continue
        assert statuses(answer) == [431]


def test_a_head_that_comes_too_slowly_is_refused(wire_with):
    wire = wire_with(header_seconds=0.2)
    assert error_of(wire.talk(b"GET / HTTP/1.1\r\nHost:")) == "REQUEST_TIMEOUT"


@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_a_connection_that_says_nothing_is_closed(wire_with, before):
    wire = wire_with(header_seconds=0.2)
    assert wire.talk(before) == b""


def test_a_second_head_that_comes_too_slowly_is_refused(wire_with):
    wire = wire_with(header_seconds=0.2, keep_alive=30)
    answer = wire.talk(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HT")
    assert statuses(answer)[0] == 200
    assert statuses(answer)[1:] in ([408], [])


def test_empty_lines_do_not_keep_an_idle_connection(wire_with):
    wire = wire_with(header_seconds=0.3, keep_alive=30)
    with wire.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert statuses(client.recv(4096)) == [200]
        started = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - started < 5:
                client.sendall(b"\r\n")
                if client.recv(1, socket.MSG_DONTWAIT) == b"":
                    raise ConnectionResetError
                time.sleep(0.02)
        assert time.monotonic() - started < 5


def test_an_idle_connection_is_closed(wire):
    assert statuses(wire.talk(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")) == [200]


def test_the_client_is_invited_when_its_body_is_wanted(wire):
    with wire.connect() as client:
        client.sendall(
            b"PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert read_to_end(client).endswith(b"PUT /p 4 body")


def test_the_client_is_not_invited_when_the_answer_is_known_before(wire):
    answer = wire.talk(
        b"PUT /early HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    )
    assert statuses(answer) == [401]
    assert b"connection: close" in answer


def test_a_small_unread_body_costs_the_connection_nothing(wire):
    with wire.connect() as client:
        client.sendall(b"PUT /early HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n")
        answer = client.recv(4096)
        assert statuses(answer) == [401]
        assert b"connection: close" not in answer
        client.sendall(b"bo")
        client.sendall(b"dy" + CLOSE)
        assert read_to_end(client).endswith(b"GET /last 2 ")


@pytest.mark.parametrize("framing", [b"Content-Length: 4000000", b"Transfer-Encoding: chunked"])
def test_a_client_that_sends_a_large_unread_body_gets_its_answer(wire, framing):
    with wire.connect() as client:
        client.sendall(b"PUT /early HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n\r\n")
        client.sendall(b"F0000\r\n" + b"x" * 100_000)
        answer = read_to_end(client)
    assert statuses(answer) == [401]
    assert b"connection: close" in answer


def test_a_body_that_breaks_its_framing_ends_the_request(wire):
    answer = wire.talk(
        b"PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"zz\r\n",
    )
    assert error_of(answer) == "BAD_REQUEST"
    until(lambda: wire.app.ended == [("/p", "disconnect")])


def test_a_client_that_leaves_in_the_middle_of_its_body_is_noticed(wire):
    with wire.connect() as client:
        client.sendall(b"PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
        until(lambda: wire.app.seen)
    until(lambda: wire.app.ended == [("/p", "disconnect")])


def test_a_malformed_request_does_not_cut_into_the_reply_before_it(wire):
    with wire.connect() as client:
        client.sendall(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        until(lambda: wire.app.seen)
        wire.app.released.set()
        answer = read_to_end(client)
    assert statuses(answer) == [200, 400]
    assert answer.index(b"GET /hold") < answer.index(b"BAD_REQUEST")


def test_a_client_that_does_not_read_is_cut_off(wire_with):
    wire = wire_with(write_idle_seconds=0.2)
    with wire.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n" * 2)
        until(lambda: wire.app.seen)
        until(
            lambda: (
                wire.app.ended == [("/big", "reset")] or not wire.server.server_state.connections
            )
        )


def test_a_fault_of_the_application_is_answered_without_its_traceback(wire):
    answer = wire.talk(b"GET /fault HTTP/1.1\r\nHost: h\r\n\r\n")
    assert statuses(answer) == [500]
    assert error_of(answer) == "INTERNAL"
    assert b"purpose" not in answer


def test_a_reply_header_cannot_smuggle_another(wire):
    answer = wire.talk(b"GET /split HTTP/1.1\r\nHost: h\r\n\r\n")
    assert statuses(answer) == [500]
    assert b"Evil" not in answer


def test_a_stopping_server_finishes_what_is_in_flight(wire_with):
    wire = wire_with(keep_alive=30)
    with wire.connect() as busy, wire.connect() as idle:
        busy.sendall(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
        until(lambda: wire.app.seen)
        wire.server.should_exit = True
        assert read_to_end(idle) == b""
        wire.app.released.set()
        assert statuses(read_to_end(busy)) == [200]
    wire.thread.join(10)
    assert not wire.thread.is_alive()
