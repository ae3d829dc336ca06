"""The parts that an OpenAPI document is put together from."""

from typing import Any, Final

Node = dict[str, Any]
"""A part of an OpenAPI document."""

VERSION: Final = "3.1.1"


def documented(source: str, **node: Any) -> Node:
    """*node*, as the page *source* documents it."""
    return {**node, "x-source": source, "x-fidelity": "documented"}


def with_inferred(schema: Node, *keywords: str) -> Node:
    """*schema*, marked so that a reader knows that no page states these *keywords*."""
    return {**schema, "x-inferred": sorted(keywords)} if keywords else schema


def ref(kind: str, name: str) -> Node:
    """A reference to the component *name*."""
    return {"$ref": f"#/components/{kind}/{name}"}


def json_body(schema: Node, examples: Node | None = None) -> Node:
    """The ``content`` of a body that is JSON."""
    return {"application/json": {"schema": schema, **({"examples": examples} if examples else {})}}
