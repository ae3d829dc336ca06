"""Delivery: how an answer is brought to its client, where not as usual."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct


class Reset(Struct, frozen=True, tag_field="kind", tag="reset"):
    """No byte of the answer: the client sees its connection reset (TCP RST)."""


class Close(Struct, frozen=True, tag_field="kind", tag="close"):
    """No byte of the answer: the client sees its connection end (TCP FIN)."""


class Hang(Struct, frozen=True, tag_field="kind", tag="hang"):
    """No byte of the answer, and no end: until the client gives up."""


class Garbage(Struct, frozen=True, tag_field="kind", tag="garbage"):
    """*text* in place of the answer, as it stands, and the end of the connection."""

    text: bytes


class Truncate(Struct, frozen=True, tag_field="kind", tag="truncate"):
    """The whole head, the first *after_bytes* of the body, and the end of the connection."""

    after_bytes: int


class Drip(Struct, frozen=True, tag_field="kind", tag="drip"):
    """The head, then the body in *parts*, spread evenly over so many real *seconds*."""

    parts: int
    seconds: float

    def schedule(self, length: int) -> Iterator[tuple[float, int]]:
        """When each part of a body of *length* bytes goes, in seconds after its head; its bytes.

        There are no empty ones: a short body has fewer parts, an empty one has none. The last goes
        when all of the seconds are over.
        """
        count = min(max(self.parts, 1), length)
        for number in range(1, count + 1):
            size = length * number // count - length * (number - 1) // count
            yield self.seconds * number / count, size


Manner = Reset | Close | Hang | Garbage | Truncate | Drip
"""What becomes of an answer when its time has come."""

BELOW_HTTP: Final = frozenset({"reset", "close", "hang", "garbage", "truncate"})
"""The manners for which the server has to own its sockets; any can wait, and send in parts."""


UNREADABLE: Final = ("reset", "close", "hang", "garbage", "malformed", "truncate")
"""The kinds of fault that leave the client without an answer that it can read."""


class Link:
    """A client's connection, as far as the journal has to know of it; its server keeps it up.

    *client* is where it comes from. Times are real ones: it was *opened_at*, what is answered now,
    or was last, was *heard_at*, and it ended, from either side, *closed_at*, if it did. *gave_up*
    tells whether the client has gone before it had all of the last answer; *answers*, how many the
    journal has.
    """

    __slots__ = ("answers", "client", "closed_at", "gave_up", "heard_at", "opened_at")

    def __init__(self, client: tuple[str, int], opened_at: float) -> None:
        self.client = client
        self.opened_at = self.heard_at = opened_at
        self.closed_at: float | None = None
        self.gave_up = False
        self.answers = 0

    def end(self, at: float) -> None:
        """It ends *at* this time, unless it has before."""
        if self.closed_at is None:
            self.closed_at = at


class Delivery(Struct, frozen=True):
    """How an answer is brought to its client: after *delay_s* real seconds, in this *manner*.

    Without a manner, it is sent as it is.
    """

    delay_s: float = 0.0
    manner: Manner | None = None
