"""The calls that answer at once: queries, algorithms, and the schema and summary of a graph."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import to_builtins

from gesmock.fake.graphs import MOST_SUBMITTED
from gesmock.fake.project import Project
from gesmock.fake.refusals import refusal_of
from gesmock.model import job_kinds
from gesmock.model.documentation import DocumentedCall
from gesmock.model.errors import FULL_GRAPH, GesError, Refusal
from gesmock.model.job_store import JobStore
from gesmock.model.messages import Reply, ReplyBody, Request
from gesmock.model.queries import Label, LabelProperty
from gesmock.model.types import Edition

_LABEL_EXISTS: Final = Refusal("GES.8801", "label already exists", "ges_03_0056")
_STATS: Final = (
    *("contains_updates", "edges_created", "edges_deleted", "labels_set", "properties_set"),
    *("vertices_created", "vertices_deleted"),
)
"""The keys of ``stats`` (ges_03_0336)."""


def answer_at_once(
    project: Project, request: Request, call: DocumentedCall, graph: JobStore, edition: Edition
) -> Reply:
    """Answer *request*, a *call* that submits no job."""
    body = request.body
    match call.command:
        case "execute_cypher_query" | "execute_gql_query":
            name, statements = request.args["graph_name"], body["statements"]
            results = [_result(project, name, statement) for statement in statements]
            return Reply(200, {"results": results, "errors": []}, body=ReplyBody())
        case "execute_algorithm":
            return Reply(
                200, {"data": _outputs(project, body), "result": "success"}, body=ReplyBody()
            )
        case "summary":
            return Reply(200, {"data": _summary(graph, request)}, body=ReplyBody())
        case "show_schema":
            return Reply(200, _schema(graph, request, edition), body=ReplyBody())
        case "add_label" if body["name"] in graph.labels:
            raise refusal_of(call, _LABEL_EXISTS, request)
        case "add_label":
            _put_label(graph, body["name"], body)
        case "update_label":
            if not request.query.get("label"):
                raise refusal_of(call, call.malformed_body, request)
            _put_label(graph, request.query["label"], body)
    return Reply(200, call.synchronous_answer)


def _result(project: Project, graph_name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The result of one statement, in the forms that it asks for (ges_03_0336, ges_03_0474)."""
    canned = project.queries.find(asked["statement"], graph_name)
    contents = asked.get("resultDataContents") or "row"
    forms = [contents] if isinstance(contents, str) else contents
    meta = canned.meta or [[None] * len(canned.columns) for _ in canned.rows]
    rows = [_row(row, meta[index], forms) for index, row in enumerate(canned.rows)]
    result: dict[str, Any] = {"columns": canned.columns, "data": rows}
    if asked.get("includeStats") is True:
        result["stats"] = dict.fromkeys(_STATS, 0) | {"contains_updates": False}
    return result


def _row(row: list[Any], meta: list[Any], forms: Sequence[str]) -> dict[str, Any]:
    """A row in these *forms*; that it has no vertices or edges in any of them is inferred."""
    shaped: dict[str, Any] = {}
    if "row" in forms:
        shaped |= {"row": row, "meta": meta}
    if "graph" in forms:
        shaped["graph"] = {"nodes": [], "relationships": []}
    if "raw" in forms:
        shaped["raw"] = row
    return shaped


def _outputs(project: Project, body: dict[str, Any]) -> dict[str, Any]:
    """The page of an algorithm's result that the *body* asks for (ges_03_0460)."""
    name = job_kinds.algorithm_of(body)
    result = job_kinds.result("execute_algorithm", body, project.graphs.seed, name)
    offset, limit = _natural(body.get("offset"), 0), _natural(body.get("limit"), 100_000)
    return job_kinds.result_page(result or {}, name, offset, limit)


def _natural(value: object, default: int) -> int:
    return value if isinstance(value, int) and value >= 0 else default


def _summary(graph: JobStore, request: Request) -> dict[str, Any]:
    """The summary of *graph* (ges_03_0028, ges_03_0465): empty, unless a test has set another."""
    details: dict[str, Any] = {"labelDetails": {"labelInVertex": {}, "labelInEdge": {}}}
    numbers = {"vertexNum": 0, "edgeNum": 0, **details, **(graph.summary or {})}
    if request.query.get("label_details") != "true":
        del numbers["labelDetails"]
    return numbers


def _schema(graph: JobStore, request: Request, edition: Edition) -> dict[str, Any]:
    """All labels, or, in the database edition, the one that the query names."""
    name = request.query.get("label")
    if name is None or edition == "memory":
        return {"data": {"schema": [_described(label) for label in graph.labels.values()]}}
    described = _described(graph.labels.get(name, Label(name)))
    del described["label"]
    return {"data": described, "result": "success"}


def _described(label: Label) -> dict[str, Any]:
    properties = to_builtins(label.properties)
    return {"label": label.label, "type": label.type, "properties": properties}


def _put_label(graph: JobStore, name: str, body: dict[str, Any]) -> None:
    """Add the label *name*, or replace it (ges_03_0432, ges_03_0433)."""
    properties = []
    for item in body["properties"]:
        each = item["property"]
        type_, cardinality = each.get("dataType", "string"), each.get("cardinality", "single")
        properties.append(LabelProperty(each["name"], str(type_), str(cardinality)))
    label = Label(name, body.get("type", "all"), properties)
    if not graph.has_room(len(msgspec.json.encode(label)), MOST_SUBMITTED):
        raise GesError(FULL_GRAPH)
    graph.put_label(label)
