"""Requests are sent byte for byte, over connections that are reused; failures are classified."""

import errno
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
from gesmock.remote.http import ConnectionPool, HttpReply, Unreachable, Unresponsive
from gesmock.remote.target import Target


@contextmanager
def pool(url: str, timeout_s: float = 10, **options: Any) -> Iterator[ConnectionPool]:
    target = Target.of(url, "p", "g", **options)
    with closing(ConnectionPool(replace(target, timeout_s=timeout_s))) as connections:
        yield connections


def get(connections: ConnectionPool, method: str = "GET", body: bytes | None = None) -> bytes:
    return bytes(connections.exchange(method, "/a?b", [], body).body)


def failure(url: str, body: bytes | None = None, **options: Any) -> tuple[str, str]:
    """The kind and the reason of the failure of a request to *url*."""
    with pool(url, **options) as connections, pytest.raises(Unreachable) as error:
        get(connections, "POST", body)
    message = str(error.value)
    assert message.startswith(f"{url}: ")
    return error.value.kind, message.removeprefix(f"{url}: ")


@contextmanager
def acting(act: Act, scheme: str = "http") -> Iterator[str]:
    """The URL of a server that only calls *act*, with its only connection."""
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


def test_a_request_is_sent_byte_for_byte() -> None:
    with OtherServer() as server, pool(server.url) as connections:
        headers = [("X", "\xe9"), ("X", "b"), ("y", "")]
        connections.exchange("PUT", "//a%2F%zz?", headers, b"\x00{")
        connections.exchange("OPTIONS", "*", [], None)

    assert server.received[0] == (
        b"PUT //a%2F%zz? HTTP/1.1\r\n"
        b"Host: " + server.authority.encode() + b"\r\n"
        b"X: \xe9\r\nX: b\r\ny: \r\nContent-Length: 2\r\n\r\n\x00{"
    )
    assert lines(server.received[1]) == ["OPTIONS * HTTP/1.1", f"Host: {server.authority}"]


def test_an_answer_that_comes_before_the_request_is_complete_is_read() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 413 -\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!")
        connection.shutdown(socket.SHUT_RDWR)

    with acting(refuse) as url, pool(url) as connections:
        assert get(connections, "POST", b"x" * 2**24) == b"no!"


# --- Answers ------------------------------------------------------------------------------------

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

    with acting(answer) as url, pool(url) as connections:
        deadline = real_time() + 10
        with closing(connections.connect(deadline)) as connection:
            reply = connection.exchange(method, "/", [], None, deadline)
            return reply, connection.is_usable()


@pytest.mark.parametrize("split", [None, 1, 30, 44, 50, 130, 150, 155, 160, len(CHUNKED) - 1])
def test_an_answer_may_arrive_in_pieces(split: int | None) -> None:
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
        (b"Content-Length: 99\r\n\r\n", "HEAD", b"", False),
        (b"Content-Length: 4\r\n\r\nbody", "HEAD", b"", False),
        (b"Transfer-Encoding: chunked\r\n\r\n", "HEAD", b"", False),
        (b"\r\n", "HEAD", b"", False),
    ],
)
def test_the_head_of_an_answer_says_where_it_ends(
    text: bytes, method: str, body: bytes, reusable: bool
) -> None:
    reply, usable = read(HEAD + text, method)

    assert (bytes(reply.body), usable) == (body, reusable)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("framing", [b"", b"Content-Length: 99", b"Transfer-Encoding: chunked"])
def test_some_answers_never_have_a_body(
    monkeypatch: pytest.MonkeyPatch, status: bytes, framing: bytes
) -> None:
    monkeypatch.setattr(http, "LARGEST_BODY", 20)
    line = framing + b"\r\n" if framing else b""
    reply, reusable = read(b"HTTP/1.1 " + status + b"\r\n" + line + b"\r\n")

    assert (bytes(reply.body), reusable) == (b"", True)


@pytest.mark.parametrize("framing", [b"", b"Connection: close\r\n"])
def test_an_answer_may_end_with_its_connection(framing: bytes) -> None:
    text = HEAD + framing + b"\r\nokay"
    with (
        OtherServer(lambda connection: connection.sendall(text)) as server,
        pool(server.url) as connections,
    ):
        assert get(connections) == b"okay"


def test_a_connection_to_an_http_1_0_server_is_not_reused() -> None:
    assert not read(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")[1]


def test_spaces_after_a_header_are_dropped() -> None:
    reply, _ = read(HEAD + b"X: a b \t\r\nContent-Length: 2 \r\n\r\nok")

    assert reply.headers == [("X", "a b"), ("Content-Length", "2")]


NOT_HTTP = "its answer is not HTTP: "


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "http_protocol_error", f"{NOT_HTTP}Expected HTTP/"),
        (
            HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "http_protocol_error",
            f"{NOT_HTTP}Transfer-Encoding can't be present with Content-Length",
        ),
        (
            HEAD + b"Content-Length: -1\r\n\r\n",
            "http_protocol_error",
            f"{NOT_HTTP}Invalid character in Content-Length",
        ),
        (
            HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
            "http_protocol_error",
            NOT_HTTP,
        ),
        (HEAD + b"Content-Length: " + b"9" * 5000, "http_protocol_error", NOT_HTTP),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nten\r\n", "http_protocol_error", NOT_HTTP),
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
            "http_protocol_error",
            f"{NOT_HTTP}it switches protocols",
        ),
        (
            b"HTTP/1.1 101 Switching\r\n\r\n",
            "http_protocol_error",
            f"{NOT_HTTP}it switches protocols",
        ),
        (
            HEAD + b"X: " + b"x" * 2**17,
            "http_protocol_error",
            f"{NOT_HTTP}its head has more than 65536 bytes",
        ),
        (
            HEAD + b"X: 1\r\nno header\r\nContent-Length: 0\r\n\r\n",
            "http_protocol_error",
            f"{NOT_HTTP}Invalid header token",
        ),
        (HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n", "http_protocol_error", NOT_HTTP),
        (HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n", "http_protocol_error", NOT_HTTP),
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
            "its answer has 33 bytes or more; at most 20 are read",
        ),
    ],
)
def test_a_malformed_answer_is_reported(
    monkeypatch: pytest.MonkeyPatch, text: bytes, kind: str, why: str
) -> None:
    monkeypatch.setattr(http, "LARGEST_BODY", 20)
    with pytest.raises(Unreachable) as error:
        read(text)

    assert (error.value.kind, str(error.value).partition(": ")[2][: len(why)]) == (kind, why)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (HEAD + b"Content-Length: 9\r\n\r\nok", "after 2 of 9 bytes of its body"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nok", "after 2 bytes of its body"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0", "after 2 bytes of its body"),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b",
            "after 2 bytes of its body",
        ),
        (HEAD, "in its head"),
        (b"HTTP/1.1 200", "in its head"),
        (HEAD + b"Content-Length: 9", "in its head"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "in its head"),
    ],
)
def test_an_answer_that_is_cut_off_is_reported(text: bytes, cut: str) -> None:
    with OtherServer(lambda connection: connection.sendall(text)) as server:
        assert failure(server.url) == (
            "http_response_incomplete",
            f"its answer was cut off {cut}",
        )


# --- Connections --------------------------------------------------------------------------------


def test_safe_requests_reuse_a_connection() -> None:
    with OtherServer() as server, pool(server.url) as connections:
        for method in ("GET", "OPTIONS", "GET"):
            get(connections, method)

    assert server.connections == 1


def test_a_connection_is_not_reused_after_head() -> None:
    with OtherServer() as server, pool(server.url) as connections:
        answers = [get(connections, method) for method in ("GET", "HEAD", "GET")]

    assert answers == [b"ok", b"", b"ok"]
    assert server.connections == 2  # a body that should not be there follows the answer to HEAD


def test_a_connection_that_the_server_closes_is_not_reused() -> None:
    text = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    with OtherServer(text) as server, pool(server.url) as connections:
        assert [get(connections), get(connections)] == [b"ok", b"ok"]

    assert (server.connections, len(server.received)) == (2, 2)


def test_unsafe_requests_get_a_new_connection() -> None:
    with OtherServer() as server, pool(server.url) as connections:
        for method in ("GET", "POST", "DELETE", "GET"):
            get(connections, method)

    assert server.connections == 3


@pytest.mark.parametrize("end", [hang_up, reset])
def test_a_safe_request_is_sent_again_if_a_reused_connection_has_ended(end: Act) -> None:
    with OtherServer(OK, end, OK) as server, pool(server.url) as connections:
        assert [get(connections), get(connections)] == [b"ok", b"ok"]

    assert (server.connections, len(server.received)) == (2, 3)


def test_a_request_is_sent_again_only_once() -> None:
    with OtherServer(OK, hang_up) as server, pool(server.url) as connections:
        get(connections)
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            get(connections)

    assert len(server.received) == 3


def test_a_request_is_not_sent_again_once_an_answer_has_begun() -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")

    with OtherServer(OK, begin) as server, pool(server.url) as connections:
        get(connections)
        with pytest.raises(Unreachable, match="its answer was cut off in its head"):
            get(connections)

    assert len(server.received) == 2


def test_a_request_is_not_sent_again_after_a_timeout() -> None:
    with OtherServer(OK, wait) as server, pool(server.url, 0.2) as connections:
        get(connections)
        with pytest.raises(Unresponsive):
            get(connections)

    assert len(server.received) == 2


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_an_unsafe_request_is_never_sent_twice(method: str) -> None:
    with OtherServer(OK, hang_up) as server, pool(server.url) as connections:
        get(connections)
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            get(connections, method)

    assert len(server.received) == 2


def test_an_idle_connection_that_the_server_has_closed_is_not_used() -> None:
    with OtherServer() as server, pool(server.url) as connections:
        get(connections)
        server.hang_up()
        until(lambda: not connections._idle[0].is_usable())
        get(connections)

    assert (server.connections, len(server.received)) == (2, 2)


def test_an_idle_connection_that_was_reset_is_not_used() -> None:
    def send_more(connection: socket.socket) -> None:
        connection.sendall(OK)
        reset(connection)

    with OtherServer(send_more, OK) as server, pool(server.url) as connections:
        get(connections)
        until(lambda: not connections._idle[0].is_usable())
        get(connections)

    assert (server.connections, len(server.received)) == (2, 2)


def test_a_connection_idle_for_too_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with OtherServer() as server, pool(server.url) as connections:
        get(connections)
        monkeypatch.setattr(http, "_IDLE_S", -1.0)
        get(connections)

    assert server.connections == 2


def test_closing_ends_requests_in_progress() -> None:
    with OtherServer(wait) as server, pool(server.url, 60) as connections:
        answers: list[bytes] = []

        def ask() -> None:
            with suppress(Unreachable):
                answers.append(get(connections))

        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: server.received)
        started = time.monotonic()
        connections.close()
        thread.join(10)

    assert (answers, time.monotonic() - started < 5) == ([], True)


def test_a_closed_pool_keeps_no_connection() -> None:
    with OtherServer() as server, pool(server.url) as connections:
        connections.close()
        get(connections)

        assert not connections._idle


# --- Failures -----------------------------------------------------------------------------------


def test_a_connection_that_ends_without_an_answer_is_reported() -> None:
    with OtherServer(hang_up) as server:
        assert failure(server.url) == ("connection_terminated", "it hung up without an answer")
    with OtherServer(reset) as server:
        assert failure(server.url) == ("connection_terminated", "it dropped the connection")


def test_a_refused_connection_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    assert failure(url) == ("connection_refused", "nothing is listening there (connection refused)")


def test_an_unknown_host_is_reported() -> None:
    assert failure("http://nobody.invalid") == ("dns_error", "the host name cannot be resolved")


def test_an_unreachable_host_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(socket, "create_connection", unreachable)

    assert failure("http://10.0.0.7") == ("destination_ip_unroutable", "No route to host")


# --- Timeouts -----------------------------------------------------------------------------------


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.005)


def drip_to_the_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    drip(connection)


@pytest.mark.parametrize("late", [wait, drip, drip_to_the_end])
def test_an_answer_must_be_complete_in_time(late: Act) -> None:
    with (
        OtherServer(late) as server,
        pool(server.url, 0.3) as connections,
        pytest.raises(Unresponsive) as error,
    ):
        get(connections)

    assert error.value.kind == "http_response_timeout"
    assert str(error.value) == f"{server.url}: no complete answer within 0.3 s"


def test_a_connection_must_be_made_in_time() -> None:
    with OtherServer() as server:
        assert failure(server.url, timeout_s=-1) == (
            "connection_timeout",
            "no connection within -1 s",
        )


@pytest.mark.parametrize(
    ("scheme", "reported"),
    [
        ("http", ("http_response_timeout", "no complete answer within 0.02 s")),
        ("https", ("connection_timeout", "no TLS handshake within 0.02 s")),
    ],
)
def test_the_timeout_covers_all_steps_together(
    monkeypatch: pytest.MonkeyPatch, scheme: str, reported: tuple[str, str]
) -> None:
    connect = socket.create_connection

    def late(address: tuple[str, int], timeout_s: float) -> socket.socket:
        end = real_time() + timeout_s
        until(lambda: real_time() > end)
        return connect(address)

    # The system connects its clients, but nobody answers them.
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
    with silent, monkeypatch.context() as patched:
        patched.setattr(socket, "create_connection", late)
        assert failure(url, timeout_s=0.02) == reported


def test_a_tls_handshake_must_be_complete_in_time() -> None:
    def drip_tls(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03")
        while True:
            connection.sendall(b"\x03")
            time.sleep(0.005)

    with acting(drip_tls, "https") as url:
        assert failure(url, timeout_s=0.3) == (
            "connection_timeout",
            "no TLS handshake within 0.3 s",
        )


def test_a_request_must_be_sent_in_time(context: ssl.SSLContext) -> None:
    def sip(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            while connection.recv(4096):
                time.sleep(0.005)

    with acting(sip, "https") as url:
        started = time.monotonic()
        reported = failure(url, b"x" * 2**24, timeout_s=0.3, insecure=True)

    assert reported == ("http_response_timeout", "no complete answer within 0.3 s")
    assert time.monotonic() - started < 5


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_tls_connection_is_reused(
    authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path
) -> None:
    cafile = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(cafile)
    for options in ({"cafile": cafile}, {"insecure": True}):
        with (
            OtherServer(context=context) as server,
            pool(server.url, **options) as connections,
        ):
            assert [get(connections), get(connections)] == [b"ok", b"ok"]
        assert server.connections == 1


def test_an_untrusted_certificate_is_reported(context: ssl.SSLContext) -> None:
    with OtherServer(context=context) as server:
        kind, why = failure(server.url)

    assert kind == "tls_certificate_error"
    assert why.startswith("its certificate is not trusted: ")


def test_a_server_without_tls_is_reported() -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK)

    with acting(speak, "https") as url:
        assert failure(url) == (
            "tls_protocol_error",
            "it does not speak TLS (WRONG_VERSION_NUMBER); did you mean http://?",
        )


@pytest.mark.parametrize("end", [hang_up, reset])
def test_a_connection_that_ends_in_the_tls_handshake_is_reported(end: Act) -> None:
    def leave(connection: socket.socket) -> None:
        connection.recv(65536)
        end(connection)

    with acting(leave, "https") as url:
        kind, why = failure(url)

    assert (kind, bool(why)) == ("tls_protocol_error", True)


def test_a_tls_error_after_the_handshake_is_reported(
    monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext
) -> None:
    def alert(*_: object) -> None:
        raise ssl.SSLError(1, "certificate required")

    monkeypatch.setattr(http.HttpConnection, "receive", alert)
    with OtherServer(context=context) as server:
        assert failure(server.url, insecure=True) == (
            "connection_terminated",
            "certificate required",
        )


@pytest.mark.parametrize(
    ("cafile", "why"),
    [("/nowhere", "No such file or directory"), (__file__, "it has no certificate in PEM")],
)
def test_a_bad_certificate_file_is_refused_at_once(cafile: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        ConnectionPool(Target.of("https://h", "p", "g", cafile=cafile))

    assert str(error.value) == f"--cafile: {cafile}: {why}"
