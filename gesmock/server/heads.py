"""Heads: the first lines of a request, strictly read.

llhttp judges them; what it lets pass and we do not is refused here.
"""

import re
from dataclasses import dataclass
from typing import Final

import httptools

from gesmock.server.limits import Limits

END: Final = b"\r\n\r\n"
CHUNKED: Final = -1
"""The length of a body that says itself where it ends."""

_LONGEST_REMEMBERED: Final = 4096
_MOST_REMEMBERED: Final = 512

_TLS = b"\x16\x03"
_BARE_LF = re.compile(rb"(?<!\r)\n")
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?: |\Z)")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@]*)(?=[/?#]|\Z)")
_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]*)(?::[0-9]*)?")


class Refused(Exception):
    """The client has sent what is answered with *status*, and no more is read from it.

    *reason* is told where it says more than the status.
    """

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The head of one request.

    *path* and *query* are as they were sent, escapes included; *headers* are names in lower case
    and values, in their order. *host* is the host that is meant, with its port. *length* is that
    of the body, or ``CHUNKED``. *keeps* tells whether the client will send more on the connection.
    """

    method: str
    target: str
    path: str
    query: str
    version: str
    host: str
    headers: tuple[tuple[str, str], ...]
    length: int
    keeps: bool
    expects_continue: bool


class _Lines:
    """What llhttp finds in a head."""

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[str, str]] = []

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))


def parse(text: bytes, limits: Limits) -> Head:
    """The head *text*, its empty line included. Raises Refused."""
    first = text[: text.index(b"\r\n")]
    if first.count(b" ") != 2 or not _METHOD.match(first):
        raise Refused(400)
    method, url, protocol = first.split(b" ")
    if len(url) > limits.url:
        raise Refused(414)
    if len(text) > limits.head:
        raise Refused(431)
    if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", protocol) and protocol[5:7] != b"1.":
        raise Refused(505)
    if protocol not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refused(400)
    lines = _Lines()
    try:
        httptools.HttpRequestParser(lines).feed_data(text)
    except httptools.HttpParserUpgrade:  # nothing else is spoken here: it is answered as it is
        pass
    except httptools.HttpParserInvalidMethodError:
        raise Refused(501, _unknown(method.decode())) from None
    except httptools.HttpParserError:
        raise Refused(400) from None
    return _judged(method.decode(), lines, protocol[5:].decode())


def _unknown(method: str) -> str:
    """What is said of a *method* that nobody knows: they are case-sensitive (RFC 9110, 9.1)."""
    loud = method.upper()
    return f"No method is called {method}{'.' if method == loud else f'; is {loud} meant?'}"


def _judged(method: str, lines: _Lines, version: str) -> Head:
    target = lines.target.decode("latin-1")
    hosts = [value for name, value in lines.headers if name == "host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise Refused(400)
    host = hosts[0] if hosts else ""
    path, _, query = target.partition("#")[0].partition("?")
    if absolute := _ABSOLUTE.match(target):  # then its host counts (RFC 9112, section 3.2.2)
        host = absolute[1]
        path = path[absolute.end() :] or "/"
    if not _AUTHORITY.fullmatch(host):
        raise Refused(400)
    if method == "CONNECT" or (not path.startswith("/") and (method, path) != ("OPTIONS", "*")):
        raise Refused(400)
    named: dict[str, str] = {}
    for name, value in lines.headers:  # lines of one name are one list (RFC 9110, section 5.2)
        named[name] = f"{named[name]},{value}" if name in named else value
    expected = named.get("expect", "").lower() if version == "1.1" else ""
    if expected not in ("", "100-continue"):
        raise Refused(417)
    return Head(
        method=method,
        target=target,
        path=path,
        query=query,
        version=version,
        host=host,
        headers=tuple(lines.headers),
        length=_length(named, version),
        keeps=_keeps(named.get("connection", ""), version),
        expects_continue=expected == "100-continue",
    )


def _keeps(connection: str, version: str) -> bool:
    """Whether the connection stays open after the answer (RFC 9112, section 9.3)."""
    options = {option.strip() for option in connection.lower().split(",")}
    return "close" not in options and (version == "1.1" or "keep-alive" in options)


def _length(named: dict[str, str], version: str) -> int:
    """How long the body is; llhttp has refused two lengths, and a length with an encoding."""
    encoding = named.get("transfer-encoding")
    if encoding is None:
        return int(named.get("content-length", "0"))
    if version == "1.0":
        raise Refused(400)
    if encoding.lower() != "chunked":
        raise Refused(501)
    return CHUNKED


def check_unfinished(text: bytearray, looked: int, limits: Limits) -> None:
    """Raise Refused where *text* is no beginning of a head, whatever may come.

    So much of it has been *looked* at before.
    """
    if text.startswith(_TLS):
        raise Refused(400, "it speaks TLS, and here is none")
    if not _METHOD.match(text) or _BARE_LF.search(text, looked):
        raise Refused(400)
    if len(text) > limits.url and text.find(b"\r\n", 0, limits.url + 64) < 0:
        raise Refused(414)
    if len(text) > limits.head:
        raise Refused(431)


class Heads:
    """Reads heads, and remembers them: a client that polls sends the same one again and again."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[bytes, Head] = {}
        self.known = self._known.get

    def read(self, text: bytes) -> Head:
        """The head *text*. Raises Refused."""
        head = self._known.get(text)
        if head is None:
            head = parse(text, self._limits)
            if head.length == 0 and len(text) <= _LONGEST_REMEMBERED:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                self._known[text] = head
        return head
