"""Schemas: hold a value against the contract.

The document follows the newest copies of the pages. A server may follow any copy, and either side
of a contradiction between a page's table and its example: ``_OTHER_COPIES`` adds what they have.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import fastjsonschema

from gesmock.contract import document
from gesmock.model.settings import Settings

_BLANK: Final[Mapping[str, Any]] = {"enum": ["", None, {}]}
_TEXT: Final = {"const": ""}
_TIMES: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}|\d{10,13})?$"},
        {"type": "integer", "minimum": 0},
    ]
}

_OTHER_COPIES: Final[Mapping[str, Any]] = {
    # ges_03_0471, 2023, and the old text of ges_03_0204: body, in the place of rawRequest.
    "JobRequest.properties.body": {"type": ["object", "string"]},
    # Only copies of 2025 have it; the old text of ges_03_0204 has the same items without it.
    "JobList.required": ["jobs", "result"],
    # ges_03_0204: Integer in the table of 2024-12, String in its example and in 2025.
    "MemoryJob.properties.progress": {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 100},
            {"type": "string", "pattern": "^(100|[1-9]?[0-9])$"},
        ]
    },
    # ges_03_0204: a date string, or a timestamp.
    "MemoryJob.properties.startTime": _TIMES,
    "MemoryJob.properties.endTime": _TIMES,
    # ges_03_0472: success or failed; both pages: what a query that fails leaves blank.
    "JobStatus.properties.result": {"enum": ["success", "failed"]},
    "JobStatus.properties.errorMessage": _TEXT,
    "JobStatus.properties.errorCode": _TEXT,
    "MemoryJobStatus.properties.errorMessage": _TEXT,
    "MemoryJobStatus.properties.errorCode": _TEXT,
    "JobStatus.properties.data": {"anyOf": [_BLANK, {"$ref": "#/components/schemas/Outputs"}]},
    "MemoryJobStatus.properties.data": {
        "anyOf": [_BLANK, {"$ref": "#/components/schemas/Outputs"}]
    },
    "Refusal.properties.status": _BLANK,
    "Refusal.properties.data": _BLANK,
    # The whole table of codes of 2025 could not be read.
    "ErrorCode": {"type": "string", "pattern": r"^GES\.\d{4}$"},
    # ges_03_0472 and ges_03_0037: status and data are empty or absent where the query fails.
    "FailedQuery": {
        "type": "object",
        "properties": {
            "errorMessage": {"type": "string"},
            "errorCode": {"anyOf": [_TEXT, {"$ref": "#/components/schemas/ErrorCode"}]},
            "status": _BLANK,
            "data": _BLANK,
            "result": {"const": "failed"},
        },
        "additionalProperties": False,
    },
}
"""Schemas as other copies of the pages have them, by their path in the document."""


class Contract:
    """Validates values against the schemas of the service's answers, as *settings* read them."""

    def __init__(self, settings: Settings) -> None:
        self._schemas = document.schemas(settings)
        for path, schema in _OTHER_COPIES.items():
            *parents, name = path.split(".")
            node = self._schemas
            for parent in parents:
                node = node[parent]
            node[name] = schema
        self._compiled = cache(self._compile)

    def error(self, name: str, value: Any) -> str | None:
        """What keeps *value* from being a *name*, such as ``JobList``; None where it is one."""
        try:
            self._compiled(name)(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return str(error.message).removeprefix("data.").replace("data ", "the body ", 1)
        return None

    def _compile(self, name: str) -> Callable[[Any], Any]:
        # The validator is for draft 7, which has the same keywords.
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": self._schemas}}
        compiled: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
        return compiled
