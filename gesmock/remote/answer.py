"""What the target answers, read as it comes: bytes -> status, headers and body."""

import re
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httptools

from gesmock.remote.failures import Ended, Unreachable

LARGEST_ANSWER: Final = 256 * 2**20
"""How long a body may be, in bytes: it is kept whole until it is there, for what fails on its way
is to be told as that (a list of 100,000 jobs is some 57 MB)."""

_LONGEST_HEAD: Final = 256 * 2**10
_BODILESS: Final = (204, 304)  # RFC 9112, 6.3
_LENGTH: Final = re.compile(rb"(?im)^content-length:[ \t]*([^\r\n]{,30})")

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """A whole answer: its *headers* as they came, and its *body* without what framed it."""

    status: int
    headers: Headers
    body: bytearray = field(repr=False)

    def values(self, name: str) -> list[str]:
        """The values of the header *name*, which is in lower case."""
        return [value for found, value in self.headers if found.lower() == name]


class AnswerReader:
    """Reads what *where* answers to a request with this *method*, however its bytes are split.

    *begun* tells whether anything has come; *parser* is llhttp's.
    """

    def __init__(self, method: str, where: str, largest: int = LARGEST_ANSWER) -> None:
        self.begun = False
        self._where = where
        self._largest = largest
        # The parser holds what it tells; were it held by that, a long body would stay a while.
        self._found = _Found(method, largest, weakref.proxy(self))
        self.parser = httptools.HttpResponseParser(self._found)
        self._head = bytearray()

    @property
    def whole(self) -> bool:
        """Whether all of it has come."""
        return self._found.whole

    @property
    def keeps(self) -> bool:
        """Whether the connection can be asked again."""
        return self._found.keeps

    @property
    def answer(self) -> WholeAnswer:
        """What has come of it."""
        found = self._found
        return WholeAnswer(found.status, found.headers, found.body)

    def feed(self, data: bytes) -> None:
        """The server has sent *data*. Raises Unreachable where that is no answer."""
        self.begun, found = True, self._found
        if not found.status:
            self._head += data
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            found.keeps = False
            if found.whole:  # what comes behind it, nobody has asked for
                return
            upgrades = isinstance(error, httptools.HttpParserUpgrade)
            raise self._no_http(
                "it goes over to another protocol" if upgrades else str(error)
            ) from None
        if not found.status and len(self._head) > _LONGEST_HEAD:
            raise self._no_http(f"its head is longer than {_LONGEST_HEAD} bytes")
        size = max(len(found.body), found.length)
        if size > self._largest:
            why = f"its answer has {size} bytes or more; no more than {self._largest} are read"
            raise Unreachable(self._where, "http_response_body_size", why)
        if found.coding not in ("", "chunked"):
            why = f"its answer is sent as {found.coding[:100]!r}, which is not read"
            raise Unreachable(self._where, "http_response_transfer_coding", why)

    def end(self) -> None:
        """The connection has ended. Raises Ended or Unreachable where the answer is not whole."""
        found = self._found
        if found.ends_with_connection:
            found.whole = True
        elif not self.begun:
            raise Ended(self._where, "connection_terminated", "it hung up without an answer")
        else:
            of = f" of {found.length}" if found.length else ""
            body = f"after {len(found.body)}{of} bytes of its body"
            why = f"its answer was cut off {body if found.status else 'in its head'}"
            raise Unreachable(self._where, "http_response_incomplete", why)

    def _no_http(self, why: str) -> Unreachable:
        lengths = _LENGTH.findall(self._head) if "Content-Length" in why else []
        shown = ", ".join(repr(one.decode("latin-1")) for one in lengths[:3])
        why = f"its answer is no HTTP: {why}" + (f" ({shown})" if shown else "")
        return Unreachable(self._where, "http_protocol_error", why)


class _Found:
    """What the parser of *reader* finds; *status* is 0 until there is a whole head."""

    def __init__(self, method: str, largest: int, reader: AnswerReader) -> None:
        self._method, self._largest, self._reader = method, largest, reader
        self.status = 0
        self.length = 0  # of the body that is to come, as far as that is told
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
        came = WholeAnswer(status, self.headers, self.body)
        self.status = status
        self.coding = ", ".join(came.values("transfer-encoding")).lower()
        self.whole = self._method == "HEAD" or status in _BODILESS
        lengths = came.values("content-length")
        if lengths and not self.whole:
            self.length = int(lengths[0])
        framed = self.whole or self.coding or lengths
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
