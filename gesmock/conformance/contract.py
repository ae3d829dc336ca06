"""Contract: the shapes of the OpenAPI document, as a target's readings have them."""

from collections.abc import Callable
from functools import cache
from typing import Any

import fastjsonschema

from gesmock.openapi import service_document
from gesmock.settings import Settings


class Contract:
    """Holds values against the shapes that the service has, read as *settings* say."""

    def __init__(self, settings: Settings) -> None:
        self._components = service_document(settings)["components"]
        self._compiled = cache(self._compile)

    def flaw(self, name: str, value: Any) -> str | None:
        """What is wrong with *value*, which should be a *name*; None where nothing is."""
        try:
            self._compiled(name)(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return str(error.message).removeprefix("data.").replace("data ", "the body ", 1)
        return None

    def _compile(self, name: str) -> Callable[[Any], Any]:
        # Draft 7, for which this validator is, knows the same keywords, but no open formats.
        schema = {"$ref": f"#/components/schemas/{name}", "components": self._components}
        compiled: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
        return compiled
