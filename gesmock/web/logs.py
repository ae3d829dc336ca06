"""The log on standard error: lines of text, or JSON objects, one a line."""

import json
import logging
import os
from contextlib import suppress
from typing import Final, TextIO

import msgspec

from gesmock.model.clock import iso_time, real_time

ACCESS: Final = logging.getLogger("gesmock.service")


def text_line(method: str, url: str, status: int, taken_s: float, fault: str) -> str:
    """The line of an answered request; *url* has no secrets, *fault* is a receipt or empty."""
    return f"{method} {url} {status} {taken_s * 1000:.1f} ms{fault and f' {fault}'}"


def json_line(method: str, url: str, status: int, taken_s: float, fault: str) -> str:
    """The same as a JSON object."""
    fields = {
        "time": iso_time(real_time()),
        "level": "info",
        "logger": ACCESS.name,
        "message": text_line(method, url, status, taken_s, fault),
        "method": method,
        "url": url,
        "status": status,
        "duration_ms": round(taken_s * 1000, 3),
    }
    if fault:
        fields["fault"] = fault
    return _encode(fields).decode()


_encode = msgspec.json.Encoder().encode


class AccessLog(logging.StreamHandler[TextIO]):
    """Writes the lines of answered requests to standard error as they are.

    A log record would take 6 us of a request's 20, and the buffers of ``sys.stderr`` half of a
    line's 1.5 us. It must be the only handler of the logger ``gesmock.service``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held = list[str]()

    line = staticmethod(text_line)

    def write(self, line: str) -> None:
        with suppress(OSError):  # nobody reads it any more
            os.write(2, f"{line}\n".encode())

    def hold(self, line: str) -> bool:
        """Keep *line* for ``write_held``; whether it is the first. Call both in one thread."""
        self._held.append(line)
        return len(self._held) == 1

    def write_held(self, *_: object) -> None:
        """Write all lines at once, which takes hardly longer than one."""
        if self._held:
            lines, self._held = self._held, []
            self.write("\n".join(lines))


class JsonAccessLog(AccessLog):
    """Writes JSON objects."""

    line = staticmethod(json_line)


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
