"""Incoming: what a client has sent, as requests."""

from collections.abc import Callable
from dataclasses import replace

from gesmock.server.bodies import Body, body_of
from gesmock.server.heads import END, Head, Heads, check_unfinished
from gesmock.server.limits import Limits


class Incoming:
    """Makes requests of the bytes that a client sends, however they are split."""

    __slots__ = (
        "_body",
        "_expected",
        "_head",
        "_heads",
        "_largest_body",
        "_limits",
        "_looked",
        "_unread",
    )

    def __init__(
        self, heads: Heads, limits: Limits, largest_body: Callable[[Head], int | None]
    ) -> None:
        self._heads, self._limits, self._largest_body = heads, limits, largest_body
        self._unread = bytearray()
        self._looked = 0  # so much of it holds no end of a head
        self._head: Head | None = None  # whose body is coming in
        self._body: Body | None = None
        self._expected = False

    def __len__(self) -> int:
        """How many bytes are of no request yet."""
        return len(self._unread)

    @property
    def in_body(self) -> bool:
        """Whether a head has come, but not all of its body."""
        return self._body is not None

    def take_expectation(self) -> bool:
        """Whether the client waits for a word before it sends the body; it is true once."""
        expected, self._expected = self._expected, False
        return expected and self._body is not None and self._body.content.tell() == 0

    def add(self, data: bytes) -> None:
        """The client has sent *data*."""
        self._unread += data

    def clear(self) -> None:
        """Forget what is there."""
        self._unread.clear()
        self._looked = 0
        self._head = self._body = None
        self._expected = False

    def next(self) -> tuple[Head, bytes] | None:
        """The next request, and its body; None until it is whole. Raises Refused."""
        if self._head is None and not self._read_head():
            return None
        head, body = self._head, self._body
        if head is None or (body is not None and not body.take(self._unread)):
            return None
        self._head = self._body = None
        return head, b"" if body is None else body.content.getvalue()

    def _read_head(self) -> bool:
        unread = self._unread
        while unread[:2] == b"\r\n":  # before a request line, an empty one means nothing
            del unread[:2]
        if not unread or unread == b"\r":
            return False
        end = unread.find(END, max(self._looked - len(END), 0))
        if end < 0:
            check_unfinished(unread, self._looked, self._limits)
            self._looked = len(unread)
            return False
        self._looked = 0
        text = bytes(unread[: end + len(END)])
        del unread[: len(text)]
        head = self._heads.read(text)
        if head.length:
            largest = self._largest_body(head)
            if largest is None:
                unread.clear()
                head = replace(head, length=0, keeps=False)
            else:
                self._body = body_of(head, largest)
                self._expected = head.expects_continue
        self._head = head
        return True
