"""What another server answers, read as it comes: bytes -> status, headers and body."""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httptools

from gesmock.errors import GesmockError

LARGEST_ANSWER: Final = 256 * 2**20
"""How long a body may be, in bytes: it is kept whole until it is there, for what fails on its way
is to be told as that (a list of 100,000 jobs is some 57 MB)."""

_LONGEST_HEAD: Final = 256 * 2**10
_BODILESS: Final = (204, 304)

Headers = Sequence[tuple[str, str]]


class Failed(GesmockError):
    """There is no whole answer: a *kind* of RFC 9209, section 2.3, and a reason."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """A whole answer: its *headers* as they came, and its *body* without what framed it."""

    status: int
    headers: Headers
    body: bytearray = field(repr=False)

    def values(self, name: str) -> list[str]:
        """The values of the header *name*, which is in lower case."""
        return [value for found, value in self.headers if found.lower() == name]


class AnswerReader:
    """Reads the answer to a request with this *method*, however its bytes are split.

    *begun* tells whether anything has come; *parser* is llhttp's.
    """

    def __init__(self, method: str, largest: int = LARGEST_ANSWER) -> None:
        self.begun = False
        self._largest = largest
        # The parser holds what it tells; were it held by that, a long body would stay a while.
        self._found = _Found(method, largest, weakref.proxy(self))
        self.parser = httptools.HttpResponseParser(self._found)
        self._head_length = 0

    @property
    def whole(self) -> bool:
        """Whether all of it has come."""
        return self._found.whole

    @property
    def keeps(self) -> bool:
        """Whether the connection can be asked again."""
        return self._found.keeps

    @property
    def answer(self) -> UpstreamAnswer:
        """What has come of it."""
        found = self._found
        return UpstreamAnswer(found.status, found.headers, found.body)

    def feed(self, data: bytes) -> None:
        """The server has sent *data*. Raises Failed where that is no answer."""
        self.begun, found = True, self._found
        if not found.status:
            self._head_length += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            found.keeps = False
            if found.whole:  # what comes behind it, nobody has asked for
                return
            upgrades = isinstance(error, httptools.HttpParserUpgrade)
            raise _no_http("it goes over to another protocol" if upgrades else str(error)) from None
        if not found.status and self._head_length > _LONGEST_HEAD:
            raise _no_http(f"its head is longer than {_LONGEST_HEAD} bytes")
        if len(found.body) > self._largest:
            told = f"its answer is longer than {self._largest} bytes"
            raise Failed("http_response_body_size", told)
        if found.coding not in ("", "chunked"):
            raise Failed("http_response_transfer_coding", f"its answer is sent as {found.coding}")

    def end(self) -> None:
        """The connection has ended. Raises Failed where the answer is not whole."""
        found = self._found
        if found.ends_with_connection:
            found.whole = True
        elif not self.begun:
            raise Failed("connection_terminated", "it hung up without an answer")
        else:
            came = f"{len(found.body)} bytes of its body" if found.status else "a part of its head"
            raise Failed("http_response_incomplete", f"it hung up on its answer, after {came}")


class _Found:
    """What the parser of *reader* finds; *status* is 0 until there is a whole head."""

    def __init__(self, method: str, largest: int, reader: AnswerReader) -> None:
        self._method, self._largest, self._reader = method, largest, reader
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.coding = ""  # in which the body is sent
        self.whole = self.keeps = self.ends_with_connection = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:  # else it is a trailer
            self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        status = self._reader.parser.get_status_code()
        if self.status:  # nobody has asked for another answer
            self.keeps = False
        elif status >= 200:  # else another will follow
            self._judge(status)

    def _judge(self, status: int) -> None:
        came = UpstreamAnswer(status, self.headers, self.body)
        self.status = status
        self.coding = ", ".join(came.values("transfer-encoding")).lower()
        self.whole = self._method == "HEAD" or status in _BODILESS
        framed = self.whole or self.coding or came.values("content-length")
        self.ends_with_connection = not framed
        closes = "close" in ",".join(came.values("connection")).lower()
        old = self._reader.parser.get_http_version() == "1.0"
        self.keeps = not (self.ends_with_connection or closes or old)

    def on_body(self, data: bytes) -> None:
        if self.whole:
            self.keeps = False
        elif len(self.body) <= self._largest:
            self.body += data

    def on_message_complete(self) -> None:
        if self.status:
            self.whole = True
        else:
            self.headers.clear()


def _no_http(reason: str) -> Failed:
    return Failed("http_protocol_error", f"it does not speak HTTP: {reason}")
