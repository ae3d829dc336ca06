"""Facts: a part of the document, with the page that it comes from."""

from typing import Any, Final

Node = dict[str, Any]
"""A part of an OpenAPI document."""

VERSION: Final = "3.1.1"


def documented(source: str, **node: Any) -> Node:
    """*node*, which the page *source* says."""
    return {**node, "x-source": source, "x-fidelity": "documented"}


def inferred(source: str, **node: Any) -> Node:
    """*node*, which is concluded from *source*."""
    return {**node, "x-source": source, "x-fidelity": "inferred"}


LIMITS: Final = (
    "default",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
)
"""The keywords of a schema that say how far a value may go."""


def concluded(schema: Node, *limits: str) -> Node:
    """*schema*, of which these *limits* are inferred, also where the rest is documented."""
    return {**schema, "x-inferred": sorted(limits)} if limits else schema


def ref(kind: str, name: str) -> Node:
    """A reference to the component *name*."""
    return {"$ref": f"#/components/{kind}/{name}"}


def json_body(schema: Node, examples: Node | None = None) -> Node:
    """The content of a body that is JSON."""
    shown = {"examples": examples} if examples else {}
    return {"application/json": {"schema": schema, **shown}}


def example(value: Any, summary: str = "") -> Node:
    """An example object."""
    return {"summary": summary, "value": value} if summary else {"value": value}
