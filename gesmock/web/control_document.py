"""The control API as an OpenAPI document: its schemas are those of the structs it reads and writes.

A test compares what it says with the routes.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

import gesmock
from gesmock.contract.nodes import VERSION, Node, json_body, ref
from gesmock.model.names import GraphName, ProjectId
from gesmock.model.types import STATUSES
from gesmock.web import control_answers as answers
from gesmock.web import paths
from gesmock.web.control_calls import CALLS, Told

_GIVEN: Final = {"not": {"type": "null"}}
_FAULT_OR_SCRIPT: Final = [
    {
        "required": ["fault"],
        "properties": {"fault": _GIVEN, "script": {"type": "null"}},
    },
    {
        "required": ["script"],
        "properties": {
            "script": _GIVEN,
            "fault": {"type": "null"},
            "every": {"const": 1},
            "times": {"type": "null"},
            "probability": {"const": 1},
            "nth": {"type": "null"},
        },
    },
]
_BEYOND: Final[Mapping[str, Node]] = {
    "Fault rule": {"oneOf": _FAULT_OR_SCRIPT},
    "ArmedInjection": {"oneOf": _FAULT_OR_SCRIPT},
}
"""What no type says, and msgspec does not tell of a struct."""

_PLACE: Final = re.compile(r"<(?:path:)?(\w+)>")
_REFUSALS: Final = {
    400: "The input is wrong; every error is named.",
    401: "The control token is missing or wrong.",
    403: "The caller, its page or its host name may not.",
    404: "What is named does not exist.",
    409: "It clashes with what is there, or what was waited for has not come.",
    413: "The body is too long.",
    415: "Content-Type: application/json is wanted.",
}


@cache
def control_document() -> Node:
    """The control API, for the default project and for others."""
    made: Node = {}
    for (method, rule), told in CALLS.items():
        for prefix in ("", "projects/<project_id>/"):
            path = f"{paths.CONTROL}/" + _PLACE.sub(r"{\1}", prefix + rule)
            places = _PLACE.findall(prefix + rule)
            item = made.setdefault(path, {"parameters": [ref("parameters", at) for at in places]})
            item[method.lower()] = _operation(method, rule, told, of_project=bool(prefix))
    used = {kind for told in CALLS.values() for kind in (told.answer, *told.body) if kind}
    return {
        "openapi": VERSION,
        "info": {
            "title": "The control API of gesmock",
            "version": gesmock.__version__,
            "description": "What a test in another process may do. Callers on this machine need no "
            "token, unless one is set.",
        },
        "servers": [{"url": "/"}],
        "security": [{"control": []}, {}],
        "paths": made,
        "components": {
            "parameters": _places(),
            "schemas": _schemas(used | {answers.Refused}),
            "securitySchemes": {"control": {"type": "http", "scheme": "bearer"}},
        },
    }


def _places() -> Node:
    plain = {name: {"type": "string"} for name in ("job_id", "plan_id", "fault_id")}
    schemas = {**plain, "project_id": _inline(ProjectId), "graph": _inline(GraphName)}
    return {
        name: {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in schemas.items()
    }


def _schemas(kinds: Iterable[type[Struct]]) -> Node:
    template = "#/components/schemas/{name}"
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, found = msgspec.json.schema_components(ordered, ref_template=template)
    found = msgspec.json.decode(msgspec.json.encode(found))  # a default may be a tuple
    for schema in found.values():
        schema["description"] = " ".join(schema.get("description", "").split())
    for name, changes in _BEYOND.items():
        if name in found:
            found[name] |= changes
    if "Generator" in found:
        [counts, _] = found["Generator"]["properties"]["statuses"]["anyOf"]
        counts["propertyNames"] = {"enum": [*STATUSES]}
    return dict(sorted(found.items()))


def _inline(kind: Any) -> Node:
    schema: Node = msgspec.json.schema(kind)
    return schema


def _operation(method: str, rule: str, told: Told, *, of_project: bool) -> Node:
    noun = _PLACE.sub("one", rule).replace("/", "_").replace(".", "_")
    refusals = {400: bool(told.body or told.query or of_project), 401: True, 403: True}
    refusals |= {404: told.missing or of_project, 409: True}
    refusals |= dict.fromkeys((413, 415), bool(told.body))
    schema = {"type": "object"} if told.answer is None else _ref(told.answer)
    operation: Node = {
        "operationId": f"{method.lower()}_{noun}{'_of_project' * of_project}",
        "tags": [rule.partition("/")[0]],
        "summary": told.summary,
        "parameters": [] if told.query is None else _query(told.query),
        "responses": {
            str(told.status): {"description": told.summary, "content": json_body(schema)},
            **{
                str(status): {
                    "description": _REFUSALS[status],
                    "content": json_body(_ref(answers.Refused)),
                }
                for status, may_be in refusals.items()
                if may_be
            },
        },
    }
    if told.body:
        kinds = [_ref(kind) for kind in told.body]
        body = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        operation["requestBody"] = {"required": True, "content": json_body(body)}
    return operation


def _ref(kind: type[Struct]) -> Node:
    return ref("schemas", kind.__name__)


def _query(kind: type[Struct]) -> list[Node]:
    fields: Node = _schemas([kind])[kind.__name__]["properties"]
    told = []
    for name, schema in fields.items():
        present = _present(schema)
        kinds = {"array": {"style": "form", "explode": False}}
        if present.get("type") != "object":  # those are spelled otherwise: query.limit=10
            several = kinds.get(present.get("type", ""), {})
            told.append({"name": name, "in": "query", "schema": present, **several})
    return told


def _present(schema: Node) -> Node:
    """*schema* without null: a query parameter is absent instead."""
    if "anyOf" not in schema:
        return schema
    [kept] = [one for one in schema["anyOf"] if one != {"type": "null"}]
    found: Node = kept
    return found
