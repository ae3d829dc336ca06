"""HTTP/1.1 connections to the target. Requests go out byte for byte; redirects are not followed.

Requests are written by hand, since an HTTP library would normalize a hostile query. httptools
parses the answers.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.remote.target import Target
from gesmock.server.parser import MOST_DIGITS

LARGEST_BODY: Final = 256 * 2**20
"""The most bytes of a body that are read; a list of 100,000 jobs has about 57 MB."""

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
"""Methods whose requests are sent again if a reused connection turns out to be closed. Others
always get a new connection: on an old one, nobody could say whether the server had acted on them.
"""

HeaderLines = Sequence[tuple[str, str]]

_LARGEST_HEAD: Final = 2**16
_IDLE_S: Final = 20.0
_BLOCK: Final = 2**18
_ASKING: Final = ("no complete answer", "http_response_timeout", "connection_terminated")


# --- Failures -----------------------------------------------------------------------------------


class Unreachable(GesmockError):
    """The server at *where* gave no complete HTTP answer; *kind* is an error type of RFC 9209.

    *begun* says whether part of an answer came.
    """

    begun = False

    def __init__(self, where: str, kind: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.kind = kind


class Unresponsive(Unreachable):
    """The answer did not arrive in time."""


@contextmanager
def _reporting(target: Target, missing: str, late: str, broken: str) -> Iterator[None]:
    """Raise Unresponsive in place of a timeout, and Unreachable in place of other OSErrors.

    *missing* is what did not come in time; *late* is the kind of a timeout, *broken* that of an
    OSError without a kind of its own.
    """
    try:
        yield
    except TimeoutError:
        why = f"{missing} within {target.timeout_s:g} s"
        raise Unresponsive(target.url, late, why) from None
    except OSError as error:
        kind, why = broken, error.strerror or type(error).__name__
        match error:
            case socket.gaierror():
                kind, why = "dns_error", "the host name cannot be resolved"
            case ConnectionRefusedError():
                kind, why = "connection_refused", "nothing is listening there (connection refused)"
            case ConnectionError():
                why = "it dropped the connection"
            case ssl.SSLCertVerificationError():
                kind = "tls_certificate_error"
                why = (
                    f"its certificate is not trusted: {error.verify_message} "
                    "(--cafile FILE names the certificates to trust, --insecure trusts any)"
                )
            case ssl.SSLError() if broken == "tls_protocol_error":
                detail = getattr(error, "reason", None) or error.strerror  # some lack a reason
                why = f"it does not speak TLS ({detail}); did you mean http://?"
        raise Unreachable(target.url, kind, why) from None


# --- Answers ------------------------------------------------------------------------------------


class HttpReply:
    """The answer of the server at *where*: headers as they came, the body without chunk framing.

    httptools calls the ``on_`` methods. Raises Unreachable if the answer is not HTTP.
    """

    def __init__(self, where: str, method: str) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.head = b""
        """The head as it came, after any of 1xx, plus what came in the same block as its end."""
        self.heads = 0
        self.complete = self.reusable = False
        self._where = where
        self._is_head = method == "HEAD"
        self._parser = HttpResponseParser(self)

    def values(self, name: str) -> list[str]:
        """The values of the header *name*, which is in lower case."""
        return [value for header, value in self.headers if header.lower() == name]

    def feed(self, block: bytes) -> None:
        """Take the next bytes from the server; no bytes if it has closed the connection."""
        if not block:
            self._end()
            return
        if not self.status:
            self.head += block
        try:
            self._parser.feed_data(block)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                switches = self._parser.get_status_code() == 101
                raise self._not_http("it switches protocols" if switches else str(error)) from None
            self.reusable = False  # more than the answer came
        if self.status:
            self._check()
        elif len(self.head) > _LARGEST_HEAD:
            raise self._not_http(f"its head has more than {_LARGEST_HEAD} bytes")

    def on_message_begin(self) -> None:
        if self.complete:
            raise ValueError("a second answer")
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:  # else it is a trailer
            text = value.decode("latin-1").rstrip(" \t")
            self.headers.append((name.decode("latin-1"), text))

    def on_headers_complete(self) -> None:
        self.heads += 1
        status = self._parser.get_status_code()
        if status >= 200:  # 1xx come before the answer
            self.status, self.complete = status, self._is_head

    def on_body(self, block: bytes) -> None:
        if not self._is_head:
            self.body += block

    def on_message_complete(self) -> None:
        self.complete = self.status > 0
        # After HEAD, a body that should not be there might be on its way.
        self.reusable = not self._is_head and self._parser.should_keep_alive()

    @property
    def _length(self) -> int:
        """The Content-Length; 0 if there is none."""
        return int(next(iter(self.values("content-length")), 0))

    def _check(self) -> None:
        for digits in self.values("content-length"):
            if len(digits) > MOST_DIGITS:
                raise self._not_http(f"its Content-Length has {len(digits)} digits")
        codings = ", ".join(self.values("transfer-encoding")).lower()
        if codings not in ("", "chunked"):
            why = f"its answer is sent as {codings[:100]!r}, which is not supported"
            raise Unreachable(self._where, "http_response_transfer_coding", why)
        size = len(self.body) if self.complete else max(len(self.body), self._length)
        if size > LARGEST_BODY:
            why = f"its answer has {size} bytes or more; at most {LARGEST_BODY} are read"
            raise Unreachable(self._where, "http_response_body_size", why)

    def _end(self) -> None:
        if not self.head:
            why = "it hung up without an answer"
            raise Unreachable(self._where, "connection_terminated", why)
        of = f" of {self._length}" if self._length else ""
        if not self.status or of or self.values("transfer-encoding"):
            cut = f"after {len(self.body)}{of} bytes of its body" if self.status else "in its head"
            why = f"its answer was cut off {cut}"
            raise Unreachable(self._where, "http_response_incomplete", why)
        self.complete = True

    def _not_http(self, why: str) -> Unreachable:
        return Unreachable(self._where, "http_protocol_error", f"its answer is not HTTP: {why}")


# --- Connections --------------------------------------------------------------------------------


class ConnectionPool:
    """Connections to *target*, usable from any thread; idle ones serve the next safe requests.

    Raises InvalidInput if the target's certificate file cannot be used.
    """

    def __init__(self, target: Target) -> None:
        self.closed = False
        self._target = target
        self._tls = _tls_context(target)
        self._lock = Lock()
        self._idle: list[HttpConnection] = []
        self._busy: set[HttpConnection] = set()

    def exchange(
        self, method: str, url: str, headers: HeaderLines, body: bytes | None
    ) -> HttpReply:
        """Send a request for *url* (path and query) and read the answer.

        A *body* of None is sent without ``Content-Length``, an empty one with it. Raises
        Unreachable.
        """
        deadline = real_time() + self._target.timeout_s
        if method in SAFE_METHODS and (idle := self._take_idle()):
            try:
                with self._in_use(idle):
                    return idle.exchange(method, url, headers, body, deadline)
            except Unreachable as error:
                if error.begun or isinstance(error, Unresponsive):
                    raise
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
                if connection.reusable and not self.closed:
                    self._idle.append(connection)
                else:
                    connection.close()


class HttpConnection:
    """A connection to *target*. A deadline is a ``real_time()``, and covers an exchange as a whole.

    *reusable* says whether the last answer left it open. Raises Unreachable.
    """

    def __init__(self, target: Target, tls: ssl.SSLContext | None, deadline: float) -> None:
        self.reusable = False
        self._idle_since = 0.0
        self._target = target
        host = target.parts.hostname or ""
        port = target.parts.port or (80 if tls is None else 443)
        with _reporting(target, "no connection", "connection_timeout", "destination_ip_unroutable"):
            self._socket = socket.create_connection((host, port), _remaining_s(deadline))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self._socket.settimeout(max(deadline - real_time(), 0.001))  # 0 would not block
            with _reporting(target, "no TLS handshake", "connection_timeout", "tls_protocol_error"):
                self._socket = tls.wrap_socket(self._socket, server_hostname=host)

    def exchange(
        self, method: str, url: str, headers: HeaderLines, body: bytes | None, deadline: float
    ) -> HttpReply:
        self.reusable = False
        reply = HttpReply(self._target.url, method)
        try:
            with _reporting(self._target, *_ASKING):
                self._send(method, url, headers, body, deadline)
                while not reply.complete:
                    reply.feed(self.receive(deadline))
        except Unreachable as error:
            error.begun = bool(reply.head)
            raise
        self.reusable = reply.reusable
        self._idle_since = real_time()
        return reply

    def is_usable(self) -> bool:
        """Whether it can be reused: the server has neither closed it nor sent anything more."""
        if not self.reusable or real_time() - self._idle_since > _IDLE_S:
            return False
        self._socket.settimeout(0)
        try:
            self._socket.recv(1)
        except OSError as error:
            return isinstance(error, BlockingIOError | ssl.SSLWantReadError)
        return False

    def receive(self, deadline: float) -> bytes:
        """The next bytes from the server; none if it has closed the connection. Raises OSError."""
        self._socket.settimeout(_remaining_s(deadline))
        return self._socket.recv(_BLOCK)

    def hang_up(self) -> None:
        """End the connection, from any thread; an exchange in progress fails."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()

    def _send(
        self, method: str, url: str, headers: HeaderLines, body: bytes | None, deadline: float
    ) -> None:
        lines = [
            f"{method} {url} HTTP/1.1",
            f"Host: {self._target.authority}",
            *(f"{name}: {value}" for name, value in headers),
            *([] if body is None else [f"Content-Length: {len(body)}"]),
            "\r\n",
        ]
        with suppress(ConnectionError, ssl.SSLError):  # it may have answered before it closed
            unsent = memoryview("\r\n".join(lines).encode("latin-1") + (body or b""))
            while unsent:
                self._socket.settimeout(_remaining_s(deadline))
                unsent = unsent[self._socket.send(unsent) :]


def _tls_context(target: Target) -> ssl.SSLContext | None:
    """The certificates to trust; None for HTTP. Raises InvalidInput."""
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
    """The seconds until *deadline*. Raises TimeoutError if none are left."""
    remaining_s = deadline - real_time()
    if remaining_s <= 0:
        raise TimeoutError
    return remaining_s
