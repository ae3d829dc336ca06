"""The server over raw sockets: connections, their order, their deadlines, and how they end."""

import contextlib
import json
import resource
import select
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import freed_at_once, until
from pages import BLOCK, LARGE, MEBIBYTE, Pages, come_and_gone, loop_blocked, serving
from raw_client import (
    body,
    connect,
    exchange,
    get,
    keep,
    post,
    read_all,
    reset_when_closed,
    status,
)

from gesmock.server.in_flight import BytesInFlight, Share
from gesmock.server.listener import CannotListen
from gesmock.server.parser import Limits
from gesmock.server.protocol import Connection, HttpServer


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with serving() as started:
        yield started


def test_requests_that_come_together_are_answered_in_their_order(server: HttpServer) -> None:
    keep = [
        get(path).replace(b"Connection: close\r\n", b"") for path in ("/later", "/now", "/chunks")
    ]

    answer = exchange(server, b"".join([*keep, get("/now")]))

    assert [part.split(b" ")[0] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200"] * 4
    assert (
        answer.index(b"later") < answer.index(b"ok") < answer.index(b"one") < answer.rindex(b"ok")
    )


def test_nothing_after_connection_close_is_answered(server: HttpServer) -> None:
    with connect(server) as client:
        client.sendall(get("/now") + get("/later"))
        answer = read_all(client)
        client.sendall(get("/now"))

        assert answer.count(b"HTTP/1.1 ") == 1
        assert read_all(client) == b""


def test_http_1_0_closes_after_an_answer_without_keep_alive(server: HttpServer) -> None:
    with connect(server) as client:
        client.sendall(b"GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        first = client.recv(1000)
        client.sendall(b"GET /now HTTP/1.0\r\n\r\n")
        second = read_all(client)

    assert b"Connection: keep-alive\r\n" in first
    assert b"Connection: close\r\n" in second


def test_an_answer_without_a_length_gets_one(server: HttpServer) -> None:
    answer = exchange(server, get("/chunks"))

    assert b"Content-Length: 6\r\n" in answer
    assert body(answer) == b"onetwo"


def test_a_client_that_expects_100_continue_gets_it(server: HttpServer) -> None:
    with connect(server) as client:
        client.sendall(post(b"", "Content-Length: 3", "Expect: 100-continue"))
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")

        assert body(read_all(client)) == b"abc"


@pytest.mark.parametrize("sent", [b"", b"abc", b"x" * MEBIBYTE])
def test_a_body_that_is_not_read_is_answered_at_once_and_closes_the_connection(
    server: HttpServer, sent: bytes
) -> None:
    head = b"POST /write HTTP/1.1\r\n" + b"Host: localhost\r\nContent-Length: 3000000\r\n"

    answer = exchange(server, head + b"Expect: 100-continue\r\n\r\n" + sent)

    assert (status(answer), body(answer)) == (200, b"writ")
    assert b"Connection: close\r\n" in answer


def test_a_client_that_has_sent_its_body_gets_no_100_continue(server: HttpServer) -> None:
    answer = exchange(server, post(b"abc", "Content-Length: 3", "Expect: 100-continue"))

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_an_environ_has_the_request_as_it_was_sent(server: HttpServer) -> None:
    answer = exchange(
        server, get("/%65nviron?a=%20", "A-b: 1", "A-b: 2", "A_b: 3", "Content-Type: x")
    )

    environ = json.loads(body(answer))
    assert environ["PATH_INFO"] == "/environ"
    assert environ["REQUEST_URI"] == "/%65nviron?a=%20"
    assert environ["QUERY_STRING"] == "a=%20"
    assert environ["HTTP_A_B"] == "1,2"
    assert environ["CONTENT_TYPE"] == "x"
    assert (environ["HTTP_HOST"], environ["SERVER_PORT"]) == ("localhost", str(server.port))
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
def test_a_failure_is_logged_and_ends_only_its_connection(
    server: HttpServer, caplog: pytest.LogCaptureFixture, path: str, answered: int | None
) -> None:
    answer = exchange(server, get(path).replace(b"Connection: close\r\n", b""))

    assert (status(answer) if answer else None) == answered
    assert "Traceback" in caplog.text
    assert body(exchange(server, get("/now"))) == b"ok"


@pytest.mark.parametrize("path", ["/many", "/large"])
def test_a_large_answer_goes_at_the_pace_of_a_slow_client(path: str) -> None:
    with serving() as server, connect(server) as client:
        client.sendall(get(path))
        until(
            lambda: [each for each in server.connections if each._transport.unsent]
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
        until(lambda: not server.connections)

        assert body(exchange(server, get("/now"))) == b"ok"


@pytest.mark.parametrize("path", ["/waits", "/later"])
def test_a_client_that_leaves_before_its_answer_is_forgotten(path: str) -> None:
    pages = Pages()
    with serving(pages) as server:
        with connect(server) as client:
            client.sendall(get(path))
            until(lambda: path in pages.received)
        pages.gate.set()
        until(lambda: not server.connections)

        assert body(exchange(server, get("/now"))) == b"ok"


@pytest.mark.parametrize(
    "path", ["/waits", "/waits-", "/waits-large", "/waits-fails", "/waits-begun-fails"]
)
def test_the_answer_of_a_client_that_has_gone_is_dropped(path: str) -> None:
    pages = Pages()
    with serving(pages) as server:
        with connect(server) as client:
            client.sendall(get(path))
            until(lambda: "waits" in pages.received or "/waits" in pages.received)
            reset_when_closed(client)
        until(lambda: not server.connections)
        pages.gate.set()

        assert body(exchange(server, get("/later"))) == b"later"


def test_a_client_that_keeps_sending_while_it_waits_is_not_read_for_ever() -> None:
    pages = Pages()
    with serving(pages) as server, connect(server) as client:
        client.sendall(get("/waits").replace(b"Connection: close\r\n", b""))
        until(lambda: "/waits" in pages.received)
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n" * 2**20)
        client.settimeout(10)
        pages.gate.set()

        remaining = 600_000  # bytes: more answers than it can hold requests unread
        while remaining > 0:
            remaining -= len(client.recv(remaining))


def test_forty_waiting_requests_block_nobody() -> None:
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


TOO_MUCH = b"Too many bytes of other requests and answers are in flight."
CHUNKED = "Transfer-Encoding: chunked"
TIMES = Limits(head_s=0.3, body_s=0.3, idle_s=0.3, write_s=0.3)


def test_a_slow_client_gets_408_and_an_idle_one_is_closed() -> None:
    answered = {
        b"": None,
        keep("/now"): 200,
        b"\r\n": None,
        b"\r\n\r": 408,  # it may be the end of a line
        b"GET /now HTTP": 408,
        post(b"a", "Content-Length: 3"): 408,
    }
    with serving(limits=TIMES) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in answered]
        for client, sent in zip(clients, answered, strict=True):
            client.sendall(sent)
        answers = [*map(read_all, clients)]

    assert [status(each) if each else None for each in answers] == [*answered.values()]


def test_a_client_that_takes_nothing_of_its_answer_is_closed() -> None:
    with serving(limits=TIMES) as server, connect(server) as client:
        client.sendall(get("/large"))
        client.recv(1)
        until(lambda: not server.connections)

        assert len(read_all(client)) < LARGE


def trickle(server: HttpServer, sent: bytes, block: bytes, most: int) -> bytes:
    """The answer to a client that sends *sent*, and a *block* every 20 ms, *most* blocks in all."""
    with connect(server) as client:
        client.sendall(sent)
        blocks = 0
        while blocks < most and not select.select([client], [], [], 0.02)[0]:
            client.sendall(block)
            blocks += 1
        return read_all(client)


@pytest.mark.parametrize(
    ("head", "block"),
    [
        (post(b"", "Content-Length: 100"), b"a"),
        (post(b"", "Transfer-Encoding: chunked"), b"1\r\na\r\n"),
    ],
)
def test_a_body_that_trickles_in_gets_408(head: bytes, block: bytes) -> None:
    limits = Limits(head_s=0.3, body_s=0.3, body_rate=10_000)
    with serving(limits=limits) as server:
        assert status(trickle(server, head, block, 100)) == 408


def test_a_body_that_keeps_the_rate_may_take_longer() -> None:
    limits = Limits(head_s=0.3, body_s=0.3, body_rate=100)
    with serving(limits=limits) as server:
        head = post(b"", "Content-Length: 2000", path="/fails")
        assert status(trickle(server, head, b"a" * 50, 40)) == 500  # as the page does


def test_an_idle_client_is_closed_for_a_new_one() -> None:
    limits = Limits(connections=2, reserve=0)
    with serving(limits=limits) as server, connect(server) as first, connect(server) as second:
        for client in (first, second, first):
            client.sendall(keep("/now"))
            client.recv(1000)

        assert status(exchange(server)) == 503  # so soon, they may be about to ask
        until(lambda: body(exchange(server, get("/now"))) == b"ok")
        assert read_all(second) == b""  # the one that has been idle for longer
        first.sendall(get("/now"))
        assert body(read_all(first)) == b"ok"


def test_a_client_that_has_had_its_last_answer_makes_room_at_once() -> None:
    limits = Limits(connections=1, reserve=0)
    with serving(limits=limits) as server, connect(server) as first:
        first.sendall(get("/now"))
        assert body(read_all(first)) == b"ok"

        assert body(exchange(server, get("/now"))) == b"ok"


def test_one_client_too_many_gets_503_while_all_are_busy() -> None:
    pages = Pages()
    with serving(pages, Limits(connections=1, reserve=0)) as server, connect(server) as first:
        first.sendall(get("/waits"))
        until(lambda: pages.received)

        for _ in range(3):  # each is closed for the next one
            answer = exchange(server)
            assert (status(answer), body(answer)) == (503, b"There are too many connections.")
        assert len(server.connections) <= 2
        pages.gate.set()
        assert body(read_all(first)) == b"ok"


@contextlib.contextmanager
def full(reserve: int) -> Iterator[HttpServer]:
    """A server whose only ordinary connection is busy, and which has others in *reserve*."""
    pages, limits = Pages(), Limits(connections=1, reserve=reserve)
    with serving(pages, limits) as server, connect(server) as busy:
        busy.sendall(get("/waits"))
        until(lambda: pages.received)
        yield server


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (get("/copy"), 200),  # has priority
        (get("/now"), 503),
        (post(b"", "Content-Length: 5"), 503),  # without waiting for the body
        (post(b"ab", "Content-Length: 2", path="/copy"), 200),
    ],
)
def test_connections_in_reserve_serve_only_requests_that_have_priority(
    sent: bytes, answered: int
) -> None:
    with full(reserve=16) as server:
        assert status(exchange(server, sent)) == answered
        assert status(exchange(server, *(bytes([byte]) for byte in sent))) == answered


def test_an_incomplete_request_does_not_hold_a_connection_in_reserve() -> None:
    with full(reserve=2) as server, contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(connect(server)).sendall(b"GET /copy HTT")
            until(lambda: any(each._parser.received for each in server.connections))

        assert status(exchange(server, get("/copy"))) == 200


def test_a_connection_in_reserve_serves_all_requests_once_others_have_gone() -> None:
    pages = Pages()
    with serving(pages, Limits(connections=1, reserve=1)) as server, connect(server) as first:
        first.sendall(get("/waits"))
        until(lambda: pages.received)
        with connect(server) as second:
            until(lambda: len(server.connections) == 2)
            pages.gate.set()
            assert body(read_all(first)) == b"ok"
            first.close()
            until(lambda: len(server.connections) == 1)
            second.sendall(get("/now"))

            assert body(read_all(second)) == b"ok"


@pytest.mark.parametrize(
    "upload",
    [
        post(bytes(150_000), "Content-Length: 200000", path="/fails"),
        post(b"249f0\r\n" + bytes(150_000) + b"\r\n", CHUNKED, path="/fails"),
    ],
    ids=["length", "chunks"],
)
def test_too_many_bytes_of_bodies_get_503_but_short_requests_do_not(upload: bytes) -> None:
    with serving(limits=Limits(in_flight=100_000)) as server:
        with connect(server) as first:
            first.sendall(upload)
            until(lambda: server.in_flight.total > 80_000)

            answer = exchange(server, upload)
            assert (status(answer), body(answer)) == (503, TOO_MUCH)
            assert body(exchange(server, post(bytes(50), "Content-Length: 50"))) == bytes(50)
        until(lambda: not server.in_flight.total)

        whole = post(bytes(150_000), "Content-Length: 150000", path="/fails")
        assert status(exchange(server, whole)) == 500  # as the page does
        until(lambda: not server.in_flight.total)


def test_too_many_bytes_of_answers_get_503_but_short_answers_do_not() -> None:
    with serving(limits=Limits(in_flight=BLOCK * 3 // 2)) as server:
        with connect(server) as first:
            first.sendall(get("/many"))
            until(lambda: server.in_flight.total)

            answer = exchange(server, get("/many"))
            assert (status(answer), body(answer)) == (503, TOO_MUCH)
            assert body(exchange(server, get("/now"))) == b"ok"
        until(lambda: not server.in_flight.total)

        assert len(body(exchange(server, get("/many")))) == LARGE
        until(lambda: not server.in_flight.total)


def test_a_block_that_several_answers_share_counts_once() -> None:
    everything, block = BytesInFlight(150_000), bytes(100_000)
    first, second, third = Share(everything), Share(everything), Share(everything)

    assert first.hold_answer([memoryview(block)[10:], b"a"])
    assert second.hold_answer([memoryview(block)[:70_000], block])
    assert everything.total == 100_001
    assert not third.hold_answer([bytes(100_000)])
    first.clear()
    second.clear()
    assert everything.total == 0
    assert third.hold_answer([bytes(100_000)])


def test_a_client_that_sends_much_at_once_does_not_block_later_ones() -> None:
    pages = Pages()
    with serving(pages) as server, connect(server) as first:
        with loop_blocked(server):
            first.sendall(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)
            second = connect(server)
            second.sendall(get("/later"))

        assert body(read_all(second)) == b"later"
        second.close()

    assert pages.received.index("/later") < 100


def test_many_clients_at_once_are_all_answered(server: HttpServer) -> None:
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
def test_an_address_it_cannot_listen_on_is_named(
    server: HttpServer, host: str, port: int | None, reason: str
) -> None:
    port = server.port if port is None else port

    with pytest.raises(CannotListen, match=f"cannot listen on {host}:{port}: {reason}"):
        HttpServer(Pages(), host, port, Limits())


def test_out_of_file_descriptors_it_accepts_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_out_of_file_descriptors_an_idle_client_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server, connect(server) as idle:
        until(lambda: server.connections)

        class Exhausted:
            def accept(self) -> Any:
                if server.connections:
                    raise OSError(24, "Too many open files")
                return listening.accept()

            def __getattr__(self, name: str) -> Any:
                return getattr(listening, name)

        listening = server._socket
        monkeypatch.setattr(server, "_socket", Exhausted())

        assert body(exchange(server, get("/now"))) == b"ok"
        assert read_all(idle) == b""


@pytest.mark.parametrize(
    ("files", "most"), [(1024, 880), (70, 1), (10, 1), (resource.RLIM_INFINITY, 4096)]
)
def test_clients_are_limited_by_the_files_that_the_process_may_open(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    with serving() as server:
        assert server.most_connections == most


@pytest.mark.parametrize("sent", [b"", get("/now")])
def test_a_client_that_has_gone_when_it_is_accepted_is_forgotten(
    server: HttpServer, sent: bytes
) -> None:
    come_and_gone(server, sent)

    assert body(exchange(server, get("/now"))) == b"ok"
    until(lambda: not server.connections)


def test_a_failing_callback_is_logged_and_the_loop_goes_on(
    server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("a callback of ours")

    done = threading.Event()

    def call_both() -> None:
        server.loop.call_soon(fail)
        server.loop.call_soon(done.set)

    server.loop.call_soon(call_both)
    assert done.wait(10)

    assert body(exchange(server, get("/now"))) == b"ok"
    assert "a callback of ours" in caplog.text


@pytest.mark.parametrize("path", ["/waits", "/large"])
def test_stop_does_not_wait_for_answers(path: str) -> None:
    pages = Pages()
    with serving(pages) as server, connect(server) as client:
        client.sendall(get(path))
        until(lambda: path in pages.received)
        began = time.perf_counter()
        server.stop()

        assert time.perf_counter() - began < 1  # the worker is not waited for
        with contextlib.suppress(ConnectionResetError):
            assert len(read_all(client)) < LARGE


def test_without_a_thread_for_it_a_request_gets_503(
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
            until(lambda: not server.connections)

        assert len(server.loop._timers) < 5


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
        until(lambda: not server.connections)


@pytest.mark.parametrize("path", ["/waits", "/waits-", "/waits-large"])
def test_a_connection_whose_client_has_gone_is_freed_at_once(path: str) -> None:
    pages = Pages()
    with serving(pages) as server, freed_at_once(Connection):
        with connect(server) as client:
            client.sendall(get(path))
            until(lambda: pages.received)
            reset_when_closed(client)
        until(lambda: not server.connections)
        pages.gate.set()


H = b"Host: localhost\r\n"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (
            bytes.fromhex("16030100c8010000c40303"),
            "400: The client speaks TLS; this server does not.",
        ),
        (
            b"GET /\r\n\r\n",
            "400: The request line is not a method, a target and a version",
        ),
        (b"\0\0", "400: The first line does not begin with a method"),
        (b"GET / HTTP/1.1\n" + H, "400: A line ends without CR"),
        (
            b"GET / HTTP/3.0\r\n\r\n",
            "505: The version is 'HTTP/3.0'",
        ),
        (b"BREW / HTTP/1.1\r\n\r\n", "501: Unknown method 'BREW'."),
        (b"GET / HTTP/1.1\r\n\r\n", "400: No Host header"),
        (b"GET / HTTP/1.1\r\n" + H + H + b"\r\n", "400: Several Host headers"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400: The host is 'a/b'"),
        (get("now"), "400: Invalid characters in url"),
        (get("*"), "400: The target is '*'"),
        (get("*?token=planted"), "400: The target is '*?token=***'"),
        (
            post(b"abc", "Content-Length: 3", "Content-Length: 3"),
            "400: Duplicate Content-Length",
        ),
        (
            post(b"abc", "Content-Length: 3", CHUNKED),
            "400: Transfer-Encoding can't be present with Content-Length",
        ),
        (
            get("/", CHUNKED, method="POST", version="1.0"),
            "400: Transfer-Encoding in HTTP/1.0",
        ),
        (
            post(b"", "Transfer-Encoding: gzip, chunked"),
            "501: Transfer-Encoding: 'gzip, chunked'",
        ),
        (get("/", "Expect: tea"), "417: Expect: 'tea'"),
        (
            post(b"1\r\nabc", CHUNKED),
            "400: A chunk is longer than its size, or its line is too long",
        ),
        (
            post(b"zz\r\n", CHUNKED),
            "400: A chunk's line or a trailer is malformed or too long",
        ),
        (
            post(b"", "Content-Length: 1000"),
            "413: The body is longer than 100 bytes.",
        ),
        (
            post(b"65\r\n", CHUNKED),
            "413: The body is longer than 100 bytes.",
        ),
        (
            get("/" + "a" * 17_000),
            "414: The URL is longer than 16384 bytes",
        ),
        (
            get("/now", "X: " + "a" * 66_000),
            "431: The head is longer than 65536 bytes",
        ),
    ],
)
def test_the_reason_of_a_refusal_is_logged(
    server: HttpServer, caplog: pytest.LogCaptureFixture, sent: bytes, reason: str
) -> None:
    caplog.set_level("INFO", "gesmock.server")

    answer = exchange(server, sent)

    # A worker that outlives an earlier test may log its failure meanwhile.
    refusals = [message for message in caplog.messages if message.startswith("refused")]
    assert refusals == [f"refused a request with {reason}"]
    is_public = any(words in reason for words in ("TLS", "Unknown method", "The body"))
    assert body(answer) == (reason.partition(": ")[2].encode() if is_public else b"")


def test_a_connection_closed_in_the_turn_in_which_it_writes_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving() as server, connect(server) as client:
        until(lambda: server.connections)
        (connection,) = server.connections

        def write_and_close() -> None:
            connection._send([b"too late"])
            connection.close()
            connection.close()

        server.loop.call_soon(write_and_close)

        assert read_all(client) == b""
    assert not caplog.records
