"""Requests to the target are sent as they are, and whatever goes wrong is reported."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from conftest import until
from other_server import OK, Act, OtherServer, hang_up, lines, reset, wait

from gesmock.model.clock import real_time
from gesmock.model.errors import InvalidInput
from gesmock.remote import http
from gesmock.remote.http import (
    ASKING,
    CONNECTING,
    SECURING,
    Attempt,
    ConnectionPool,
    HttpConnection,
    HttpReply,
    HungUp,
    Unreachable,
    Unresponsive,
    reason,
)
from gesmock.remote.target import Target


@contextmanager
def connected(
    url: str, timeout_s: float = 10, **options: Any
) -> Iterator[tuple[HttpConnection, float]]:
    """A connection to *url*, and its deadline."""
    target = replace(Target.of(url, "p", "g", **options), timeout_s=timeout_s)  # any, in tests
    pool = ConnectionPool(target)  # loads certificates, which takes time
    deadline = real_time() + timeout_s
    with closing(pool.connect(deadline)) as connection:
        yield connection, deadline


def ask(url: str, body: bytes | None = None, **options: Any) -> bytes:
    with connected(url, **options) as (one, deadline):
        return bytes(one.exchange("GET", "/a?b", [], body, deadline).body)


def failure(url: str, body: bytes | None = None, **options: Any) -> tuple[str, str]:
    """The kind of what fails at *url*, and why."""
    with pytest.raises(Unreachable) as failed:
        ask(url, body, **options)
    where, _, why = str(failed.value).partition(f"{url}: ")
    assert where == ""
    return failed.value.kind, why


def nobody() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def acting(act: Act, scheme: str = "http") -> Iterator[str]:
    """The URL of a server that does something on its only connection, before it reads of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the client has gone
                connection, _ = listener.accept()
                with connection:
                    act(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def test_a_request_is_sent_as_it_stands() -> None:
    with OtherServer() as server, connected(server.url) as (one, deadline):
        headers = [("X", "\xe9"), ("X", "b"), ("y", "")]
        one.exchange("PUT", "//a%2F%zz?", headers, b"\x00{", deadline)
        one.exchange("OPTIONS", "*", [], None, deadline)

    assert server.asked[0] == (
        b"PUT //a%2F%zz? HTTP/1.1\r\n"
        b"Host: " + server.authority.encode() + b"\r\n"
        b"X: \xe9\r\nX: b\r\ny: \r\nContent-Length: 2\r\n\r\n\x00{"
    )
    assert lines(server.asked[1]) == ["OPTIONS * HTTP/1.1", f"Host: {server.authority}"]


def test_who_answers_before_it_has_read_all_is_heard() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 413 -\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!")
        connection.shutdown(socket.SHUT_RDWR)

    with acting(refuse) as url:
        assert ask(url, b"x" * 2**24) == b"no!"


# --- What is read -------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;x=y\r\nok\r\n3\r\nay!\r\n0\r\nTrailer: t\r\n\r\n"
)


def read(text: bytes, method: str = "GET", *, split: int | None = None) -> tuple[HttpReply, bool]:
    """The reply to a request that is answered with *text*; whether the connection can be reused."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text[:split])
        if split is not None:
            time.sleep(0.02)
            connection.sendall(text[split:])
        wait(connection)

    with acting(answer) as url, connected(url) as (connection, deadline):
        reply = connection.exchange(method, "/", [], None, deadline)
        return reply, connection.is_usable()


@pytest.mark.parametrize("split", [None, 1, 30, 44, 50, 130, 150, 155, 160, len(CHUNKED) - 1])
def test_an_answer_is_the_same_however_it_is_split(split: int | None) -> None:
    reply, reusable = read(CHUNKED, split=split)

    assert (reply.status, bytes(reply.body), reusable) == (200, b"okay!", True)
    assert reply.headers == [
        ("Set-Cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("Transfer-Encoding", "chunked"),
    ]
    assert reply.values("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("text", "method", "body", "reusable"),
    [
        (b"Content-Length: 2\r\n\r\nok", "GET", b"ok", True),
        (b"Content-Length: 0\r\n\r\n", "GET", b"", True),
        (b"Content-Length: 2\r\nConnection: close\r\n\r\nok", "GET", b"ok", False),
        (b"Content-Length: 2\r\nConnection: close\r\n\r\nok and more", "GET", b"ok", False),
        (b"Content-Length: 2\r\n\r\nokHTTP/1.1 404 No\r\n\r\n", "GET", b"ok", False),
        (b"Content-Length: 2\r\n\r\nok, and more", "GET", b"ok", False),
        (b"Content-Length: 99\r\n\r\n", "HEAD", b"", True),
        (b"Content-Length: 99\r\n\r\nbody", "HEAD", b"", False),
        (b"Transfer-Encoding: chunked\r\n\r\n", "HEAD", b"", True),
        (b"\r\n", "HEAD", b"", True),
    ],
)
def test_an_answer_says_where_it_ends(
    text: bytes, method: str, body: bytes, reusable: bool
) -> None:
    reply, usable = read(HEAD + text, method)

    assert (bytes(reply.body), usable) == (body, reusable)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("framing", [b"", b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_an_answer_without_a_body_ends_with_its_head(status: bytes, framing: bytes) -> None:
    line = framing + b"\r\n" if framing else b""
    reply, reusable = read(b"HTTP/1.1 " + status + b"\r\n" + line + b"\r\n")

    assert (bytes(reply.body), reusable) == (b"", True)


def test_an_answer_may_end_with_its_connection() -> None:
    with OtherServer(lambda connection: connection.sendall(HEAD + b"\r\nokay")) as server:
        assert ask(server.url) == b"okay"


def test_a_connection_to_an_http_1_0_server_is_not_reused() -> None:
    assert not read(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")[1]


def test_spaces_after_a_header_are_no_part_of_it() -> None:
    reply, _ = read(HEAD + b"X: a b \t\r\nContent-Length: 2 \r\n\r\nok")

    assert reply.headers == [("X", "a b"), ("Content-Length", "2")]


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            "http_protocol_error",
            "its answer is not HTTP: its status line is malformed",
        ),
        (
            b"HTTP/2.0 200 OK\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: its status line is malformed",
        ),
        (
            HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: it has both Content-Length and Transfer-Encoding",
        ),
        (
            HEAD + b"Content-Length: ten\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: its Content-Length is malformed ('ten')",
        ),
        (
            HEAD + b"Content-Length: -1\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: its Content-Length is malformed ('-1')",
        ),
        (
            HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: its Content-Length is malformed ('2', '3')",
        ),
        (
            HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
            "http_protocol_error",
            f"its answer is not HTTP: its Content-Length is malformed ('{'9' * 30}')",
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\nten\r\n",
            "http_protocol_error",
            "its answer is not HTTP: a chunk has no valid size",
        ),
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: it switches to another protocol",
        ),
        (
            HEAD + b"X: " + b"x" * 2**17 + b"\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: got more than 65536 bytes when reading header line",
        ),
        (
            HEAD + b"X: 1\r\n" * 101 + b"\r\n",
            "http_protocol_error",
            "its answer is not HTTP: got more than 100 headers",
        ),
        (
            HEAD + b"X: 1\r\nno header\r\nContent-Length: 0\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: a header is malformed",
        ),
        (
            HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: a header is malformed",
        ),
        (
            HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: a header is malformed",
        ),
        (
            HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "http_response_transfer_coding",
            "its answer is sent as 'gzip, chunked', which is not supported",
        ),
        (
            HEAD + b"Content-Length: 21\r\n\r\n",
            "http_response_body_size",
            "its answer has 21 bytes or more; at most 20 are read",
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"b\r\nxxxxxxxxxxx\r\n" * 3,
            "http_response_body_size",
            "its answer has 22 bytes or more; at most 20 are read",
        ),
    ],
)
def test_an_answer_that_is_not_http_is_reported(
    monkeypatch: pytest.MonkeyPatch, text: bytes, kind: str, why: str
) -> None:
    monkeypatch.setattr(http, "LARGEST_BODY", 20)
    with pytest.raises(Unreachable) as failed:
        read(text)

    assert (failed.value.kind, failed.value.args[2]) == (kind, why)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (HEAD + b"Content-Length: 9\r\n\r\nok", "after 2 of 9 bytes of its body"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nok", "after 2 bytes of its body"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0", "after 2 bytes of its body"),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b",
            "after 2 bytes of its body",
        ),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n", "after 4 bytes of its body"),
        (HEAD, "in its head"),
        (b"HTTP/1.1 200", "in its head"),
        (HEAD + b"Content-Length: 9", "in its head"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "in its head"),
    ],
)
def test_an_answer_that_is_cut_off_is_reported(text: bytes, where: str) -> None:
    with OtherServer(lambda connection: connection.sendall(text)) as server:
        assert failure(server.url) == (
            "http_response_incomplete",
            f"its answer was cut off {where}",
        )


# --- What fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (
            b"nonsense\r\n\r\n",
            "http_protocol_error",
            "its answer is not HTTP: its status line is malformed",
        ),
        (hang_up, "connection_terminated", "it hung up without an answer"),
        (reset, "connection_terminated", "it broke off the connection"),
    ],
)
def test_what_fails_is_told(answer: bytes | Act, kind: str, why: str) -> None:
    with OtherServer(answer) as server:
        found, told = failure(server.url)

    assert (found, told[: len(why)]) == (kind, why)


def begin(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")


def begin_and_reset(connection: socket.socket) -> None:
    begin(connection)
    reset(connection)


@pytest.mark.parametrize(
    ("end", "ended"), [(hang_up, True), (reset, True), (begin, False), (begin_and_reset, False)]
)
def test_whether_anything_was_answered_is_told(end: Act, *, ended: bool) -> None:
    with OtherServer(end) as server, pytest.raises(Unreachable) as failed:
        ask(server.url)

    assert isinstance(failed.value, HungUp) == ended


def test_where_nobody_listens_it_is_told() -> None:
    assert failure(nobody()) == ("connection_refused", "nothing listens there (connection refused)")


def test_a_host_that_nobody_knows_is_told() -> None:
    assert failure("http://nobody.invalid") == (
        "dns_error",
        "the host name cannot be resolved",
    )


def test_a_host_that_cannot_be_reached_is_told() -> None:
    kind, why = failure("http://255.255.255.255")  # that is everybody

    assert (kind, bool(why)) == ("destination_ip_unroutable", True)


# --- What takes too long ------------------------------------------------------------------------


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.005)


def drip_to_the_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    drip(connection)


@pytest.mark.parametrize("late", [wait, drip, drip_to_the_end])
def test_an_answer_that_takes_too_long_is_told(late: Act) -> None:
    with OtherServer(late) as server, pytest.raises(Unresponsive) as failed:
        ask(server.url, timeout_s=0.1)

    assert failed.value.kind == "http_response_timeout"
    assert str(failed.value) == f"{server.url}: no complete answer within 0.1 s"


def test_a_connection_that_takes_too_long_is_told() -> None:
    with OtherServer() as server:
        found = failure(server.url, timeout_s=-1)

    assert found == ("connection_timeout", "no connection within -1 s")


@pytest.mark.parametrize(
    ("scheme", "found"),
    [
        ("http", ("http_response_timeout", "no complete answer within 0.02 s")),
        ("https", ("connection_timeout", "no TLS handshake within 0.02 s")),
    ],
)
def test_the_time_is_that_of_all_together(
    monkeypatch: pytest.MonkeyPatch, scheme: str, found: tuple[str, str]
) -> None:
    connect = socket.create_connection

    def late(place: tuple[str, int], left_s: float) -> socket.socket:
        over = real_time() + left_s
        until(lambda: real_time() > over)
        return connect(place)

    with acting(wait, scheme) as url, monkeypatch.context() as patched:
        patched.setattr(socket, "create_connection", late)
        assert failure(url, timeout_s=0.02) == found


def test_tls_that_comes_drop_by_drop_takes_too_long() -> None:
    def drip_tls(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03")
        while True:
            connection.sendall(b"\x03")
            time.sleep(0.005)

    with acting(drip_tls, "https") as url:
        assert failure(url, timeout_s=0.1) == (
            "connection_timeout",
            "no TLS handshake within 0.1 s",
        )


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(made)
    return made


def test_over_tls_it_can_be_asked_again_too(
    authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path
) -> None:
    cafile = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(cafile)
    for options in ({"cafile": cafile}, {"insecure": True}):
        with (
            OtherServer(context=context) as server,
            connected(server.url, **options) as (one, deadline),
        ):
            for _ in range(2):
                assert one.exchange("GET", "/", [], None, deadline).body == b"ok"
                assert one.is_usable()


def test_a_request_that_is_taken_drop_by_drop_takes_too_long(context: ssl.SSLContext) -> None:
    def sip(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            while connection.recv(4096):
                time.sleep(0.005)

    with acting(sip, "https") as url:
        begun = time.monotonic()
        found = failure(url, b"x" * 2**24, timeout_s=0.2, insecure=True)

    assert found == ("http_response_timeout", "no complete answer within 0.2 s")
    assert time.monotonic() - begun < 5


def test_a_certificate_that_is_not_trusted_is_told(context: ssl.SSLContext) -> None:
    with OtherServer(context=context) as server:
        kind, why = failure(server.url)

    assert kind == "tls_certificate_error"
    assert why.startswith("its certificate is not trusted: ")


def test_who_does_not_speak_tls_is_told() -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK)

    with acting(speak, "https") as url:
        assert failure(url) == (
            "tls_protocol_error",
            "it does not speak TLS (WRONG_VERSION_NUMBER); did you mean http://?",
        )


@pytest.mark.parametrize("end", [hang_up, reset])
def test_who_hangs_up_instead_of_speaking_tls_is_told(end: Act) -> None:
    def leave(connection: socket.socket) -> None:
        connection.recv(65536)
        end(connection)

    with acting(leave, "https") as url:
        kind, why = failure(url)

    assert (kind, bool(why)) == ("tls_protocol_error", True)


@pytest.mark.parametrize(
    ("cafile", "why"),
    [("/nowhere", "No such file or directory"), (__file__, "it has no certificate in PEM")],
)
def test_a_file_of_certificates_that_is_none_is_told(cafile: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        ConnectionPool(Target.of("https://h", "p", "g", cafile=cafile))

    assert str(error.value) == f"--cafile: {cafile}: {why}"


NO_REASON = "it does not speak TLS (EOF occurred); did you mean http://?"


@pytest.mark.parametrize(
    ("error", "attempt", "kind", "why"),
    [
        (OSError(113, "No way"), CONNECTING, "destination_ip_unroutable", "No way"),
        (OSError(), CONNECTING, "destination_ip_unroutable", "OSError"),
        (ssl.SSLEOFError(8, "EOF occurred"), SECURING, "tls_protocol_error", NO_REASON),
        (
            ssl.SSLError(1, "certificate required"),
            ASKING,
            "connection_terminated",
            "certificate required",
        ),
    ],
)
def test_a_failure_has_a_reason_even_where_the_system_gives_little(
    error: OSError, attempt: Attempt, kind: str, why: str
) -> None:
    assert reason(error, attempt) == (kind, why)
