"""Contract: the shapes of the OpenAPI document, as a target's readings have them.

The document follows the newest copies of the pages. A target may follow any copy, and any side of
a contradiction between a page's table and its example: ``_READINGS`` says what else is right.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, Final

import fastjsonschema

from gesmock.contract import lists, refusals
from gesmock.model.settings import Settings

_BLANK: Final[Mapping[str, Any]] = {"enum": ["", None, {}]}
_TEXT: Final = {"const": ""}
_TIMES: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}|\d{10,13})?$"},
        {"type": "integer", "minimum": 0},
    ]
}

_READINGS: Final[Mapping[str, Any]] = {
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
"""What other copies of the pages have, by the place in the document's schemas."""


class Contract:
    """Holds values against the shapes that the service has, read as *settings* say."""

    def __init__(self, settings: Settings) -> None:
        self._schemas = deepcopy({**lists.schemas(settings), **refusals.schemas(settings)})
        for place, reading in _READINGS.items():
            *path, last = place.split(".")
            node = self._schemas
            for name in path:
                node = node[name]
            node[last] = reading
        self._compiled = cache(self._compile)

    def error(self, name: str, value: Any) -> str | None:
        """What is wrong with *value*, which should be a *name*; None where nothing is."""
        try:
            self._compiled(name)(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return str(error.message).removeprefix("data.").replace("data ", "the body ", 1)
        return None

    def _compile(self, name: str) -> Callable[[Any], Any]:
        # Draft 7, for which this validator is, knows the same keywords, but no open formats.
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": self._schemas}}
        compiled: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
        return compiled
