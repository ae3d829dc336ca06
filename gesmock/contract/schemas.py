"""Validates values against the schemas of the contract.

The document follows the newest copies of the pages. A server may follow any copy, and either side
of a contradiction between a page's table and its example: ``other_copies.json`` has those schemas.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, get_args

import fastjsonschema
import msgspec

from gesmock.contract.document import service_document
from gesmock.model.settings import Settings
from gesmock.model.types import Edition

_OTHER_COPIES: Final = Path(__file__).with_name("other_copies.json")


@lru_cache(8)
def contract_of(settings: Settings) -> "Contract":
    """The contract for *settings*, cached: compiling its schemas is slow."""
    return Contract(settings)


class Contract:
    """Validates values against the schemas of the service's answers, as *settings* read them."""

    def __init__(self, settings: Settings) -> None:
        self._schemas = service_document(settings, editions=get_args(Edition))["components"][
            "schemas"
        ]
        for copy in msgspec.json.decode(_OTHER_COPIES.read_bytes()):
            *parents, name = copy["path"].split(".")
            node = self._schemas
            for parent in parents:
                node = node[parent]
            node[name] = copy["schema"]
        self._compiled = cache(self._compile)

    def error(self, value: Any, *names: str) -> str | None:
        """Why *value* does not fit the first schema of *names*; None if it fits any of them."""
        errors = []
        for name in names:
            try:
                self._compiled(name)(value)
            except fastjsonschema.JsonSchemaValueException as error:
                text = str(error.message).removeprefix("data.")
                errors.append(text.replace("data ", "the body ", 1))
            else:
                return None
        return errors[0]

    def _compile(self, name: str) -> Callable[[Any], Any]:
        # The validator is for draft 7, which has the same keywords.
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": self._schemas}}
        compiled: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
        return compiled
