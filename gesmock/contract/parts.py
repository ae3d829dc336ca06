"""Parts of an OpenAPI document that its other modules make it from."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Node = dict[str, Any]
"""A part of an OpenAPI document."""


def documented(source: str, node: Node | None = None) -> Node:
    """*node*, as the page *source* documents it."""
    return {**(node or {}), "x-source": source, "x-fidelity": "documented"}


def ref(kind: str, name: str) -> Node:
    return {"$ref": f"#/components/{kind}/{name}"}


def json_body(schemas: Sequence[Node], examples: Node) -> Node:
    return {"application/json": {"schema": any_of(schemas), "examples": examples}}


def any_of(schemas: Sequence[Node]) -> Node:
    return schemas[0] if len(schemas) == 1 else {"anyOf": [*schemas]}


def unique(values: Iterable[T]) -> list[T]:
    distinct: list[T] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return distinct
