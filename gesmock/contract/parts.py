"""Parts of an OpenAPI document, responses that refuse a request among them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from gesmock.model import errors, replies
from gesmock.model.errors import GesError, Refusal
from gesmock.model.settings import Settings
from gesmock.model.types import DEFAULT_GRAPH, DEFAULT_PROJECT

T = TypeVar("T")
Node = dict[str, Any]
"""A part of an OpenAPI document."""

_OF_EVERY_CALL: Final = (
    *("parameter_error", "invalid_token", "invalid_access", "no_permission", "unknown_url"),
    *("job_query_failed", "engine_unavailable"),
)
_NAMES: Final = {
    "project_id": DEFAULT_PROJECT,
    "graph_name": DEFAULT_GRAPH,
    "job_id": "4ae64af4226f9b91a469c7e609e00b800000382489090",
    "reason": "Running algorithm [shortest_path] error: parameter [source] is invalid!",
}
"""The names in the messages of examples."""


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


class RefusalResponses:
    """Makes responses from those of ``openapi.json``, by status, and its refusals, by name."""

    def __init__(self, responses: Node, named: Node, settings: Settings) -> None:
        self._responses = responses
        self._named = named
        self._settings = settings

    def examples(
        self, names: Iterable[str] = (), more: Iterable[tuple[str, Refusal]] = ()
    ) -> dict[str, Node]:
        """Examples by status: the refusals of every call, those called *names*, and *more*."""
        examples: dict[str, Node] = {}
        for name in (*_OF_EVERY_CALL, *names):
            self._add(examples, name, getattr(errors, name.upper()), self._named[name])
        for name, refusal in more:
            self._add(examples, name, refusal, {"summary": refusal.source})
        return examples

    def _add(self, examples: dict[str, Node], name: str, refusal: Refusal, parts: Node) -> None:
        reply = replies.refusal(GesError(refusal, **_NAMES), self._settings)
        setting = {"x-setting": refusal.status} if isinstance(refusal.status, str) else {}
        example = {**parts, **setting, "value": reply.payload}
        examples.setdefault(str(reply.status), {})[name] = example

    def responses(self, examples: dict[str, Node], *, in_errors: bool = False) -> Node:
        """The responses with these *examples*; *in_errors*: a refusal may be in ``errors[]``."""
        bodies = [ref("schemas", "Refusal")]
        if in_errors:
            bodies.append(ref("schemas", "RefusalInErrors"))
        return {
            status: response | {"content": json_body(bodies, examples[status])}
            for status, response in self._responses.items()
            if status in examples
        }
