"""What the server accepts as a request, and what it refuses, however the bytes are split."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import LARGEST_BODY, serving
from raw_client import body, exchange, get, keep, post, status

from gesmock.server.parser import BadRequest, Head, Limits, Parser
from gesmock.server.protocol import HttpServer


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with serving() as started:
        yield started


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
    "a length of 5,000 digits": (post(b"abc", f"Content-Length: {3:05000}"), 400),
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
    "long trailers": (post(b"0\r\n" + b"X: y\r\n" * 1000, CHUNKED), 400),
    "a long chunk extension": (post(b"1;" + b"x" * 5000 + b"\r\n", CHUNKED), 400),
    "a long body": (post(b"", f"Content-Length: {LARGEST_BODY + 1}"), 413),
    "a long chunk": (post(b"65\r\n", CHUNKED), 413),
    "many chunks": (post(b"32\r\n" + b"x" * 50 + b"\r\n33\r\n", CHUNKED), 413),
    "a long URL": (get("/" + "a" * 17_000), 414),
    "a long URL without an end": (b"GET /" + b"a" * 17_000, 414),
    "a long head": (get("/now", "X: " + "a" * 66_000), 431),
    "a long head without an end": (get("/now", "X: " + "a" * 66_000)[:-4], 431),
}


@pytest.mark.parametrize(("sent", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_malformed_or_oversized_request_is_refused_and_the_connection_closed(
    server: HttpServer, sent: bytes, expected: int
) -> None:
    answer = exchange(server, sent)

    assert status(answer) == expected
    assert b"Connection: close\r\n" in answer


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (b"BREW", b"Unknown method 'BREW'."),
        (b"patch", b"Unknown method 'patch'; did you mean 'PATCH'?"),
        (b"Get", b"Unknown method 'Get'; did you mean 'GET'?"),
    ],
)
def test_an_unknown_method_is_named_in_the_refusal(
    server: HttpServer, method: bytes, reason: bytes
) -> None:
    assert exchange(server, method + b" /now HTTP/1.1\r\n" + H + b"\r\n").endswith(reason)


ACCEPTED = {
    "a plain one": (get("/now"), b"ok"),
    "an empty line before it": (b"\r\n\r\n" + get("/now"), b"ok"),
    "an absolute target": (get("http://example.org:80/now?x#y"), b"ok"),
    "an upgrade that is not known": (get("/now", "Connection: upgrade", "Upgrade: h2c"), b"ok"),
    "an upgrade to a web socket": (get("/now", "Connection: upgrade", "Upgrade: websocket"), b"ok"),
    "answered in a worker": (get("/later"), b"later"),
    "a body of no bytes": (post(b"", "Content-Length: 0"), b""),
    "a body of some length": (post(b"abc", "Content-Length: 3"), b"abc"),
    "a body that is answered in the loop": (post(b"ab", "Content-Length: 2", path="/copy"), b"ab"),
    "no body, answered in the loop": (get("/copy"), b""),
    "chunks": (post(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", CHUNKED), b"abcde"),
    "chunks with extensions": (post(b'3;a="b"\r\nabc\r\n0\r\n\r\n', CHUNKED), b"abc"),
    "chunks with a trailer": (post(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n", CHUNKED), b"abc"),
    "what is written": (get("/write"), b"writ"),
    "an answer without a length": (get("/chunks"), b"onetwo"),
    "no body": (get("/none"), b""),
    "a head only": (get("/chunks", method="HEAD"), b""),
}


@pytest.mark.parametrize(("sent", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_request_is_answered_whole_or_byte_by_byte(
    server: HttpServer, sent: bytes, expected: bytes
) -> None:
    whole = exchange(server, sent)
    by_bytes = exchange(server, *(bytes([byte]) for byte in sent))

    assert body(whole) == body(by_bytes) == expected
    assert status(whole) == status(by_bytes) < 300


def read(*parts: bytes) -> list[tuple[str, str, bytes] | int]:
    """The requests in bytes that come in these *parts*; a refusal is its status."""
    limits = Limits()
    parser = Parser({}, limits, lambda _: LARGEST_BODY)
    requests: list[tuple[str, str, bytes] | int] = []
    try:
        for part in parts:
            parser.received += part
            while (request := parser.next_request()) is not None:
                head, body = request
                requests.append((head.method, head.path, body))
    except BadRequest as error:
        requests.append(error.status)
    return requests


@pytest.mark.parametrize(
    "sent", [text for text, _ in [*ACCEPTED.values(), *REFUSED.values()] if len(text) < 500]
)
def test_where_the_bytes_are_split_makes_no_difference(sent: bytes) -> None:
    sent += get("/now")
    whole = read(sent)

    assert all(read(sent[:index], sent[index:]) == whole for index in range(len(sent)))
    assert read(*(bytes([byte]) for byte in sent)) == whole


def test_a_url_of_the_greatest_length_is_read_wherever_it_is_cut() -> None:
    sent = keep("/" + "a" * (Limits().url - 1))
    url_end = len(b"GET ") + Limits().url
    whole = read(sent)

    assert [request for request in whole if isinstance(request, tuple)] == whole
    assert all(read(sent[:index], sent[index:]) == whole for index in range(url_end - 5, len(sent)))


@pytest.mark.parametrize(("more", "is_read"), [(0, True), (1, False)])
def test_a_head_may_have_the_greatest_length_and_no_more(more: int, is_read: bool) -> None:
    around = len(get("/now", "X: "))
    sent = get("/now", "X: " + "a" * (Limits().head - around + more))
    expected = [("GET", "/now", b"")] if is_read else [431]

    assert read(sent) == read(sent[:-1], sent[-1:]) == expected


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_are_a_request_or_refused(noise: bytes, index: int) -> None:
    sent = bytearray(post(b"3\r\nabc\r\n0\r\n\r\n", CHUNKED))
    sent[index:index] = noise

    assert all(isinstance(request, tuple) or 400 <= request <= 505 for request in read(bytes(sent)))
    assert all(isinstance(request, tuple) or 400 <= request <= 505 for request in read(noise))


def test_a_head_that_comes_byte_by_byte_is_searched_once() -> None:
    sent = get("/now", "X: " + "a" * 60_000)
    began = time.thread_time()

    assert read(*(bytes([byte]) for byte in sent)) == [("GET", "/now", b"")]
    assert time.thread_time() - began < 6  # searching everything for each byte would take 13 s


def test_clear_leaves_nothing_behind() -> None:
    limits = Limits()
    parser = Parser({}, limits, lambda _: LARGEST_BODY)
    parser.received += get("/now", "X: " + "a" * 500)[:-1]
    assert parser.next_request() is None

    parser.clear()
    parser.received += get("/now")
    assert parser.next_request() is not None


def test_heads_are_cached_until_there_are_many() -> None:
    heads: dict[bytes, Head] = {}
    parser = Parser(heads, Limits(), lambda _: LARGEST_BODY)
    requests = [keep("/0"), *(keep(f"/{number}") for number in range(600))]

    parser.received += b"".join(requests)
    read = [parser.next_request() for _ in requests]

    paths = [request[0].path for request in read if request is not None]
    assert paths == ["/0", *(f"/{number}" for number in range(600))]
    assert read[0] == read[1]
    assert requests[0] not in heads
    assert requests[-1] in heads


def test_cached_heads_take_two_mebibytes_at_most() -> None:
    heads: dict[bytes, Head] = {}
    parser = Parser(heads, Limits(), lambda _: LARGEST_BODY)

    for number in range(1100):
        for length in (3_900, 15_000):
            parser.received += keep(f"/{number}{'a' * length}")
            assert parser.next_request() is not None
        assert sum(map(len, heads)) <= 2 * 2**20
    assert max(map(len, heads)) <= 4096
