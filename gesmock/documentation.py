"""What the service's documentation says, as data: its error codes and its asynchronous operations.

The files in ``documented/`` name the page behind each row; what is inferred is marked there.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

_FOLDER = Path(__file__).parent / "documented"


class ErrorCode(Struct, frozen=True):
    """A row of the error-code tables, or a body seen in an example (*source* tells which)."""

    status: int
    code: str
    message: str
    when: str
    plane: str
    source: str


class AsynchronousOperation(Struct, frozen=True):
    """A call of the service plane that makes a job.

    *edition* is ``database``, ``memory`` or ``any``; *command_certainty* is ``documented``,
    ``inferred`` or ``guess``, and *certainty* tells the same of the whole row, in words.
    """

    name: str
    edition: str
    method: str
    path: str
    query: dict[str, str]
    command: str
    command_certainty: str
    request_example: dict[str, Any] | None
    response_example: dict[str, Any]
    source: str
    certainty: str


@cache
def error_codes() -> tuple[ErrorCode, ...]:
    """The error codes of the service plane, then those of the gateway in front of it."""
    text = (_FOLDER / "error-codes.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[ErrorCode, ...])


@cache
def operations() -> tuple[AsynchronousOperation, ...]:
    """The documented calls of the service plane that make a job."""
    text = (_FOLDER / "operations.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[AsynchronousOperation, ...])
