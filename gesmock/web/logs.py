"""The log on standard error: lines of text, or JSON objects, one a line."""

import json
import logging
import os
from collections import deque
from contextlib import suppress
from typing import Final, TextIO

import msgspec

from gesmock.model.clock import iso_time, real_time

ACCESS: Final = logging.getLogger("gesmock.service")


class Answered:
    """What is logged of a request, but for how long it took.

    *url* has no secrets, *fault* is a receipt or empty.
    """

    def __init__(self, method: str, url: str, status: int, fault: str) -> None:
        self.url = url
        self._fields = {"method": method, "url": url, "status": status}
        self._fault = {"fault": fault} if fault else {}
        self._begin, self._end = f"{method} {url} {status} ", f" ms{fault and f' {fault}'}"

    def line(self, taken_s: float) -> str:
        return f"{self._begin}{taken_s * 1000:.1f}{self._end}"

    def json_line(self, taken_s: float) -> str:
        """The same as a JSON object."""
        fields = {
            "time": iso_time(real_time()),
            "level": "info",
            "logger": ACCESS.name,
            "message": self.line(taken_s),
            **self._fields,
            "duration_ms": round(taken_s * 1000, 3),
            **self._fault,
        }
        return _encode(fields).decode()


_encode = msgspec.json.Encoder().encode


HOLD_S: Final = 0.05
"""For how long a line is held at most, so that many are written at once."""


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes the log to standard error; lines of answered requests as they are, and a bit later.

    A log record would take 6 us of a request's 15, and writing each line at once 2 us. It must be
    the only handler of the logger ``gesmock.service``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[str] = deque()

    line = staticmethod(Answered.line)

    def hold(self, line: str) -> bool:
        """Keep *line* until the log is flushed; whether it is the first one that is kept."""
        self._held.append(line)
        return len(self._held) == 1

    def emit(self, record: logging.LogRecord) -> None:
        self.flush()  # what it is about may be among them
        super().emit(record)

    def flush(self) -> None:
        """Write what is held; from any thread."""
        super().flush()
        lines = list[str]()
        with suppress(IndexError):  # another thread writes the rest
            for _ in range(len(self._held)):
                lines.append(f"{self._held.popleft()}\n")
        unwritten = "".join(lines).encode()
        with suppress(OSError):  # nobody reads it any more
            while unwritten:
                unwritten = unwritten[os.write(2, unwritten) :]


class JsonLogHandler(LogHandler):
    """Writes JSON objects."""

    line = staticmethod(Answered.json_line)

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())


class JsonFormatter(logging.Formatter):
    """Formats log records as JSON objects, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": iso_time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields)
