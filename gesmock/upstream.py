"""Upstream: the server that a proxy stands in front of, and the connections to it."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Final

from gesmock.clock import real_time
from gesmock.conformance.sign_in import signer
from gesmock.conformance.target import Target
from gesmock.errors import InvalidInput
from gesmock.upstream_answer import AnswerReader, Failed, Headers, UpstreamAnswer

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that may be sent once more where a kept connection turns out to have ended."""

_MOST_IDLE: Final = 16
_IDLE_S: Final = 20.0
_RECEIVED: Final = 2**18
_SIGNATURE: Final = ("x-sdk-date", "x-sdk-content-sha256", "x-security-token")
"""What comes with a signature, beside ``Authorization``."""


class Upstream:
    """Passes requests on to *target*, from any thread, and to no other server.

    A few connections are kept for the next requests: safe ones, for another must not be sent
    twice, and what a kept connection did with it could not be told. Raises NotInstalled, and
    InvalidInput where a file of certificates is none.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._signer = signer(target.sign_in)
        self._context = _context(target)
        self._lock = Lock()
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self.closed = False

    def ask(self, method: str, url: str, headers: Headers, body: bytes | None) -> UpstreamAnswer:
        """What is answered to a request for *url* (path and query); without a *body*, for None.

        Who does not sign in is signed in as the target says. Raises Failed.
        """
        url = url if url == "*" else self._target.prefix + url
        lines = [
            f"{method} {url} HTTP/1.1",
            f"Host: {self._target.authority}",
            *(f"{name}: {value}" for name, value in self._signed(method, url, headers, body)),
            *([] if body is None else [f"Content-Length: {len(body)}"]),
            "\r\n",
        ]
        head = "\r\n".join(lines).encode("latin-1")
        deadline = real_time() + self._target.timeout_s
        if method in _SAFE:
            kept = self._take()
            if kept is not None:
                with suppress(_Ended), self._in_use(kept):
                    return kept.exchange(method, head, body or b"", deadline)
        with self._in_use(_Connection(self._target, self._context, deadline)) as made:
            return made.exchange(method, head, body or b"", deadline)

    def close(self) -> None:
        """Hang up, also on what is being asked."""
        with self._lock:
            self.closed = True
            for one in self._busy:
                one.hang_up()
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> "_Connection | None":
        """A kept connection that has not ended yet, as far as is known."""
        with self._lock:
            while self._idle:
                found = self._idle.pop()
                if found.is_usable():
                    return found
                found.close()
        return None

    @contextmanager
    def _in_use(self, one: "_Connection") -> Iterator["_Connection"]:
        with self._lock:
            self._busy.add(one)
        try:
            yield one
        finally:
            with self._lock:
                self._busy.discard(one)
                if one.keeps and not self.closed and len(self._idle) < _MOST_IDLE:
                    self._idle.append(one)
                else:
                    one.close()

    def _signed(self, method: str, url: str, headers: Headers, body: bytes | None) -> Headers:
        """*headers* with those that say who asks.

        A token that is there stays. A signature is made anew: the one that is there is for the
        proxy's own host.
        """
        sign_in = self._target.sign_in
        if sign_in.how == "none" or any(name.lower() == "x-auth-token" for name, _ in headers):
            return headers
        kept = [
            (name, value)
            for name, value in headers
            if not (name.lower() in _SIGNATURE or _is_signature(name, value, sign_in.ak))
        ]
        path, _, query = url.partition("?")
        added = self._signer.headers(
            method, self._target.authority, path, query, dict(kept), body or b""
        )
        return [*kept, *added.items()]


def _is_signature(name: str, value: str, ak: str) -> bool:
    """Whether a header signs the request, or stands where a signature with *ak* has to stand."""
    return name.lower() == "authorization" and bool(ak or value.startswith("SDK-"))


class _Ended(Failed):
    """A connection has ended before anything was answered on it."""


class _Connection:
    """A connection to *target*; *keeps* tells whether it can be asked again. Raises Failed."""

    def __init__(self, target: Target, context: ssl.SSLContext | None, deadline: float) -> None:
        self.keeps = False
        self._since = 0.0
        self._socket = _connected(target, context, deadline)

    def exchange(self, method: str, head: bytes, body: bytes, deadline: float) -> UpstreamAnswer:
        """What is answered to a request with this *head* and *body*. Raises Failed, _Ended."""
        self.keeps = False
        reader = AnswerReader(method)
        try:
            with suppress(*_HUNG_UP):  # it may have answered already
                self._socket.settimeout(_left(deadline))
                for part in filter(None, (head, body)):
                    self._socket.sendall(part)
            while not reader.whole:
                self._socket.settimeout(_left(deadline))
                data = self._socket.recv(_RECEIVED)
                reader.feed(data) if data else reader.end()
        except TimeoutError:
            raise Failed("http_response_timeout", "no whole answer came in time") from None
        except OSError as error:
            raise _ended(reader, "connection_terminated", _why(error)) from None
        except Failed as error:
            raise _ended(reader, error.kind, str(error)) from None
        self.keeps, self._since = reader.keeps, real_time()
        return reader.answer

    def is_usable(self) -> bool:
        """Whether it can be asked again: nothing has come meanwhile, not even its end."""
        if real_time() - self._since > _IDLE_S:
            return False
        self._socket.settimeout(0)
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def hang_up(self) -> None:
        """End it, also for who waits for an answer."""
        with suppress(OSError):  # it has gone
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let it go."""
        self._socket.close()


def _ended(reader: AnswerReader, kind: str, reason: str) -> Failed:
    return Failed(kind, reason) if reader.begun else _Ended(kind, reason)


_HUNG_UP: Final = (
    BrokenPipeError,
    ConnectionResetError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)


def _connected(target: Target, context: ssl.SSLContext | None, deadline: float) -> socket.socket:
    host = target.parts.hostname or ""
    port = target.parts.port or (80 if context is None else 443)
    try:
        made = socket.create_connection((host, port), _left(deadline))
    except OSError as error:
        raise _unconnected(error) from None
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        return made
    try:
        return context.wrap_socket(made, server_hostname=host)
    except OSError as error:
        made.close()
        raise _unencrypted(error) from None


def _unconnected(error: OSError) -> Failed:
    match error:
        case TimeoutError():
            return Failed("connection_timeout", "no connection came about in time")
        case socket.gaierror():
            return Failed("dns_error", _why(error))
        case ConnectionRefusedError():
            return Failed("connection_refused", _why(error))
    return Failed("destination_ip_unroutable", _why(error))


def _unencrypted(error: OSError) -> Failed:
    match error:
        case TimeoutError():
            return Failed("connection_timeout", "no TLS came about in time")
        case ssl.SSLCertVerificationError():
            return Failed("tls_certificate_error", f"its certificate: {error.verify_message}")
        case ssl.SSLError():
            return Failed("tls_protocol_error", f"it does not speak TLS: {error.reason}")
    return Failed("tls_protocol_error", _why(error))


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _left(deadline: float) -> float:
    """The seconds until then. Raises TimeoutError where there are none."""
    left = deadline - real_time()
    if left <= 0:
        raise TimeoutError
    return left


def _context(target: Target) -> ssl.SSLContext | None:
    """What HTTPS trusts; None for HTTP. Raises InvalidInput."""
    if target.parts.scheme == "http":
        return None
    if target.insecure:
        # The engine's own certificate names no host that a client calls it by.
        return ssl._create_unverified_context()  # noqa: S323, SLF001
    try:
        return ssl.create_default_context(cafile=target.cafile)
    except OSError as error:
        why = "no certificate, in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise InvalidInput.at("--cafile", f"{target.cafile}: {why}") from None
