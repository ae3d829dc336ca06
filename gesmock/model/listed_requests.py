"""How the engine lists the call that submitted a job: its URL, and its body in its own form."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from gesmock.model.documentation import DocumentedCall
from gesmock.model.messages import Request
from gesmock.model.secrets import copied, is_storage_key

Body = dict[str, Any]
T = TypeVar("T")


def url(row: DocumentedCall, names: Mapping[str, str], query: Mapping[str, str]) -> str:
    """The URL of a call of *row* as it is listed; *names* fill its path."""
    path = row.path.format_map({name: quote(value, safe="") for name, value in names.items()})
    added = {name: value.format_map(names) for name, value in row.added_query.items()}
    listed = {**query_without_secrets(query), **added}
    return f"{path}?{urlencode(listed)}" if listed else path


def normalised(command: str, graph_name: str, body: Body) -> Body:
    """*body*, which has no storage keys, with the key order and defaults of the engine's list.

    Order and defaults are those of the imports and index builds on ges_03_0471. Inferred: the
    engine removes storage keys, and lists other bodies as they were sent.
    """
    form = _FORMS.get(command)
    return body if form is None else form(body, graph_name)


def cleaned(request: Request) -> Request:
    """*request* with its ``clean`` body; this is slow for a long one."""
    if not request.body:
        return request
    return msgspec.structs.replace(request, clean=without_secrets(request.body))


def without_secrets(value: Any) -> Any:
    """*value* without storage keys, at any depth and in any spelling."""
    return copied(value, query_without_secrets)


def query_without_secrets(query: Mapping[str, T]) -> dict[str, T]:
    """*query* without storage keys."""
    return {name: value for name, value in query.items() if not is_storage_key(name)}


def _import(body: Body, graph_name: str) -> Body:
    parallel_edge = {"action": "override", "ignoreLabel": True, **body.get("parallelEdge", {})}
    return {
        "graphName": graph_name,
        "offline": body.get("offline", False),
        "edgesetPath": body.get("edgesetPath", ""),
        "vertexsetPath": body.get("vertexsetPath", ""),
        "delimiter": body.get("delimiter", ","),
        **({"schemaPath": body["schemaPath"]} if body.get("schemaPath") else {}),
        "trimQuote": body.get("trimQuote", '"'),
        "vertexsetFormat": body.get("vertexsetFormat", "csv"),
        "parallelEdge": {
            "ignoreLabel": parallel_edge["ignoreLabel"],
            "action": parallel_edge["action"],
        },
        "edgesetFormat": body.get("edgesetFormat", "csv"),
    }


_INDEX: Final[Body] = {
    "indexType": None,
    "indexName": None,
    "indexProperty": [],
    "hasLabel": False,
}


def _batch_build(body: Body, _graph_name: str) -> Body:
    return {"indices": [{**_INDEX, **index} for index in body["indices"]]}


_FORMS: Final[Mapping[str, Callable[[Body, str], Body]]] = {
    "import_graph": _import,
    "batch_build_index": _batch_build,
}
