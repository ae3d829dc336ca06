"""The shapes of the document: what the job list and a job's status answer."""

import json
from typing import Final

from gesmock.contract.facts import Node, concluded, documented, inferred, ref
from gesmock.fake import fixtures
from gesmock.model.settings import Settings
from gesmock.model.types import EDITION_STATUSES

EXAMPLE: Final = "page_example"
"""The fixture that holds the page's own example (ges_03_0471)."""

MAXIMUM: Final = 100_000
"""Jobs that come back at most, and by default (ges_03_0471, ges_03_0204)."""

_BLANK: Final = documented("ges_03_0471: may be blank on success", const="", type="string")
_TIME: Final = r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})?$"


_IDS: Final = {"jobId": ["jobId"], "job_id": ["job_id"], "both": ["jobId", "job_id"]}
"""The keys of an id, by the setting ``id_key``."""


def id_keys(settings: Settings) -> list[str]:
    """The keys under which a listed job's id stands."""
    return _IDS[settings.id_key]


def example_list(settings: Settings) -> Node:
    """The list answer of the page (ges_03_0471)."""
    answer: Node = json.loads(fixtures.find(EXAMPLE).read_bytes())
    return {**answer, "jobs": [_with_ids(job, settings) for job in answer["jobs"]]}


def memory_example(settings: Settings) -> Node:
    """A list answer of the memory edition (ges_03_0204, 2025-11-28; shortened)."""
    reason = "Running algorithm [shortest_path] error: parameter [source] is invalid!"
    raw_request = '{"algorithmName":"shortest_path","parameters":{"source":"0000","target":"38"}}'
    job = {
        "jobId": "b236a002-6acb-40cd-acca-bc3eb96b807d001680206",
        "rawRequest": raw_request,
        "taskType": "Algorithm",
        "canStop": False,
        "progress": "100",
        "startTime": "2024-05-23 09:54:00",
        "failReason": reason,
        "endTime": "2024-05-23 09:54:00",
        "status": "failed",
    }
    return {"jobs": [_with_ids(job, settings)], "result": "success"}


def _with_ids(job: Node, settings: Settings) -> Node:
    others = {name: value for name, value in job.items() if name != "jobId"}
    return {**dict.fromkeys(id_keys(settings), job["jobId"]), **others}


def schemas(settings: Settings) -> Node:
    """The shapes, as these *settings* have them."""
    ids = id_keys(settings)
    return {
        "JobId": concluded(
            documented("ges_03_0471, ges_03_0204", type="string", minLength=1), "minLength"
        ),
        "JobList": _list(settings, ref("schemas", "Job"), "ges_03_0471, 2025-08-22", counted=True),
        "Job": _job(ids),
        "JobRequest": _request(),
        "MemoryJobList": _list(
            settings, ref("schemas", "MemoryJob"), "ges_03_0204, 2025-11-28", counted=False
        ),
        "MemoryJob": _memory_job(ids),
        "JobStatus": _job_status(),
        "MemoryJobStatus": _memory_job_status(),
        "Outputs": _outputs(),
    }


def _list(settings: Settings, item: Node, source: str, *, counted: bool) -> Node:
    jobs = documented(
        source + "; the table says Object, the example is a list",
        type="array",
        items=item,
        maxItems=settings.maximum_limit,
    )
    if settings.maximum_limit != MAXIMUM:
        jobs = concluded(jobs, "maxItems")
    total = concluded(documented(source, type="integer", minimum=0), "minimum")
    total["description"] = "All jobs of the graph, before paging (inferred)."
    counts: Node = {"totalCount": total} if counted else {}
    return documented(
        source,
        type="object",
        required=["jobs", *counts, "result"],
        properties={
            "jobs": jobs,
            **counts,
            "result": documented(source, const="success", type="string"),
            "errorMessage": _BLANK,
            "errorCode": _BLANK,
        },
        additionalProperties=False,
    )


def _job(ids: list[str]) -> Node:
    status = documented(
        "ges_03_0471, 2025-08-22", type="string", enum=[*EDITION_STATUSES["database"]]
    )
    return documented(
        "example of ges_03_0471, 2025-08-22",
        type="object",
        required=[*ids, "status", "request"],
        properties={
            **dict.fromkeys(ids, ref("schemas", "JobId")),
            "status": status,
            "request": ref("schemas", "JobRequest"),
        },
        additionalProperties=False,
    )


def _request() -> Node:
    return documented(
        "example of ges_03_0471, 2025-08-22",
        type="object",
        required=["command", "url"],
        properties={
            "command": documented(
                "ges_03_0471; of its values only import_graph and batch_build_index are documented",
                type="string",
            ),
            "url": documented("ges_03_0471: path and query", type="string"),
            "rawRequest": documented(
                "ges_03_0471: compact JSON in a string; that it may be empty: inferred",
                type="string",
                anyOf=[
                    {"contentMediaType": "application/json"},
                    concluded({"maxLength": 0}, "maxLength"),
                ],
            ),
        },
        additionalProperties=False,
    )


def _memory_job(ids: list[str]) -> Node:
    source = "ges_03_0204, 2025-11-28"
    time = documented(source + "; UTC, and empty before there is one: inferred", type="string")
    time = concluded({**time, "pattern": _TIME}, "pattern")
    files = inferred(
        source + ": the excerpt ends after fileName, total...",
        type="object",
        properties={
            "fileName": {"type": "string"},
            "totalLines": {"type": "integer"},
            "failedLines": {"type": "integer"},
            "successfulLines": {"type": "integer"},
        },
    )
    kinds = {key: {"type": "array", "items": files} for key in ("edgeFiles", "vertexFiles")}
    return documented(
        source,
        type="object",
        required=[*ids, "rawRequest", "taskType", "canStop", "progress", "status"],
        properties={
            **dict.fromkeys(ids, ref("schemas", "JobId")),
            "rawRequest": documented(source, type="string"),
            "taskType": documented(source, type="string", examples=["Algorithm", "ImportGraph"]),
            "canStop": documented(source, type="boolean"),
            "progress": documented(
                "example of ges_03_0204", type="string", pattern="^(100|[1-9]?[0-9])$"
            ),
            "startTime": time,
            "failReason": documented(source + ": only of failed jobs", type="string"),
            "endTime": time,
            "status": documented(source, type="string", enum=[*EDITION_STATUSES["memory"]]),
            "files": documented(
                source + ": only of imports",
                type="array",
                items={"type": "object", "properties": kinds},
            ),
        },
        additionalProperties=False,
    )


def _outputs() -> Node:
    return documented(
        "ges_03_0037, ges_03_0446, ges_03_0465, ges_03_0472",
        type="object",
        description="What the job found; the sizes stand below outputs, as in the examples.",
        properties={
            "outputs": documented(
                "example of ges_03_0037",
                type="object",
                properties={
                    name: concluded({"type": "integer", "minimum": 0}, "minimum")
                    for name in ("data_return_size", "data_offset", "data_total_size")
                },
            )
        },
    )


def _job_status() -> Node:
    return documented(
        "ges_03_0472, 2025-08-22",
        type="object",
        required=["status", "result"],
        properties={
            "status": documented(
                "ges_03_0472", type="string", enum=[*EDITION_STATUSES["database"]]
            ),
            "data": ref("schemas", "Outputs"),
            "result": documented("ges_03_0472", const="success", type="string"),
        },
        additionalProperties=False,
    )


def _memory_job_status() -> Node:
    return documented(
        "ges_03_0037, 2025",
        type="object",
        required=["status"],
        properties={
            "data": ref("schemas", "Outputs"),
            "status": documented("ges_03_0037", type="string", enum=[*EDITION_STATUSES["memory"]]),
        },
        additionalProperties=False,
    )
