"""A connection to the target: what is sent stands, and what fails on the way is told."""

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
from gesmock.remote.connection import Connection, trusted
from gesmock.remote.failures import Ended, Silent, Unreachable
from gesmock.remote.target import Target


@contextmanager
def connected(
    url: str, timeout_s: float = 10, **options: Any
) -> Iterator[tuple[Connection, float]]:
    """A connection to *url*, and its deadline."""
    target = replace(Target.of(url, "p", "g", **options), timeout_s=timeout_s)  # any, in tests
    trusts, deadline = trusted(target), real_time() + timeout_s
    with closing(Connection(target, trusts, deadline)) as made:
        yield made, deadline


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


# --- What fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (b"nonsense\r\n\r\n", "http_protocol_error", "its answer is no HTTP: Expected HTTP/"),
        (hang_up, "connection_terminated", "it hung up without an answer"),
        (reset, "connection_terminated", "it broke the connection off"),
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

    assert isinstance(failed.value, Ended) == ended


def test_where_nobody_listens_it_is_told() -> None:
    assert failure(nobody()) == ("connection_refused", "nobody listens there (connection refused)")


def test_a_host_that_nobody_knows_is_told() -> None:
    assert failure("http://nobody.invalid") == (
        "dns_error",
        "there is no host of this name, as far as can be told here",
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
    with OtherServer(late) as server, pytest.raises(Silent) as failed:
        ask(server.url, timeout_s=0.1)

    assert failed.value.kind == "http_response_timeout"
    assert str(failed.value) == f"{server.url}: no whole answer came in 0.1 s"


def test_a_connection_that_takes_too_long_is_told() -> None:
    with OtherServer() as server:
        found = failure(server.url, timeout_s=-1)

    assert found == ("connection_timeout", "no connection came about in -1 s")


@pytest.mark.parametrize(
    ("scheme", "found"),
    [
        ("http", ("http_response_timeout", "no whole answer came in 0.02 s")),
        ("https", ("connection_timeout", "no TLS came about in 0.02 s")),
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
            "no TLS came about in 0.1 s",
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

    assert found == ("http_response_timeout", "no whole answer came in 0.2 s")
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
            "it does not speak TLS (WRONG_VERSION_NUMBER); is it meant to be http://?",
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
        trusted(Target.of("https://h", "p", "g", cafile=cafile))

    assert str(error.value) == f"--cafile: {cafile}: {why}"
