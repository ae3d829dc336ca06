"""Client: asks a target as somebody, no faster than is allowed, and once more where it is busy."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

from gesmock.conformance.answer import Answer, json_of
from gesmock.model.clock import real_time
from gesmock.remote.answer import AnswerReader, WholeAnswer
from gesmock.remote.connection import SAFE, Connection, trusted
from gesmock.remote.failures import Ended, Silent
from gesmock.remote.sign_in import signer
from gesmock.remote.target import Target

BUSY: Final = (429, 502, 503, 504)
"""Statuses that say nothing of what was asked: there are too many requests, or nobody is there."""

_WAIT_S: Final = 1.0
_MOST_WAIT_S: Final = 60.0
"""How long is waited where Retry-After says nothing, and at most."""

_PATIENCE_S: Final = 300.0
"""How long a client waits at most, as a whole."""

_SILENCE_S: Final = 1.0
_MOST_BEHIND: Final = 2**20


class Client:
    """Asks *target*; its answers do not show the *secrets*. Raises Unreachable.

    What is answered 429 or 503 is asked again, *again* times, after as long as Retry-After says.
    Raises NotInstalled, and InvalidInput where a file of certificates is none.
    """

    def __init__(
        self,
        target: Target,
        sleep: Callable[[float], None] = time.sleep,
        *,
        again: int = 1,
    ) -> None:
        self.target = target
        self.secrets = target.sign_in.secrets
        self.asked = 0
        self._sleep = sleep
        self._again = again
        self._patience_s = _PATIENCE_S
        self._signer = signer(target.sign_in)
        self._next = 0.0
        self._trusts = trusted(target)
        self._kept: Connection | None = None

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
        content = b"" if body is None else json.dumps(body).encode()
        for _ in range(self._again):
            answer = self._asked(method, path, query, content, token)
            wait_s = _wait_s(answer, method)
            if wait_s is None or wait_s > min(_MOST_WAIT_S, self._patience_s):
                return answer
            self._patience_s -= wait_s
            self._sleep(wait_s)
        return self._asked(method, path, query, content, token)

    def behind_head(self, rest: str, query: str) -> bytes:
        """What comes behind the head of the answer to a HEAD of *rest* below the graph.

        It is nothing, if it is right. The connection is to end with it; where it does not, a
        moment is waited.
        """
        self._wait()
        self.asked += 1
        path, deadline = self.target.path(rest), real_time() + self.target.timeout_s
        headers = self._headers("HEAD", path, query, b"", None) | {"Connection": "close"}
        with closing(Connection(self.target, self._trusts, deadline)) as one:
            url = f"{self.target.prefix}{path}?{query}"
            one.send("HEAD", url, [*headers.items()], None, deadline)
            reader, raw = AnswerReader("HEAD", self.target.url), b""
            while not reader.whole:
                part = one.receive(deadline)
                reader.feed(part) if part else reader.end()
                raw += part
            with suppress(Silent):
                while len(raw) < _MOST_BEHIND and (
                    part := one.receive(min(real_time() + _SILENCE_S, deadline))
                ):
                    raw += part
        return raw.partition(b"\r\n\r\n")[2]

    def send(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a request that is sent as it stands. Raises Unreachable."""
        came = self._exchange(method, url, content, headers)
        named = {name.lower(): value for name, value in came.headers}
        body = bytes(came.body)
        return Answer(f"{method} {url}", came.status, named, body, json_of(body), self.secrets)

    def close(self) -> None:
        """Hang up."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _exchange(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str]
    ) -> WholeAnswer:
        lines = [*headers.items()]
        body = content if content or method not in SAFE else None
        deadline = real_time() + self.target.timeout_s
        if method in SAFE and self._kept is not None and self._kept.is_usable():
            with suppress(Ended):
                return self._kept.exchange(method, url, lines, body, deadline)
        self.close()
        self._kept = Connection(self.target, self._trusts, deadline)
        return self._kept.exchange(method, url, lines, body, deadline)

    def _asked(
        self, method: str, path: str, query: str, content: bytes, token: str | None
    ) -> Answer:
        self._wait()
        self.asked += 1
        url = self.target.prefix + path + (f"?{query}" if query else "")
        return self.send(method, url, content, self._headers(method, path, query, content, token))

    def _headers(
        self, method: str, path: str, query: str, content: bytes, token: str | None
    ) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if token is not None:
            return {**headers, "X-Auth-Token": token} if token else headers
        return headers | self._signer.headers(
            method, self.target.authority, self.target.prefix + path, query, headers, content
        )

    def _wait(self) -> None:
        """Until the next request may be sent."""
        if not self.target.per_second:
            return
        now = time.monotonic()
        self._sleep(max(self._next - now, 0.0))
        self._next = max(self._next, now) + 1 / self.target.per_second


def _wait_s(answer: Answer, method: str) -> float | None:
    """How long is to be waited before it is asked again; None where it is not.

    A call that may have made a job is asked again only where it surely has not.
    """
    if answer.status != 429 and not (answer.status == 503 and method in SAFE):
        return None
    told = answer.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdecimal():
        return float(told[:10])
    try:
        until = parsedate_to_datetime(told).timestamp()
        return max(until - parsedate_to_datetime(answer.headers["date"]).timestamp(), 0.0)
    except (ValueError, KeyError, OverflowError):
        return _WAIT_S


def quoted(text: str) -> str:
    """*text* as one part of a path."""
    return quote(text, safe="")
