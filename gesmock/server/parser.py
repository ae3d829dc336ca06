"""Requests read from bytes, strictly: llhttp parses them, and what it lets pass is checked here."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Final

import httptools

CHUNKED: Final = -1
"""The length of a body whose end only its chunks tell."""

_HEAD_END: Final = b"\r\n\r\n"
_LONGEST_LINE: Final = 4096  # before or behind a chunk
_MOST_TRAILERS: Final = 64
_LONGEST_CACHED: Final = 4096
_MOST_CACHED: Final = 512

_TLS: Final = b"\x16\x03"
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_METHOD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?: |\Z)")
_VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@]*)(?=[/?#]|\Z)")
_AUTHORITY: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]*)(?::[0-9]*)?")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client may ask of the server: bytes, real seconds, and connections at once.

    A longer *head* gets a 431, a longer *url* a 414, a head that takes longer than *head_s* or a
    body of which nothing comes for *body_s* a 408, and one of too many *connections* a 503. A
    connection is closed when no request comes for *idle_s*, or when the client takes nothing of its
    answer for *write_s*.
    """

    head: int = 64 * 2**10
    url: int = 16 * 2**10
    connections: int = 4096
    head_s: float = 20
    body_s: float = 20
    idle_s: float = 75
    write_s: float = 60


class BadRequest(Exception):
    """The request gets *status*, and nothing more is read; *reason* says more, or is empty."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(status)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The head of a request.

    *target*, *path* and *query* are as sent, escapes included. *headers* have lower-case names, and
    are in the order in which they came. *host* includes the port. *length* is that of the body, or
    ``CHUNKED``.
    """

    method: str
    target: str
    path: str
    query: str
    version: str
    host: str
    headers: tuple[tuple[str, str], ...]
    length: int
    keep_alive: bool
    expects_continue: bool


class _HeadFields:
    """The callbacks of llhttp for a head."""

    def __init__(self) -> None:
        self.target = ""
        self.headers: list[tuple[str, str]] = []

    def on_url(self, url: bytes) -> None:
        self.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))


def parse(text: bytes, limits: Limits) -> Head:
    """Parse a whole head, its empty line included. Raises BadRequest."""
    first = text[: text.index(b"\r\n")]
    if first.count(b" ") != 2 or not _METHOD.match(first):
        raise BadRequest(400)
    method_bytes, url, protocol = first.split(b" ")
    if len(url) > limits.url:
        raise BadRequest(414)
    if len(text) > limits.head:
        raise BadRequest(431)
    if protocol not in (b"HTTP/1.1", b"HTTP/1.0"):
        other = _VERSION.fullmatch(protocol) and protocol[5:7] != b"1."
        raise BadRequest(505 if other else 400)
    method, version, fields = method_bytes.decode(), protocol[5:].decode(), _HeadFields()
    try:
        httptools.HttpRequestParser(fields).feed_data(text)
    except httptools.HttpParserUpgrade:  # we speak nothing else, and answer in HTTP
        pass
    except httptools.HttpParserInvalidMethodError:  # case counts (RFC 9110, section 9.1)
        end = "." if method == method.upper() else f"; is {method.upper()} meant?"
        raise BadRequest(501, f"No method is called {method}{end}") from None
    except httptools.HttpParserError:
        raise BadRequest(400) from None
    values: dict[str, str] = {}
    for name, value in fields.headers:  # lines of one name are one list (RFC 9110, section 5.2)
        values[name] = f"{values[name]},{value}" if name in values else value
    host, path, query = _address(fields, method, version)
    expected = values.get("expect", "").lower() if version == "1.1" else ""
    if expected not in ("", "100-continue"):
        raise BadRequest(417)
    options = {option.strip() for option in values.get("connection", "").lower().split(",")}
    return Head(
        method=method,
        target=fields.target,
        path=path,
        query=query,
        version=version,
        host=host,
        headers=tuple(fields.headers),
        length=_body_length(values, version),
        # RFC 9112, section 9.3
        keep_alive="close" not in options and (version == "1.1" or "keep-alive" in options),
        expects_continue=expected == "100-continue",
    )


def _address(fields: _HeadFields, method: str, version: str) -> tuple[str, str, str]:
    """The host, path and query."""
    hosts = [value for name, value in fields.headers if name == "host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise BadRequest(400)
    host = hosts[0] if hosts else ""
    path, _, query = fields.target.partition("#")[0].partition("?")
    if absolute := _ABSOLUTE.match(fields.target):  # its host counts (RFC 9112, section 3.2.2)
        host = absolute[1]
        path = path[absolute.end() :] or "/"
    if not _AUTHORITY.fullmatch(host):
        raise BadRequest(400)
    if method == "CONNECT" or (not path.startswith("/") and (method, path) != ("OPTIONS", "*")):
        raise BadRequest(400)
    return host, path, query


def _body_length(values: dict[str, str], version: str) -> int:
    """The length of the body; llhttp has refused two lengths, and a length with an encoding."""
    encoding = values.get("transfer-encoding")
    if encoding is None:
        return int(values.get("content-length", "0"))
    if version == "1.0":
        raise BadRequest(400)
    if encoding.lower() != "chunked":
        raise BadRequest(501)
    return CHUNKED


class HeadCache:
    """Heads by their bytes: a client that polls sends the same head again and again."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._heads: dict[bytes, Head] = {}
        self.get = self._heads.get

    def parse(self, text: bytes) -> Head:
        """Parse *text*, unless it was parsed before. Raises BadRequest."""
        head = self._heads.get(text)
        if head is None:
            head = parse(text, self._limits)
            if head.length == 0 and len(text) <= _LONGEST_CACHED:
                if len(self._heads) >= _MOST_CACHED:
                    self._heads.clear()
                self._heads[text] = head
        return head


class _Body:
    """A body that llhttp reads: of *length* bytes, or in chunks.

    llhttp does not say where in the bytes a message ends. So it gets them line by line, or as much
    as it takes to the end of a chunk: a message ends with one of these. Extensions of chunks and
    trailers are ignored.
    """

    def __init__(self, length: int, largest: int) -> None:
        self.content = BytesIO()
        self._largest = largest
        self._remaining = 0 if length == CHUNKED else length  # of the body, or of the chunk
        self._line = bytearray()
        self._trailers = -1  # the one header of the request comes first
        self._complete = False
        framing = b"Transfer-Encoding: chunked"
        if length != CHUNKED:
            framing = b"Content-Length: %d" % length
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)

    def on_header(self, _name: bytes, _value: bytes) -> None:
        self._trailers += 1

    def on_chunk_header(self) -> None:
        self._remaining = int(self._line.partition(b";")[0], 16)

    def on_body(self, part: bytes) -> None:
        self._remaining -= len(part)
        self.content.write(part)

    def on_message_complete(self) -> None:
        self._complete = True

    def feed(self, received: bytearray) -> bool:
        """Take what belongs to the body; whether it is complete. Raises BadRequest."""
        while received and not self._complete:
            if not self._remaining:
                size = received.find(b"\n") + 1 or len(received)
                self._line += received[:size]
            else:
                size = self._remaining
            part = bytes(received[:size])
            del received[:size]
            try:
                self._parser.feed_data(part)
            except httptools.HttpParserError:
                raise BadRequest(400) from None
            if self.content.tell() + self._remaining > self._largest:
                raise BadRequest(413)
            if len(self._line) > _LONGEST_LINE or self._trailers >= _MOST_TRAILERS:
                raise BadRequest(400)
            if part.endswith(b"\n"):
                self._line.clear()
        return self._complete


class Parser:
    """Makes requests of the bytes that a client sends, however they are split.

    *largest_body* says how long the body behind a head may be; None: it is not read, and the
    connection ends with the answer.
    """

    def __init__(
        self, cache: HeadCache, limits: Limits, largest_body: Callable[[Head], int | None]
    ) -> None:
        self._cache, self._limits, self._largest_body = cache, limits, largest_body
        self._received = bytearray()
        self._searched = 0  # bytes in which no end of a head was found
        self._head: Head | None = None  # whose body is being read
        self._body: _Body | None = None
        self._expects_continue = False

    def __len__(self) -> int:
        """How many bytes belong to no request yet."""
        return len(self._received)

    @property
    def in_body(self) -> bool:
        """Whether a head is complete, but not its body."""
        return self._body is not None

    def take_expectation(self) -> bool:
        """Whether the client waits for ``100 Continue``; True once a request."""
        expects, self._expects_continue = self._expects_continue, False
        return expects and self._body is not None and self._body.content.tell() == 0

    def feed(self, received: bytes) -> None:
        """Add what the client has sent."""
        self._received += received

    def clear(self) -> None:
        """Forget all that is not read yet."""
        self._received.clear()
        self._searched = 0
        self._head = self._body = None
        self._expects_continue = False

    def next_request(self) -> tuple[Head, bytes] | None:
        """The next request with its body; None until it is complete. Raises BadRequest."""
        if self._head is None:
            self._read_head()
        head, body = self._head, self._body
        if head is None or (body is not None and not body.feed(self._received)):
            return None
        self._head = self._body = None
        return head, b"" if body is None else body.content.getvalue()

    def _read_head(self) -> None:
        received = self._received
        while received[:2] == b"\r\n":  # empty lines before a request are ignored
            del received[:2]
        if not received or received == b"\r":
            return
        end = received.find(_HEAD_END, max(self._searched - len(_HEAD_END), 0))
        if end < 0:
            self._check_incomplete_head()
            self._searched = len(received)
            return
        self._searched = 0
        text = bytes(received[: end + len(_HEAD_END)])
        del received[: len(text)]
        head = self._cache.parse(text)
        if head.length:
            largest = self._largest_body(head)
            if largest is None:
                received.clear()
                head = replace(head, length=0, keep_alive=False)
            elif head.length > largest:
                raise BadRequest(413)
            else:
                self._body = _Body(head.length, largest)
                self._expects_continue = head.expects_continue
        self._head = head

    def _check_incomplete_head(self) -> None:
        """Refuse what cannot become a head, whatever follows."""
        received, limits = self._received, self._limits
        if received.startswith(_TLS):
            raise BadRequest(400, "The client speaks TLS; this server does not.")
        if not _METHOD.match(received) or _BARE_LF.search(received, self._searched):
            raise BadRequest(400)
        if len(received) > limits.url and received.find(b"\r\n", 0, limits.url + 64) < 0:
            raise BadRequest(414)
        if len(received) > limits.head:
            raise BadRequest(431)
