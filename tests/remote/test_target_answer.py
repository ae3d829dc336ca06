"""What the target sends is read as one answer, or it is told why it is none."""

import gc
import weakref
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesmock.remote.answer import AnswerReader
from gesmock.remote.failures import Ended, Unreachable

CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;x=y\r\nok\r\n3\r\nay!\r\n0\r\nTrailer: t\r\n\r\n"
)
HEAD = b"HTTP/1.1 200 OK\r\n"


def read(text: bytes, method: str = "GET", *, ends: bool = False) -> AnswerReader:
    reader = AnswerReader(method, "http://h", largest=20)
    reader.feed(text)
    if ends:
        reader.end()
    return reader


@given(st.lists(st.integers(0, len(CHUNKED))))
def test_however_it_is_split_it_is_the_same(cuts: list[int]) -> None:
    reader = AnswerReader("GET", "http://h")
    places = [0, *sorted(cuts), len(CHUNKED)]

    for begin, end in pairwise(places):
        assert not reader.whole or begin == end
        if begin < end:
            reader.feed(CHUNKED[begin:end])

    assert reader.whole
    assert reader.keeps
    assert reader.answer.status == 200
    assert reader.answer.headers == [
        ("Set-Cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("Transfer-Encoding", "chunked"),
    ]
    assert reader.answer.values("set-cookie") == ["a=1", "b=2"]
    assert reader.answer.body == b"okay!"


@pytest.mark.parametrize(
    ("text", "method", "body", "keeps"),
    [
        (b"Content-Length: 2\r\n\r\nok", "GET", b"ok", True),
        (b"Content-Length: 0\r\n\r\n", "GET", b"", True),
        (b"Content-Length: 2\r\nConnection: close\r\n\r\nok", "GET", b"ok", False),
        (b"Content-Length: 2\r\nConnection: close\r\n\r\nok and more", "GET", b"ok", False),
        (b"Content-Length: 2\r\n\r\nokHTTP/1.1 404 No\r\n\r\n", "GET", b"ok", False),
        (b"Content-Length: 2\r\n\r\nok, and what is no HTTP", "GET", b"ok", False),
        (b"Content-Length: 99\r\n\r\n", "HEAD", b"", True),
        (b"Content-Length: 99\r\n\r\nbody", "HEAD", b"", False),
        (b"Transfer-Encoding: chunked\r\n\r\n", "HEAD", b"", True),
        (b"\r\n", "HEAD", b"", True),
    ],
)
def test_an_answer_says_where_it_ends(text: bytes, method: str, body: bytes, keeps: bool) -> None:
    reader = read(HEAD + text, method)

    assert (reader.whole, bytes(reader.answer.body), reader.keeps) == (True, body, keeps)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("length", [b"", b"Content-Length: 5\r\n"])
def test_without_a_body_it_ends_with_its_head(status: bytes, length: bytes) -> None:
    reader = read(b"HTTP/1.1 " + status + b"\r\n" + length + b"\r\n")

    assert (reader.whole, bytes(reader.answer.body), reader.keeps) == (True, b"", True)


def test_an_answer_may_end_with_its_connection() -> None:
    reader = read(HEAD + b"\r\nok")
    assert not reader.whole

    reader.feed(b"ay")
    reader.end()

    assert (reader.whole, bytes(reader.answer.body), reader.keeps) == (True, b"okay", False)


def test_an_old_server_is_not_asked_again() -> None:
    assert not read(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keeps


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "http_protocol_error", "its answer is no HTTP: Expected "),
        (
            HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "http_protocol_error",
            "its answer is no HTTP: Transfer-Encoding can't be present with Content-Length ('1')",
        ),
        (
            HEAD + b"Content-Length: ten\r\n\r\n",
            "http_protocol_error",
            "its answer is no HTTP: Invalid character in Content-Length ('ten')",
        ),
        (
            HEAD + b"Content-Length: -1\r\n\r\n",
            "http_protocol_error",
            "its answer is no HTTP: Invalid character in Content-Length ('-1')",
        ),
        (
            HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
            "http_protocol_error",
            "its answer is no HTTP: Duplicate Content-Length ('2', '3')",
        ),
        (
            HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
            "http_protocol_error",
            f"its answer is no HTTP: Content-Length overflow ('{'9' * 30}')",
        ),
        (
            HEAD + b"Content-Length: " + b"0" * 5000 + b"\r\n\r\n",
            "http_protocol_error",
            "its answer is no HTTP: ",
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\nten\r\n",
            "http_protocol_error",
            "its answer is no HTTP: Invalid character in chunk size",
        ),
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
            "http_protocol_error",
            "its answer is no HTTP: it goes over to another protocol",
        ),
        (
            HEAD + b"X: " + b"x" * 2**18,
            "http_protocol_error",
            "its answer is no HTTP: its head is longer than 262144 bytes",
        ),
        (
            HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "http_response_transfer_coding",
            "its answer is sent as 'gzip, chunked', which is not read",
        ),
        (
            HEAD + b"Content-Length: 21\r\n\r\n",
            "http_response_body_size",
            "its answer has 21 bytes or more; no more than 20 are read",
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"b\r\nxxxxxxxxxxx\r\n" * 3,
            "http_response_body_size",
            "its answer has 22 bytes or more; no more than 20 are read",
        ),
    ],
)
def test_what_is_no_answer_is_told(text: bytes, kind: str, reason: str) -> None:
    with pytest.raises(Unreachable) as failed:
        read(text)

    assert failed.value.kind == kind
    assert str(failed.value).startswith(f"http://h: {reason}")


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (
            HEAD + b"Content-Length: 9\r\n\r\nok",
            "http_response_incomplete",
            "its answer was cut off after 2 of 9 bytes of its body",
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nok",
            "http_response_incomplete",
            "its answer was cut off after 2 bytes of its body",
        ),
        (HEAD, "http_response_incomplete", "its answer was cut off in its head"),
    ],
)
def test_an_answer_that_is_not_whole_is_told(text: bytes, kind: str, reason: str) -> None:
    with pytest.raises(Unreachable) as failed:
        read(text, ends=True)

    assert (failed.value.kind, str(failed.value)) == (kind, f"http://h: {reason}")


def test_no_answer_is_told() -> None:
    with pytest.raises(Ended, match="^http://h: it hung up without an answer$"):
        AnswerReader("GET", "http://h").end()


def test_a_body_is_let_go_with_its_answer() -> None:
    reader = read(HEAD + b"Content-Length: 2\r\n\r\nok")
    gone = weakref.ref(reader._found)
    gc.disable()
    try:
        del reader

        assert gone() is None
    finally:
        gc.enable()
