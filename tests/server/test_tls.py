"""TLS: the same server, the same answers, over an encrypted connection."""

import contextlib
import re
import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from conftest import freed_at_once, until
from pages import LARGE, Pages, come_and_gone, serving
from raw_client import (
    AUTHORITY,
    body,
    client_context,
    connect,
    exchange,
    get,
    post,
    read_all,
    server_context,
    status,
)

from gesmock import GesMock
from gesmock.cli import main as cli
from gesmock.server.loop import WRITE, Transport
from gesmock.server.parser import Limits
from gesmock.server.protocol import Connection, HttpServer


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    started = HttpServer(Pages(), "127.0.0.1", 0, Limits(), server_context())
    started.start()
    yield started
    started.stop()


def secured(server: HttpServer) -> ssl.SSLSocket:
    return client_context().wrap_socket(connect(server), server_hostname="localhost")


def test_a_request_is_answered(server: HttpServer) -> None:
    with secured(server) as client:
        client.sendall(get("/environ"))
        answer = read_all(client)

    assert b'"wsgi.url_scheme": "https"' in body(answer)


def test_requests_that_come_together_are_answered_together(server: HttpServer) -> None:
    with secured(server) as client:
        client.sendall(get("/now").replace(b"Connection: close\r\n", b"") * 3 + get("/later"))

        assert read_all(client).count(b" 200 ") == 4


def test_a_body_of_many_records_is_taken_whole(server: HttpServer) -> None:
    with secured(server) as client:
        client.sendall(post(bytes(300_000), "Content-Length: 300000", path="/fails"))

        assert status(read_all(client)) == 500


@pytest.mark.parametrize("path", ["/many", "/large"])
def test_a_large_answer_goes_at_the_pace_of_a_slow_client(server: HttpServer, path: str) -> None:
    with secured(server) as client:
        client.sendall(get(path))
        until(lambda: [each for each in server.connections if each._transport.unsent])

        assert len(body(read_all(client))) == LARGE


def test_over_tls_a_client_that_takes_nothing_of_its_answer_is_closed() -> None:
    with serving_at(Limits(write_s=0.05)) as server, secured(server) as client:
        client.sendall(get("/many"))
        until(lambda: server.connections)
        until(lambda: not server.connections)


@pytest.mark.parametrize("method", ["GET", "PATCH", "OPTIONS"])
def test_a_client_without_tls_is_told_so_in_plain_http(server: HttpServer, method: str) -> None:
    answer = exchange(server, get("/now", method=method))

    assert status(answer) == 400
    assert body(answer) == (
        b"The client speaks plain HTTP; this server speaks HTTPS: the URL needs https://."
    )
    assert b"\r\nConnection: close\r\n" in answer
    until(lambda: not server.connections)


def test_a_client_that_speaks_neither_tls_nor_http_is_hung_up_on(server: HttpServer) -> None:
    assert b"HTTP" not in exchange(server, b"\0" * 100)
    until(lambda: not server.connections)


@pytest.mark.parametrize("sent", [b"", get("/now")])
def test_a_client_that_has_gone_when_it_is_accepted_is_forgotten(
    server: HttpServer, sent: bytes
) -> None:
    come_and_gone(server, sent)

    with secured(server) as client:
        client.sendall(get("/now"))
        assert body(read_all(client)) == b"ok"
    until(lambda: not server.connections)


def test_one_client_too_many_is_hung_up_on() -> None:
    pages, limits = Pages(), Limits(connections=1, reserve=0)
    with serving(pages, limits, server_context()) as server, secured(server) as first:
        first.sendall(get("/waits"))
        until(lambda: pages.received)

        assert exchange(server) == b""


def test_over_tls_a_connection_in_reserve_serves_requests_that_have_priority() -> None:
    pages, limits = Pages(), Limits(connections=1, reserve=1)
    with serving(pages, limits, server_context()) as server, secured(server) as first:
        first.sendall(get("/waits"))
        until(lambda: pages.received)

        assert status(exchange(server, get("/now"), secure=True)) == 503
        assert status(exchange(server, get("/copy"), secure=True)) == 200


def test_the_command_serves_https(serve: Any, tmp_path: Path) -> None:
    issued = AUTHORITY.issue_cert("127.0.0.1")
    cert, key, both = (tmp_path / name for name in ("cert.pem", "key.pem", "both.pem"))
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    issued.private_key_and_cert_chain_pem.write_to_path(both)

    def visit(lines: list[str]) -> int:
        url = re.findall("'(https://.*)'", lines[1])[0]
        with AUTHORITY.cert_pem.tempfile() as trusted:
            return requests.get(url, verify=trusted).status_code

    assert serve(visit, "--cert", str(cert), "--key", str(key)) == 200
    assert serve(visit, "--cert", str(both)) == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--key", "key.pem"], "--key: 'key.pem' is of no use without --cert"),
        (["--cert", "no.pem"], "--cert: no.pem: No such file or directory"),
        (["--cert", "no.pem", "--key", "{own}"], "--cert: no.pem: No such file or directory"),
        (["--cert", "{own}"], "{own}: no certificate with its key, both in PEM without a password"),
        (["--cert", "{own}", "--key", "{own}"], "{own}, {own}: no certificate with its key"),
    ],
)
def test_a_wrong_certificate_is_refused(options: list[str], words: str) -> None:
    arguments = ["serve", "--port", "0", *(option.format(own=__file__) for option in options)]

    result = CliRunner().invoke(cli.main, arguments)

    assert result.exit_code == 2
    assert words.format(own=__file__) in result.stderr


def test_a_missing_key_is_named_without_the_certificate(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    AUTHORITY.cert_pem.write_to_path(str(cert))
    arguments = ["serve", "--port", "0", "--cert", str(cert), "--key", "no.pem"]

    result = CliRunner().invoke(cli.main, arguments)

    assert (result.exit_code, result.stderr) == (2, "--cert: no.pem: No such file or directory\n")


def test_a_mock_is_reached_over_https() -> None:
    with GesMock(ssl_context=server_context()) as ges, AUTHORITY.cert_pem.tempfile() as trusted:
        ges.add_job()
        answer = requests.get(ges.jobs_url(), verify=trusted)
        assert ges.url.startswith("https://")
        health = requests.get(f"{ges.url}/_gesmock/health", verify=trusted)

    assert answer.json()["totalCount"] == 1
    assert health.ok


@contextlib.contextmanager
def serving_at(limits: Limits, *names: str) -> Iterator[HttpServer]:
    started = HttpServer(Pages(), "127.0.0.1", 0, limits, server_context(*names))
    started._socket.setsockopt(
        socket.SOL_SOCKET, socket.SO_SNDBUF, 4096
    )  # its clients' have it too
    started.start()
    try:
        yield started
    finally:
        started.stop()


HELLO = bytes.fromhex("16030100c8010000c40303")
"""The beginning of a client's first message, which says that 200 bytes are to come."""


@pytest.mark.parametrize("sent", [b"", HELLO])
def test_a_handshake_has_the_deadline_of_a_head(sent: bytes) -> None:
    with serving_at(Limits(head_s=0.05)) as server, connect(server) as client:
        client.sendall(sent)

        assert read_all(client) == b""
        assert not server.connections


def test_a_client_may_be_idle_between_the_handshake_and_its_first_request() -> None:
    with serving_at(Limits(head_s=0.3, body_s=0.3)) as server, secured(server) as client:
        with connect(server) as slow:
            assert read_all(slow) == b""  # the time of a handshake is over
        client.sendall(get("/now"))

        assert body(read_all(client)) == b"ok"


def test_a_connection_that_has_ended_is_freed_at_once(server: HttpServer) -> None:
    with freed_at_once(Connection):
        with secured(server) as client:
            client.sendall(get("/now"))
            client.recv(1)
        with connect(server) as stranger:
            stranger.sendall(b"no TLS" * 9)
            read_all(stranger)
        until(lambda: not server.connections)


def test_a_close_notify_is_answered(server: HttpServer) -> None:
    with secured(server) as client:
        client.sendall(get("/now").replace(b"Connection: close\r\n", b""))
        client.recv(1000)

        client.unwrap()  # which raises where there is no answer


def test_a_long_certificate_goes_at_the_pace_of_a_slow_client() -> None:
    names = [f"{number}.a-long-name.example" for number in range(2000)]
    with serving_at(Limits(), *names) as server, socket.socket() as client:
        client.settimeout(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = client_context().wrap_bio(into, out, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            secure.do_handshake()
        client.sendall(out.read())
        until(lambda: [each for each in server.connections if each._events == WRITE])

        shake_hands(client, secure, into, out)
        secure.write(get("/now"))
        client.sendall(out.read())
        assert body(all_of(client, secure, into)) == b"ok"


def test_a_record_may_come_in_two_segments(server: HttpServer) -> None:
    with connect(server) as client:
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = client_context().wrap_bio(into, out, server_hostname="localhost")
        shake_hands(client, secure, into, out)
        until(lambda: server.connections)
        secure.write(get("/now"))
        record = out.read()
        (connection,) = server.connections

        client.sendall(record[:20])
        until(lambda: not unread(connection._transport))
        client.sendall(record[20:])

        assert body(all_of(client, secure, into)) == b"ok"


def unread(transport: Transport) -> bool:
    """Whether something has come that the server has not taken."""
    return bool(select.select([transport.fd], [], [], 0)[0])


def shake_hands(
    client: socket.socket, secure: ssl.SSLObject, into: ssl.MemoryBIO, out: ssl.MemoryBIO
) -> None:
    while True:
        try:
            secure.do_handshake()
        except ssl.SSLWantReadError:
            client.sendall(out.read())
            into.write(client.recv(65536))
        else:
            client.sendall(out.read())
            return


def all_of(client: socket.socket, secure: ssl.SSLObject, into: ssl.MemoryBIO) -> bytes:
    """Everything that comes until the server ends."""
    into.write(read_all(client))
    got = bytearray()
    with contextlib.suppress(ssl.SSLWantReadError):
        while data := secure.read(65536):
            got += data
    return bytes(got)
