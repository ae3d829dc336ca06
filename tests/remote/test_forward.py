"""Requests are forwarded once, signed in, over connections that are reused."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from conftest import until
from other_server import OK, Act, OtherServer, hang_up, lines, reset, wait

from gesmock.model.errors import InvalidInput
from gesmock.remote import http
from gesmock.remote.forward import Forwarder
from gesmock.remote.http import Unreachable
from gesmock.remote.sign_in import SignIn
from gesmock.remote.target import Target

CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def asking(url: str, timeout_s: float = 10, **options: Any) -> Iterator[Forwarder]:
    target = replace(Target.of(url, "p", "g", **options), timeout_s=timeout_s)  # any, in tests
    with closing(Forwarder(target)) as forwarder:
        yield forwarder


def get(asked: Forwarder, method: str = "GET", body: bytes | None = None) -> bytes:
    return bytes(asked.send(method, "/a?b", [], body).body)


# --- What is sent -------------------------------------------------------------------------------


def test_a_request_is_sent_below_the_targets_prefix() -> None:
    with OtherServer() as server, asking(f"{server.url}/gate") as asked:
        asked.send("PUT", "//a%2F%zz?", [], b"")
        asked.send("OPTIONS", "*", [], None)

    assert [lines(one)[0] for one in server.asked] == [
        "PUT /gate//a%2F%zz? HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ]


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
        asked.send("GET", "/a", given, None)

    found = lines(server.asked[0])[2:]
    assert len(found) == len(sent)
    assert all(
        one.startswith(wanted) for one, wanted in zip(sorted(found), sorted(sent), strict=True)
    ), found


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
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            get(asked)

    assert len(server.asked) == 3


def test_where_an_answer_has_begun_nothing_is_sent_again() -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")

    with OtherServer(OK, begin) as server, asking(server.url) as asked:
        get(asked)
        with pytest.raises(Unreachable, match="its answer was cut off in its head"):
            get(asked)

    assert len(server.asked) == 2


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_what_is_not_safe_is_never_sent_twice(method: str) -> None:
    with OtherServer(OK, hang_up) as server, asking(server.url) as asked:
        get(asked)
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            get(asked, method)

    assert len(server.asked) == 2


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
        monkeypatch.setattr(http, "_IDLE_S", -1.0)
        get(asked)

    assert server.connections == 2


def test_no_more_connections_are_kept_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_MOST_IDLE", 2)
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
            with suppress(Unreachable):
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


def test_a_file_of_certificates_that_is_none_is_refused_at_start() -> None:
    with pytest.raises(InvalidInput, match="^--cafile: /nowhere: No such file or directory$"):
        Forwarder(Target.of("https://h", "p", "g", cafile="/nowhere"))
