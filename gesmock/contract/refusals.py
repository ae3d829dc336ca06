"""The refusals of the document: what a status of 400 and above looks like, and which there are."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gesmock.contract.facts import Node, concluded, documented, example, inferred, json_body, ref
from gesmock.model import documentation, errors
from gesmock.model import replies as shapes
from gesmock.model.errors import GesError, ParameterError, Refused
from gesmock.model.names import DEFAULT_GRAPH, DEFAULT_PROJECT
from gesmock.model.settings import Settings

PLACES: Final[Mapping[str, str]] = {"project_id": DEFAULT_PROJECT, "graph_name": DEFAULT_GRAPH}
"""What fills the names in a documented message, in examples."""

PHRASES: Final[Mapping[int, str]] = {
    400: "The request is refused: a parameter, a body, or what it names is wrong.",
    401: "The token is missing, unknown or expired.",
    403: "The token is of another project, or lacks the permission.",
    404: "There is no such graph, or no such URL.",
    500: "The service failed.",
    503: "The service is not available.",
}
"""The statuses that every page of the service plane lists, each in our words."""

STATUS_SOURCE: Final = "status list of ges_03_0471 and of every page of the service plane"
SETTINGS: Final = {
    401: "invalid_token_status",
    403: "forbidden_status",
    404: "unknown_graph_status",
}
"""The setting that makes 400 of a status."""


def schemas(settings: Settings) -> Node:
    """The shapes of a refusal, as these *settings* have them."""
    codes = sorted({row.code for row in documentation.error_codes() if row.plane == "service"})
    code = documented("ges_03_0110, and examples of other pages", type="string", enum=codes)
    result = documented(
        "table of ges_03_0471; example of ges_03_0472", const="failed", type="string"
    )
    properties: Node = {
        "errorMessage": documented("ges_03_0471", type="string"),
        "errorCode": ref("schemas", "ErrorCode"),
        "result": result,
    }
    required = ["errorMessage", "errorCode", *(["result"] if settings.failed_result else [])]
    if settings.sdk_error_keys:
        source = "not the service's: the keys that the vendor's SDK core reads"
        properties["error_code"] = inferred(source, type="string")
        properties["error_msg"] = inferred(source, type="string")
        required += ["error_code", "error_msg"]
    in_errors = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": ref("schemas", "ErrorCode"), "message": {"type": "string"}},
        "additionalProperties": False,
    }
    return {
        "ErrorCode": code,
        "Refusal": documented(
            "ges_03_0471, 2025-08-22",
            type="object",
            required=required,
            properties=properties,
            additionalProperties=False,
        ),
        "RefusalInErrors": documented(
            "ges_03_0474: Cypher and GQL",
            type="object",
            required=["results", "errors"],
            properties={
                "results": concluded({"type": "array", "maxItems": 0}, "maxItems"),
                "errors": concluded(
                    {"type": "array", "minItems": 1, "items": in_errors}, "minItems"
                ),
            },
            additionalProperties=False,
        ),
    }


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal as an example: what it is called, the *source* that has it, and the *error*."""

    name: str
    source: str
    error: GesError


def told(*refused: GesError) -> list[Told]:
    """Examples of these errors; the first line of what a class says of itself has its page."""
    return [
        Told(
            re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(error).__name__).lower(),
            (type(error).__doc__ or "").partition("\n")[0],
            error,
        )
        for error in refused
    ]


def of_the_page(name: str, refusal: documentation.Refusal, **kinds: Any) -> Told:
    """A *refusal* that the page of a call has."""
    message = refusal.message.format_map(PLACES)
    return Told(name, refusal.source, Refused(refusal.code, message, **kinds))


def responses(
    settings: Settings,
    refused: Iterable[Told],
    unknown_graph: Iterable[Told] = (),
    *,
    in_errors: bool = False,
) -> Node:
    """The responses of an operation that refuse.

    *refused* are those of its own with 400, *unknown_graph* those whose status the settings say.
    *in_errors* tells whether some of its refusals stand in ``errors[]``.
    """
    kinds = [ref("schemas", "Refusal"), *([ref("schemas", "RefusalInErrors")] if in_errors else [])]
    schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    examples = {
        400: [*told(ParameterError()), *refused],
        401: told(errors.InvalidToken()),
        403: told(errors.InvalidAccess(), errors.NoPermission()),
        404: [*unknown_graph, *told(errors.UnknownUrl())],
        500: told(errors.JobQueryFailed()),
        503: told(errors.EngineUnavailable()),
    }
    return {
        str(status): documented(
            STATUS_SOURCE,
            description=PHRASES[status],
            content=json_body(schema, _examples(found, settings)),
            **({"x-setting": SETTINGS[status]} if status in SETTINGS else {}),
        )
        for status, found in examples.items()
    }


def _examples(found: Iterable[Told], settings: Settings) -> Node:
    return {
        one.name: example(shapes.refusal(one.error, settings).payload, one.source) for one in found
    }
