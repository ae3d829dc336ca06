"""The calls that make a job, as the document has them: made from ``documented/operations.json``.

OpenAPI tells operations apart by method and path; the service tells some by ``action_id`` and the
graph's edition too. Those share an operation here, whose body is any of theirs; ``x-calls`` names
each, with its action, edition, body and sources.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

import fastjsonschema

from gesmock.contract.facts import LIMITS, Node, concluded, documented, example, json_body, ref
from gesmock.contract.jobs import link
from gesmock.contract.refusals import Told, of_the_page, responses
from gesmock.model import documentation
from gesmock.model.documentation import AsynchronousOperation
from gesmock.model.settings import Settings
from gesmock.model.types import Edition

_EDITIONS: Final[tuple[Edition, ...]] = get_args(Edition)


def schemas() -> Node:
    """The bodies of the calls, each under its operation's name and edition."""
    return {
        body_name(row): _body(_group(row))
        for row in documentation.operations()
        if row.request_example is not None
    }


def paths(settings: Settings) -> Node:
    """The paths of the calls."""
    found: dict[tuple[str, str], list[AsynchronousOperation]] = {}
    for row in documentation.operations():
        found.setdefault((row.path, row.method), []).append(row)
    made: Node = {}
    for (path, method), rows in found.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        made.setdefault(path, {"parameters": [_place(name) for name in names]})
        made[path][method.lower()] = _operation(rows, settings)
    return made


def _place(name: str) -> Node:
    if name in ("project_id", "graph_name", "job_id"):
        return ref("parameters", name)
    source = {"index_name": "ges_03_0058, ges_03_0455", "commit": "ges_03_0553"}[name]
    schema = concluded({"type": "string", "minLength": 1}, "minLength")
    return documented(source, **{"name": name, "in": "path", "required": True, "schema": schema})


def _operation(rows: Sequence[AsynchronousOperation], settings: Settings) -> Node:
    actions = list(
        dict.fromkeys(row.query["action_id"] for row in rows if "action_id" in row.query)
    )
    commands = list(dict.fromkeys(row.command for row in rows))
    first = rows[0]
    operation: Node = {
        "operationId": called(first) if len(commands) == 1 else f"post_{_tail(first)}",
        "tags": ["submissions"],
        "summary": first.name if len(commands) == 1 else f"Submit a job: {', '.join(actions)}",
        **documented("; ".join(dict.fromkeys(row.source for row in rows))),
        "parameters": [*_query(rows, actions), ref("parameters", "X-Language")],
        "responses": {"200": _made(rows), **_refused(rows, settings)},
        "x-calls": [_call(row) for row in rows],
    }
    bodies = list(dict.fromkeys(body_name(row) for row in rows if row.request_example is not None))
    if bodies:
        operation["requestBody"] = {
            "required": all(_wants_a_body(row) for row in rows),
            "content": json_body(
                _any([ref("schemas", name) for name in bodies]),
                {body_name(row): example(row.request_example, row.source) for row in rows},
            ),
        }
    return operation


def _wants_a_body(row: AsynchronousOperation) -> bool:
    """Whether a call without a body is refused: an empty object stands for none."""
    try:
        fastjsonschema.validate({"allOf": _conditions(_group(row))}, {}, use_default=False)
    except fastjsonschema.JsonSchemaValueException:
        return True
    return False


def _query(rows: Sequence[AsynchronousOperation], actions: Sequence[str]) -> Iterator[Node]:
    if actions:
        schema = {"type": "string", "enum": [*actions]}
        yield documented(
            "ges_03_0468 and the page of each call",
            **{"name": "action_id", "in": "query", "required": True, "schema": schema},
        )
    for name in dict.fromkeys(name for row in rows for name in row.query if name != "action_id"):
        value = next(row.query[name] for row in rows if name in row.query)
        yield documented(
            rows[0].source,
            **{"name": name, "in": "query", "schema": {"type": "string", "examples": [value]}},
        )


def _call(row: AsynchronousOperation) -> Node:
    body: Node = {}
    if row.request_example is not None:
        body = {"body": ref("schemas", body_name(row)), "bodyRequired": _wants_a_body(row)}
    fact = documented(row.source, name=row.name, operation=row.command)
    return {
        **fact,
        "edition": row.edition,
        "query": row.query,
        **body,
        "synchronousInTheOtherEdition": row.synchronous_in_the_other_edition,
        "x-certainty": row.certainty,
        "x-command-fidelity": row.command_certainty,
    }


# --- The body -----------------------------------------------------------------------------------


def called(row: AsynchronousOperation) -> str:
    """What the call is called: like its operation, and its path where that has several."""
    same = {one.path for one in documentation.operations() if one.command == row.command}
    return row.command if len(same) == 1 else f"{row.command}_{_tail(row)}"


def _tail(row: AsynchronousOperation) -> str:
    fixed = [part for part in row.path.split("/")[4:] if part and not part.startswith("{")]
    return "_".join(fixed[1:] or fixed)


def body_name(row: AsynchronousOperation) -> str:
    """What the body of *row* is called among the schemas."""
    one, other = (_conditions(_rows(row, edition)) for edition in _EDITIONS)
    return called(row) if one == other else f"{called(row)}.{row.edition}"


def _group(row: AsynchronousOperation) -> list[AsynchronousOperation]:
    """The rows that are tried where *row* is."""
    return next(rows for edition in _EDITIONS if row in (rows := _rows(row, edition)))


def _rows(row: AsynchronousOperation, edition: str) -> list[AsynchronousOperation]:
    """The rows with the command and path of *row* that are for this *edition*."""
    same = [
        one
        for one in documentation.operations()
        if (one.command, one.path) == (row.command, row.path)
    ]
    return [one for one in same if one.edition in (edition, "any")] or same


def _conditions(rows: Sequence[AsynchronousOperation]) -> list[Node]:
    """What a body has to be, for a call that is tried as *rows* one after the other."""
    first = rows[0]
    parts = [check.schema for check in first.body]
    asynchronous = [row.asynchronous_if for row in rows]
    if first.synchronous_answer is None and None not in asynchronous:
        parts.append(_any([one for one in asynchronous if one is not None]))
    return parts


def _body(rows: Sequence[AsynchronousOperation]) -> Node:
    return documented(
        "; ".join(dict.fromkeys(row.source for row in rows)),
        **{"x-certainty": rows[0].certainty},
        type="object",
        allOf=[_told(schema) for schema in _conditions(rows)],
    )


_TOLD: Final = ("indexName", "strLength")
"""The parts of a body whose limits are documented (ges_03_0454, ges_03_0490).

That an empty text or list is none, and how many indexes one call may build, is inferred.
"""


def _told(schema: Any, name: str = "") -> Any:
    """*schema* of the part of a body that is called *name*, with its inferred limits named."""
    if isinstance(schema, list):
        return [_told(one, name) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made: Node = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {part: _told(one, part) for part, one in value.items()}
        else:
            made[key] = _told(value, name)
    return concluded(made, *(() if name in _TOLD else [one for one in LIMITS if one in schema]))


def _any(schemas: Sequence[Node]) -> Node:
    return schemas[0] if len(schemas) == 1 else {"anyOf": [*schemas]}


# --- The answers --------------------------------------------------------------------------------


def _made(rows: Sequence[AsynchronousOperation]) -> Node:
    answers = [row.response_example for row in rows]
    answers += [row.synchronous_answer for row in rows if row.synchronous_answer is not None]
    shapes: list[Node] = []
    for answer in answers:
        if (shape := _shape(answer)) not in shapes:
            shapes.append(shape)
    if any(row.refused_in_errors == 200 for row in rows):
        shapes.append(ref("schemas", "RefusalInErrors"))
    pointers = dict.fromkeys(
        "/jobId" if "jobId" in row.response_example else "/results/0/jobId" for row in rows
    )
    targets = ["show_job", "hyg_delete_job" if "/hyg/" in rows[0].path else "delete_job"]
    return documented(
        "the page of each call, see x-calls",
        description="The job that was made.",
        content=json_body(
            _any(shapes),
            {f"{row.command}.{row.edition}": example(row.response_example) for row in rows},
        ),
        links={
            f"{target}{number or ''}": link(target, pointer)
            for number, pointer in enumerate(pointers)
            for target in targets
        },
    )


_NONE: Final = concluded({"maxItems": 0}, "maxItems")


def _shape(value: Any) -> Node:
    """What values are like of which *value* is the example."""
    match value:
        case dict():
            return {
                "type": "object",
                "required": [*value],
                "properties": {name: _named_shape(name, item) for name, item in value.items()},
                "additionalProperties": False,
            }
        case list():
            kinds = [_shape(item) for item in value]
            unique = [kind for at, kind in enumerate(kinds) if kind not in kinds[:at]]
            return {"type": "array", **({"items": _any(unique)} if unique else _NONE)}
        case str():
            return {"type": "string"}
        case int():
            return {"type": "integer"}
    return {"type": "null"}


def _named_shape(name: str, value: Any) -> Node:
    """Of fields that tell the kind of an answer, the value is part of the shape."""
    if name == "jobId":
        return ref("schemas", "JobId")
    if name in ("jobType", "result"):
        return {**_shape(value), "const": value}
    return _shape(value)


def _refused(rows: Sequence[AsynchronousOperation], settings: Settings) -> Node:
    refused: dict[tuple[str, str], Told] = {}
    for row in rows:
        kinds = {
            "failed_result": row.failed_result,
            "in_errors": row.refused_in_errors is not None,
        }
        name = called(row)
        several = [("unknown_graph", row.unknown_graph)]
        if row.request_example is not None:
            several.append(("malformed_body", row.malformed_body))
            several += [(f"body_{at}", check.refusal) for at, check in enumerate(row.body, 1)]
        for label, refusal in several:
            told = of_the_page(f"{name}.{label}", refusal, **kinds)
            refused.setdefault((refusal.code, refusal.message), told)
    in_errors = any(row.refused_in_errors is not None for row in rows)
    return responses(settings, refused.values(), in_errors=in_errors)
