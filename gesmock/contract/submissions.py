"""The calls that submit a job or answer at once, as parts of the document.

They are made from ``documented/operations.json``.
OpenAPI tells operations apart by method and path; the service also by ``action_id`` and by the
graph's edition. Calls that share a method and a path are one operation here, whose body is that of
any of them; ``x-calls`` lists each with its action, edition, body and sources.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, get_args

from msgspec import structs

from gesmock.contract.parts import (
    Node,
    RefusalResponses,
    any_of,
    documented,
    json_body,
    ref,
    unique,
)
from gesmock.model import documentation
from gesmock.model.documentation import DocumentedCall as Call
from gesmock.model.errors import Refusal
from gesmock.model.types import Edition

_REQUIRED: Final = {("update_label", "label")}
"""Commands, each with a parameter that it requires besides ``action_id``."""


def served_calls(editions: Collection[Edition], *, strict: bool) -> list[Call]:
    """The calls that these *editions* have; unless *strict*, also those that none of them has."""
    groups: dict[tuple[str, ...], list[Call]] = {}
    for call in documentation.calls():
        key = (call.method, call.path, call.query.get("action_id", ""))
        groups.setdefault(key, []).append(call)
    chosen: list[Call] = []
    for calls in groups.values():
        theirs = [call for call in calls if call.edition in ("any", *editions)]
        chosen += theirs if theirs or strict else calls
    return chosen


def paths(calls: Sequence[Call], answers: Node, link: Node, refused: RefusalResponses) -> Node:
    """The paths of *calls*.

    *answers* names the schema of what a command answers at once, if its example has only one of
    several shapes; *link* leads to the job.
    """
    by_operation: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        by_operation.setdefault((call.path, call.method), []).append(call)
    items: Node = {}
    for (path, method), same in by_operation.items():
        item = items.setdefault(path, {})
        item[method.lower()] = _operation(same, answers, link, refused)
    return items


def schemas(calls: Sequence[Call]) -> Node:
    """The schema of each body of *calls*, by the name of the body."""
    bodies: Node = {}
    for call in calls:
        if call.request_example is not None:
            tried = _tried_with(call)
            certainty, conditions = tried[0].certainty, _conditions(tried)
            node = {"x-certainty": certainty, "type": "object", "allOf": conditions}
            bodies[_body_name(call)] = documented(_sources(tried), node)
    return bodies


def _operation(calls: Sequence[Call], answers: Node, link: Node, refused: RefusalResponses) -> Node:
    first = calls[0]
    actions = unique(call.query["action_id"] for call in calls if "action_id" in call.query)
    alone = len({call.command for call in calls}) == 1
    refusals = refused.examples(more=_refusals(calls))
    in_errors = any(call.refused_in_errors is not None for call in calls)
    operation: Node = {
        "operationId": _name(first) if alone else f"post_{_path_name(first)}",
        "tags": ["submissions" if any(call.submits for call in calls) else "queries"],
        "summary": first.name if alone else f"Submit a job: {', '.join(actions)}",
        **documented(_sources(calls)),
        "parameters": [
            *(ref("parameters", name) for name in re.findall(r"\{(\w+)\}", first.path)),
            *_query(calls, actions),
            ref("parameters", "X-Language"),
        ],
        "responses": {
            "200": _success(calls, answers, link, refusals.get("200", {})),
            **refused.responses(refusals, in_errors=in_errors),
        },
        "x-calls": [_call(call) for call in calls],
    }
    if first.request_example is not None:
        names = unique(map(_body_name, calls))
        examples = {
            _body_name(call): {"summary": call.source, "value": call.request_example}
            for call in calls
        }
        operation["requestBody"] = {
            "required": all(map(_body_required, calls)),
            "content": json_body([ref("schemas", name) for name in names], examples),
        }
    return operation


def _query(calls: Sequence[Call], actions: Sequence[str]) -> Iterator[Node]:
    if actions:
        schema: Node = {"type": "string", "enum": actions}
        action = {"name": "action_id", "in": "query", "required": True, "schema": schema}
        yield documented("ges_03_0468 and the page of each call", action)
    examples = {name: value for call in reversed(calls) for name, value in call.query.items()}
    for name, value in examples.items():
        if name != "action_id":
            schema = {"type": "string"}
            required = {"required": True} if (calls[0].command, name) in _REQUIRED else {}
            schema |= {"minLength": 1, "x-inferred": ["minLength"]} if required else {}
            parameter = {
                "name": name,
                "in": "query",
                **required,
                "schema": schema,
                "example": value,
            }
            yield documented(calls[0].source, parameter)


def _call(call: Call) -> Node:
    body: Node = {}
    if call.request_example is not None:
        body = {
            "body": ref("schemas", _body_name(call)),
            "bodyRequired": _body_required(call),
            "keys": call.keys,
        }
    return {
        **documented(call.source, {"name": call.name, "operation": call.command}),
        "edition": call.edition,
        "query": call.query,
        **body,
        "x-certainty": call.certainty,
        "x-command-fidelity": call.command_certainty,
    }


def _name(call: Call) -> str:
    """The command of *call*, with its path if calls with that command have several."""
    paths_of_command = {
        other.path for other in documentation.calls() if other.command == call.command
    }
    return call.command if len(paths_of_command) == 1 else f"{call.command}_{_path_name(call)}"


def _path_name(call: Call) -> str:
    fixed = [part for part in call.path.split("/")[4:] if part and not part.startswith("{")]
    return "_".join(fixed[1:] or fixed)


def _sources(calls: Sequence[Call]) -> str:
    return "; ".join(unique(call.source for call in calls))


# --- The body -------------------------------------------------------------------------------------


def _alternatives(call: Call) -> Iterator[Sequence[Call]]:
    """For each edition, the calls that it tries in turn if *call* may be meant."""
    names = frozenset(re.findall(r"\{(\w+)\}", call.path))
    for edition in get_args(Edition):
        yield documentation.calls_of(call.command, names, edition)


def _tried_with(call: Call) -> Sequence[Call]:
    """The alternatives to *call*, which is one of them, in the first edition that has it."""
    return next(calls for calls in _alternatives(call) if call in calls)


def _conditions(calls: Sequence[Call]) -> list[Node]:
    """The schemas that a body has to fit if *calls* are tried in turn."""
    first = calls[0]
    conditions = [condition.schema for condition in first.body]
    asynchronous = [call.asynchronous_if for call in calls if call.asynchronous_if is not None]
    if first.synchronous_answer is None and len(asynchronous) == len(calls):
        conditions.append(any_of(asynchronous))
    return conditions


def _body_name(call: Call) -> str:
    """The name of *call*, with its edition if the bodies of the editions differ."""
    database, memory = map(_conditions, _alternatives(call))
    return _name(call) if database == memory else f"{_name(call)}.{call.edition}"


def _body_required(call: Call) -> bool:
    """Whether a call without a body, which counts as an empty object, is refused."""
    return any(map(_refuses_empty_body, _conditions(_tried_with(call))))


def _refuses_empty_body(schema: Node) -> bool:
    choices = schema.get("anyOf", ())
    return "required" in schema or (len(choices) > 0 and all(map(_refuses_empty_body, choices)))


# --- The answers ----------------------------------------------------------------------------------


def _success(calls: Sequence[Call], answers: Node, link: Node, refusals: Node) -> Node:
    """The response with the submitted job, with what is answered at once, or a refusal in 200."""
    shapes: list[Node] = []
    examples: Node = {}
    for call in calls:
        name = f"{call.command}.{call.edition}"
        examples[name] = {"value": call.response_example}
        if call.synchronous_answer is not None:
            at_once = {"value": call.synchronous_answer}
            examples |= {f"{name}.at_once": at_once} if call.submits else {}
            schema = answers.get(call.command)
            shapes.append(ref("schemas", schema) if schema else _shape(call.synchronous_answer))
        if call.submits:
            shapes.append(_shape(call.response_example))
    if refusals:
        shapes.append(ref("schemas", "RefusalInErrors"))
    pointers = unique(
        "/jobId" if "jobId" in call.response_example else "/results/0/jobId"
        for call in calls
        if call.submits
    )
    targets = ["show_job", "hyg_delete_job" if "/hyg/" in calls[0].path else "delete_job"]
    links: Node = {}
    for number, pointer in enumerate(pointers):
        parameters = link["parameters"] | {"job_id": f"$response.body#{pointer}"}
        for target in targets:
            operation = {"operationId": target, "parameters": parameters}
            links[f"{target}{number or ''}"] = link | operation
    node = {
        "description": "The submitted job." if pointers else "The answer; no job is made.",
        "content": json_body(unique(shapes), examples | refusals),
        "links": links,
    }
    return documented("the page of each call, see x-calls", node)


def _shape(value: Any, name: str = "") -> Node:
    """The schema of values like the example *value*, which is called *name*."""
    match value:
        case _ if name == "jobId":
            return ref("schemas", "JobId")
        case dict():
            return {
                "type": "object",
                "required": [*value],
                "properties": {name: _shape(item, name) for name, item in value.items()},
                "additionalProperties": False,
            }
        case []:
            return {"type": "array", "items": {}, "maxItems": 0, "x-inferred": ["maxItems"]}
        case list():
            return {"type": "array", "items": any_of(unique(map(_shape, value)))}
        case str() | int() if name in ("jobType", "result"):  # they tell answers apart
            return {**_shape(value), "const": value}
        case str():
            return {"type": "string"}
        case int():
            return {"type": "integer"}
    return {}


def _refusals(calls: Sequence[Call]) -> Iterator[tuple[str, Refusal]]:
    """The refusals on the pages of *calls*, each status, code and message once."""
    keys = set()
    for call in calls:
        status, in_errors = call.refused_in_errors or 400, call.refused_in_errors is not None
        refusals = {"unknown_graph": call.unknown_graph}
        if call.request_example is not None:
            refusals["malformed_body"] = call.malformed_body
            for number, condition in enumerate(call.body, 1):
                refusals[f"body_{number}"] = condition.refusal
        for label, it in refusals.items():
            key = (status, it.code, it.message)
            if key not in keys:
                keys.add(key)
                shape = {"failed_result": call.failed_result, "in_errors": in_errors}
                yield f"{_name(call)}.{label}", structs.replace(it, status=status, **shape)
