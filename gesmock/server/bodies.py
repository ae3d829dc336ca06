"""Bodies: where the body of a request ends, and what is in it."""

import re
from io import BytesIO
from typing import Protocol

from gesmock.server.heads import CHUNKED, Head, Refused

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*")
_LONGEST_LINE = 4096  # without its end
_MOST_TRAILERS = 64


class Body(Protocol):
    """A body that is coming in; *content* is what is there of it."""

    content: BytesIO

    def take(self, data: bytearray) -> bool:
        """Take from the front of *data* what belongs to the body; whether it is whole now.

        Raises Refused.
        """


def body_of(head: Head, largest: int) -> Body:
    """The body that comes after *head*; Refused where it says that it is longer than *largest*."""
    if head.length == CHUNKED:
        return ChunkedBody(largest)
    if head.length > largest:
        raise Refused(413)
    return MeasuredBody(head.length)


class MeasuredBody:
    """A body of *length* bytes."""

    def __init__(self, length: int) -> None:
        self.content = BytesIO()
        self._left = length

    def take(self, data: bytearray) -> bool:
        """See ``Body``."""
        with memoryview(data) as view:
            taken = self.content.write(view[: self._left])
        del data[:taken]
        self._left -= taken
        return self._left == 0


class ChunkedBody:
    """A body in chunks (RFC 9112, section 7.1); their extensions and the trailers are passed over.

    llhttp could read these too, but would not say where in *data* the body ends.
    """

    def __init__(self, largest: int) -> None:
        self.content = BytesIO()
        self._largest = largest
        self._left = 0  # of the chunk, the end of its line included
        self._trailers: int | None = None  # how many there were; None before the last chunk

    def take(self, data: bytearray) -> bool:
        """See ``Body``."""
        while True:
            if self._left and not self._take_chunk(data):
                return False
            end = data.find(b"\n")  # one without a CR is refused as soon as it is seen
            if (len(data) if end < 0 else end) > _LONGEST_LINE + 1:
                raise Refused(400)
            if end < 0:
                return False
            if data[end - 1 : end] != b"\r":
                raise Refused(400)
            line = bytes(data[: end - 1])
            del data[: end + 1]
            if self._trailers is None:
                self._begin_chunk(line)
            elif not line:
                return True
            else:
                self._pass_trailer(line)

    def _begin_chunk(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise Refused(400)
        length = int(size[1], 16)
        if self.content.tell() + length > self._largest:
            raise Refused(413)
        if length:
            self._left = length + 2
        else:
            self._trailers = 0

    def _pass_trailer(self, line: bytes) -> None:
        self._trailers = (self._trailers or 0) + 1
        if not _TRAILER.fullmatch(line) or self._trailers > _MOST_TRAILERS:
            raise Refused(400)

    def _take_chunk(self, data: bytearray) -> bool:
        """Whether the chunk is whole, its end of line included."""
        wanted = self._left - 2
        with memoryview(data) as view:
            taken = self.content.write(view[:wanted]) if wanted > 0 else 0
        del data[:taken]
        self._left -= taken
        if self._left > 2 or not data:
            return False
        line_end = b"\r\n"[2 - self._left : 2 - self._left + len(data)]
        if data[: len(line_end)] != line_end:
            raise Refused(400)
        del data[: len(line_end)]
        self._left -= len(line_end)
        return self._left == 0
