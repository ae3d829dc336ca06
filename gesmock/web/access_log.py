"""The log of what was asked and answered, a line each."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Timer
from typing import Final
from urllib.parse import quote

from gesmock.model.messages import Reply, Request

log = logging.getLogger("gesmock.service")

_MOST_LINES: Final = 64
_ways: Final[list[Callable[[str], None]]] = [log.info]
"""How a line is logged: in the last of these ways."""


def tell(request: Request, reply: Reply) -> None:
    """Log that *request* was answered by *reply*."""
    if log.isEnabledFor(logging.INFO):
        fault = reply.headers.get("X-Gesmock-Fault")
        _ways[-1](_line(request.method, request.path, reply.status, fault))


@lru_cache(maxsize=1024)
def _line(method: str, path: str, status: int, fault: str | None) -> str:
    return f"{method} {quote(path)} {status}{f' {fault}' if fault else ''}"


@contextmanager
def together(wait_s: float = 0.1) -> Iterator[None]:
    """Meanwhile, have many lines logged as one record, none of them more than *wait_s* late.

    A record takes as long as a request.
    """
    gathered = _Gathered(wait_s)
    _ways.append(gathered.add)
    try:
        yield
    finally:
        _ways.remove(gathered.add)
        gathered.log()


class _Gathered:
    """Lines that wait for more."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._lines: deque[str] = deque()
        self._timed = False

    def add(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines) >= _MOST_LINES:
            self.log()
        if not self._timed:
            self._timed = True
            timer = Timer(self._wait_s, self._time_out)
            timer.daemon = True
            timer.start()

    def _time_out(self) -> None:
        self._timed = False
        self.log()

    def log(self) -> None:
        lines: list[str] = []
        with suppress(IndexError):  # others add lines, or take some, at the same time
            while True:
                lines.append(self._lines.popleft())
        if lines:
            log.info("\n".join(lines))
