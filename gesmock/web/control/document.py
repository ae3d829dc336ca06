"""Every control call, and the OpenAPI document that describes them."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

import gesmock
from gesmock.fake.project import Project
from gesmock.faults import Error, FaultRule
from gesmock.model.generators import Generator
from gesmock.model.types import STATUSES
from gesmock.server.wsgi import EVENT_STREAM
from gesmock.web.control import faults, jobs, journal, metrics, state
from gesmock.web.control.api import PATH_TYPES, ErrorBody, call
from gesmock.web.guard import CONTROL

Node = dict[str, Any]
"""A part of an OpenAPI document."""

_NULL: Final = {"type": "null"}
_SET: Final = {"not": _NULL}
_UNSET: Final = {"not": _SET}  # generators of clients know no property that is always null
_FAULT_OR_SCRIPT: Final = {
    "oneOf": [
        {"required": ["fault"], "properties": {"fault": _SET, "script": _UNSET}},
        {
            "required": ["script"],
            "properties": {
                "script": _SET,
                "fault": _UNSET,
                "every": {"const": 1},
                "times": _UNSET,
                "probability": {"const": 1},
                "nth": _UNSET,
            },
        },
    ]
}
_EXTRAS: Final[Mapping[str, Node]] = {
    FaultRule.__name__: _FAULT_OR_SCRIPT,
    faults.ArmedFaultBody.__name__: _FAULT_OR_SCRIPT,
}
"""What ``__post_init__`` demands, which msgspec's schemas do not have."""

_NAME: Final = re.compile(r"<(?:path:)?(\w+)>")
_REFUSALS: Final = {
    400: "The input is wrong; every error is listed.",
    401: "The control token is missing or wrong.",
    403: "The caller, its page or its host name is not allowed.",
    404: "Something that the call names does not exist.",
    409: "It conflicts with the present state, or the wait timed out.",
    413: "The body is too long.",
    415: "Content-Type must be application/json.",
    501: "Only gesmock's own server sends events.",
    503: "Too many streams are open.",
}


@call("GET", "openapi.json", summary="Describe the control API")
def describe(project: Project) -> dict[str, Any]:
    document = control_document()
    components = document["components"]
    parameters: Node = components["parameters"]
    with project.lock:
        names = served_names(project)
    names["graph"] = names.pop("graph_name")
    examples = {name: parameters[name] | {"example": example} for name, example in names.items()}
    return document | {"components": components | {"parameters": parameters | examples}}


def served_names(project: Project) -> dict[str, str]:
    """The project, its first graph and the newest job that has not failed, by parameter."""
    names = {"project_id": project.project_id, "graph_name": project.graphs.default}
    page = project.graphs.get_or_new(project.graphs.default).page(0, 100)
    job_ids = (job.job_id for job in page if job.status != "failed")
    if (job_id := next(job_ids, None)) is not None:
        names["job_id"] = job_id
    return names


CALLS: Final = (
    describe,
    *(
        declared
        for module in (state, jobs, faults, journal, metrics)
        for declared in vars(module).values()
        if isinstance(declared, call)
    ),
)


@cache
def control_document() -> Node:
    """The document, in which each call is for the default project and for any other."""
    paths: Node = {}
    parameters: Node = {}
    for each in CALLS:
        for rule in each.rules:
            names = _NAME.findall(rule)
            for name in names:
                schema = msgspec.json.schema(PATH_TYPES.get(name, str))
                parameters[name] = {"name": name, "in": "path", "required": True, "schema": schema}
            operation = _operation(each, of_project="project_id" in names)
            in_path = [{"$ref": f"#/components/parameters/{name}"} for name in names]
            operation["parameters"][:0] = in_path  # Swagger UI misses those of the path at times
            item = paths.setdefault(f"{CONTROL}/" + _NAME.sub(r"{\1}", rule), {})
            item[each.method.lower()] = operation
    structs = {struct for each in CALLS for struct in (each.answer, *each.bodies) if struct}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "The control API of gesmock",
            "version": gesmock.__version__,
            "description": "What a test in another process may do. Callers on this machine need no "
            "token, unless one is set.",
        },
        "servers": [{"url": "/"}],
        "security": [{"control": []}, {}],
        "paths": paths,
        "components": {
            "parameters": parameters,
            "schemas": _schemas({*structs, ErrorBody}),
            "securitySchemes": {"control": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(structs: Iterable[type[Struct]]) -> Node:
    ordered = sorted(structs, key=lambda struct: struct.__name__)
    template = "#/components/schemas/{name}"
    _, components = msgspec.json.schema_components(ordered, ref_template=template)
    text = msgspec.json.encode(components).replace(b'schemas/Error"', b'schemas/ErrorFault"')
    schemas: dict[str, Node] = msgspec.json.decode(text)
    if Error.__name__ in schemas:  # in TypeScript, Error is a name of the language
        schemas["ErrorFault"] = schemas.pop(Error.__name__)
    _spell_out(schemas)
    for name, schema in schemas.items():
        schema["description"] = " ".join(schema.get("description", "").split())
        schema.update(_EXTRAS.get(name, {}))
    if Generator.__name__ in schemas:
        [counts, _] = schemas[Generator.__name__]["properties"]["statuses"]["anyOf"]
        counts["propertyNames"] = {"enum": [*STATUSES]}
    return dict(sorted(schemas.items()))


def _spell_out(node: Any) -> None:
    """Add what client generators need and msgspec leaves out: ``items``, and ``oneOf``."""
    if isinstance(node, dict):
        if node.get("type") == "array":
            node.setdefault("items", {})
        if "discriminator" in node:
            node["oneOf"] = node.pop("anyOf")
    if isinstance(node, dict | list):
        for item in node.values() if isinstance(node, dict) else node:
            _spell_out(item)


def _operation(each: call, *, of_project: bool) -> Node:
    noun = _NAME.sub("one", each.path).replace("/", "_").replace(".", "_")
    possible = {400, 401, 403, 409}
    if each.bodies:
        possible |= {413, 415}
    if each.may_miss or of_project or "_id>" in each.path:
        possible.add(404)
    if each.is_stream:
        possible |= {501, 503}
    schema = {"type": "object"} if each.answer is None else _ref(each.answer)
    content = _json(schema)
    if each.is_text:
        content = {"text/plain": {"schema": {"type": "string"}}}
    elif each.is_stream:
        content = {EVENT_STREAM: {}}  # OpenAPI 3.1 has no schema for its events
    operation: Node = {
        "operationId": f"{each.method.lower()}_{noun}{'_of_project' * of_project}",
        "tags": [each.path.partition("/")[0]],
        "summary": each.summary,
        "parameters": _query_parameters(each.query),
        "responses": {
            str(each.status): {"description": each.summary, "content": content},
            **{
                str(status): {"description": _REFUSALS[status], "content": _json(_ref(ErrorBody))}
                for status in sorted(possible)
            },
        },
    }
    if each.is_stream:
        header = {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}}
        operation["parameters"].append(header)
    if each.bodies:
        bodies = [_ref(struct) for struct in each.bodies]
        body = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
        operation["requestBody"] = {"required": True, "content": _json(body)}
    return operation


def _query_parameters(query: type[Struct]) -> list[Node]:
    parameters = []
    for name, schema in _schemas([query])[query.__name__]["properties"].items():
        # A query parameter is absent instead of null.
        [present] = [each for each in schema.get("anyOf", [schema]) if each != _NULL]
        style = {"style": "form", "explode": False} if present.get("type") == "array" else {}
        if present.get("type") != "object":  # whose items are parameters: query.limit=10
            parameters.append({"name": name, "in": "query", "schema": present, **style})
    return parameters


def _json(schema: Node) -> Node:
    return {"application/json": {"schema": schema}}


def _ref(struct: type[Struct]) -> Node:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}
