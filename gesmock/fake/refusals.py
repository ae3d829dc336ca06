"""The catalogue: which code and message the documentation has for a status of an operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gesmock.fake import hyg, jobs, submissions
from gesmock.faults import Error
from gesmock.model import documentation, errors
from gesmock.model.documentation import AsynchronousOperation
from gesmock.model.errors import GesError, InjectedError
from gesmock.model.messages import Operation, Request
from gesmock.model.settings import Settings

UNKNOWN_GRAPH: Final[Mapping[Operation, Callable[[Settings, Request], GesError]]] = {
    **dict.fromkeys(("list_jobs", "show_job", "delete_job"), jobs.unknown_graph),
    **dict.fromkeys(("hyg_delete_job", "hyg_delete_jobs"), hyg.unknown_graph),
    **dict.fromkeys((row.command for row in documentation.operations()), submissions.unknown_graph),
}
"""The refusal of each operation where there is no such graph or project."""

_GATEWAY: Final = {413, 414, 429, 494, 502, 504}
"""Statuses that only the gateway's table has (api-sign-errorcode); that it stands before the
service is inferred."""

_REFUSALS: Final[Mapping[int, type[GesError]]] = {
    401: errors.InvalidToken,
    403: errors.InvalidAccess,
    405: errors.WrongMethod,
    503: errors.EngineUnavailable,
}
"""What is the same for every operation.

Inferred pairings: the status lists of the pages give phrases only, and the table of ges_03_0110 has
no row with 401, 403 or 503 (nor 404: there, each operation has its refusal of an unknown graph).
"""

_EXAMPLES: Final[tuple[type[GesError], ...]] = (errors.ParameterError, errors.UnknownGraph)
"""What the pages' examples have in other words than the table."""

_SHARED: Final = {"GES.8000", "GES.8301"}
"""Codes of unknown graphs that are no operation's own: of parameters, and of jobs."""


@dataclass(frozen=True, slots=True)
class _Own:
    """The codes of an operation for 400 and for 500; *failed*: a refusal has a ``result``.

    *wire* is the text of the first as an example has it, where there is one.
    """

    refused: str
    failed: bool
    error: str
    wire: str | None = None


_OWN: Final[Mapping[Operation, _Own]] = {
    # ges_03_0471; ges_03_0472 (the result is in the database edition's example); ges_03_0038;
    # ges_03_0533. The pairing of 500 with the codes of jobs is inferred from their texts.
    "list_jobs": _Own("GES.8005", failed=False, error="GES.8302", wire="Parameter error!"),
    "show_job": _Own("GES.8301", failed=True, error="GES.8302"),
    "delete_job": _Own("GES.8303", failed=False, error="GES.8304"),
    "hyg_delete_job": _Own("GES.8303", failed=True, error="GES.8304"),
    "hyg_delete_jobs": _Own("GES.8303", failed=True, error="GES.8304"),
}

_ERRORS: Final[Mapping[Operation, str]] = {
    "summary": "GES.8002",
    "execute_algorithm": "GES.8403",
    "hyg_algorithm": "GES.8403",
}
"""Codes for 500 (ges_03_0110), by their texts; the others have "Engine service unavailable."."""


def injected(fault: Error, request: Request, settings: Settings) -> InjectedError:
    """The refusal of *request* with *fault*, as documented where code or message are left out.

    In the dialect ``page``, texts are those of the pages' examples where there are any; in
    ``error_table``, those of the error-code table (ges_03_0110).
    """
    refusal = _documented(fault.status, request, settings)
    code, message = refusal.code, refusal.message
    if fault.code is not None and fault.code != code:
        code, message = fault.code, _message_of(fault.code, request.args, settings)
    row = _row(request, settings)
    return InjectedError(
        code,
        message if fault.message is None else fault.message,
        status=fault.status,
        failed_result=refusal.failed_result,
        in_errors=row is not None and row.refused_in_errors is not None,
    )


def _documented(status: int, request: Request, settings: Settings) -> GesError:
    operation = request.operation or ""
    if status in _GATEWAY:
        row = next(row for row in documentation.error_codes() if row.status == status)
        return InjectedError(row.code, row.message)
    if status in _REFUSALS:
        return _REFUSALS[status]()
    if status == 404:
        return UNKNOWN_GRAPH[operation](settings, request)
    own = _OWN.get(operation) or _own(request, settings)
    failed = own.failed and not (operation == "show_job" and settings.edition == "memory")
    code, wire = (own.refused, own.wire) if status < 500 else (own.error, None)
    told = wire if wire and settings.dialect == "page" else _tabled(code)
    return InjectedError(code, told, failed_result=failed)


def _row(request: Request, settings: Settings) -> AsynchronousOperation | None:
    """What the documentation has for the submission that *request* is, if it is one."""
    submits = documentation.of_command(request.operation or "") is not None
    return submissions.rows_of(request, settings.edition)[0] if submits else None


def _own(request: Request, settings: Settings) -> _Own:
    """The codes of a submission, from its row."""
    row = submissions.rows_of(request, settings.edition)[0]
    refusals = [row.malformed_body, *(check.refusal for check in row.body)]
    code = row.unknown_graph.code
    if code in _SHARED:
        code = refusals[-1].code
    wire = next((one.message for one in refusals if one.code == code), None)
    error = _ERRORS.get(row.command, "GES.8602")
    return _Own(code, failed=row.failed_result, error=error, wire=wire)


def _tabled(code: str) -> str:
    """The text of the error-code table for *code*, which has one."""
    return next(row.message for row in documentation.error_codes() if row.code == code)


def _message_of(code: str, names: Mapping[str, str], settings: Settings) -> str:
    """The message that the documentation has for *code*, or a phrase of ours."""
    known = [row.message for row in documentation.error_codes() if row.code == code]
    if settings.dialect == "page":
        known[:0] = [refusal.template for refusal in _EXAMPLES if refusal.code == code]
    return known[0].format_map(_Named(names)) if known else "Unknown error."


class _Named(dict[str, str]):
    """What fills a documented message; a name that nobody knows stands for itself."""

    def __missing__(self, name: str) -> str:
        return name
