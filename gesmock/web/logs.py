"""The log on standard error: lines of text, or JSON objects, one a line."""

import json
import logging
import os
import select
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final

import msgspec

from gesmock.model.clock import iso_time, real_time

ACCESS: Final = logging.getLogger("gesmock.service")


class LoggedAnswer:
    """What is logged of a request, except how long it took.

    *url* has no secrets; *fault* is a receipt, or empty.
    """

    def __init__(self, method: str, url: str, status: int, fault: str) -> None:
        self.url = url
        self._fields = {"method": method, "url": url, "status": status}
        self._fault = {"fault": fault} if fault else {}
        self._begin, self._end = f"{method} {url} {status} ", f" ms{fault and f' {fault}'}"

    def line(self, taken_s: float) -> str:
        return f"{self._begin}{taken_s * 1000:.1f}{self._end}"

    def json_line(self, taken_s: float) -> str:
        """The line as a JSON object."""
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


_HOLD_S: Final = 0.05
_MOST_HELD: Final = 10_000  # lines that nobody has read yet
_LONGEST_FLUSH_S: Final = 1.0


class LogHandler(logging.Handler):
    """Writes the log to standard error in a thread of its own: if that blocks, no client waits.

    Lines are written together, a moment later. If they come faster than they are read, some are
    left out, and a line says how many. It must be the only handler of ``gesmock.service``, whose
    answered requests it takes as lines: a log record would take 6 us of a request's 15.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: SimpleQueue[str | Event | None] = SimpleQueue()  # None: that is all
        self._flushing = Event()
        self._dropped = 0
        Thread(target=self._write_held, name="gesmock-log", daemon=True).start()

    line = staticmethod(LoggedAnswer.line)

    def hold(self, line: str) -> None:
        """Have *line* written soon."""
        if self._held.qsize() < _MOST_HELD:
            self._held.put(line)
        else:
            self._dropped += 1

    def emit(self, record: logging.LogRecord) -> None:
        self.hold(self.format(record))

    def flush(self) -> None:
        """Wait until all is written, but not for long: perhaps nobody reads it."""
        written = Event()
        self._held.put(written)
        self._flushing.set()
        written.wait(_LONGEST_FLUSH_S)

    def close(self) -> None:
        self.flush()
        self._held.put(None)
        super().close()

    def _write_held(self) -> None:
        held: list[str | Event | None] = []
        while None not in held:
            held = [self._held.get()]
            if isinstance(held[0], str):
                self._flushing.wait(_HOLD_S)
            self._flushing.clear()
            held += [self._held.get() for _ in range(self._held.qsize())]
            lines = [each for each in held if isinstance(each, str)]
            if dropped := self._dropped:
                self._dropped -= dropped
                lines.append(self.format(_dropped_lines(dropped)))
            _write("".join(f"{line}\n" for line in lines).encode())
            for each in held:
                if isinstance(each, Event):
                    each.set()


def _dropped_lines(count: int) -> logging.LogRecord:
    text = "%d lines are missing here: standard error was not read"
    return logging.LogRecord(ACCESS.name, logging.WARNING, "", 0, text, (count,), None)


def _write(text: bytes) -> None:
    """Write *text* to standard error, which may be set not to block; give up if it is closed."""
    with suppress(OSError, ValueError):
        while text:
            select.select([], [2], [])
            with suppress(BlockingIOError):
                text = text[os.write(2, text) :]


class JsonLogHandler(LogHandler):
    """Writes JSON objects."""

    line = staticmethod(LoggedAnswer.json_line)

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
