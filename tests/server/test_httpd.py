"""Our HTTP server, spoken to over raw sockets: what it takes, what it refuses, what it sends."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import freed_at_once, until
from hypothesis import given
from hypothesis import strategies as st
from pages import LARGE, LARGEST_BODY, MEBIBYTE, Pages, come_and_gone, loop_blocked, serving
from raw_client import body, connect, exchange, get, post, read_all, reset_when_closed, status

from gesmock.server.parser import BadRequest, HeadCache, Limits, Parser
from gesmock.server.protocol import Connection
from gesmock.server.server import CannotListen, HttpServer


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with serving() as made:
        yield made


H = b"Host: localhost\r\n"
CHUNKED = "Transfer-Encoding: chunked"

REFUSED = {
    "no version": (b"GET /now\r\n\r\n", 400),
    "HTTP/2": (b"GET /now HTTP/2.0\r\n" + H + b"\r\n", 505),
    "HTTP/1.2": (b"GET /now HTTP/1.2\r\n" + H + b"\r\n", 400),
    "another protocol": (b"GET /now RTSP/1.0\r\n" + H + b"\r\n", 400),
    "two spaces": (b"GET  /now HTTP/1.1\r\n" + H + b"\r\n", 400),
    "no method": (b"\x16\x03\x01\x02", 400),
    "a bare LF behind the request line": (b"GET /now HTTP/1.1\n" + H + b"\r\n", 400),
    "a bare LF behind a header": (b"GET /now HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "a bare LF, and no end": (b"GET /now HTTP/1.1\r\nHost: a\n", 400),
    "a NUL in a header": (b"GET /now HTTP/1.1\r\n" + H + b"X: a\0b\r\n\r\n", 400),
    "a space before the colon": (b"GET /now HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "a space before the first header": (b"GET /now HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a space in a name": (b"GET /now HTTP/1.1\r\n" + H + b"X y: a\r\n\r\n", 400),
    "no host": (b"GET /now HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /now HTTP/1.1\r\n" + H + H + b"\r\n", 400),
    "a host that is none": (b"GET /now HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a target without a slash": (b"GET now HTTP/1.1\r\n" + H + b"\r\n", 400),
    "a tunnel": (b"CONNECT a:443 HTTP/1.1\r\n" + H + b"\r\n", 400),
    "an unknown method": (b"BREW /now HTTP/1.1\r\n" + H + b"\r\n", 501),
    "an unknown expectation": (get("/now", "Expect: tea"), 417),
    "two lengths": (post(b"abc", "Content-Length: 3", "Content-Length: 4"), 400),
    "a list of lengths": (post(b"abc", "Content-Length: 3, 3"), 400),
    "a signed length": (post(b"abc", "Content-Length: +3"), 400),
    "a negative length": (post(b"abc", "Content-Length: -3"), 400),
    "a length and chunks": (post(b"0\r\n\r\n", "Content-Length: 5", CHUNKED), 400),
    "chunks and a length": (post(b"0\r\n\r\n", CHUNKED, "Content-Length: 5"), 400),
    "chunks in HTTP/1.0": (get("/echo", CHUNKED, method="POST", version="1.0"), 400),
    "gzip, and chunks": (post(b"0\r\n\r\n", "Transfer-Encoding: gzip", CHUNKED), 501),
    "chunks in gzip": (post(b"0\r\n\r\n", "Transfer-Encoding: gzip, chunked"), 501),
    "a chunk of no size": (post(b"zz\r\n", CHUNKED), 400),
    "a chunk of a signed size": (post(b"-3\r\nabc", CHUNKED), 400),
    "a chunk that goes on": (post(b"3\r\nabcd\r\n", CHUNKED), 400),
    "a chunk with half an end": (post(b"3\r\nabc\rd", CHUNKED), 400),
    "an endless size": (post(b"0" * 5000, CHUNKED), 400),
    "a bare LF behind a size": (post(b"2\n", CHUNKED), 400),
    "a bare LF behind a chunk": (post(b"2\r\n{}\n", CHUNKED), 400),
    "a bare LF behind the last size": (post(b"2\r\n{}\r\n0\n", CHUNKED), 400),
    "a bare LF behind a trailer": (post(b"0\r\nX: y\n", CHUNKED), 400),
    "a bare LF at the end": (post(b"0\r\n\n", CHUNKED), 400),
    "a trailer that is none": (post(b"0\r\nX y\r\n\r\n", CHUNKED), 400),
    "many trailers": (post(b"0\r\n" + b"X: y\r\n" * 65, CHUNKED), 400),
    "a long body": (post(b"", f"Content-Length: {LARGEST_BODY + 1}"), 413),
    "a long chunk": (post(b"65\r\n", CHUNKED), 413),
    "many chunks": (post(b"32\r\n" + b"x" * 50 + b"\r\n33\r\n", CHUNKED), 413),
    "a long URL": (get("/" + "a" * 17_000), 414),
    "a long URL without an end": (b"GET /" + b"a" * 17_000, 414),
    "a long head": (get("/now", "X: " + "a" * 66_000), 431),
    "a long head without an end": (get("/now", "X: " + "a" * 66_000)[:-4], 431),
}


@pytest.mark.parametrize(("sent", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_http_or_goes_beyond_the_bounds_is_refused_and_the_connection_ended(
    server: HttpServer, sent: bytes, expected: int
) -> None:
    answer = exchange(server, sent)

    assert status(answer) == expected
    assert b"Connection: close\r\n" in answer


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (b"BREW", b"No method is called BREW."),
        (b"patch", b"No method is called patch; is PATCH meant?"),
        (b"Get", b"No method is called Get; is GET meant?"),
    ],
)
def test_a_method_that_is_none_is_told(server: HttpServer, method: bytes, reason: bytes) -> None:
    assert exchange(server, method + b" /now HTTP/1.1\r\n" + H + b"\r\n").endswith(reason)


ACCEPTED = {
    "a plain one": (get("/now"), b"ok"),
    "an empty line before it": (b"\r\n\r\n" + get("/now"), b"ok"),
    "an absolute target": (get("http://example.org:80/now?x#y"), b"ok"),
    "an upgrade that is not known": (get("/now", "Connection: upgrade", "Upgrade: h2c"), b"ok"),
    "an upgrade to a web socket": (get("/now", "Connection: upgrade", "Upgrade: websocket"), b"ok"),
    "made in a worker": (get("/later"), b"later"),
    "a body of no bytes": (post(b"", "Content-Length: 0"), b""),
    "a body of some length": (post(b"abc", "Content-Length: 3"), b"abc"),
    "a body that is answered in the loop": (post(b"ab", "Content-Length: 2", path="/copy"), b"ab"),
    "no body, answered in the loop": (get("/copy"), b""),
    "chunks": (post(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", CHUNKED), b"abcde"),
    "chunks with extensions": (post(b'3;a="b"\r\nabc\r\n0\r\n\r\n', CHUNKED), b"abc"),
    "chunks with a trailer": (post(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n", CHUNKED), b"abc"),
    "what is written": (get("/write"), b"writ"),
    "more than was said": (get("/long"), b"four"),
    "chunks that go back": (get("/chunks"), b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
    "no body": (get("/none"), b""),
    "a head only": (get("/chunks", method="HEAD"), b""),
}


@pytest.mark.parametrize(("sent", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_request_is_answered_however_its_bytes_come(
    server: HttpServer, sent: bytes, expected: bytes
) -> None:
    whole = exchange(server, sent)
    by_bytes = exchange(server, *(bytes([byte]) for byte in sent))

    assert body(whole) == body(by_bytes) == expected
    assert status(whole) == status(by_bytes) < 300


def read(*parts: bytes) -> list[tuple[str, str, bytes] | int]:
    """What is made of bytes that come in these *parts*; a refusal is its status."""
    limits = Limits()
    parser = Parser(HeadCache(limits), limits, lambda _: LARGEST_BODY)
    found: list[tuple[str, str, bytes] | int] = []
    try:
        for part in parts:
            parser.feed(part)
            while (request := parser.next_request()) is not None:
                head, body = request
                found.append((head.method, head.path, body))
    except BadRequest as error:
        found.append(error.status)
    return found


@pytest.mark.parametrize(
    "sent", [one for one, _ in [*ACCEPTED.values(), *REFUSED.values()] if len(one) < 500]
)
def test_where_the_bytes_are_split_makes_no_difference(sent: bytes) -> None:
    sent += get("/now")
    whole = read(sent)

    assert all(read(sent[:place], sent[place:]) == whole for place in range(len(sent)))
    assert read(*(bytes([byte]) for byte in sent)) == whole


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_are_too_much_for_it(noise: bytes, place: int) -> None:
    sent = bytearray(post(b"3\r\nabc\r\n0\r\n\r\n", CHUNKED))
    sent[place:place] = noise

    assert all(isinstance(one, tuple) or 400 <= one <= 505 for one in read(bytes(sent)))
    assert all(isinstance(one, tuple) or 400 <= one <= 505 for one in read(noise))


def test_a_head_that_comes_byte_by_byte_is_looked_at_once() -> None:
    sent = get("/now", "X: " + "a" * 60_000)
    began = time.perf_counter()

    assert read(*(bytes([byte]) for byte in sent)) == [("GET", "/now", b"")]
    assert time.perf_counter() - began < 3  # it took 13 s when each byte had all looked at again


def test_what_is_forgotten_leaves_nothing_behind() -> None:
    limits = Limits()
    parser = Parser(HeadCache(limits), limits, lambda _: LARGEST_BODY)
    parser.feed(get("/now", "X: " + "a" * 500)[:-1])
    assert parser.next_request() is None

    parser.clear()
    parser.feed(get("/now"))
    assert parser.next_request() is not None


def test_a_head_is_remembered_until_there_are_many() -> None:
    heads = HeadCache(Limits())
    sent = [get(f"/{number}") for number in range(600)]

    first = heads.parse(sent[0])
    assert heads.parse(sent[0]) is first is heads.get(sent[0])
    assert [heads.parse(one).path for one in sent] == [f"/{number}" for number in range(600)]
    assert heads.get(sent[0]) is None


def test_requests_that_come_together_are_answered_in_their_order(server: HttpServer) -> None:
    keep = [
        get(path).replace(b"Connection: close\r\n", b"") for path in ("/later", "/now", "/chunks")
    ]

    answer = exchange(server, b"".join([*keep, get("/now")]))

    assert [part.split(b" ")[0] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200"] * 4
    assert (
        answer.index(b"later") < answer.index(b"ok") < answer.index(b"one") < answer.rindex(b"ok")
    )


def test_nothing_behind_the_last_request_is_answered(server: HttpServer) -> None:
    with connect(server) as client:
        client.sendall(get("/now") + get("/later"))
        answer = read_all(client)
        client.sendall(get("/now"))

        assert answer.count(b"HTTP/1.1 ") == 1
        assert read_all(client) == b""


def test_http_1_0_ends_after_an_answer_unless_it_is_asked_to_stay(server: HttpServer) -> None:
    with connect(server) as client:
        client.sendall(b"GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        first = client.recv(1000)
        client.sendall(b"GET /now HTTP/1.0\r\n\r\n")
        second = read_all(client)

    assert b"Connection: keep-alive\r\n" in first
    assert b"Connection: close\r\n" in second


def test_an_answer_of_no_length_ends_an_http_1_0_connection(server: HttpServer) -> None:
    answer = exchange(server, b"GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

    assert b"Connection: close\r\n" in answer
    assert body(answer) == b"onetwo"


def test_who_waits_for_a_word_before_the_body_gets_it(server: HttpServer) -> None:
    with connect(server) as client:
        client.sendall(post(b"", "Content-Length: 3", "Expect: 100-continue"))
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")

        assert body(read_all(client)) == b"abc"


@pytest.mark.parametrize("sent", [b"", b"abc", b"x" * MEBIBYTE])
def test_a_body_that_is_not_to_be_read_is_answered_at_once_and_ends_the_connection(
    server: HttpServer, sent: bytes
) -> None:
    head = b"POST /write HTTP/1.1\r\n" + H + b"Content-Length: 3000000\r\n"

    answer = exchange(server, head + b"Expect: 100-continue\r\n\r\n" + sent)

    assert (status(answer), body(answer)) == (200, b"writ")
    assert b"Connection: close\r\n" in answer


def test_who_has_sent_the_body_hears_no_word_of_it(server: HttpServer) -> None:
    answer = exchange(server, post(b"abc", "Content-Length: 3", "Expect: 100-continue"))

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_an_environ_tells_the_request_as_it_was_sent(server: HttpServer) -> None:
    answer = exchange(
        server, get("/%65nviron?a=%20", "A-b: 1", "A-b: 2", "A_b: 3", "Content-Type: x")
    )

    told = json.loads(body(answer))
    assert told["PATH_INFO"] == "/environ"
    assert told["REQUEST_URI"] == "/%65nviron?a=%20"
    assert told["QUERY_STRING"] == "a=%20"
    assert told["HTTP_A_B"] == "1,2"
    assert told["CONTENT_TYPE"] == "x"
    assert (told["HTTP_HOST"], told["SERVER_PORT"]) == ("localhost", str(server.port))
    without = exchange(server, b"GET /environ HTTP/1.0\r\n\r\n")
    assert "HTTP_HOST" not in json.loads(body(without))


def test_an_answer_has_one_date_and_a_status_line_whatever_its_status(server: HttpServer) -> None:
    assert b"\r\nDate: " in exchange(server, get("/write"))
    odd = exchange(server, get("/odd"))
    assert odd.startswith(b"HTTP/1.1 299 UNKNOWN\r\n")
    assert odd.count(b"Date: ") == 1


@pytest.mark.parametrize(
    ("path", "answered"),
    [("/fails", 500), ("/broken-later", 500), ("/broken", None), ("/fails-late", 500)],
)
def test_a_failure_is_logged_and_ends_the_connection_only(
    server: HttpServer, caplog: pytest.LogCaptureFixture, path: str, answered: int | None
) -> None:
    answer = exchange(server, get(path).replace(b"Connection: close\r\n", b""))

    assert (status(answer) if answer else None) == answered
    assert "Traceback" in caplog.text
    assert body(exchange(server, get("/now"))) == b"ok"


def test_less_than_was_said_ends_the_connection(server: HttpServer) -> None:
    assert body(exchange(server, get("/short").replace(b"Connection: close\r\n", b""))) == b"four"


@pytest.mark.parametrize("path", ["/many", "/large"])
def test_a_large_answer_goes_at_the_pace_of_a_slow_client(path: str) -> None:
    with serving() as server, connect(server) as client:
        client.sendall(get(path))
        until(
            lambda: [one for one in server._state.connections if one._transport.unsent]
        )  # no room any more
        assert body(exchange(server, get("/now"))) == b"ok"

        assert len(body(read_all(client))) == LARGE


@pytest.mark.parametrize("path", ["/many", "/large"])
def test_a_client_that_leaves_in_the_middle_of_an_answer_is_forgotten(path: str) -> None:
    with serving() as server:
        with connect(server) as client:
            client.sendall(get(path))
            client.recv(1)
            reset_when_closed(client)
        until(lambda: not server._state.connections)

        assert body(exchange(server, get("/now"))) == b"ok"


@pytest.mark.parametrize("path", ["/waits", "/later"])
def test_a_client_that_leaves_before_its_answer_is_forgotten(path: str) -> None:
    pages = Pages()
    with serving(pages) as server:
        with connect(server) as client:
            client.sendall(get(path))
            until(lambda: path in pages.asked)
        pages.gate.set()
        until(lambda: not server._state.connections)

        assert body(exchange(server, get("/now"))) == b"ok"


@pytest.mark.parametrize(
    "path", ["/waits", "/waits-", "/waits-large", "/waits-fails", "/waits-begun-fails"]
)
def test_an_answer_that_nobody_waits_for_any_more_is_thrown_away(path: str) -> None:
    pages = Pages()
    with serving(pages) as server:
        with connect(server) as client:
            client.sendall(get(path))
            until(lambda: "waits" in pages.asked or "/waits" in pages.asked)
            reset_when_closed(client)
        until(lambda: not server._state.connections)
        pages.gate.set()

        assert body(exchange(server, get("/later"))) == b"later"


def test_a_client_that_sends_on_while_it_waits_is_not_read_without_end() -> None:
    pages = Pages()
    with serving(pages) as server, connect(server) as client:
        client.sendall(get("/waits").replace(b"Connection: close\r\n", b""))
        until(lambda: "/waits" in pages.asked)
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n" * 2**20)
        client.settimeout(10)
        pages.gate.set()

        left = 600_000  # bytes of more answers than it can hold questions unread
        while left > 0:
            left -= len(client.recv(left))


def test_forty_that_wait_hold_up_nobody() -> None:
    pages = Pages()
    with serving(pages) as server:
        waiting = [connect(server) for _ in range(40)]
        for client in waiting:
            client.sendall(get("/waits"))
        assert body(exchange(server, get("/later"))) == b"later"
        pages.gate.set()

        assert [body(read_all(client)) for client in waiting] == [b"ok"] * 40
        for client in waiting:
            client.close()


TIMES = Limits(head_s=0.2, body_s=0.2, idle_s=0.2, write_s=0.2)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", None),
        (b"GET /now HTTP", 408),
        (post(b"a", "Content-Length: 3"), 408),
        (get("/now").replace(b"Connection: close\r\n", b""), 200),
    ],
)
def test_who_is_too_slow_is_told_and_who_is_idle_is_left(sent: bytes, answered: int | None) -> None:
    with serving(limits=TIMES) as server:
        answer = exchange(server, sent)

    assert (status(answer) if answer else None) == answered


def test_who_sends_empty_lines_only_is_idle() -> None:
    with serving(limits=Limits(idle_s=0.2)) as server:
        assert exchange(server, b"\r\n") == b""
        assert status(exchange(server, b"\r\n\r")) == 408  # of what may be the end of a line


def test_who_takes_nothing_of_its_answer_is_left() -> None:
    with serving(limits=TIMES) as server, connect(server) as client:
        client.sendall(get("/large"))
        client.recv(1)
        until(lambda: not server._state.connections)

        assert len(read_all(client)) < LARGE


def test_who_is_one_too_many_is_turned_away() -> None:
    with serving(limits=Limits(connections=1)) as server, connect(server) as first:
        first.sendall(get("/now").replace(b"Connection: close\r\n", b""))
        first.recv(1000)

        assert status(exchange(server)) == 503
        first.sendall(get("/now"))
        assert body(read_all(first)) == b"ok"


def test_a_client_that_sends_much_at_once_does_not_hold_up_those_who_come_later() -> None:
    pages = Pages()
    with serving(pages) as server, connect(server) as first:
        with loop_blocked(server):
            first.sendall(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)
            second = connect(server)
            second.sendall(get("/later"))

        assert body(read_all(second)) == b"later"
        second.close()

    assert pages.asked.index("/later") < 100


def test_many_who_come_at_once_are_all_answered(server: HttpServer) -> None:
    with loop_blocked(server):
        clients = [connect(server) for _ in range(100)]
    for client in clients:
        client.sendall(get("/now"))

    assert [body(read_all(client)) for client in clients] == [b"ok"] * 100
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("127.0.0.1", None, "Address already in use"),
        ("no.such.host.invalid", 0, ""),
        ("a" * 64, 0, ""),
    ],
)
def test_where_it_cannot_listen_is_said_by_name(
    server: HttpServer, host: str, port: int | None, reason: str
) -> None:
    port = server.port if port is None else port

    with pytest.raises(CannotListen, match=f"cannot listen on {host}:{port}: {reason}"):
        HttpServer(Pages(), host, port, Limits())


def test_without_files_left_it_waits_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        accept, refusals = server._socket.accept, [OSError(24, "Too many open files")]

        class Exhausted:
            def accept(self) -> Any:
                if refusals:
                    raise refusals.pop()
                return accept()

            def __getattr__(self, name: str) -> Any:
                return getattr(listening, name)

        listening = server._socket
        monkeypatch.setattr(server, "_socket", Exhausted())

        assert body(exchange(server, get("/now"))) == b"ok"


@pytest.mark.parametrize("sent", [b"", get("/now")])
def test_a_client_that_is_gone_when_it_is_welcomed_is_let_go(
    server: HttpServer, sent: bytes
) -> None:
    come_and_gone(server, sent)

    assert body(exchange(server, get("/now"))) == b"ok"
    until(lambda: not server._state.connections)


def test_what_fails_in_the_loop_is_logged_and_the_loop_goes_on(
    server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("a callback of ours")

    done = threading.Event()

    def call_both() -> None:
        server._loop.call_soon(fail)
        server._loop.call_soon(done.set)

    server._loop.call_soon(call_both)
    assert done.wait(10)

    assert body(exchange(server, get("/now"))) == b"ok"
    assert "a callback of ours" in caplog.text


@pytest.mark.parametrize("path", ["/waits", "/large"])
def test_stop_is_quick_whatever_is_going_on(path: str) -> None:
    pages = Pages()
    with serving(pages) as server, connect(server) as client:
        client.sendall(get(path))
        until(lambda: path in pages.asked)
        began = time.perf_counter()
        server.stop()

        assert time.perf_counter() - began < 1  # the worker is not waited for
        with contextlib.suppress(ConnectionResetError):
            assert len(read_all(client)) < LARGE


def test_without_a_thread_for_it_a_request_is_refused(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = [RuntimeError("can't start new thread")]
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("gesmock-worker") and refusals:
            raise refusals.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with serving() as server:
        assert status(exchange(server, get("/later"))) == 503
        assert body(exchange(server, get("/later"))) == b"later"

    assert "no thread could be started: can't start new thread" in caplog.text


def test_clients_that_come_and_go_leave_no_timers_behind() -> None:
    with serving() as server:
        for _ in range(30):
            exchange(server, get("/now"))
            until(lambda: not server._state.connections)

        assert len(server._loop._timers) < 5


@pytest.mark.parametrize(
    "sent",
    [b"", get("/now"), get("/later"), get("/chunks"), get("/large"), b"no HTTP\r\n\r\n"],
)
def test_a_connection_that_has_ended_is_freed_at_once(sent: bytes) -> None:
    with serving() as server, freed_at_once(Connection):
        with connect(server) as client:
            client.sendall(sent)
            if sent:
                client.recv(1)
        until(lambda: not server._state.connections)


@pytest.mark.parametrize("path", ["/waits", "/waits-", "/waits-large"])
def test_so_is_one_whose_answer_nobody_waits_for_any_more(path: str) -> None:
    pages = Pages()
    with serving(pages) as server, freed_at_once(Connection):
        with connect(server) as client:
            client.sendall(get(path))
            until(lambda: pages.asked)
            reset_when_closed(client)
        until(lambda: not server._state.connections)
        pages.gate.set()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (
            bytes.fromhex("16030100c8010000c40303"),
            "400 The client speaks TLS; this server does not.",
        ),
        (b"GET / HTTP/3.0\r\n\r\n", "505 HTTP Version Not Supported"),
    ],
)
def test_it_is_logged_why_a_client_is_refused(
    server: HttpServer, caplog: pytest.LogCaptureFixture, sent: bytes, reason: str
) -> None:
    caplog.set_level("INFO", "gesmock.server")

    exchange(server, sent)

    assert caplog.messages == [f"refused a request: {reason}"]
