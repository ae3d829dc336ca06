"""Application: what the server calls for each request, and the answer that it returns."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Final, Protocol

from msgspec import Struct

from gesmock.model import messages
from gesmock.model.clock import real_time
from gesmock.model.messages import ConnectionInfo, Delivery
from gesmock.server.loop import Block, take
from gesmock.server.parser import Head

log = logging.getLogger("gesmock.server")

NAME: Final = "gesmock"
SERVER: Final = f"Server: {NAME}\r\n".encode()
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus} | {449: "Retry With"}
STATUS_LINES: Final = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, 'UNKNOWN')}\r\n".encode()
    for status in range(100, 1000)
}
HEAD_ENDS: Final = {
    ("1.1", False): b"\r\n",
    ("1.0", False): b"Connection: keep-alive\r\n\r\n",
    ("1.1", True): b"Connection: close\r\n\r\n",
    ("1.0", True): b"Connection: close\r\n\r\n",
}
"""The end of a head, by the version of HTTP and whether the connection closes after the answer."""


class Answer(Struct, frozen=True):
    """An answer as it goes over the wire.

    *headers* are lines, each with its line end; they state the length of the body, but not whether
    the connection stays open. *delivery* says how the answer reaches the client, if not at once and
    whole.
    """

    status: int
    headers: bytes
    blocks: Sequence[Block]
    delivery: Delivery | None = None


def parts(delivery: Delivery, body: deque[Block]) -> Iterator[tuple[float, Sequence[Block]]]:
    """The parts of *body*, or of the stream of *delivery*, and when each is due.

    A stream ends when it fails.
    """
    begun = real_time()
    if delivery.stream is None:
        for after_s, size in delivery.schedule(sum(map(len, body))):
            yield begun + after_s, take(body, size)
        return
    try:
        for part in delivery.stream:
            if part:
                yield begun, [part]
            yield real_time() + messages.LOOK_EVERY_S, []
    except Exception:
        log.exception("the application failed")


class Application(Protocol):
    """Answers the requests of one server.

    All of it is called in the server's loop, where it must not block.
    """

    def epoch(self) -> int:
        """The current epoch. A request belongs to the epoch in which its first bytes came."""

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Callable[[], Answer]:
        """Answer a complete request; if that may take long, return a function for a worker."""

    def overtaken(self, head: Head, epoch: int) -> bool:
        """Whether a reset has made the answer to this request obsolete."""

    def has_priority(self, head: Head) -> bool:
        """Whether the request may use one of the connections that are kept in reserve."""

    def refuse(self, status: int, reason: str, head: Head | None) -> Answer:
        """The answer to a request that the server itself refuses; *reason* may be empty.

        *head* is known only if the body is refused.
        """

    def largest_body(self, head: Head, connection: ConnectionInfo) -> int | None:
        """The longest body in bytes that is accepted behind *head*; a longer one gets a 413.

        None: the body is not read. The application answers without it, and the connection closes.
        """
