"""Deliveries as clients see them over raw sockets, to the byte."""

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from typing import TypeVar

import pytest
from conftest import freed_at_once, until
from msgspec.structs import replace
from pages import LARGE, Pages, serving
from raw_client import (
    TlsClient,
    body,
    connect,
    exchange,
    get,
    keep,
    read_ending,
    reset_when_closed,
    server_context,
)

from gesmock.model.messages import ConnectionInfo, Delivery
from gesmock.server.application import Answer
from gesmock.server.loop import Loop, Transport
from gesmock.server.parser import Head, Limits
from gesmock.server.protocol import Connection, HttpServer

T = TypeVar("T")

BODY = b"0123456789"
LENGTH = b"Content-Length: 10\r\n"
WAYS = ["/lane", "/later"]
"""Paths of answers that are made in the loop, and in a worker."""


class DeliveredPages(Pages):
    """Pages whose answers have a delivery."""

    def __init__(self, delivery: Delivery | None = None) -> None:
        super().__init__()
        self.delivery = delivery
        self.waits = False

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Callable[[], Answer]:
        if head.path not in WAYS or head.method not in ("GET", "HEAD"):
            return super().answer(head, body, epoch, connection)
        self.received.append(head.path)
        blocks = [] if head.method == "HEAD" else [b"", BODY[:3], BODY[3:]]
        answer = Answer(200, LENGTH, blocks, self.delivery)
        return answer if head.path == "/lane" else partial(self._made, answer)

    def _made(self, answer: Answer) -> Answer:
        if self.waits:
            self.gate.wait(10)
        return answer


@contextlib.contextmanager
def delivering(
    delivery: Delivery | None = None, limits: Limits | None = None, *, secure: bool = False
) -> Iterator[tuple[DeliveredPages, HttpServer]]:
    """A started server of ``DeliveredPages``."""
    pages = DeliveredPages(delivery)
    context = server_context() if secure else None
    server = HttpServer(pages, "127.0.0.1", 0, limits or Limits(), context)
    server.start()
    try:
        yield pages, server
    finally:
        pages.gate.set()
        server.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[dict[bool, tuple[DeliveredPages, HttpServer]]]:
    """A server without TLS, and one with it, by whether it has it."""
    with delivering() as plain, delivering(secure=True) as secure:
        yield {False: plain, True: secure}


GARBAGE = b"\x00\xff not HTTP\r\n"
OUTCOMES: dict[str, tuple[Delivery, Callable[[bytes], bytes], str]] = {
    "as usual": (Delivery(), lambda whole: whole, "end"),
    "reset": (Delivery(end="reset"), lambda _: b"", "reset"),
    "close": (Delivery(end="close"), lambda _: b"", "end"),
    "garbage": (Delivery(raw=GARBAGE), lambda _: GARBAGE, "end"),
    "no garbage": (Delivery(raw=b""), lambda _: b"", "end"),
    "truncate": (Delivery(after_bytes=4), lambda whole: whole[:-6], "end"),
    "truncate within a block": (Delivery(after_bytes=2), lambda whole: whole[:-8], "end"),
    "truncate all of the body": (Delivery(after_bytes=0), lambda whole: whole[:-10], "end"),
    "truncate nothing": (Delivery(after_bytes=99), lambda whole: whole, "end"),
    "drip": (Delivery(parts=3, spread_s=0.002), lambda whole: whole, "end"),
    "drip at once": (Delivery(parts=4, spread_s=0), lambda whole: whole, "end"),
    "drip in more parts than bytes": (
        Delivery(parts=100, spread_s=0.002),
        lambda whole: whole,
        "end",
    ),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("delay_s", [0, 0.002], ids=["at once", "late"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("delivery", "expected", "end"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_client_sees_the_delivery(
    shared: dict[bool, tuple[DeliveredPages, HttpServer]],
    delivery: Delivery,
    expected: Callable[[bytes], bytes],
    end: str,
    way: str,
    version: str,
    delay_s: float,
    secure: bool,
) -> None:
    pages, server = shared[secure]
    ask = get(way, version=version)
    pages.delivery = None
    with (TlsClient if secure else connect)(server) as client:
        client.sendall(ask)
        whole, _ = read_ending(client)
    pages.delivery = replace(delivery, delay_s=delay_s)
    with (TlsClient if secure else connect)(server) as client:
        began = time.perf_counter()
        client.sendall(ask)
        answer = read_ending(client)

    assert body(whole) == BODY
    assert (undated(answer[0]), answer[1]) == (undated(expected(whole)), end)
    assert time.perf_counter() - began >= delay_s
    until(lambda: not server.delivering)
    pages.delivery = None
    assert body(exchange(server, get("/now"), secure=secure)) == b"ok"


def undated(answer: bytes) -> bytes:
    """*answer* without the date: another second may have begun."""
    lines = answer.split(b"\r\n")
    return b"\r\n".join([line for line in lines if not line.startswith(b"Date: ")])


@pytest.mark.parametrize(
    "delivery", [Delivery(), Delivery(after_bytes=4), Delivery(parts=3, spread_s=0.001)]
)
def test_an_answer_to_head_is_sent_whole_whatever_the_delivery(delivery: Delivery) -> None:
    with delivering(delivery) as (_, server), connect(server) as client:
        client.sendall(keep("/later", "HEAD"))
        client.shutdown(socket.SHUT_WR)
        answer, end = read_ending(client)

    assert b"Content-Length: 10\r\n" in answer
    assert (body(answer), end) == (b"", "end")


def test_a_drip_is_the_head_and_then_parts_at_their_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[bytes, float]] = []
    flush = Transport.flush

    def noted(self: Transport) -> None:
        if self.unsent:
            sent.append((b"".join(self.unsent), time.perf_counter()))
        flush(self)

    monkeypatch.setattr(Transport, "flush", noted)
    with delivering(Delivery(parts=4, spread_s=0.04)) as (_, server):
        assert body(exchange(server, get("/lane"))) == BODY

    (head, begun), *parts = sent
    assert head.endswith(b"\r\n\r\n")
    assert [part for part, _ in parts] == [b"01", b"234", b"56", b"789"]
    for number, (_, at) in enumerate(parts, 1):
        assert at - begun > 0.01 * number - 0.001


def test_a_drip_without_a_spread_is_in_parts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    flush = Transport.flush

    def noted(self: Transport) -> None:
        if self.unsent:
            sent.append(b"".join(self.unsent))
        flush(self)

    monkeypatch.setattr(Transport, "flush", noted)
    with delivering(Delivery(parts=2, spread_s=0)) as (_, server):
        exchange(server, get("/later"))

    assert sent[1:] == [b"01234", b"56789"]


@pytest.mark.parametrize("way", WAYS)
def test_a_request_behind_a_slow_answer_is_answered_after_it(way: str) -> None:
    with delivering(Delivery(delay_s=0.01, parts=3, spread_s=0.01)) as (_, server):
        answer = exchange(server, keep("/now") + keep(way) * 2 + get("/now"))

    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"ok", BODY, BODY, b"ok"]


@pytest.mark.parametrize(
    "delivery",
    [
        Delivery(end="reset"),
        Delivery(end="close"),
        Delivery(end="hang"),
        Delivery(raw=b"?"),
        Delivery(after_bytes=1),
    ],
)
def test_a_request_behind_a_broken_answer_is_never_answered(delivery: Delivery) -> None:
    with delivering(delivery) as (pages, server), connect(server) as client:
        client.sendall(keep("/now") + keep("/lane") + keep("/now") * 10_000)
        until(lambda: "/lane" in pages.received)
        reset_when_closed(client)
        client.close()
        until(lambda: not server.connections)

        assert pages.received == ["/now", "/lane"]


def test_a_reset_takes_nothing_from_the_answers_before_it() -> None:
    with delivering(Delivery(end="reset")) as (pages, server), connect(server) as client:
        client.sendall(keep("/many") + keep("/lane"))
        until(lambda: "/many" in pages.received)
        answer, end = read_ending(client)

    assert (len(body(answer)), end) == (LARGE, "reset")


@pytest.mark.parametrize(
    ("way", "delay_s", "secure"),
    [*((way, delay_s, False) for way in WAYS for delay_s in (0, 1000)), ("/lane", 0, True)],
)
def test_a_hang_lasts_until_the_client_goes(way: str, delay_s: float, secure: bool) -> None:
    times = Limits(head_s=0.3, body_s=0.3, idle_s=0.3, write_s=0.3)
    with delivering(Delivery(delay_s=delay_s, end="hang"), times, secure=secure) as (_, server):
        with (TlsClient if secure else connect)(server) as client:
            client.sendall(keep(way))
            until(lambda: server.delivering)
            assert exchange(server) == b""  # an idle connection expires meanwhile
            assert len(server.delivering) == 1
        until(lambda: not server.connections)

        until(lambda: not server.delivering)
        assert body(exchange(server, get("/now"), secure=secure)) == b"ok"


@pytest.mark.parametrize(
    "delivery",
    [Delivery(), Delivery(parts=2, spread_s=0.01), Delivery(end="reset"), Delivery(raw=GARBAGE)],
)
def test_after_a_half_close_the_answer_is_still_delivered(delivery: Delivery) -> None:
    with delivering(replace(delivery, delay_s=0.01)) as (_, server), connect(server) as client:
        client.sendall(keep("/lane"))
        client.shutdown(socket.SHUT_WR)
        answer, end = read_ending(client)

    assert end == ("reset" if delivery == Delivery(end="reset") else "end")
    assert body(answer) == (b"" if answer in (b"", GARBAGE) else BODY)
    assert bool(answer) is (delivery != Delivery(end="reset"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("delivery", [Delivery(delay_s=1000), Delivery(parts=9, spread_s=1000)])
def test_a_client_that_leaves_during_a_delivery_is_forgotten(way: str, delivery: Delivery) -> None:
    with delivering(delivery) as (_, server):
        with connect(server) as client:
            client.sendall(keep(way))
            until(lambda: server.delivering)
            reset_when_closed(client)
        until(lambda: not server.connections)

        until(lambda: not server.delivering)
        assert body(exchange(server, get("/now"))) == b"ok"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "delivery",
    [
        Delivery(),
        Delivery(end="hang"),
        Delivery(parts=3, spread_s=0.01),
        Delivery(parts=9, spread_s=1000),
        Delivery(end="reset"),
    ],
)
def test_a_connection_that_has_ended_is_freed_at_once(way: str, delivery: Delivery) -> None:
    with delivering(replace(delivery, delay_s=0.01)) as (pages, server), freed_at_once(Connection):
        with connect(server) as client:
            client.sendall(keep(way))
            until(lambda: pages.received)
            reset_when_closed(client)
        until(lambda: not server.connections)


def test_after_a_half_close_a_delivery_lasts_no_longer_than_an_idle_connection() -> None:
    with (
        delivering(Delivery(delay_s=1000), Limits(idle_s=0.3)) as (_, server),
        connect(server) as client,
    ):
        client.sendall(keep("/lane") + keep("/now"))
        client.shutdown(socket.SHUT_WR)

        assert read_ending(client)[0] == b""
        until(lambda: not server.delivering)


@pytest.mark.parametrize("sent", [keep("/later"), keep("/waits") + keep("/lane")])
def test_a_half_close_before_the_delivery_counts_too(
    sent: bytes,
) -> None:
    with (
        delivering(Delivery(delay_s=1000), Limits(idle_s=0.3)) as (pages, server),
        connect(server) as client,
    ):
        pages.waits = True
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        until(lambda: [each for each in server.connections if each._eof_received])
        pages.gate.set()

        assert body(read_ending(client)[0]) in (b"", b"ok")
        until(lambda: not server.delivering)


def test_a_delivery_to_a_client_that_is_no_longer_read_has_the_idle_deadline() -> None:
    with delivering(Delivery(delay_s=1000), Limits(idle_s=0.3)) as (_, server):
        with connect(server) as client:
            client.sendall(keep("/lane") + keep("/now") * 5000)
            until(lambda: [each for each in server.connections if not each._events])
            reset_when_closed(client)

        until(lambda: not server.connections)
        until(lambda: not server.delivering)


def test_nothing_is_delivered_to_a_client_that_left_while_its_answer_was_made() -> None:
    with delivering(Delivery(delay_s=1000)) as (pages, server):
        pages.waits = True
        with connect(server) as client:
            client.sendall(keep("/later"))
            until(lambda: "/later" in pages.received)
            reset_when_closed(client)
        until(lambda: not server.connections)
        pages.gate.set()

        assert body(exchange(server, get("/write"))) == b"writ"
        until(lambda: not server.delivering)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "delivery", [Delivery(delay_s=1000), Delivery(end="hang"), Delivery(parts=9, spread_s=1000)]
)
def test_a_delivery_that_a_reset_overtakes_is_cut(
    delivery: Delivery,
    way: str,
    secure: bool,
) -> None:
    with delivering(delivery, secure=secure) as (pages, server):
        with (TlsClient if secure else connect)(server) as client:
            client.sendall(keep(way))
            until(lambda: server.delivering)
            server.hang_up_overtaken()
            server.loop.call_soon(server.hang_up_overtaken)
            assert len(server.delivering) == 1  # the reset was of another project
            pages.is_past = True
            server.hang_up_overtaken()
            answer, end = read_ending(client)

        assert (body(answer), end) == (b"", "end")
        until(lambda: not server.delivering)
        until(lambda: not server.connections)


@pytest.mark.parametrize("delivery", [Delivery(delay_s=0.3), Delivery(end="hang")])
def test_an_overtaken_answer_is_not_sent_even_if_nobody_hangs_up(delivery: Delivery) -> None:
    with delivering(delivery) as (pages, server), connect(server) as client:
        pages.is_past = delivery.end == "hang"  # else only while it waits
        client.sendall(keep("/lane"))
        until(lambda: "/lane" in pages.received)
        pages.is_past = True

        assert read_ending(client) == (b"", "end")


def test_two_hundred_delays_take_no_thread_and_block_nobody() -> None:
    before = threading.active_count()
    with delivering(Delivery(delay_s=1000)) as (_, server), contextlib.ExitStack() as clients:
        for _ in range(200):
            clients.enter_context(connect(server)).sendall(get("/lane"))
        until(lambda: len(server.delivering) == 200)

        assert body(exchange(server, get("/now"))) == b"ok"
        assert threading.active_count() <= before + 1  # others may have ended meanwhile


def test_delays_run_side_by_side() -> None:
    with delivering(Delivery(delay_s=0.5)) as (_, server):
        clients = [connect(server) for _ in range(50)]
        began = time.perf_counter()
        for client in clients:
            client.sendall(get("/lane"))

        assert [body(read_ending(client)[0]) for client in clients] == [BODY] * 50
        assert time.perf_counter() - began < 50 * 0.5 / 2
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    "delivery", [Delivery(delay_s=1000), Delivery(end="hang"), Delivery(parts=9, spread_s=1000)]
)
def test_stop_does_not_wait_for_deliveries(delivery: Delivery) -> None:
    before = threading.active_count()
    with delivering(delivery) as (_, server):
        clients = [connect(server) for _ in range(50)]
        for client in clients:
            client.sendall(keep("/later"))
        until(lambda: len(server.delivering) == 50)
        began = time.perf_counter()
        server.stop()
        assert time.perf_counter() - began < 5  # nobody waits for the 1000 s

        assert {body(read_ending(client)[0]) for client in clients} == {b""}
        for client in clients:
            client.close()
    until(lambda: threading.active_count() <= before)


# --- Streams ------------------------------------------------------------------------------------


class Feed:
    """Parts of a stream, made when they are asked for."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts
        self.asked, self.closed = 0, False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._parts or repeat(b""):
                self.asked += 1
                yield part
        finally:
            self.closed = True


@contextlib.contextmanager
def streaming(
    feed: Feed, limits: Limits | None = None, *, secure: bool = False
) -> Iterator[HttpServer]:
    """A server whose /stream is *feed*."""
    pages = Pages()
    pages.stream = iter(feed)
    with serving(pages, limits, server_context() if secure else None) as server:
        yield server


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_stream_is_sent_as_it_comes_until_it_ends(version: str, *, secure: bool) -> None:
    feed = Feed(b"one,", b"", b"two")
    lines = ["Connection: keep-alive"] * (version == "1.0")
    with streaming(feed, secure=secure) as server:
        answer = exchange(server, get("/stream", *lines, version=version), secure=secure)

    head = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert body(answer) == b"one,two"
    assert [line for line in head if line.startswith((b"Content-Length", b"Connection"))] == [
        b"Connection: close"
    ]
    assert feed.closed


def test_a_stream_waits_for_its_client_and_is_not_asked_meanwhile() -> None:
    feed = Feed(bytes(LARGE), b"end")
    with streaming(feed) as server, connect(server) as client:
        client.sendall(get("/stream"))
        until(lambda: any(each._transport.unsent for each in server.streaming))
        assert body(exchange(server, get("/now"))) == b"ok"
        assert feed.asked == 1

        assert body(read_ending(client)[0]) == bytes(LARGE) + b"end"


def test_a_client_that_does_not_read_its_stream_is_cut_off() -> None:
    feed = Feed(bytes(LARGE), b"end")
    with streaming(feed, Limits(write_s=0.3)) as server, connect(server) as client:
        client.sendall(get("/stream"))
        until(lambda: feed.closed)

        assert (feed.asked, server.streaming) == (1, set())


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_stream_lasts_until_its_client_goes(*, secure: bool, resets: bool) -> None:
    feed, short = Feed(), Limits(head_s=0.3, body_s=0.3, idle_s=0.3, write_s=0.3)
    with streaming(feed, short, secure=secure) as server, freed_at_once(Connection):
        client = (TlsClient if secure else connect)(server)
        client.sendall(get("/stream"))
        until(lambda: feed.asked)
        assert exchange(server) == b""  # an idle connection expires meanwhile
        assert not feed.closed
        if resets and isinstance(client, socket.socket):
            reset_when_closed(client)
        client.__exit__()

        until(lambda: feed.closed and not server.streaming and not server.delivering)


def test_a_stream_does_not_count_as_a_connection() -> None:
    feed = Feed()
    limits = Limits(connections=1, reserve=0)
    with streaming(feed, limits) as server, connect(server) as client:
        client.sendall(get("/stream"))
        until(lambda: feed.asked)

        for _ in range(3):
            assert body(exchange(server, get("/now"))) == b"ok"
        assert not feed.closed
    assert feed.closed


def test_a_stream_that_fails_ends(caplog: pytest.LogCaptureFixture) -> None:
    def failing() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("it failed")

    pages = Pages()
    pages.stream = failing()
    with serving(pages) as server:
        answer = exchange(server, get("/stream"))

    assert body(answer) == b"one"
    assert "ValueError: it failed" in caplog.text


# --- The loop -----------------------------------------------------------------------------------


def test_without_a_system_that_reports_unacknowledged_bytes_nothing_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    ours, theirs = socket.socketpair()

    with contextlib.closing(theirs), contextlib.closing(Transport(ours)) as transport:
        transport.unsent.append(b"owed")
        transport.flush()
        assert not transport.unacknowledged()


def test_a_timer_may_be_years_away() -> None:
    loop, called = Loop(), threading.Event()
    loop.call_at(loop.now + 1e9, called.set)
    thread = threading.Thread(target=loop.run)
    thread.start()
    loop.call_soon(called.set)

    assert called.wait(10)
    loop.stop()
    thread.join()
    loop.close()


def test_cancelled_timers_leave_nothing_behind() -> None:
    loop, called = Loop(), [0]
    soon = [
        loop.call_at(loop.now + 0.001 * number, partial(called.append, number))
        for number in (1, 2, 3)
    ]
    for _ in range(1000):
        loop.cancel(loop.call_at(loop.now + 1e9, called.clear))
    assert len(loop._timers) < 100
    loop.cancel(soon[1])
    loop.call_at(loop.now + 0.004, loop.stop)
    loop.run()
    loop.close()

    assert called == [0, 1, 3]
