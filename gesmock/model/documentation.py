"""What the service's documentation says, as data: its error codes and its asynchronous operations.

The files in ``documented/`` name the page behind each row; what is inferred is marked there.
A further operation is a further row: nothing else has to know of it.
"""

from functools import cache
from pathlib import Path
from typing import Any, Literal

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


class Refusal(Struct, frozen=True, forbid_unknown_fields=True):
    """A *code* and *message*, and the *source* that has them for this case.

    Names in braces in the message are filled: ``project_id``, ``graph_name``.
    """

    code: str
    message: str
    source: str


class Check(Struct, frozen=True, forbid_unknown_fields=True):
    """What a body has to be (JSON Schema, draft 7), and the *refusal* of one that is not."""

    schema: dict[str, Any]
    refusal: Refusal


class AsynchronousOperation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call of the service plane that makes a job.

    *edition* is ``database``, ``memory`` or ``any``; *command_certainty* is ``documented``,
    ``inferred`` or ``guess``, and *certainty* tells the same of the whole row, in words.

    *finished* is the status of such a job at its end, *task_type* its name in the memory edition's
    list, *cancellable* whether it can be cancelled, or for which algorithms. A body that is not
    JSON is refused with *malformed_body*, one that fails a check of *body* with that check's
    refusal. Where several rows have a method, path and action, the first whose *asynchronous_if*
    (JSON Schema) accepts the body is meant; *synchronous_answer* is the answer where none does.
    *added_query* is what the engine adds to the URL that it lists. *refused_in_errors* is the
    status of refusals that stand in ``errors[]``, *failed_result* whether they have a ``result``.
    A call of one edition is served in the other too, unless *synchronous_in_the_other_edition*.
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
    finished: Literal["success", "complete"]
    task_type: str
    cancellable: bool | list[str]
    unknown_graph: Refusal
    malformed_body: Refusal
    body: list[Check]
    asynchronous_if: dict[str, Any] | None = None
    synchronous_answer: dict[str, Any] | None = None
    added_query: dict[str, str] = {}
    refused_in_errors: int | None = None
    failed_result: bool = False
    synchronous_in_the_other_edition: bool = False


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


def of_command(command: str) -> AsynchronousOperation | None:
    """The first call that makes jobs with this *command*; None for a command nobody documents."""
    return _by_command().get(command)


@cache
def _by_command() -> dict[str, AsynchronousOperation]:
    return {row.command: row for row in reversed(operations())}
