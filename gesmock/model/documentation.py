"""What the service's documentation says, as data: its error codes and its calls.

The files in ``documented/`` name the page behind each row, and mark what is inferred. To add a
call, add a row.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from gesmock.model.errors import Refusal
from gesmock.model.types import Edition

_FOLDER = Path(__file__).parent / "documented"


class ErrorCode(Struct, frozen=True):
    """A row of the error-code tables, or a body of an example; *source* says which."""

    status: int
    code: str
    message: str
    plane: str
    source: str


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON Schema (draft 7) that a body must fit, and the *refusal* of a body that does not.

    ``x-inferred`` names the keywords of a schema that no page states.
    """

    schema: dict[str, Any]
    refusal: Refusal


class DocumentedCall(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call of the service plane that submits a job, or answers at once.

    - *edition*: the one that has the call: ``database``, ``memory`` or ``any``.
    - *command_certainty*: ``documented``, ``inferred`` or ``guess``; *certainty* describes that of
      the whole row in words.
    - *finished*: the status with which its jobs succeed. *task_type*: their name in the memory
      edition's list. *cancellable*: whether they can be cancelled, or for which algorithms.
    - *malformed_body*: the refusal of a body that is not JSON. *body*: conditions, each with the
      refusal of a body that fails it.
    - *keys*: every key of a body in any copy of the page, ``a.b`` in an object and ``a[].b`` in the
      objects of a list. If no key of an object is named, it may have any; if *keys* is empty, not
      all are known. *keys_source* names the pages that they are from.
    - *asynchronous_if* (JSON Schema): if several rows share a method, path and action, the first
      that accepts the body is meant; ``{"not": {}}`` accepts none. *synchronous_answer* is an
      example of the answer if none accepts it.
    - *added_query*: what the engine adds to the URL that it lists.
    - *refused_in_errors*: the status of refusals whose code and message are in ``errors[]``.
      *failed_result*: whether refusals have a ``result``.
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
    body: list[Condition]
    keys: list[str] = []
    keys_source: str = ""
    asynchronous_if: dict[str, Any] | None = None
    synchronous_answer: dict[str, Any] | None = None
    added_query: dict[str, str] = {}
    refused_in_errors: int | None = None
    failed_result: bool = False

    @property
    def submits(self) -> bool:
        """Whether the call may submit a job."""
        return self.asynchronous_if != {"not": {}}


class GeneratedCall(Struct, frozen=True, forbid_unknown_fields=True):
    """A call that generated jobs of *edition* come from, as often as its *weight* says.

    It has one of *bodies*, in which ``<name>`` is a slot for a value of the vocabulary; null means
    no body.
    """

    edition: str
    command: str
    weight: float
    bodies: list[dict[str, Any] | None]


@cache
def error_codes() -> tuple[ErrorCode, ...]:
    """The error codes of the service plane, then those of the gateway in front of it."""
    text = (_FOLDER / "error-codes.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[ErrorCode, ...])


@cache
def table_texts() -> dict[str, str]:
    """The message of each code in the service's error-code table (ges_03_0110)."""
    rows = (row for row in error_codes() if row.source.startswith("ges_03_0110"))
    return {row.code: row.message for row in rows}


@cache
def calls() -> tuple[DocumentedCall, ...]:
    """The documented calls of the service plane, except those about jobs."""
    text = (_FOLDER / "operations.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[DocumentedCall, ...])


@cache
def calls_of(
    command: str | None, names: frozenset[str], edition: Edition
) -> tuple[DocumentedCall, ...]:
    """The calls with this *command* and these *names* in their path; the body says which is meant.

    If *edition* has none, they are those of the other one. The first says what they share.
    """
    same = [
        call
        for call in calls()
        if call.command == command and names == {*re.findall(r"\{(\w+)\}", call.path)}
    ]
    return tuple(call for call in same if call.edition in (edition, "any")) or tuple(same)


@cache
def submissions() -> tuple[DocumentedCall, ...]:
    """The documented calls that may submit a job."""
    return tuple(call for call in calls() if call.submits)


@cache
def by_command() -> dict[str, DocumentedCall]:
    """The first call that submits jobs with each documented command."""
    return {row.command: row for row in reversed(submissions())}


@cache
def generated_calls() -> tuple[GeneratedCall, ...]:
    """The calls that generated jobs come from; their bodies are ours, in the documented form."""
    text = (_FOLDER / "generated_jobs.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[GeneratedCall, ...])
