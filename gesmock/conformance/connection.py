"""Connection: one request after the other over a kept connection, each within its time and bounds.

It is made of the standard library's HTTP client: it must send what others mend (a hostile query, a
repeated parameter), follow no redirect, and cost no dependency. That client leaves some to us: it
takes an answer that was cut off for a whole one where it is read in parts, and a Content-Length
that is no number for none.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Final, Self

from gesmock.conformance.answer import escaped
from gesmock.conformance.target import Target
from gesmock.errors import GesmockError

LARGEST: Final = 256 * 2**20
"""Bytes of an answer: the longest list, of 100000 jobs, has some 60 MB."""

SAFE: Final = ("GET", "HEAD")
_PART: Final = 2**20
_SILENCE_S: Final = 1.0
_BODILESS: Final = (204, 304)  # RFC 9112, 6.3


class Unreachable(GesmockError):
    """The target does not answer, or not in HTTP."""


class Silent(Unreachable):
    """The target does not answer in time."""


class _Unfit(Exception):
    """What HTTP does not allow, or what is more than will be read."""


class _Deadline:
    """Ends what is done on a socket when its time is over.

    Each read has a timeout of its own: only this ends an answer that comes drop by drop.
    """

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._sock: socket.socket | None = None
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, sock: socket.socket) -> None:
        """End what is done on *sock*. Raises TimeoutError where the time is over already."""
        self._sock = sock
        if self.over:
            raise TimeoutError

    def _end(self) -> None:
        self.over = True
        sock = self._sock
        if sock is not None:
            with suppress(OSError):  # not its own shutdown, which ends TLS under who reads
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Connection:
    """A connection to *target*, made when it is wanted. Raises Unreachable."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._tls = _context(target) if target.parts.scheme == "https" else None
        self._http: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (in lower case) and body of the answer. Raises Unreachable."""
        if method not in SAFE:
            self.close()  # on a new connection, nobody has to ask twice
        kept = self._http is not None and self._http.sock is not None
        try:
            with self._in_time() as deadline:
                return self._exchange(deadline, method, url, content, headers)
        except Unreachable as error:
            if not (kept and isinstance(error.__cause__, ConnectionError)):
                raise
        return self.ask(method, url, content, headers)  # it had ended meanwhile, as it may

    def behind_head(self, url: str, headers: Mapping[str, str]) -> bytes:
        """What comes behind the head of the answer to a HEAD: nothing, if it is right.

        The connection is to end with it; where it does not, a moment is waited. Raises Unreachable.
        """
        self.close()
        with self._in_time() as deadline:
            connection = self._connected(deadline)
            sock = connection.sock
            connection.request("HEAD", url, headers={**headers, "Connection": "close"})
            received = _until_silent(sock)
        self.close()
        return received.partition(b"\r\n\r\n")[2]

    def close(self) -> None:
        """Hang up."""
        if self._http is not None:
            self._http.close()
            self._http = None

    @contextmanager
    def _in_time(self) -> Iterator[_Deadline]:
        """The time that a request has; whatever goes wrong in it is told as Unreachable."""
        with _Deadline(self._target.timeout_s) as deadline:
            try:
                yield deadline
                if deadline.over:  # what has come until then may look like a whole answer
                    raise TimeoutError
            except (OSError, http.client.HTTPException, ValueError, _Unfit) as error:
                self.close()
                where, late = self._target.url, f"in {self._target.timeout_s:g} s"
                if deadline.over or isinstance(error, TimeoutError):
                    raise Silent(f"{where}: no whole answer came {late}") from None
                raise Unreachable(f"{where}: {reason(error)}") from error

    def _exchange(
        self,
        deadline: _Deadline,
        method: str,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
    ) -> tuple[int, dict[str, str], bytes]:
        connection = self._connected(deadline)
        connection.request(method, url, content or None, dict(headers))
        with connection.getresponse() as response:
            told = _told_length(response)
            body = _body(response)
        if method != "HEAD" and response.status not in _BODILESS and told not in (None, len(body)):
            raise http.client.IncompleteRead(body, (told or 0) - len(body))
        return response.status, {n.lower(): value for n, value in response.getheaders()}, body

    def _connected(self, deadline: _Deadline) -> http.client.HTTPConnection:
        if self._http is None or self._http.sock is None:
            self._http = self._made()
            host, port = self._http.host, self._http.port
            sock = socket.create_connection((host, port), self._target.timeout_s)
            self._http.sock = sock
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                wrapped = self._tls.wrap_socket(
                    sock, server_hostname=host, do_handshake_on_connect=False
                )
                self._http.sock = wrapped
                deadline.watch(wrapped)
                wrapped.do_handshake()
        deadline.watch(self._http.sock)
        return self._http

    def _made(self) -> http.client.HTTPConnection:
        parts, timeout = self._target.parts, self._target.timeout_s
        host = parts.hostname or ""
        if self._tls is None:
            return http.client.HTTPConnection(host, parts.port, timeout=timeout)
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=self._tls)


def _context(target: Target) -> ssl.SSLContext:
    if target.insecure:
        # The engine's own certificate names no host that a client calls it by.
        return ssl._create_unverified_context()  # noqa: S323, SLF001
    try:
        return ssl.create_default_context(cafile=target.cafile)
    except OSError as error:
        why = "it has no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise Unreachable(f"--cafile: {target.cafile}: {why}") from None


def _told_length(response: http.client.HTTPResponse) -> int | None:
    """What Content-Length says, if it says something. Raises _Unfit."""
    told = {*(response.headers.get_all("content-length") or ())}
    if response.headers.get("transfer-encoding") or not told:
        return None
    if len(told) > 1:
        raise _Unfit(f"its answer has several Content-Lengths: {', '.join(sorted(told))}"[:100])
    [length] = told
    if not (length.isascii() and length.isdecimal()):
        raise _Unfit(f"its Content-Length is {length[:30]!r}, no number")
    if len(length) > len(str(LARGEST)) or int(length) > LARGEST:
        raise _Unfit(f"its answer has {length[:30]} bytes; more than {LARGEST} are not read")
    return int(length)


def _body(response: http.client.HTTPResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read(_PART):
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise _Unfit(f"its answer goes on; more than {LARGEST} bytes are not read")
    return b"".join(parts)


def _until_silent(sock: socket.socket) -> bytes:
    """What comes until the other end hangs up, or has been silent for a moment."""
    received = sock.recv(65536)
    if not received:
        raise http.client.RemoteDisconnected("")
    sock.settimeout(min((sock.gettimeout() or 0) / 2, _SILENCE_S))
    with suppress(TimeoutError):
        while len(received) < _PART and (part := sock.recv(65536)):
            received += part
    return received


def reason(error: Exception) -> str:
    """Why there is no answer, in a plain sentence."""
    match error:
        case _Unfit():
            told = str(error)
        case http.client.RemoteDisconnected():
            told = "it hung up without an answer"
        case http.client.IncompleteRead(partial=bytes(part), expected=int(missing)):
            told = f"its answer was cut off: {missing} of {len(part) + missing} bytes are missing"
        case http.client.IncompleteRead():
            told = "its answer was cut off"
        case http.client.HTTPException():
            told = f"it does not speak HTTP ({type(error).__name__})"
        case socket.gaierror():
            told = "there is no host of this name, as far as can be told here"
        case ConnectionRefusedError():
            told = "nobody listens there (connection refused)"
        case ConnectionError():
            told = "it broke the connection off"
        case ssl.SSLCertVerificationError():
            told = (
                f"its certificate is not trusted: {error.verify_message} "
                "(--cafile FILE names those to trust, --insecure trusts any)"
            )
        case ssl.SSLError():
            told = f"it does not speak TLS ({error.reason}); is it meant to be http://?"
        case OSError(strerror=str(why)):
            told = why
        case _:
            told = str(error)
    return escaped(told)
