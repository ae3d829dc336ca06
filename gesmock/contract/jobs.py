"""The operations on jobs, as the document has them: list them, show one, cancel some."""

from collections.abc import Iterable
from typing import Any, Final

from gesmock.contract import lists
from gesmock.contract.facts import Node, concluded, documented, example, inferred, json_body, ref
from gesmock.contract.refusals import PLACES, Told, responses, told
from gesmock.model.errors import (
    AlgorithmFailed,
    JobHasEnded,
    NotCancellable,
    UnknownGraph,
    UnknownHygGraph,
    UnknownJob,
    UnknownJobToCancel,
    UnknownMemoryGraph,
    UnknownMemoryJob,
)
from gesmock.model.settings import Settings

JOB_ID: Final = "4ae64af4226f9b91a469c7e609e00b800000382489090"
"""A job of the page's example."""

LARGEST_NUMBER: Final = 2**31 - 1
"""The type is Integer (ges_03_0471); that it has 32 bits is inferred."""

_G: Final = "/ges/v1.0/{project_id}/graphs/{graph_name}"
_H: Final = "/ges/v1.0/{project_id}/hyg/{graph_name}"


def parameters(settings: Settings) -> Node:
    """The parameters that several operations share."""
    refuses = settings.limit_over_maximum == "refuse"
    highest = settings.maximum_limit if refuses else LARGEST_NUMBER
    lowest = 0 if settings.limit_zero == "empty" else 1
    # The documented maximum is the default too; a server may have another one.
    known = settings.maximum_limit == lists.MAXIMUM
    inferred_limits = [] if known and refuses else ["maximum"]
    inferred_limits += [] if known else ["default"]
    return {
        "project_id": _parameter(
            "project_id",
            "ges_03_0471, 2025-11-28",
            "The project: letters and digits.",
            {"type": "string", "pattern": "^[A-Za-z0-9]{1,64}$", "minLength": 1, "maxLength": 64},
            "854d9316e71d4dc599c5f27ea323d445",
        ),
        "graph_name": _parameter(
            "graph_name",
            "ges_03_0471, which has no rule for it",
            "The graph. Rules for creating one are on other pages, and differ.",
            concluded({"type": "string", "minLength": 1}, "minLength"),
            "ges_j60071198_hdfs_fdb",
        ),
        "job_id": _parameter(
            "job_id",
            "ges_03_0472, ges_03_0037",
            "The job, as the list or the answer to its submission names it.",
            concluded({"type": "string", "minLength": 1}, "minLength"),
            JOB_ID,
        ),
        "limit": _parameter(
            "limit",
            "ges_03_0471, 2025-11-28",
            "How many come back at most: 100000 by default, which is the maximum. What happens "
            "above it, and with 0, is inferred.",
            concluded(
                {
                    "type": "integer",
                    "minimum": lowest,
                    "maximum": highest,
                    "default": settings.maximum_limit,
                },
                "minimum",
                *inferred_limits,
            ),
            None,
            **{"x-settings": ["limit_over_maximum", "limit_zero", "maximum_limit"]},
        ),
        "offset": _parameter(
            "offset",
            "ges_03_0471, 2025-11-28",
            "How many are left out before.",
            concluded(
                {"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER, "default": 0},
                "minimum",
                "maximum",
            ),
        ),
        "X-Language": {
            **documented("ges_03_0121: mandatory in copies up to 2024; no answer depends on it"),
            "name": "X-Language",
            "in": "header",
            "schema": {"type": "string", "examples": ["en-us", "zh-cn"]},
        },
    }


def _parameter(
    name: str, source: str, text: str, schema: Node, shown: str | None = None, **extra: Any
) -> Node:
    in_path = name.endswith(("_id", "_name"))
    place = {"in": "path", "required": True} if in_path else {"in": "query"}
    return documented(
        source,
        name=name,
        **place,
        description=text,
        schema=schema,
        **({} if shown is None else {"example": shown}),
        **extra,
    )


def paths(settings: Settings) -> Node:
    """The paths below which jobs are."""
    cancel_refusals = told(UnknownJobToCancel(job_id=JOB_ID), JobHasEnded(), NotCancellable())
    job_path = {"parameters": _refs("project_id", "graph_name", "job_id")}
    return {
        f"{_G}/jobs/status": {
            "parameters": _refs("project_id", "graph_name"),
            "get": _list_jobs(settings),
        },
        f"{_G}/jobs/{{job_id}}/status": {**job_path, "get": _show_job(settings)},
        f"{_G}/jobs/{{job_id}}": {
            **job_path,
            "delete": _cancel(
                settings,
                "delete_job",
                "Cancel a job",
                documented("ges_03_0038"),
                {"type": "object", "maxProperties": 0},
                [*told(UnknownMemoryGraph(**PLACES)), *cancel_refusals],
                "Documented for the memory edition; for the database edition inferred. What "
                "becomes of the job is inferred: it has failed.",
            ),
        },
        f"{_H}/jobs/{{job_id}}": {
            **job_path,
            "delete": _cancel(
                settings,
                "hyg_delete_job",
                "Cancel a HyG job",
                documented("ges_03_0533, 2025-08-22"),
                _result(),
                [*told(UnknownHygGraph(**PLACES)), *cancel_refusals[:2]],
                "At once while it is queued, with delay while it is running.",
            ),
        },
        f"{_H}/jobs": {
            "parameters": _refs("project_id", "graph_name"),
            "delete": _cancel(
                settings,
                "hyg_delete_jobs",
                "Cancel every HyG job that is still queued",
                documented("ges_03_0533, 2025-08-22"),
                _result(),
                told(UnknownHygGraph(**PLACES)),
                "Those that are running go on.",
            ),
        },
    }


def _refs(*names: str) -> list[Node]:
    return [ref("parameters", name) for name in names]


def _list_jobs(settings: Settings) -> Node:
    known = documented("ges_03_0471, ges_03_0204", **{"x-setting": "edition"})
    return {
        "operationId": "list_jobs",
        "tags": ["jobs"],
        "summary": "Querying the Job List",
        "description": "The jobs of a graph; the order, newest first by default, is inferred.",
        **documented("ges_03_0471, 2025-08-22; ges_03_0204, 2025-11-28"),
        "parameters": _refs("limit", "offset", "X-Language"),
        "responses": {
            "200": {
                "description": "A page of the list, in the shape of the graph's edition.",
                **known,
                "content": json_body(
                    {"anyOf": [ref("schemas", "JobList"), ref("schemas", "MemoryJobList")]},
                    {
                        "database": example(lists.example_list(settings), "ges_03_0471"),
                        "memory": example(lists.memory_example(settings), "ges_03_0204"),
                    },
                ),
                "links": {
                    "show_job": link("show_job", f"/jobs/0/{lists.id_keys(settings)[0]}"),
                },
            },
            **responses(settings, told(UnknownMemoryGraph(**PLACES)), told(UnknownGraph(**PLACES))),
        },
    }


def _show_job(settings: Settings) -> Node:
    reason = "Running algorithm [shortest_path] error: parameter [source] is invalid!"
    refused = told(
        UnknownJob(job_id=JOB_ID),
        UnknownMemoryJob(job_id=JOB_ID),
        AlgorithmFailed(job_id=JOB_ID, reason=reason),
        UnknownMemoryGraph(**PLACES),
    )
    found = {"path": ["46", "133", "130", "78"], "source": "46", "target": "78"}
    rows = {"data_return_size": 0, "vertices": [], "data_offset": 0, "data_total_size": 19}
    return {
        "operationId": "show_job",
        "tags": ["jobs"],
        "summary": "Querying a Job",
        "description": "Its status, and its result once it has ended well. limit and offset page "
        "the rows of the result.",
        **documented("ges_03_0472, 2025-08-22; ges_03_0037"),
        "parameters": _refs("limit", "offset", "X-Language"),
        "responses": {
            "200": documented(
                "ges_03_0472, ges_03_0037",
                description="The job, in the shape of the graph's edition.",
                content=json_body(
                    {"anyOf": [ref("schemas", "JobStatus"), ref("schemas", "MemoryJobStatus")]},
                    {
                        "database": example(
                            {"status": "complete", "data": {"outputs": found}, "result": "success"},
                            "ges_03_0472",
                        ),
                        "memory": example(
                            {"data": {"outputs": rows}, "status": "success"}, "ges_03_0037"
                        ),
                    },
                ),
            ),
            **responses(settings, refused, told(UnknownGraph(**PLACES))),
        },
    }


def _cancel(
    settings: Settings,
    operation: str,
    summary: str,
    fact: Node,
    schema: Node,
    refused: Iterable[Told],
    text: str,
) -> Node:
    known = told(UnknownGraph(**PLACES)) if operation == "delete_job" else ()
    return {
        "operationId": operation,
        "tags": ["jobs"],
        "summary": summary,
        "description": text,
        **fact,
        "parameters": _refs("X-Language"),
        "responses": {
            "200": {"description": "It is cancelled.", **fact, "content": json_body(schema)},
            **responses(settings, refused, known),
        },
    }


def _result() -> Node:
    return {
        "type": "object",
        "required": ["result"],
        "properties": {"result": {"const": "success", "type": "string"}},
        "additionalProperties": False,
    }


def link(operation: str, pointer: str) -> Node:
    """The *operation* on the job whose id stands at this *pointer* in an answer."""
    return inferred(
        "ids are those of the list and of submissions",
        operationId=operation,
        parameters={
            "project_id": "$request.path.project_id",
            "graph_name": "$request.path.graph_name",
            "job_id": f"$response.body#{pointer}",
        },
    )
