"""TLS: the same server, the same answers, over an encrypted connection."""

import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme
from conftest import until
from test_httpd import LARGE, Pages, body, connect, get, post, rest, status

from gesmock.httpd.bounds import Bounds
from gesmock.httpd.server import HttpServer

AUTHORITY = trustme.CA()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    made = HttpServer(Pages(), "127.0.0.1", 0, Bounds(connections=2), server_context())
    made.start()
    yield made
    made.stop()


def secured(server: HttpServer) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context.wrap_socket(connect(server), server_hostname="localhost")


def test_a_request_is_answered(server: HttpServer) -> None:
    with secured(server) as client:
        client.sendall(get("/environ"))
        answer = rest(client)

    assert b'"wsgi.url_scheme": "https"' in body(answer)


def test_requests_that_come_together_are_answered_together(server: HttpServer) -> None:
    with secured(server) as client:
        client.sendall(get("/now").replace(b"Connection: close\r\n", b"") * 3 + get("/later"))

        assert rest(client).count(b" 200 ") == 4


def test_a_body_of_many_records_is_taken_whole(server: HttpServer) -> None:
    with secured(server) as client:
        client.sendall(post(bytes(300_000), "Content-Length: 300000", path="/fails"))

        assert status(rest(client)) == 500


@pytest.mark.parametrize("path", ["/many", "/large"])
def test_a_large_answer_goes_at_the_pace_of_a_slow_client(server: HttpServer, path: str) -> None:
    with secured(server) as client:
        client.sendall(get(path))
        until(lambda: [one for one in server._shared.connections if one._out])

        assert len(body(rest(client))) == LARGE


def test_who_takes_nothing_of_its_answer_is_left() -> None:
    made = HttpServer(Pages(), "127.0.0.1", 0, Bounds(write_s=0.05), server_context())
    made._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # its clients' have it too
    made.start()
    try:
        with secured(made) as client:
            client.sendall(get("/many"))
            until(lambda: made._shared.connections)
            until(lambda: not made._shared.connections)
    finally:
        made.stop()


def test_who_speaks_no_tls_is_hung_up_on(server: HttpServer) -> None:
    with connect(server) as client:
        client.sendall(get("/now"))

        assert b"HTTP" not in rest(client)
    until(lambda: not server._shared.connections)


def test_who_is_one_too_many_is_hung_up_on(server: HttpServer) -> None:
    with secured(server), secured(server), connect(server) as third:
        assert rest(third) == b""
