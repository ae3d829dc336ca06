"""Raw requests: what the engine lists of a call: its URL, and its body in a form of its own."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from gesmock.model.documentation import AsynchronousOperation
from gesmock.model.messages import Request
from gesmock.model.secrets import copied, is_storage_key

Body = dict[str, Any]


def url(row: AsynchronousOperation, names: Mapping[str, str], query: Mapping[str, str]) -> str:
    """Path and query of a call of *row*, as the list has them; *names* are those of its path."""
    path = row.path.format_map({name: quote(value, safe="") for name, value in names.items()})
    added = {name: value.format_map(names) for name, value in row.added_query.items()}
    kept = {**query_without_secrets(query), **added}
    return f"{path}?{urlencode(kept)}" if kept else path


def normalised(command: str, graph_name: str, body: Body) -> Body:
    """*body*, which has no storage keys any more, as the engine lists it: in its own key order.

    The order, and what is added where it was not given, is that of the imports and index builds on
    ges_03_0471. That the engine takes the storage keys out, and that it lists other bodies as they
    were sent, is inferred.
    """
    form = _FORMS.get(command)
    return body if form is None else form(body, graph_name)


def cleaned(request: Request) -> Request:
    """*request* with its ``clean`` body: for a long one, that takes long."""
    if not request.body:
        return request
    return msgspec.structs.replace(request, clean=without_secrets(request.body))


def without_secrets(value: Any) -> Any:
    """*value* without storage keys, wherever they stand in it, however they are spelled."""
    return copied(value, _without_keys)


def _without_keys(place: Any) -> Any:
    if isinstance(place, list):
        return place.copy()
    return {name: item for name, item in place.items() if not is_storage_key(name)}


def query_without_secrets(query: Mapping[str, str]) -> dict[str, str]:
    """*query* without storage keys."""
    return {name: value for name, value in query.items() if not is_storage_key(name)}


def _import(body: Body, graph_name: str) -> Body:
    given = {"action": "override", "ignoreLabel": True, **body.get("parallelEdge", {})}
    return {
        "graphName": graph_name,
        "offline": body.get("offline", False),
        "edgesetPath": body.get("edgesetPath", ""),
        "vertexsetPath": body.get("vertexsetPath", ""),
        "delimiter": body.get("delimiter", ","),
        **({"schemaPath": body["schemaPath"]} if body.get("schemaPath") else {}),
        "trimQuote": body.get("trimQuote", '"'),
        "vertexsetFormat": body.get("vertexsetFormat", "csv"),
        "parallelEdge": {"ignoreLabel": given["ignoreLabel"], "action": given["action"]},
        "edgesetFormat": body.get("edgesetFormat", "csv"),
    }


def _batch_build(body: Body, _graph_name: str) -> Body:
    return {"indices": [_index(index) for index in body["indices"]]}


def _index(index: Body) -> Body:
    shown = ("indexType", "indexName", "indexProperty", "hasLabel")
    first: Body = {**dict.fromkeys(shown), "indexProperty": [], "hasLabel": False}
    return {**first, **index}


_FORMS: Final[Mapping[str, Callable[[Body, str], Body]]] = {
    "import_graph": _import,
    "batch_build_index": _batch_build,
}
