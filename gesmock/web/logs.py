"""The log on standard error: lines of text, or JSON objects, one a line."""

import json
import logging
import os
from contextlib import suppress
from typing import Final, NamedTuple, TextIO

from gesmock.model.clock import iso_time, real_time

ACCESS: Final = logging.getLogger("gesmock.service")


class Answered(NamedTuple):
    """A request, of which *url* has path and query without secrets, and how it was answered.

    *taken_s* is how long that took. *fault* is a receipt; empty without a fault.
    """

    method: str
    url: str
    status: int
    taken_s: float
    fault: str

    def __str__(self) -> str:
        fault = self.fault and f" {self.fault}"
        return f"{self.method} {self.url} {self.status} {self.taken_s * 1000:.1f} ms{fault}"


class AccessLog(logging.StreamHandler[TextIO]):
    """Writes answered requests to standard error, each as a line.

    A log record would take 6 us of a request's 20, and the buffers of ``sys.stderr`` half of a
    line's 1.5 us. It must be the only handler of the logger ``gesmock.service``.
    """

    def write(self, answered: Answered) -> None:
        with suppress(OSError):  # nobody reads it any more
            os.write(2, f"{self.line(answered)}\n".encode())

    def line(self, answered: Answered) -> str:
        return str(answered)


class JsonAccessLog(AccessLog):
    """The same as JSON objects."""

    def line(self, answered: Answered) -> str:
        fields = {
            "time": iso_time(real_time()),
            "level": "info",
            "logger": ACCESS.name,
            "message": str(answered),
            "method": answered.method,
            "url": answered.url,
            "status": answered.status,
            "duration_ms": round(answered.taken_s * 1000, 3),
        }
        return json.dumps({**fields, "fault": answered.fault} if answered.fault else fields)


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
