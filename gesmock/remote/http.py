"""HTTP/1.1 connections to the target. Requests go out byte for byte; redirects are not followed.

Sending is done by hand, since an HTTP library would mend a hostile query or a repeated parameter.
Answers are read by the standard library's ``http.client``.
"""

import io
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import BadStatusLine, HTTPException, HTTPResponse, UnknownProtocol
from threading import Lock
from typing import Any, Final, NamedTuple, cast

from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.remote.target import Target

LARGEST_BODY: Final = 256 * 2**20
"""Most bytes of a body that are read; a list of 100,000 jobs has about 57 MB."""

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that are sent again when a reused connection turns out to be closed. Others always get a
new connection: on an old one nobody could say whether the server has acted on them."""

Headers = Sequence[tuple[str, str]]

_MOST_IDLE: Final = 16
_IDLE_S: Final = 20.0
_BLOCK: Final = 2**18
_HUNG_UP: Final = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_LENGTH: Final = re.compile("[0-9]{1,18}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


# --- Failures -----------------------------------------------------------------------------------


class Unreachable(GesmockError):
    """The server at *where* gave no complete HTTP answer; *kind* is an error type of RFC 9209."""

    def __init__(self, where: str, kind: str, why: str) -> None:
        super().__init__(where, kind, why)
        self.kind = kind

    def __str__(self) -> str:
        where, _, why = self.args
        return f"{where}: {why}"


class Unresponsive(Unreachable):
    """The answer did not arrive in time."""


class HungUp(Unreachable):
    """The connection ended before an answer began."""


class Attempt(NamedTuple):
    """What is *missing* when an attempt takes too long; its kinds when it is *late* or *broken*."""

    missing: str
    late: str
    broken: str


CONNECTING: Final = Attempt("no connection", "connection_timeout", "destination_ip_unroutable")
SECURING: Final = Attempt("no TLS handshake", "connection_timeout", "tls_protocol_error")
ASKING: Final = Attempt("no complete answer", "http_response_timeout", "connection_terminated")


@contextmanager
def reporting_failures(target: Target, attempt: Attempt) -> Iterator[None]:
    """Turn every OSError into Unreachable, and a timeout into Unresponsive."""
    try:
        yield
    except TimeoutError:
        why = f"{attempt.missing} within {target.timeout_s:g} s"
        raise Unresponsive(target.url, attempt.late, why) from None
    except OSError as error:
        raise Unreachable(target.url, *reason(error, attempt)) from None


def reason(error: OSError, attempt: Attempt) -> tuple[str, str]:
    match error:
        case socket.gaierror():
            return "dns_error", "the host name cannot be resolved"
        case ConnectionRefusedError():
            return "connection_refused", "nothing listens there (connection refused)"
        case ConnectionError():
            return attempt.broken, "it broke off the connection"
        case ssl.SSLCertVerificationError():
            return "tls_certificate_error", (
                f"its certificate is not trusted: {error.verify_message} "
                "(--cafile FILE names the certificates to trust, --insecure trusts any)"
            )
        case ssl.SSLError() if attempt is SECURING:
            detail = getattr(error, "reason", None) or error.strerror  # some lack a reason
            return attempt.broken, f"it does not speak TLS ({detail}); did you mean http://?"
    return attempt.broken, error.strerror or type(error).__name__


# --- Connections --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A complete answer: its headers as they came, its body without chunk framing."""

    status: int
    headers: Headers
    body: bytearray = field(repr=False)

    def values(self, name: str) -> list[str]:
        """The values of the header *name*, which is in lower case."""
        return [value for header, value in self.headers if header.lower() == name]


class ConnectionPool:
    """Connections to *target*, usable from any thread; idle ones serve the next safe requests.

    Raises InvalidInput where the target's certificate file cannot be used.
    """

    def __init__(self, target: Target) -> None:
        self.closed = False
        self._target = target
        self._tls = _tls_context(target)
        self._lock = Lock()
        self._idle: list[HttpConnection] = []
        self._busy: set[HttpConnection] = set()

    def exchange(self, method: str, url: str, headers: Headers, body: bytes | None) -> HttpReply:
        """Send a request for *url* (path and query) and read the answer.

        Only a *body* that is None is sent without ``Content-Length``. Raises Unreachable.
        """
        deadline = real_time() + self._target.timeout_s
        if method in SAFE_METHODS and (idle := self._take_idle()):
            with suppress(HungUp), self._in_use(idle):
                return idle.exchange(method, url, headers, body, deadline)
        with self._in_use(self.connect(deadline)) as connection:
            return connection.exchange(method, url, headers, body, deadline)

    def connect(self, deadline: float) -> "HttpConnection":
        """A connection that is not part of the pool."""
        return HttpConnection(self._target, self._tls, deadline)

    def close(self) -> None:
        """Close all connections; requests in progress fail."""
        with self._lock:
            self.closed = True
            for connection in self._busy:
                connection.hang_up()
            while self._idle:
                self._idle.pop().close()

    def _take_idle(self) -> "HttpConnection | None":
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_usable():
                    return connection
                connection.close()
        return None

    @contextmanager
    def _in_use(self, connection: "HttpConnection") -> Iterator["HttpConnection"]:
        with self._lock:
            self._busy.add(connection)
        try:
            yield connection
        finally:
            with self._lock:
                self._busy.discard(connection)
                if connection.reusable and not self.closed and len(self._idle) < _MOST_IDLE:
                    self._idle.append(connection)
                else:
                    connection.close()


class HttpConnection:
    """A connection to *target*; deadlines are in ``real_time()``, for an answer as a whole.

    *reusable* says whether the last answer left it open. Raises Unreachable.
    """

    def __init__(self, target: Target, tls: ssl.SSLContext | None, deadline: float) -> None:
        self.reusable = False
        self._idle_since = 0.0
        self._target = target
        host = target.parts.hostname or ""
        port = target.parts.port or (80 if tls is None else 443)
        with reporting_failures(target, CONNECTING):
            self._socket = socket.create_connection((host, port), _remaining_s(deadline))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            try:
                with reporting_failures(target, SECURING):
                    self._socket.settimeout(_remaining_s(deadline))
                    self._socket = tls.wrap_socket(self._socket, server_hostname=host)
            except Unreachable:
                self._socket.close()
                raise
        self._source = _Source(self._socket)
        self._stream = _Stream(self._source)

    def exchange(
        self, method: str, url: str, headers: Headers, body: bytes | None, deadline: float
    ) -> HttpReply:
        """See ``ConnectionPool.exchange``. Raises HungUp where no answer began, and Unreachable."""
        self.reusable = False
        self._source.begin(deadline)
        try:
            with reporting_failures(self._target, ASKING):
                self._send(method, url, headers, body, deadline)
                return self._read(method)
        except Unresponsive:
            raise
        except Unreachable as error:
            if self._source.begun:
                raise
            raise HungUp(*error.args) from None

    def is_usable(self) -> bool:
        """Whether it can be reused: the server has neither closed it nor sent anything more."""
        if not self.reusable or real_time() - self._idle_since > _IDLE_S:
            return False
        self._source.begin(None)
        with suppress(OSError):
            return not (self._stream.peek(1) or self._source.ended)
        return False

    def read_on(self, most: int, silence_s: float, deadline: float) -> bytes:
        """What follows the last answer, until the server closes or pauses for *silence_s*."""
        text = b""
        with reporting_failures(self._target, ASKING), suppress(TimeoutError):
            while len(text) < most and (block := self._read_within(silence_s, deadline)):
                text += block
        return text

    def _read_within(self, silence_s: float, deadline: float) -> bytes:
        self._source.begin(min(real_time() + silence_s, deadline))
        return self._stream.read1(_BLOCK)

    def hang_up(self) -> None:
        """End the connection, from any thread; an exchange in progress fails."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()

    def _send(
        self, method: str, url: str, headers: Headers, body: bytes | None, deadline: float
    ) -> None:
        lines = [
            f"{method} {url} HTTP/1.1",
            f"Host: {self._target.authority}",
            *(f"{name}: {value}" for name, value in headers),
            *([] if body is None else [f"Content-Length: {len(body)}"]),
            "\r\n",
        ]
        with suppress(*_HUNG_UP):  # it may have answered before it closed
            unsent = memoryview("\r\n".join(lines).encode("latin-1") + (body or b""))
            while unsent:
                self._socket.settimeout(_remaining_s(deadline))
                unsent = unsent[self._socket.send(unsent) :]

    def _read(self, method: str) -> HttpReply:
        response, body = self._response(method), bytearray()
        headers = [(name, value.rstrip(" \t")) for name, value in response.headers.items()]
        reply = HttpReply(response.status, headers, body)
        length = self._length(reply, chunked=response.chunked)
        if method != "HEAD" and reply.status not in (204, 304):  # RFC 9112, 6.3
            self._check_size(length or 0)
            try:
                while block := response.read1(_BLOCK):
                    body += block
                    self._check_size(len(body))
            except HTTPException:
                if not self._source.ended:
                    raise self._not_http("a chunk has no valid size") from None
            if self._source.ended and (response.chunked or len(body) < (length or 0)):
                of = f" of {length}" if length else ""
                raise self._cut_off(f"after {len(body)}{of} bytes of its body")
        self.reusable = response.version == 11 and not response.will_close
        self._idle_since = real_time()
        return reply

    def _response(self, method: str) -> HTTPResponse:
        """The head of the final answer. ``http.client`` skips 100, but not the other 1xx."""
        while True:
            response = HTTPResponse(cast("socket.socket", self._stream), method=method)
            try:
                response.begin()
            except HTTPException as error:
                bad_start = isinstance(error, BadStatusLine | UnknownProtocol)
                why = "its status line is malformed" if bad_start else str(error)
                if not self._source.ended:
                    raise self._not_http(why) from None
            if self._source.ended:  # which begin() takes for the end of the head
                if self._source.begun:
                    raise self._cut_off("in its head")
                raise self._failure("connection_terminated", "it hung up without an answer")
            if response.status == 101:
                raise self._not_http("it switches to another protocol")
            if response.status >= 200:
                break
        # After a line that is no header, the parser drops the lines that follow.
        if response.headers.defects or any(map(_CONTROL.search, response.headers.values())):
            raise self._not_http("a header is malformed")
        return response

    def _length(self, reply: HttpReply, *, chunked: bool) -> int | None:
        """The announced length, which ``http.client`` ignores where it is malformed."""
        codings = ", ".join(reply.values("transfer-encoding"))
        lengths = reply.values("content-length")
        if codings and lengths:
            raise self._not_http("it has both Content-Length and Transfer-Encoding")
        if codings and not (chunked and codings.lower() == "chunked"):
            why = f"its answer is sent as {codings[:100].lower()!r}, which is not supported"
            raise self._failure("http_response_transfer_coding", why)
        if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            values = ", ".join(repr(value[:30]) for value in lengths[:3])
            raise self._not_http(f"its Content-Length is malformed ({values})")
        return int(lengths[0]) if lengths else None

    def _check_size(self, size: int) -> None:
        if size > LARGEST_BODY:
            why = f"its answer has {size} bytes or more; at most {LARGEST_BODY} are read"
            raise self._failure("http_response_body_size", why)

    def _not_http(self, why: str) -> Unreachable:
        return self._failure("http_protocol_error", f"its answer is not HTTP: {why}")

    def _cut_off(self, where: str) -> Unreachable:
        return self._failure("http_response_incomplete", f"its answer was cut off {where}")

    def _failure(self, kind: str, why: str) -> Unreachable:
        return Unreachable(self._target.url, kind, why)


class _Source(io.RawIOBase):
    """What a socket receives before a deadline; without one (None), what has arrived already."""

    def __init__(self, connection: socket.socket) -> None:
        self.begun = self.ended = False
        self._socket = connection
        self._deadline: float | None = None

    def begin(self, deadline: float | None) -> None:
        self.begun = self.ended = False
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(0 if self._deadline is None else _remaining_s(self._deadline))
        try:
            count = self._socket.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        self.begun, self.ended = self.begun or count > 0, count == 0
        return count


class _Stream(io.BufferedReader):
    """The socket of an ``HTTPResponse``, which closes it after an answer: it stays open."""

    def makefile(self, _mode: str) -> "_Stream":
        return self

    def close(self) -> None:
        pass


def _tls_context(target: Target) -> ssl.SSLContext | None:
    """The certificates that HTTPS trusts; None for HTTP. Raises InvalidInput."""
    if target.parts.scheme == "http":
        return None
    if target.insecure:
        # The engine's own certificate has none of the names that clients call it by.
        return ssl._create_unverified_context()  # noqa: S323, SLF001
    try:
        return ssl.create_default_context(cafile=target.cafile)
    except OSError as error:
        why = "it has no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise InvalidInput.at("--cafile", f"{target.cafile}: {why}") from None


def _remaining_s(deadline: float) -> float:
    """The seconds until *deadline*. Raises TimeoutError where there are none."""
    remaining_s = deadline - real_time()
    if remaining_s <= 0:
        raise TimeoutError
    return remaining_s
