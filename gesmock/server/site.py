"""Site: what a server serves, as it has to be told."""

from collections.abc import Callable
from io import BytesIO
from typing import Protocol

from gesmock.model.delivery import Link
from gesmock.server.answers import Answer
from gesmock.server.heads import Head
from gesmock.server.wsgi import Peers, Response

Later = Callable[[], Answer]


class Site(Protocol):
    """What is served."""

    def epoch(self) -> int:
        """Which epoch it is; a request belongs to that in which its first bytes came."""

    def lane(self, head: Head, epoch: int, link: Link) -> Answer | Later | None:
        """The answer to a request without a body, if it can be had at once, in the loop.

        Or what makes the answer, in a worker; None where the application has to answer.
        """

    def respond(self, head: Head, body: BytesIO, peers: Peers, epoch: int) -> Response:
        """What the application answers, in a worker."""

    def overtaken(self, head: Head, epoch: int) -> bool:
        """Whether the answer to *head*, of this *epoch*, is of the past by now."""

    def refuse(self, status: int, reason: str) -> Answer:
        """The answer where the server itself refuses, with *status*, and why (or ``""``)."""

    def largest_body(self, head: Head, peers: Peers) -> int | None:
        """How long the body behind *head* may be, in bytes.

        None: it is not read at all; the application answers without it, and the connection ends.
        """
