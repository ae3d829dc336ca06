"""Answers: what goes back over the wire, as the bytes that go back."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

from gesmock.model.messages import Delivery
from gesmock.server.heads import Head

Block = bytes | memoryview

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
NAME: Final = "gesmock"
SERVER: Final = f"Server: {NAME}\r\n".encode()
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus} | {449: "Retry With"}
_STATUS_LINES: Final = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, 'UNKNOWN')}\r\n".encode()
    for status in range(100, 600)
}


class Answer(NamedTuple):
    """An answer: its *headers* as lines, each with its end, and the *blocks* of its body.

    The headers say how long the body is, but not what becomes of the connection. *delivery* says
    how it is brought to the client, if not at once and whole.
    """

    status: int
    headers: bytes
    blocks: Sequence[Block]
    delivery: Delivery | None = None

    def head(self, connection: bytes) -> bytes:
        """Its head, with the line that tells what becomes of the *connection*, if any."""
        return _STATUS_LINES[self.status] + self.headers + connection + b"\r\n"


def status_line(status: str) -> bytes:
    """The first line of an answer with the WSGI *status*, such as ``200 OK``."""
    number = int(status[:3])
    if number in _PHRASES:  # Werkzeug shouts: NOT FOUND
        return _STATUS_LINES[number]
    return f"HTTP/1.1 {status}\r\n".encode("latin-1")


def connection_line(head: Head, closes: bool) -> bytes:  # noqa: FBT001 it has no better name
    """What the answer to *head* has to say of the connection: nothing, where it is as usual."""
    if closes:
        return b"Connection: close\r\n"
    return b"Connection: keep-alive\r\n" if head.version == "1.0" else b""
