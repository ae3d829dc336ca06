"""Raw clients: requests written byte by byte over a socket, plain or with TLS, and what comes back."""

import socket
import ssl
import struct
from collections.abc import Callable
from functools import partial
from typing import Protocol, Self, TypeVar

import trustme

T = TypeVar("T")

AUTHORITY = trustme.CA()


class Listening(Protocol):
    """A server on this machine."""

    port: int


def connect(server: Listening) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def reset_when_closed(client: socket.socket) -> None:
    """Let ``close`` send a reset (TCP RST)."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def get(path: str, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request that asks the server to close the connection."""
    head = [f"{method} {path} HTTP/{version}", "Host: localhost", "Connection: close", *lines]
    return "\r\n".join([*head, "", ""]).encode("latin-1")


def keep(path: str, method: str = "GET") -> bytes:
    """A request that keeps the connection open."""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(body: bytes, *lines: str, path: str = "/echo") -> bytes:
    return get(path, *lines, method="POST") + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def server_context(*names: str) -> ssl.SSLContext:
    """The context of a server called localhost, or by one of *names*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost", "127.0.0.1", *names).configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    return context


class TlsClient:
    """A client with TLS that sees a reset: ``ssl.SSLSocket`` takes it for an ordinary end."""

    def __init__(self, server: Listening) -> None:
        self._socket = connect(server)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = client_context().wrap_bio(
            self._incoming, self._outgoing, server_hostname="localhost"
        )
        self._retry(self._tls.do_handshake)
        self._socket.sendall(self._outgoing.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def sendall(self, text: bytes) -> None:
        self._tls.write(text)
        self._socket.sendall(self._outgoing.read())

    def recv(self, size: int) -> bytes:
        return self._retry(partial(self._tls.read, size))

    def _retry(self, action: Callable[[], T]) -> T:
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                if outgoing := self._outgoing.read():
                    self._socket.sendall(outgoing)
                received = self._socket.recv(2**16)
                assert received, "the connection ended without a close_notify"
                self._incoming.write(received)


def read_ending(client: socket.socket | TlsClient) -> tuple[bytes, str]:
    """Everything that comes, and how the connection ends: ``end`` or ``reset``."""
    received = bytearray()
    try:
        while block := client.recv(2**20):
            received += block
    except ConnectionResetError:
        return bytes(received), "reset"
    return bytes(received), "end"


def read_all(client: socket.socket | TlsClient) -> bytes:
    return read_ending(client)[0]


def exchange(server: Listening, *parts: bytes, secure: bool = False) -> bytes:
    """Send *parts*, and read until the connection ends."""
    with TlsClient(server) if secure else connect(server) as client:
        for part in parts:
            client.sendall(part)
        return read_all(client)
