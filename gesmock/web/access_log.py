"""The log of what was asked and answered, a line each."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock, Timer
from typing import Final
from urllib.parse import quote

from gesmock.exchange import Reply, Request

log = logging.getLogger("gesmock.service")

_MOST_LINES: Final = 64
_ways: Final[list[Callable[[str], None]]] = [log.info]
"""How a line is logged: in the last of these ways."""

_quoted = lru_cache(maxsize=1024)(quote)


def tell(request: Request, reply: Reply) -> None:
    """Log that *request* was answered by *reply*."""
    if log.isEnabledFor(logging.INFO):
        fault = reply.headers.get("X-Gesmock-Fault")
        told = f" {fault}" if fault else ""
        _ways[-1](f"{request.method} {_quoted(request.path)} {reply.status}{told}")


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
        self._lines: list[str] = []
        self._lock = Lock()
        self._timed = False

    def add(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)
            full = len(self._lines) >= _MOST_LINES
            timed, self._timed = self._timed, True
        if full:
            self.log()
        if not timed:
            timer = Timer(self._wait_s, self._time_out)
            timer.daemon = True
            timer.start()

    def _time_out(self) -> None:
        self._timed = False
        self.log()

    def log(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        if lines:
            log.info("\n".join(lines))
