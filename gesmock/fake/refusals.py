"""The refusals of each operation: the code and message that the documentation has for them."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from msgspec import structs

from gesmock.faults import Error
from gesmock.model import documentation, errors
from gesmock.model.documentation import AsynchronousOperation
from gesmock.model.errors import GesError, Refusal
from gesmock.model.messages import Operation, Request
from gesmock.model.settings import Settings
from gesmock.model.types import Edition

_GATEWAY: Final = {413, 414, 429, 494, 502, 504}
"""Statuses that only the gateway's table has (api-sign-errorcode).

That the gateway stands in front of the service is inferred.
"""

_SERVICE_WIDE: Final[Mapping[int, Refusal]] = {
    401: errors.INVALID_TOKEN,
    403: errors.INVALID_ACCESS,
    405: errors.WRONG_METHOD,
    503: errors.ENGINE_UNAVAILABLE,
}
"""The refusals that all operations share.

Inferred pairings: the status lists of the pages give phrases only, and the table of ges_03_0110 has
no row with 401, 403 or 503 (nor 404: there, each operation has its refusal of an unknown graph).
"""

_EXAMPLES: Final = (errors.PARAMETER_ERROR, errors.UNKNOWN_GRAPH)
"""Refusals that the pages' examples word differently from the table."""

_SHARED: Final = {"GES.8000", "GES.8301"}
"""Codes of unknown graphs that are not particular to an operation: of parameters, and of jobs."""


class _Codes(NamedTuple):
    """The codes of an operation for 400 (*refused*) and 500 (*error*).

    *failed*: refusals have a ``result``; *example*: the text of *refused* in the page's example.
    """

    refused: str
    error: str
    failed: bool
    example: str | None = None


_CODES: Final[Mapping[Operation, _Codes]] = {
    # ges_03_0471; ges_03_0472 (the result is in the database edition's example); ges_03_0038;
    # ges_03_0533. The pairing of 500 with the codes of jobs is inferred from their texts.
    "list_jobs": _Codes("GES.8005", "GES.8302", failed=False, example="Parameter error!"),
    "show_job": _Codes("GES.8301", "GES.8302", failed=True),
    "delete_job": _Codes("GES.8303", "GES.8304", failed=False),
    "hyg_delete_job": _Codes("GES.8303", "GES.8304", failed=True),
    "hyg_delete_jobs": _Codes("GES.8303", "GES.8304", failed=True),
}

_ERRORS: Final[Mapping[Operation, str]] = {
    "summary": "GES.8002",
    "execute_algorithm": "GES.8403",
    "hyg_algorithm": "GES.8403",
}
"""Codes for 500 (ges_03_0110), by their texts; the others have "Engine service unavailable."."""


def unknown_graph(request: Request, edition: Edition) -> GesError:
    """The refusal of *request* where there is no such graph or project."""
    if rows := rows_of(request, edition):
        return refused(rows[0], rows[0].unknown_graph, request)
    if request.operation in ("hyg_delete_job", "hyg_delete_jobs"):
        return GesError(errors.UNKNOWN_HYG_GRAPH, **request.args)
    if edition == "memory":
        return GesError(errors.UNKNOWN_MEMORY_GRAPH, **request.args)
    return GesError(errors.UNKNOWN_GRAPH, **request.args)


def rows_of(request: Request, edition: Edition) -> Sequence[AsynchronousOperation]:
    """The submissions that the documentation has at this URL; the first says what they share.

    Inferred: a call that only the other edition documents is served too.
    """
    return _rows(request.operation, frozenset(request.args), edition)


@cache
def _rows(
    operation: str | None, names: frozenset[str], edition: Edition
) -> list[AsynchronousOperation]:
    rows = [
        row
        for row in documentation.operations()
        if row.command == operation
        and {part[1:-1] for part in row.path.split("/") if part.startswith("{")} == names
    ]
    return [row for row in rows if row.edition in (edition, "any")] or rows


def refused(row: AsynchronousOperation, refusal: Refusal, request: Request) -> GesError:
    shaped = structs.replace(
        refusal,
        status=row.refused_in_errors or 400,
        failed_result=row.failed_result,
        in_errors=row.refused_in_errors is not None,
    )
    return GesError(shaped, **request.args)


def injected(fault: Error, request: Request, settings: Settings, edition: Edition) -> GesError:
    """The refusal of *request* with *fault*, as documented where code or message are left out.

    In the dialect ``page``, texts are those of the pages' examples where there are any; in
    ``error_table``, those of the error-code table (ges_03_0110).
    """
    status, operation, failed = fault.status, request.operation or "", False
    rows = rows_of(request, edition)
    if status in _GATEWAY:
        code, message = next(
            (row.code, row.message) for row in documentation.error_codes() if row.status == status
        )
    elif status in _SERVICE_WIDE:
        code, message = _SERVICE_WIDE[status].code, _SERVICE_WIDE[status].message
    elif status == 404:
        unknown = unknown_graph(request, edition)
        code, message = unknown.refusal.code, str(unknown)
        failed = unknown.refusal.failed_result
    else:
        codes = _codes_of(rows[0]) if rows else _CODES[operation]
        failed = codes.failed and (operation, edition) != ("show_job", "memory")
        code = codes.refused if status < 500 else codes.error
        message = _texts(code)[0]
        if status < 500 and codes.example and settings.dialect == "page":
            message = codes.example
    if fault.code is not None and fault.code != code:
        code, message = fault.code, _message_of(fault.code, request.args, settings)
    refusal = Refusal(
        code,
        message if fault.message is None else fault.message,
        status=status,
        failed_result=failed,
        in_errors=bool(rows) and rows[0].refused_in_errors is not None,
    )
    return GesError(refusal)


def _codes_of(row: AsynchronousOperation) -> _Codes:
    refusals = [row.malformed_body, *(condition.refusal for condition in row.body)]
    code = row.unknown_graph.code
    if code in _SHARED:
        code = refusals[-1].code
    example = next((refusal.message for refusal in refusals if refusal.code == code), None)
    return _Codes(code, _ERRORS.get(row.command, "GES.8602"), row.failed_result, example)


def _texts(code: str) -> list[str]:
    """The texts of the error-code table for *code*."""
    return [row.message for row in documentation.error_codes() if row.code == code]


def _message_of(code: str, names: Mapping[str, str], settings: Settings) -> str:
    """The message that the documentation has for *code*, or a phrase of ours."""
    texts = _texts(code) or ["Unknown error."]
    if settings.dialect == "page":
        texts[:0] = [refusal.message for refusal in _EXAMPLES if refusal.code == code]
    return texts[0].format_map(_Named(names))


class _Named(dict[str, str]):
    """Fills the braces of a documented message; an unknown name stands for itself."""

    def __missing__(self, name: str) -> str:
        return name
