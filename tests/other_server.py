"""Another server: a test says every byte that it sends, and sees every byte that it gets."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self

import requests
from raw_client import reset_when_closed

Act = Callable[[socket.socket], object]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def hang_up(_: socket.socket) -> None:
    """Send nothing."""


def reset(connection: socket.socket) -> None:
    """Send nothing, and let the client see a reset."""
    reset_when_closed(connection)


def wait(connection: socket.socket) -> None:
    """Send nothing until the client goes."""
    with suppress(OSError):
        connection.recv(1)


class OtherServer:
    """Answers the n-th request with the n-th of *answers*, from one thread a connection.

    An answer is bytes, after which the connection is kept, or an act, after which it is not. The
    last one is repeated. *received* are the requests as they came, *connections* says how many
    connections there were.
    """

    def __init__(self, *answers: bytes | Act, context: ssl.SSLContext | None = None) -> None:
        self.received: list[bytes] = []
        self.connections = 0
        self._answers: Sequence[bytes | Act] = answers or (OK,)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.authority = self.url.partition("//")[2]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def hang_up(self) -> None:
        """End every connection."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, suppress(OSError):
            spoken = self._context and self._context.wrap_socket(plain, server_side=True)
            with spoken or plain as connection:
                while request := _request(connection):
                    self.received.append(request)
                    answer = self._answers[min(len(self.received), len(self._answers)) - 1]
                    if callable(answer):
                        answer(connection)
                        return
                    connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    """The next request, with its body; empty if the client has ended."""
    text = b""
    while b"\r\n\r\n" not in text:
        data = connection.recv(65536)
        if not data:
            return b""
        text += data
    length = re.search(rb"(?i)\r\ncontent-length: ([0-9]+)", text)
    end = text.index(b"\r\n\r\n") + 4 + int(length[1] if length else 0)
    while len(text) < end:
        text += connection.recv(65536)
    return text


def ask(url: str, text: bytes) -> bytes:
    """Everything that the server at *url* answers to *text* until it ends the connection."""
    host, _, port = url.partition("//")[2].partition(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(text)
        answer = b""
        while data := client.recv(65536):
            answer += data
    return answer


def lines(answer: bytes) -> list[str]:
    """The lines of the head of *answer*."""
    return answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


def journal(url: str) -> list[dict[str, Any]]:
    """The entries of the gesmock at *url*."""
    entries: list[dict[str, Any]] = requests.get(f"{url}/_gesmock/journal").json()["entries"]
    return entries
