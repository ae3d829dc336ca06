"""Application: what a server calls for each request."""

from collections.abc import Callable
from typing import Protocol

from gesmock.model.messages import ConnectionInfo
from gesmock.server.answers import Answer
from gesmock.server.heads import Head
from gesmock.server.wsgi import Peers, Response

Later = Callable[[], Answer]


class Application(Protocol):
    """Answers the requests of one server.

    Everything but ``respond`` is called in the server's loop, where it must not block.
    """

    def epoch(self) -> int:
        """The current epoch. A request belongs to the one in which its first bytes arrived."""

    def answer(
        self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo
    ) -> Answer | Later | None:
        """Answer a complete request at once.

        Returns a function where the answer takes long to make: a worker calls it. Returns None
        where ``respond`` has to answer.
        """

    def respond(self, head: Head, body: bytes, peers: Peers, epoch: int) -> Response:
        """Answer a request by WSGI, in a worker."""

    def overtaken(self, head: Head, epoch: int) -> bool:
        """Whether a reset has made the answer to this request obsolete."""

    def refuse(self, status: int, reason: str) -> Answer:
        """The answer to a request that the server itself refuses; *reason* may be empty."""

    def largest_body(self, head: Head, peers: Peers) -> int | None:
        """The longest body in bytes that is accepted behind *head*; a longer one gets a 413.

        None: the body is not read. The application answers without it, and the connection closes.
        """
