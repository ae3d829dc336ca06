"""Connection: one to the target, asked one request after the other, each within its time.

It is made of a socket, for it must send what others mend (a hostile query, a repeated parameter),
and follow no redirect.
"""

import socket
import ssl
from contextlib import suppress
from typing import Final

from gesmock.model.clock import real_time
from gesmock.model.errors import InvalidInput
from gesmock.remote.answer import AnswerReader, Headers, WholeAnswer
from gesmock.remote.failures import ASKING, CONNECTING, SECURING, Ended, Silent, Unreachable, told
from gesmock.remote.target import Target

SAFE: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that may be sent once more where a kept connection turns out to have ended. Another has
a new one: what a kept one did with it could not be told."""

_IDLE_S: Final = 20.0
_RECEIVED: Final = 2**18
_HUNG_UP: Final = (
    BrokenPipeError,
    ConnectionResetError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)


def trusted(target: Target) -> ssl.SSLContext | None:
    """What HTTPS trusts; None for HTTP. Raises InvalidInput."""
    if target.parts.scheme == "http":
        return None
    if target.insecure:
        # The engine's own certificate names no host that a client calls it by.
        return ssl._create_unverified_context()  # noqa: S323, SLF001
    try:
        return ssl.create_default_context(cafile=target.cafile)
    except OSError as error:
        why = "it has no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise InvalidInput.at("--cafile", f"{target.cafile}: {why}") from None


class Connection:
    """A connection to *target*, which *trusts* as ``trusted`` says; *deadline* is a real time.

    *keeps* tells whether it can be asked again. Raises Unreachable.
    """

    def __init__(self, target: Target, trusts: ssl.SSLContext | None, deadline: float) -> None:
        self.keeps = False
        self._since = 0.0
        self._target = target
        self._socket = _connected(target, trusts, deadline)

    def exchange(
        self, method: str, url: str, headers: Headers, body: bytes | None, deadline: float
    ) -> WholeAnswer:
        """What is answered to this request, which is sent as it stands; see ``send``.

        Raises Ended where nothing is, and Unreachable.
        """
        self.keeps = False
        reader = AnswerReader(method, self._target.url)
        try:
            self.send(method, url, headers, body, deadline)
            while not reader.whole:
                data = self.receive(deadline)
                reader.feed(data) if data else reader.end()
        except Silent:
            raise
        except Unreachable as error:
            if reader.begun:
                raise
            raise Ended(*error.args) from None
        self.keeps, self._since = reader.keeps, real_time()
        return reader.answer

    def send(
        self, method: str, url: str, headers: Headers, body: bytes | None, deadline: float
    ) -> None:
        """Send a request for *url* (path and query); without a body, for None."""
        lines = [
            f"{method} {url} HTTP/1.1",
            f"Host: {self._target.authority}",
            *(f"{name}: {value}" for name, value in headers),
            *([] if body is None else [f"Content-Length: {len(body)}"]),
            "\r\n",
        ]
        with told(self._target, ASKING), suppress(*_HUNG_UP):  # it may have answered already
            for part in ("\r\n".join(lines).encode("latin-1"), body or b""):
                left = memoryview(part)
                while left:
                    self._socket.settimeout(_left_s(deadline))
                    left = left[self._socket.send(left) :]

    def receive(self, deadline: float) -> bytes:
        """What has come; nothing where it has ended."""
        with told(self._target, ASKING):
            self._socket.settimeout(_left_s(deadline))
            return self._socket.recv(_RECEIVED)

    def is_usable(self) -> bool:
        """Whether it can be asked again: nothing has come meanwhile, not even its end."""
        if not self.keeps or real_time() - self._since > _IDLE_S:
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


def _connected(target: Target, trusts: ssl.SSLContext | None, deadline: float) -> socket.socket:
    host = target.parts.hostname or ""
    port = target.parts.port or (80 if trusts is None else 443)
    with told(target, CONNECTING):
        made = socket.create_connection((host, port), _left_s(deadline))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if trusts is None:
        return made
    try:
        with told(target, SECURING):
            made.settimeout(_left_s(deadline))
            return trusts.wrap_socket(made, server_hostname=host)
    except Unreachable:
        made.close()
        raise


def _left_s(deadline: float) -> float:
    """The seconds until then. Raises TimeoutError where there are none."""
    left_s = deadline - real_time()
    if left_s <= 0:
        raise TimeoutError
    return left_s
