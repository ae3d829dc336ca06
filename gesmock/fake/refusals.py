"""The refusals of each operation: the code and message that the documentation has for them."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from msgspec import structs

from gesmock.faults import Error
from gesmock.model import documentation, errors
from gesmock.model.documentation import DocumentedCall
from gesmock.model.errors import GesError, Refusal
from gesmock.model.messages import Operation, Request
from gesmock.model.settings import Settings
from gesmock.model.types import Edition

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

_CODES: Final[Mapping[Operation, tuple[str, str, bool]]] = {
    "list_jobs": ("GES.8005", "GES.8302", False),  # ges_03_0471
    "show_job": ("GES.8301", "GES.8302", True),  # ges_03_0472, the database edition's example
    "delete_job": ("GES.8303", "GES.8304", False),  # ges_03_0038
    "hyg_delete_job": ("GES.8303", "GES.8304", True),  # ges_03_0533
    "hyg_delete_jobs": ("GES.8303", "GES.8304", True),
}
"""The codes for 400 and 500, and whether refusals have a ``result``.

The pairing of 500 with the codes of jobs is inferred from their texts.
"""

_EDITIONS: Final[Mapping[Operation, str]] = {
    "delete_job": "memory",  # ges_03_0038
    "hyg_delete_job": "database",  # ges_03_0533
    "hyg_delete_jobs": "database",
}
"""The one edition that documents a call about jobs (the API trees of ges_03_0010, ges_03_0385)."""

_ERRORS: Final[Mapping[Operation, str]] = {
    "summary": "GES.8002",
    "execute_algorithm": "GES.8403",
    "hyg_algorithm": "GES.8403",
}
"""Codes for 500 (ges_03_0110), by their texts; the others have "Engine service unavailable."."""


def unknown_graph(request: Request, edition: Edition) -> GesError:
    """The refusal of *request* if there is no such graph or project."""
    if rows := documentation.calls_of(request.operation, frozenset(request.args), edition):
        return refusal_of(rows[0], rows[0].unknown_graph, request)
    if request.operation in ("hyg_delete_job", "hyg_delete_jobs"):
        return GesError(errors.UNKNOWN_HYG_GRAPH, **request.args)
    return GesError(errors.UNKNOWN_GRAPH, **request.args)


def documents(request: Request, settings: Settings, edition: Edition) -> bool:
    """Whether *edition* documents the call, or *settings* allow those of the other edition."""
    rows = documentation.calls_of(request.operation, frozenset(request.args), edition)
    documented = rows[0].edition if rows else _EDITIONS.get(request.operation or "", "any")
    return not settings.strict_edition or documented in (edition, "any")


def refusal_of(row: DocumentedCall, refusal: Refusal, request: Request) -> GesError:
    """*refusal* of *request*, in the shape that the page of *row* documents."""
    shaped = structs.replace(
        refusal,
        status=row.refused_in_errors or 400,
        failed_result=row.failed_result,
        in_errors=row.refused_in_errors is not None,
    )
    return GesError(shaped, **request.args)


def injected_refusal(fault: Error, request: Request, edition: Edition) -> GesError:
    """The refusal of *request* by *fault*; a code or message that it leaves out is as documented.

    Texts are those of the pages' examples if there are any; the dialect ``error_table`` has those
    of its table.
    """
    status = fault.status
    rows = documentation.calls_of(request.operation, frozenset(request.args), edition)
    if status in _SERVICE_WIDE:
        refusal = _SERVICE_WIDE[status]
    elif status == 404:
        unknown = unknown_graph(request, edition)
        refusal = structs.replace(unknown.refusal, message=str(unknown))
    else:
        refusal = _gateways(status) or _of_operation(request, rows, edition, status)
    if fault.code not in (None, refusal.code):
        code = fault.code or ""
        message = _text(code, {}).format_map(_Named(request.args))
        refusal = structs.replace(refusal, code=code, message=message, source="ges_03_0110")
    if fault.message is not None:
        refusal = structs.replace(refusal, message=fault.message, source="")
    in_errors = bool(rows) and rows[0].refused_in_errors is not None
    return GesError(structs.replace(refusal, status=status, in_errors=in_errors))


@cache
def _gateways(status: int) -> Refusal | None:
    """The refusal with a *status* that only the gateway's table has (api-sign-errorcode).

    That the gateway stands in front of the service is inferred.
    """
    first = next((row for row in documentation.error_codes() if row.status == status), None)
    if first is None or first.plane != "gateway":
        return None
    return Refusal(first.code, first.message)


def _of_operation(
    request: Request,
    rows: Sequence[DocumentedCall],
    edition: Edition,
    status: int,
) -> Refusal:
    examples: list[Refusal] = []
    if rows:
        row = rows[0]
        examples = [row.malformed_body, *(condition.refusal for condition in row.body)]
        code, failed = row.unknown_graph.code, row.failed_result
        if code in _SHARED:
            code = examples[-1].code
        error_code = _ERRORS.get(row.command, "GES.8602")
    else:
        code, error_code, failed = _CODES[request.operation or ""]
        failed = failed and (request.operation, edition) != ("show_job", "memory")
    if status >= 500:
        code, examples = error_code, []
    message = _text(code, {each.code: each.message for each in examples[::-1]})
    return Refusal(code, message, "the pages and ges_03_0110", failed_result=failed)


def _text(code: str, examples: Mapping[str, str]) -> str:
    """The message that the documentation has for *code*, or a phrase of ours."""
    texts = {row.code: row.message for row in reversed(documentation.error_codes())}
    texts |= {refusal.code: refusal.message for refusal in _EXAMPLES} | dict(examples)
    return texts.get(code, "Unknown error.")


class _Named(dict[str, str]):
    """Fills the braces of a documented message; an unknown name stands for itself."""

    def __missing__(self, name: str) -> str:
        return name
