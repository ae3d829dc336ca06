"""Upstream: the target that a proxy stands in front of, and the connections to it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Final

from gesmock.model.clock import real_time
from gesmock.remote.answer import Headers, WholeAnswer
from gesmock.remote.connection import SAFE, Connection, trusted
from gesmock.remote.failures import Ended
from gesmock.remote.sign_in import signer
from gesmock.remote.target import Target

_MOST_IDLE: Final = 16
_SIGNATURE: Final = ("x-sdk-date", "x-sdk-content-sha256", "x-security-token")
"""What comes with a signature, beside ``Authorization``."""


class Upstream:
    """Passes requests on to *target*, from any thread, and to no other server.

    A few connections are kept for the next safe requests. Raises NotInstalled, and InvalidInput
    where a file of certificates is none.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._signer = signer(target.sign_in)
        self._trusts = trusted(target)
        self._lock = Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self.closed = False

    def ask(self, method: str, url: str, headers: Headers, body: bytes | None) -> WholeAnswer:
        """What is answered to a request for *url* (path and query); without a *body*, for None.

        Who does not sign in is signed in as the target says. Raises Unreachable.
        """
        url = url if url == "*" else self._target.prefix + url
        signed = self._signed(method, url, headers, body)
        deadline = real_time() + self._target.timeout_s
        if method in SAFE:
            kept = self._take()
            if kept is not None:
                with suppress(Ended), self._in_use(kept):
                    return kept.exchange(method, url, signed, body, deadline)
        with self._in_use(Connection(self._target, self._trusts, deadline)) as made:
            return made.exchange(method, url, signed, body, deadline)

    def close(self) -> None:
        """Hang up, also on what is being asked."""
        with self._lock:
            self.closed = True
            for one in self._busy:
                one.hang_up()
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> Connection | None:
        """A kept connection that has not ended yet, as far as is known."""
        with self._lock:
            while self._idle:
                found = self._idle.pop()
                if found.is_usable():
                    return found
                found.close()
        return None

    @contextmanager
    def _in_use(self, one: Connection) -> Iterator[Connection]:
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
