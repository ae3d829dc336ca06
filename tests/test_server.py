"""The server behind its own socket: bound on return, closed on stop, nothing left behind."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import requests

from gesmock.fake import Fake
from gesmock.web import create_app
from gesmock.web.server import CannotListen, Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(create_app(Fake()), "127.0.0.1", 0)
    made.start()
    yield made
    made.stop()


def test_it_answers_real_clients_as_soon_as_it_is_started(server: Server) -> None:
    url = f"{server.url}/_gesmock/health"

    assert requests.get(url).json()["ready"]
    assert httpx.get(url, trust_env=False).json()["ready"]


def test_it_serves_a_client_while_another_dawdles(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as dawdler:
        dawdler.sendall(b"GET /_gesmock/health HTTP/1.1\r\n")

        assert requests.get(f"{server.url}/_gesmock/health").ok


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 not http\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET http://[::1/ges HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_what_the_server_cannot_read_is_refused_in_the_services_shape_and_in_silence(
    server: Server, capfd: pytest.CaptureFixture[str], sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(sent)
        answer = b""
        while not answer.endswith(b"}"):
            answer += client.recv(10_000)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert b"Content-Type: application/json" in head
    assert b"X-Request-Id: 0" in head
    assert b"Access-Control-Allow-Origin: *" in head
    assert body == b'{"errorMessage":"Parameter error!","errorCode":"GES.8005"}'
    assert requests.get(f"{server.url}/_gesmock/health").ok
    assert capfd.readouterr() == ("", "")


def test_a_request_that_began_before_a_reset_and_ends_after_it_leaves_no_trace() -> None:
    fake = Fake()
    server = Server(create_app(fake), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /ges/late HTTP/1.1\r\nHost: localhost\r\n")
        requests.get(f"{server.url}/_gesmock/health")  # so that the first is accepted
        fake.reset()
        client.sendall(b"\r\n")
        assert b" 503 " in client.recv(1000)

    assert fake.default.problems() == []
    assert len(fake.default.journal) == 0
    server.stop()


def test_stop_hangs_up_on_who_is_connected() -> None:
    server = Server(create_app(Fake()), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET ")
        requests.get(f"{server.url}/_gesmock/health")  # so that the first is accepted too

        server.stop()

        assert client.recv(100) == b""


def test_after_stop_the_port_is_free_and_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    first = Server(create_app(Fake()), "127.0.0.1", 0)
    first.start()
    requests.get(f"{first.url}/_gesmock/health")

    first.stop()

    again = Server(create_app(Fake()), "127.0.0.1", first.port)
    again.stop()
    left = [*set(threading.enumerate()) - before]
    [*map(threading.Thread.join, left)]  # one that has answered may be ending
    assert not [thread for thread in left if thread.is_alive()]


def test_it_listens_on_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(create_app(Fake()), "::1", 0)
    server.start()
    try:
        assert server.url == f"http://[::1]:{server.port}"
        assert requests.get(f"{server.url}/_gesmock/health").ok
    finally:
        server.stop()


def test_a_name_may_mean_an_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = socket.getaddrinfo("::1", 0, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    server = Server(create_app(Fake()), "localhost", 0)
    monkeypatch.undo()
    server.start()
    try:
        assert requests.get(f"http://[::1]:{server.port}/_gesmock/health").ok
    finally:
        server.stop()


def test_a_port_in_use_is_refused_by_name(server: Server) -> None:
    with pytest.raises(CannotListen) as caught:
        Server(create_app(Fake()), "127.0.0.1", server.port)

    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{server.port}: Address already in use"
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".invalid"])
def test_a_host_that_is_none_is_refused_by_name(host: str) -> None:
    with pytest.raises(CannotListen, match=f"cannot listen on {host}:0: "):
        Server(create_app(Fake()), host, 0)
