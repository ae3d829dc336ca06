"""The server behind a proxy is asked once, and what fails on the way is told."""

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

from gesmock import upstream
from gesmock.conformance.target import SignIn, Target
from gesmock.errors import InvalidInput
from gesmock.upstream import Upstream
from gesmock.upstream_answer import Failed

CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def asking(url: str, timeout_s: float = 10, **options: Any) -> Iterator[Upstream]:
    target = replace(Target.of(url, "p", "g", **options), timeout_s=timeout_s)  # any, in tests
    with closing(Upstream(target)) as made:
        yield made


def get(asked: Upstream, method: str = "GET", body: bytes | None = None) -> bytes:
    return bytes(asked.ask(method, "/a?b", [], body).body)


def failure(url: str, method: str = "GET", **options: Any) -> tuple[str, str]:
    with asking(url, **options) as asked, pytest.raises(Failed) as failed:
        get(asked, method)
    return failed.value.kind, str(failed.value)


def nobody() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


# --- What is sent -------------------------------------------------------------------------------


def test_a_request_is_sent_as_it_stands() -> None:
    with OtherServer() as server, asking(f"{server.url}/gate") as asked:
        asked.ask("PUT", "//a%2F%zz?", [("X", "\xe9"), ("X", "b"), ("y", "")], b"\x00{")
        asked.ask("OPTIONS", "*", [], None)

    assert server.asked[0] == (
        b"PUT /gate//a%2F%zz? HTTP/1.1\r\n"
        b"Host: " + server.authority.encode() + b"\r\n"
        b"X: \xe9\r\nX: b\r\ny: \r\nContent-Length: 2\r\n\r\n\x00{"
    )
    assert lines(server.asked[1]) == ["OPTIONS * HTTP/1.1", f"Host: {server.authority}"]


TOKEN = SignIn("secret-token")
KEYS = SignIn("", "AK", "SK", "temporary")
SIGNED = [
    ("Authorization", "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=b"),
    ("x-sdk-date", "20200101T000000Z"),
    ("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"),
    ("X-Security-Token", "theirs"),
]


@pytest.mark.filterwarnings("ignore:datetime")  # the vendor's code asks for the time as of old
@pytest.mark.parametrize(
    ("who", "given", "sent"),
    [
        (SignIn(), SIGNED, [name for name, _ in SIGNED]),
        (SignIn(), [], []),
        (TOKEN, [], ["X-Auth-Token: secret-token"]),
        (TOKEN, SIGNED, ["X-Auth-Token: secret-token"]),
        (TOKEN, [("Authorization", "Basic YTpi")], ["Authorization: Basic YTpi", "X-Auth-Token"]),
        (TOKEN, [("x-auth-token", "theirs")], ["x-auth-token: theirs"]),
        (KEYS, [("x-auth-token", "theirs")], ["x-auth-token: theirs"]),
        (KEYS, [], ["X-Security-Token: temporary", "X-Sdk-Date: 2", "Authorization: SDK-"]),
        (KEYS, SIGNED, ["X-Security-Token: temporary", "X-Sdk-Date: 2", "Authorization: SDK-"]),
        (
            KEYS,
            [("authorization", "Basic YTpi")],
            ["X-Security-Token: temporary", "X-Sdk-Date: 2", "Authorization: SDK-"],
        ),
    ],
)
def test_who_does_not_sign_in_is_signed_in_and_nobody_twice(
    who: SignIn, given: list[tuple[str, str]], sent: list[str]
) -> None:
    with OtherServer() as server, asking(server.url, sign_in=who) as asked:
        asked.ask("GET", "/a", given, None)

    found = lines(server.asked[0])[2:]
    assert len(found) == len(sent)
    assert all(one.startswith(wanted) for one, wanted in zip(found, sent, strict=True)), found


# --- Connections --------------------------------------------------------------------------------


def test_a_connection_is_asked_again() -> None:
    with OtherServer() as server, asking(server.url) as asked:
        answers = [get(asked, method) for method in ("GET", "HEAD", "OPTIONS", "GET")]

    assert answers == [b"ok", b"", b"ok", b"ok"]
    assert server.connections == 2  # a body that nobody wants comes behind the answer to HEAD


def test_one_that_is_to_end_is_not_asked_again() -> None:
    with OtherServer(CLOSING) as server, asking(server.url) as asked:
        assert [get(asked), get(asked)] == [b"ok", b"ok"]

    assert server.connections == 2


def test_what_must_not_be_done_twice_has_a_connection_of_its_own() -> None:
    with OtherServer() as server, asking(server.url) as asked:
        for method in ("GET", "POST", "DELETE", "GET"):
            get(asked, method)

    assert server.connections == 3


@pytest.mark.parametrize("end", [hang_up, reset])
def test_where_a_kept_connection_has_ended_a_safe_request_is_sent_on_another(end: Act) -> None:
    with OtherServer(OK, end, OK) as server, asking(server.url) as asked:
        assert [get(asked), get(asked)] == [b"ok", b"ok"]

    assert server.connections == 2
    assert len(server.asked) == 3


def test_that_is_done_once_only() -> None:
    with OtherServer(OK, hang_up) as server, asking(server.url) as asked:
        get(asked)
        with pytest.raises(Failed, match="it hung up without an answer"):
            get(asked)

    assert len(server.asked) == 3


def test_where_an_answer_has_begun_nothing_is_sent_again() -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")

    with OtherServer(OK, begin) as server, asking(server.url) as asked:
        get(asked)
        with pytest.raises(Failed, match="it hung up on its answer"):
            get(asked)

    assert len(server.asked) == 2


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_what_is_not_safe_is_never_sent_twice(method: str) -> None:
    with OtherServer(hang_up) as server:
        assert failure(server.url, method) == (
            "connection_terminated",
            "it hung up without an answer",
        )

    assert len(server.asked) == 1


def test_one_that_has_ended_meanwhile_is_not_asked() -> None:
    with OtherServer() as server, asking(server.url) as asked:
        get(asked)
        server.hang_up()
        until(lambda: not asked._idle[0].is_usable())
        get(asked)

    assert (server.connections, len(server.asked)) == (2, 2)


def test_one_that_was_reset_meanwhile_is_not_asked() -> None:
    def say_more(connection: socket.socket) -> None:
        connection.sendall(OK)
        reset(connection)

    with OtherServer(say_more, OK) as server, asking(server.url) as asked:
        get(asked)
        until(lambda: not asked._idle[0].is_usable())
        get(asked)

    assert (server.connections, len(server.asked)) == (2, 2)


def test_one_that_nobody_has_asked_for_long_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with OtherServer() as server, asking(server.url) as asked:
        get(asked)
        monkeypatch.setattr(upstream, "_IDLE_S", -1.0)
        get(asked)

    assert server.connections == 2


def test_no_more_connections_are_kept_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "_MOST_IDLE", 2)
    together = threading.Barrier(4)

    def answer(connection: socket.socket) -> None:
        together.wait(10)
        connection.sendall(OK)
        wait(connection)

    with OtherServer(answer) as server, asking(server.url) as asked:
        threads = [threading.Thread(target=get, args=(asked,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert (server.connections, len(asked._idle)) == (4, 2)


def test_who_closes_waits_for_no_answer() -> None:
    with OtherServer(wait) as server, asking(server.url, 60) as asked:
        failed: list[str] = []

        def ask() -> None:
            with suppress(Failed):
                failed.append(str(get(asked)))

        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: server.asked)
        begun = time.monotonic()
        asked.close()
        thread.join(10)

    assert (failed, time.monotonic() - begun < 5) == ([], True)


def test_once_closed_it_keeps_no_connection() -> None:
    with OtherServer() as server, asking(server.url) as asked:
        asked.close()
        get(asked)

        assert not asked._idle


# --- What fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (hang_up, "connection_terminated", "it hung up without an answer"),
        (reset, "connection_terminated", "Connection reset by peer"),
        (b"nonsense\r\n\r\n", "http_protocol_error", "it does not speak HTTP: Expected HTTP/"),
    ],
)
def test_what_fails_is_told(answer: bytes | Act, kind: str, reason: str) -> None:
    with OtherServer(answer) as server:
        found, told = failure(server.url)

    assert (found, told[: len(reason)]) == (kind, reason)


def test_where_nobody_listens_it_is_told() -> None:
    assert failure(nobody()) == ("connection_refused", "Connection refused")


def test_a_host_that_nobody_knows_is_told() -> None:
    assert failure("http://nobody.invalid")[0] == "dns_error"


def test_a_host_that_cannot_be_reached_is_told() -> None:
    kind, reason = failure("http://255.255.255.255")  # that is everybody

    assert (kind, bool(reason)) == ("destination_ip_unroutable", True)


def test_an_answer_that_takes_too_long_is_told() -> None:
    with OtherServer(wait) as server:
        assert failure(server.url, timeout_s=0.05) == (
            "http_response_timeout",
            "no whole answer came in time",
        )


def test_an_answer_that_comes_drop_by_drop_takes_too_long() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.005)

    with OtherServer(drip) as server:
        assert failure(server.url, timeout_s=0.1)[0] == "http_response_timeout"


def test_a_connection_that_takes_too_long_is_told() -> None:
    with OtherServer() as server:
        found = failure(server.url, timeout_s=-1)

    assert found == ("connection_timeout", "no connection came about in time")


def test_who_answers_before_it_has_read_all_is_heard() -> None:
    refused = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1)
                connection.sendall(refused)
                connection.shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=refuse)
        thread.start()
        with asking(f"http://127.0.0.1:{listener.getsockname()[1]}") as asked:
            assert get(asked, "POST", b"x" * 2**24) == b"no!"
        thread.join(10)


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(made)
    return made


def test_over_tls_it_is_asked_again_too(
    authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path
) -> None:
    cafile = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(cafile)
    for options in ({"cafile": cafile}, {"insecure": True}):
        with OtherServer(context=context) as server, asking(server.url, **options) as asked:
            assert [get(asked), get(asked)] == [b"ok", b"ok"]

            assert server.connections == 1


def test_a_certificate_that_is_not_trusted_is_told(context: ssl.SSLContext) -> None:
    with OtherServer(context=context) as server:
        kind, reason = failure(server.url)

    assert (kind, reason.startswith("its certificate: ")) == ("tls_certificate_error", True)


def test_who_does_not_speak_tls_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(OK)

        thread = threading.Thread(target=speak)
        thread.start()
        kind, reason = failure(f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join(10)

    assert (kind, reason) == (
        "tls_protocol_error",
        "it does not speak TLS: WRONG_VERSION_NUMBER",
    )


@pytest.mark.parametrize("end", [hang_up, reset])
def test_who_hangs_up_instead_of_speaking_tls_is_told(end: Act) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def leave() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                end(connection)

        thread = threading.Thread(target=leave)
        thread.start()
        kind, reason = failure(f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join(10)

    assert (kind, bool(reason)) == ("tls_protocol_error", True)


def test_tls_that_takes_too_long_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = failure(f"https://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.05)

    assert found == ("connection_timeout", "no TLS came about in time")


@pytest.mark.parametrize(
    ("cafile", "why"),
    [("/nowhere", "No such file or directory"), (__file__, "no certificate, in PEM")],
)
def test_a_file_of_certificates_that_is_none_is_refused_at_start(cafile: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Upstream(Target.of("https://h", "p", "g", cafile=cafile))

    assert str(error.value) == f"--cafile: {cafile}: {why}"
