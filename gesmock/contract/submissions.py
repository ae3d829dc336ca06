"""The calls that submit a job, as parts of the document, made from ``documented/operations.json``.

OpenAPI tells operations apart by method and path; the service also by ``action_id`` and by the
graph's edition. Calls that share a method and a path are one operation here, whose body is that of
any of them; ``x-calls`` lists each with its action, edition, body and sources.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, get_args

from msgspec import structs

from gesmock.model import replies
from gesmock.model.documentation import DocumentedCall as Call
from gesmock.model.documentation import calls as every_call
from gesmock.model.errors import GesError
from gesmock.model.settings import Settings
from gesmock.model.types import DEFAULT_GRAPH, DEFAULT_PROJECT, Edition

T = TypeVar("T")
Node = dict[str, Any]
"""A part of an OpenAPI document."""


def paths(shared: Node) -> Node:
    """The paths of the calls; *shared* is ``submission`` of ``openapi.json``."""
    by_operation: dict[tuple[str, str], list[Call]] = {}
    for call in every_call():
        by_operation.setdefault((call.path, call.method), []).append(call)
    items: Node = {}
    for (path, method), calls in by_operation.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        item = items.setdefault(path, {"parameters": [_ref("parameters", name) for name in names]})
        item[method.lower()] = _operation(calls, shared)
    return items


def schemas() -> Node:
    """The body of each call, under its name, followed by the edition where those differ."""
    bodies: Node = {}
    for call in every_call():
        if call.request_example is not None:
            calls = _tried_with(call)
            certainty, conditions = calls[0].certainty, _conditions(calls)
            node = {"x-certainty": certainty, "type": "object", "allOf": conditions}
            bodies[_body_name(call)] = _documented(_sources(calls), node)
    return bodies


def _operation(calls: Sequence[Call], shared: Node) -> Node:
    first = calls[0]
    actions = _unique(call.query["action_id"] for call in calls if "action_id" in call.query)
    alone = len({call.command for call in calls}) == 1
    operation: Node = {
        "operationId": _name(first) if alone else f"post_{_path_name(first)}",
        "tags": ["submissions"],
        "summary": first.name if alone else f"Submit a job: {', '.join(actions)}",
        **_documented(_sources(calls)),
        "parameters": [*_query(calls, actions), _ref("parameters", "X-Language")],
        "responses": {
            "200": _submitted(calls, shared["link"]),
            **_refused(calls, shared["refusals"]),
        },
        "x-calls": [_call(call) for call in calls],
    }
    if first.request_example is not None:
        names = _unique(map(_body_name, calls))
        examples = {
            _body_name(call): {"summary": call.source, "value": call.request_example}
            for call in calls
        }
        operation["requestBody"] = {
            "required": all(map(_body_required, calls)),
            "content": _json_body([_ref("schemas", name) for name in names], examples),
        }
    return operation


def _query(calls: Sequence[Call], actions: Sequence[str]) -> Iterator[Node]:
    if actions:
        schema: Node = {"type": "string", "enum": actions}
        action = {"name": "action_id", "in": "query", "required": True, "schema": schema}
        yield _documented("ges_03_0468 and the page of each call", action)
    examples = {name: value for call in reversed(calls) for name, value in call.query.items()}
    for name, value in examples.items():
        if name != "action_id":
            schema = {"type": "string", "examples": [value]}
            yield _documented(calls[0].source, {"name": name, "in": "query", "schema": schema})


def _call(call: Call) -> Node:
    body: Node = {}
    if call.request_example is not None:
        body = {"body": _ref("schemas", _body_name(call)), "bodyRequired": _body_required(call)}
    return {
        **_documented(call.source, {"name": call.name, "operation": call.command}),
        "edition": call.edition,
        "query": call.query,
        **body,
        "x-certainty": call.certainty,
        "x-command-fidelity": call.command_certainty,
    }


def _name(call: Call) -> str:
    """The command of *call*, with its path where calls with that command have several."""
    paths_of_command = {other.path for other in every_call() if other.command == call.command}
    return call.command if len(paths_of_command) == 1 else f"{call.command}_{_path_name(call)}"


def _path_name(call: Call) -> str:
    fixed = [part for part in call.path.split("/")[4:] if part and not part.startswith("{")]
    return "_".join(fixed[1:] or fixed)


# --- The body -------------------------------------------------------------------------------------


def _alternatives(call: Call) -> Iterator[list[Call]]:
    """The calls with the command and path of *call* that each edition tries one after the other."""
    same = [
        other for other in every_call() if (other.command, other.path) == (call.command, call.path)
    ]
    for edition in get_args(Edition):
        yield [other for other in same if other.edition in (edition, "any")] or same


def _tried_with(call: Call) -> list[Call]:
    """The alternatives that *call* is one of, in the first edition that has it."""
    return next(calls for calls in _alternatives(call) if call in calls)


def _conditions(calls: Sequence[Call]) -> list[Node]:
    """The schemas that a body has to fit, for a call that is tried as each of *calls*."""
    first = calls[0]
    conditions = [condition.schema for condition in first.body]
    asynchronous = [call.asynchronous_if for call in calls if call.asynchronous_if is not None]
    if first.synchronous_answer is None and len(asynchronous) == len(calls):
        conditions.append(_any_of(asynchronous))
    return conditions


def _body_name(call: Call) -> str:
    database, memory = map(_conditions, _alternatives(call))
    return _name(call) if database == memory else f"{_name(call)}.{call.edition}"


def _body_required(call: Call) -> bool:
    """Whether a call without a body, which counts as an empty object, is refused."""
    return any(map(_refuses_empty_body, _conditions(_tried_with(call))))


def _refuses_empty_body(schema: Node) -> bool:
    choices = schema.get("anyOf", ())
    return "required" in schema or (len(choices) > 0 and all(map(_refuses_empty_body, choices)))


# --- The answers ----------------------------------------------------------------------------------


def _submitted(calls: Sequence[Call], link: Node) -> Node:
    answers = [call.response_example for call in calls]
    answers += [call.synchronous_answer for call in calls if call.synchronous_answer is not None]
    shapes = _unique(map(_shape, answers))
    if any(call.refused_in_errors == 200 for call in calls):
        shapes.append(_ref("schemas", "RefusalInErrors"))
    pointers = _unique(
        "/jobId" if "jobId" in call.response_example else "/results/0/jobId"
        for call in calls
        if call.submits
    )
    targets = ["show_job", "hyg_delete_job" if "/hyg/" in calls[0].path else "delete_job"]
    examples = {
        f"{call.command}.{call.edition}": {"value": call.response_example} for call in calls
    }
    links: Node = {}
    for number, pointer in enumerate(pointers):
        parameters = link["parameters"] | {"job_id": f"$response.body#{pointer}"}
        for target in targets:
            operation = {"operationId": target, "parameters": parameters}
            links[f"{target}{number or ''}"] = link | operation
    node = {
        "description": "The submitted job.",
        "content": _json_body(shapes, examples),
        "links": links,
    }
    return _documented("the page of each call, see x-calls", node)


def _shape(value: Any, name: str = "") -> Node:
    """The schema of values like the example *value*, which is called *name*."""
    match value:
        case _ if name == "jobId":
            return _ref("schemas", "JobId")
        case dict():
            return {
                "type": "object",
                "required": [*value],
                "properties": {name: _shape(item, name) for name, item in value.items()},
                "additionalProperties": False,
            }
        case []:
            return {"type": "array", "maxItems": 0, "x-inferred": ["maxItems"]}
        case list():
            return {"type": "array", "items": _any_of(_unique(map(_shape, value)))}
        case str() | int() if name in ("jobType", "result"):  # they say what answer it is
            return {**_shape(value), "const": value}
        case str():
            return {"type": "string"}
        case int():
            return {"type": "integer"}
    return {"type": "null"}


def _refused(calls: Sequence[Call], refusals: Node) -> Node:
    """The shared *refusals*, the first with the examples that the calls have."""
    bodies = [_ref("schemas", "Refusal")]
    if any(call.refused_in_errors is not None for call in calls):
        bodies.append(_ref("schemas", "RefusalInErrors"))
    refused: Node = {}
    for status, response in refusals.items():
        examples = response["content"]["application/json"]["examples"]
        if status == "400":
            examples = examples | _refusals(calls)
        refused[status] = response | {"content": _json_body(bodies, examples)}
    return refused


def _refusals(calls: Sequence[Call]) -> Node:
    """The refusals on the pages of *calls*, each code and message once."""
    examples: dict[tuple[str, str], tuple[str, Node]] = {}
    for call in calls:
        refusals = {"unknown_graph": call.unknown_graph}
        if call.request_example is not None:
            refusals["malformed_body"] = call.malformed_body
            for number, condition in enumerate(call.body, 1):
                refusals[f"body_{number}"] = condition.refusal
        in_errors = call.refused_in_errors is not None
        for label, it in refusals.items():
            shaped = structs.replace(it, failed_result=call.failed_result, in_errors=in_errors)
            error = GesError(shaped, project_id=DEFAULT_PROJECT, graph_name=DEFAULT_GRAPH)
            value = replies.refusal(error, Settings()).payload
            example = {"summary": it.source, "value": value}
            examples.setdefault((it.code, it.message), (f"{_name(call)}.{label}", example))
    return dict(examples.values())


# --- Parts of a document --------------------------------------------------------------------------


def _documented(source: str, node: Node | None = None) -> Node:
    """*node*, as the page *source* documents it."""
    return {**(node or {}), "x-source": source, "x-fidelity": "documented"}


def _sources(calls: Sequence[Call]) -> str:
    return "; ".join(_unique(call.source for call in calls))


def _ref(kind: str, name: str) -> Node:
    return {"$ref": f"#/components/{kind}/{name}"}


def _json_body(schemas: Sequence[Node], examples: Node) -> Node:
    return {"application/json": {"schema": _any_of(schemas), "examples": examples}}


def _any_of(schemas: Sequence[Node]) -> Node:
    return schemas[0] if len(schemas) == 1 else {"anyOf": [*schemas]}


def _unique(values: Iterable[T]) -> list[T]:
    unique: list[T] = []
    for value in values:
        if value not in unique:
            unique.append(value)
    return unique
