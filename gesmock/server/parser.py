"""Requests read from bytes, strictly: llhttp parses heads, and we check what it lets pass."""

import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Final

import httptools
from msgspec import Struct
from msgspec.structs import replace

CHUNKED: Final = -1
"""Stands for the length of a body that comes in chunks."""

_HEAD_END: Final = b"\r\n\r\n"
LONGEST_FRAMING: Final = 4096  # of the line before a chunk, or of all trailers
_LONGEST_AROUND_URL: Final = 64  # a method, the version, and what separates them
LONGEST_CACHED: Final = 4096
MOST_CACHED: Final = 512
MOST_DIGITS: Final = 20  # of a length, leading zeros included: llhttp takes any number of them

_TLS: Final = b"\x16\x03"
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_METHOD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?: |\Z)")
_VERSION: Final = re.compile(r"HTTP/[0-9]\.[0-9]")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_TRAILER: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n"
_LAST_CHUNK: Final = re.compile(rb"0+[ \t]*(?:;[^\r\n\0]*)?\r\n(?:%b)*" % _TRAILER)
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@]*)(?=[/?#]|\Z)")
_AUTHORITY: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]*)(?::[0-9]*)?")


class Limits(Struct, frozen=True):
    """How much a client may ask of the server: bytes, real seconds, and connections at once.

    A longer *head* gets a 431, and a longer *url* a 414. A head that takes longer than *head_s*
    gets a 408. So does a body that pauses for *body_s*, or that takes *body_s* longer than it would
    at *body_rate* bytes per second. A new connection beyond *connections* gets a 503, unless an
    idle one can be closed for it; *reserve* more are kept for requests that have priority. A
    request or answer that would bring the bytes of all of them above *in_flight* gets a 503. A
    connection is closed when no request comes for *idle_s*, or when the client takes nothing of
    its answer for *write_s*.
    """

    head: int = 64 * 2**10
    url: int = 16 * 2**10
    connections: int = 4096
    reserve: int = 16
    in_flight: int = 256 * 2**20
    body_rate: int = 1024
    head_s: float = 20
    body_s: float = 20
    idle_s: float = 75
    write_s: float = 60


class BadRequest(Exception):
    """The request gets *status*, and nothing more is read.

    *reason* is for the log and, if it is *public*, for the client.
    """

    def __init__(self, status: int, reason: str, *, public: bool = False) -> None:
        super().__init__(status)
        self.status, self.reason, self.public = status, reason, public


class Head(Struct, frozen=True, eq=False):
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

    def combined_headers(self) -> dict[str, str]:
        """The headers as an application reads them from an environ: each name once, and the host.

        Names with an underscore, which would pass for a hyphen there, and an empty content type,
        which would pass for none, are left out.
        """
        combined: dict[str, str] = {}
        for name, value in self.headers:
            if "_" in name or (name == "content-type" and not value):
                continue
            separator = "; " if name == "cookie" else ","  # RFC 9110, 5.3; RFC 9113, 8.2.3
            combined[name] = f"{combined[name]}{separator}{value}" if name in combined else value
        if self.host:
            combined["host"] = self.host
        return combined


def parse(text: bytes, limits: Limits) -> Head:
    """Parse a whole head, its empty line included. Raises BadRequest."""
    first = text[: text.index(b"\r\n")]
    if first.count(b" ") != 2 or not _METHOD.match(first):
        raise BadRequest(400, "The request line is not a method, a target and a version")
    method, target, protocol = first.decode("latin-1").split(" ")
    if len(target) > limits.url:
        raise BadRequest(414, f"The URL is longer than {limits.url} bytes")
    if len(text) > limits.head:
        raise BadRequest(431, f"The head is longer than {limits.head} bytes")
    if protocol not in ("HTTP/1.1", "HTTP/1.0"):
        other = _VERSION.fullmatch(protocol) and protocol[5:7] != "1."
        raise BadRequest(505 if other else 400, f"The version is {protocol[:40]!r}")
    version = protocol[5:]
    lines: list[tuple[bytes, bytes]] = []
    callbacks = SimpleNamespace(on_header=lambda name, value: lines.append((name, value)))
    try:
        httptools.HttpRequestParser(callbacks).feed_data(text)
    except httptools.HttpParserUpgrade:  # we speak nothing else, and answer in HTTP
        pass
    except httptools.HttpParserInvalidMethodError:  # case counts (RFC 9110, section 9.1)
        hint = "." if method == method.upper() else f"; did you mean {method.upper()!r}?"
        raise BadRequest(501, f"Unknown method {method!r}{hint}", public=True) from None
    except httptools.HttpParserError as error:
        raise BadRequest(400, str(error)) from None
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in lines
    )
    hosts = [value for name, value in headers if name == "host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise BadRequest(400, "Several Host headers" if hosts else "No Host header")
    host, path, query = _address(method, target, hosts[0] if hosts else "")
    values: dict[str, str] = {}
    for name, value in headers:  # lines of one name are one list (RFC 9110, section 5.2)
        values[name] = f"{values[name]},{value}" if name in values else value
    expected = values.get("expect", "").lower() if version == "1.1" else ""
    if expected not in ("", "100-continue"):
        raise BadRequest(417, f"Expect: {expected[:40]!r}")
    options = {option.strip() for option in values.get("connection", "").lower().split(",")}
    return Head(
        method=method,
        target=target,
        path=path,
        query=query,
        version=version,
        host=host,
        headers=headers,
        length=_length(version, values),
        # RFC 9112, section 9.3
        keep_alive="close" not in options and (version == "1.1" or "keep-alive" in options),
        expects_continue=expected == "100-continue",
    )


def _length(version: str, values: Mapping[str, str]) -> int:
    """The length of the body. llhttp has already refused two, and one beside an encoding."""
    encoding, digits = values.get("transfer-encoding", ""), values.get("content-length", "0")
    if encoding and version == "1.0":
        raise BadRequest(400, "Transfer-Encoding in HTTP/1.0")
    if encoding.lower() not in ("", "chunked"):
        raise BadRequest(501, f"Transfer-Encoding: {encoding[:40]!r}")
    if len(digits) > MOST_DIGITS:
        raise BadRequest(400, f"The Content-Length has {len(digits)} digits")
    return CHUNKED if encoding else int(digits)


def _address(method: str, target: str, host: str) -> tuple[str, str, str]:
    """The host, path and query."""
    path, _, query = target.partition("#")[0].partition("?")
    if absolute := _ABSOLUTE.match(target):  # its host counts (RFC 9112, section 3.2.2)
        host = absolute[1]
        path = path[absolute.end() :] or "/"
    if not _AUTHORITY.fullmatch(host):
        raise BadRequest(400, f"The host is {host[:40]!r}")
    if method == "CONNECT" or (not path.startswith("/") and (method, path) != ("OPTIONS", "*")):
        raise BadRequest(400, f"The target is {target[:40]!r}")
    return host, path, query


class Parser:
    """Turns the bytes that a client sends into requests, however they are split.

    *heads* are those parsed before, by their bytes: a client that polls sends the same head again
    and again. *largest_body* says how long the body behind a head may be; with None, it is not
    read, and the connection ends with the answer.
    """

    def __init__(
        self, heads: dict[bytes, Head], limits: Limits, largest_body: Callable[[Head], int | None]
    ) -> None:
        self._heads, self._limits, self._largest_body = heads, limits, largest_body
        self.received = bytearray()
        """What has come and belongs to no request yet."""
        self.head: Head | None = None
        """The head of a request whose body is not complete."""
        self.expects_continue = False
        """Whether the client waits for ``100 Continue`` before it sends the body."""
        self._searched = 0  # bytes in which no end of a head was found
        self._largest = 0
        self._chunks = bytearray()

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self.received) + len(self._chunks)

    def clear(self) -> None:
        """Forget what belongs to no complete request."""
        self.received.clear()
        self._chunks.clear()
        self.head = None
        self._searched = 0

    def next_request(self) -> tuple[Head, bytes] | None:
        """The next request with its body; None until it is complete. Raises BadRequest."""
        received, head = self.received, self.head or self._read_head()
        if head is None:
            return None
        if head.length == CHUNKED:
            if not self._read_chunks():
                return None
            body = bytes(self._chunks)
            self._chunks.clear()
        else:
            if len(received) < head.length:
                return None
            body = bytes(memoryview(received)[: head.length])
            del received[: head.length]
        self.head = None
        return head, body

    def _read_head(self) -> Head | None:
        received = self.received
        while received[:2] == b"\r\n":  # empty lines before a request are ignored
            del received[:2]
        if not received or received == b"\r":
            return None
        end = received.find(_HEAD_END, max(self._searched - len(_HEAD_END), 0))
        if end < 0:
            self._check_incomplete_head()
            self._searched = len(received)
            return None
        self._searched = 0
        text = bytes(received[: end + len(_HEAD_END)])
        del received[: len(text)]
        head = self._heads.get(text)
        if head is None:
            head = parse(text, self._limits)
            if len(text) <= LONGEST_CACHED:
                if len(self._heads) >= MOST_CACHED:
                    self._heads.clear()
                self._heads[text] = head
        if head.length:
            largest = self._largest_body(head)
            if largest is None:
                received.clear()
                return replace(head, length=0, keep_alive=False)
            self.head, self._largest = head, largest
            if head.length > largest:
                raise _too_long(largest)
            self.expects_continue = head.expects_continue and not received
        return head

    def _check_incomplete_head(self) -> None:
        """Refuse what cannot become a head, whatever follows."""
        received, limits = self.received, self._limits
        if received.startswith(_TLS):
            reason = "The client speaks TLS; this server does not."
            raise BadRequest(400, reason, public=True)
        if not _METHOD.match(received):
            raise BadRequest(400, "The first line does not begin with a method")
        if _BARE_LF.search(received, self._searched):
            raise BadRequest(400, "A line ends without CR")
        longest_line = limits.url + _LONGEST_AROUND_URL
        if len(received) > longest_line and received.find(b"\r\n", 0, longest_line) < 0:
            raise BadRequest(414, f"The URL is longer than {limits.url} bytes")
        if len(received) > limits.head:
            raise BadRequest(431, f"The head is longer than {limits.head} bytes")

    def _read_chunks(self) -> bool:
        """Take the chunks that have come. Returns whether they are complete, with all trailers."""
        received = self.received
        while (line := _CHUNK.match(received)) and (size := int(line[1], 16)):
            if len(self._chunks) + size > self._largest:
                raise _too_long(self._largest)
            begin, end = line.end(), line.end() + size
            line_end = received[end : end + 2]
            if begin > LONGEST_FRAMING or not b"\r\n".startswith(line_end):
                raise BadRequest(400, "A chunk is longer than its size, or its line is too long")
            if len(line_end) < 2:
                return False
            self._chunks += received[begin:end]
            del received[: end + 2]
        last = _LAST_CHUNK.match(received)
        end = last.end() if last else 0
        complete = received[end : end + 2] == b"\r\n" and 0 < end <= LONGEST_FRAMING
        if complete:
            del received[: end + 2]
        elif b"\n" in received[end:] or len(received) > LONGEST_FRAMING:
            raise BadRequest(400, "A chunk's line or a trailer is malformed or too long")
        return complete


def _too_long(largest: int) -> BadRequest:
    return BadRequest(413, f"The body is longer than {largest} bytes.", public=True)
