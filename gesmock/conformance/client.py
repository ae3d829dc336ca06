"""Client: asks a target, one request after the other, and keeps what was answered as it was.

It is made of the standard library's HTTP client: it must send what others mend (a hostile query, a
repeated parameter), follow no redirect, and cost no dependency.
"""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Timer
from typing import Any, Final
from urllib.parse import quote

from gesmock.conformance.sign_in import signer
from gesmock.conformance.target import Target
from gesmock.errors import GesmockError

_SAFE: Final = ("GET", "HEAD")
MOST_SHOWN: Final = 200  # characters of a body


class Unreachable(GesmockError):
    """The target does not answer, or not in HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to *request* (method, path and query, as it was sent).

    Header names are lower case. *value* is the body as JSON, ``NO_JSON`` where it is none.
    """

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    value: Any = field(repr=False)

    def __str__(self) -> str:
        text = self.body[: 4 * MOST_SHOWN].decode(errors="replace")
        shown = text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."
        return f"{self.request} was answered {self.status} {shown!r}"


NO_JSON: Final = object()
"""Stands for a body that is no JSON."""


class Client:
    """Asks *target*. Raises Unreachable; *told* is told of each answer."""

    def __init__(
        self,
        target: Target,
        told: Callable[[Answer], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.target = target
        self.asked = 0
        self._told = told
        self._sleep = sleep
        self._signer = signer(target.sign_in)
        self._next = 0.0
        self._connection: http.client.HTTPConnection | None = None

    def get(self, rest: str, query: str = "", **others: Any) -> Answer:
        """The answer to a GET of *rest* below the graph; see ``ask``."""
        return self.ask("GET", self.target.path(rest), query, **others)

    def ask(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        body: object = None,
        token: str | None = None,
    ) -> Answer:
        """The answer to a request for *path* and *query*, which are sent as they stand.

        *body* is sent as JSON. *token* takes the place of who asks; an empty one is nobody.
        """
        self._wait()
        self.asked += 1
        url = self.target.prefix + path + (f"?{query}" if query else "")
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token is None:
            headers |= self._signer.headers(
                method, self.target.authority, self.target.prefix + path, query, headers, content
            )
        elif token:
            headers["X-Auth-Token"] = token
        answer = self.send(method, url, content, headers)
        self._told(answer)
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _wait(self) -> None:
        """Until the next request may be sent."""
        if not self.target.per_second:
            return
        now = time.monotonic()
        self._sleep(max(self._next - now, 0.0))
        self._next = max(self._next, now) + 1 / self.target.per_second

    def send(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a request that is sent as it stands. Raises Unreachable."""
        if method not in _SAFE:
            self.close()  # on a new connection, nobody has to ask twice
        kept = self._connection is not None
        try:
            return self._exchange(method, url, content, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            ended = isinstance(error, http.client.RemoteDisconnected | ConnectionError)
            if kept and ended:  # between two requests, which is its right
                return self.send(method, url, content, headers)
            raise Unreachable(f"{self.target.url}: {_reason(error)}") from None

    def _exchange(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str]
    ) -> Answer:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        if connection.sock is None:
            connection.connect()
        late: list[bool] = []
        # Each read has a timeout of its own: only this ends an answer that comes drop by drop.
        timer = Timer(self.target.timeout_s, _hang_up, (connection.sock, late))
        timer.daemon = True
        timer.start()
        try:
            connection.request(method, url, content or None, dict(headers))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException, ValueError):
            if late:
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(f"{method} {url}", response.status, named, body, _json(body))

    def _connect(self) -> http.client.HTTPConnection:
        parts, timeout = self.target.parts, self.target.timeout_s
        host = parts.hostname or ""
        if parts.scheme == "http":
            connection = http.client.HTTPConnection(host, parts.port, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection(
                host, parts.port, timeout=timeout, context=self._context()
            )
        return connection

    def _context(self) -> ssl.SSLContext:
        if self.target.insecure:
            # The engine's own certificate names no host that a client calls it by.
            return ssl._create_unverified_context()  # noqa: S323, SLF001
        return ssl.create_default_context(cafile=self.target.cafile)


def _hang_up(sock: socket.socket, late: list[bool]) -> None:
    late.append(True)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no whole answer came in time"
        case http.client.RemoteDisconnected():
            return "it hung up without an answer"
        case http.client.HTTPException():
            return f"it does not speak HTTP ({type(error).__name__})"
        case OSError(strerror=str(reason)):
            return reason
    return str(error)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NO_JSON


def quoted(text: str) -> str:
    """*text* as one part of a path."""
    return quote(text, safe="")
