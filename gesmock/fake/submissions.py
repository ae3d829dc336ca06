"""The calls of the documentation's table: one function submits their jobs, or answers at once."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import msgspec

from gesmock.fake import queries
from gesmock.fake.graphs import MOST_SUBMITTED, edition_of
from gesmock.fake.project import Project
from gesmock.fake.refusals import refusal_of, unknown_graph
from gesmock.model import documentation, listed_requests
from gesmock.model.documentation import DocumentedCall
from gesmock.model.errors import FULL_GRAPH, UNKNOWN_MEMORY_JOB, GesError, Refusal
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import JobRequest
from gesmock.model.listed_requests import Body
from gesmock.model.messages import Encoded, Reply, Request
from gesmock.model.timeline import DeleteGraph, Effect, EraseJob, Timeline

_UNSUPPORTED: Final = Refusal("GES.8814", "Unsupported API.", "ges_03_0332 (here inferred)")


def submit(project: Project, request: Request) -> Reply:
    """Submit a job: it comes first in the list, and progresses by the plan that the rules choose.

    A call that submits no job is answered at once.
    """
    name, settings = request.args["graph_name"], project.graphs.settings
    graph = project.graphs.get(name)
    edition = edition_of(graph, settings)
    if graph is None:
        raise unknown_graph(request, edition)
    rows = documentation.calls_of(request.operation, frozenset(request.args), edition)
    first, body = rows[0], request.body
    if first.request_example is None:  # no body is documented
        body = {}
    elif not isinstance(body, dict):
        raise refusal_of(first, first.malformed_body, request)
    for condition, validate in zip(first.body, _validators(first.name), strict=False):
        if not _accepts(validate, body):
            raise refusal_of(first, condition.refusal, request)
    row = next((row for row in rows if _is_asynchronous(row, body)), None)
    if row is None:
        if first.synchronous_answer is None:
            raise refusal_of(first, _UNSUPPORTED, request)
        return queries.answer_at_once(project, request, first, graph, edition)
    effect = _effect(row, graph, body, request)
    raw = ""
    if row.request_example is not None:
        listed = listed_requests.normalised(row.command, name, request.clean)
        raw = msgspec.json.encode(listed).decode()
    url = listed_requests.url(row, request.args, request.query)
    if not graph.has_room(len(url) + len(raw), MOST_SUBMITTED):
        raise GesError(FULL_GRAPH)
    plan = project.plans.take(row.command, name)
    finished = settings.finished(row.command, edition)
    timeline = Timeline.of(plan, finished, edition, graph.now, effect)
    job_id = project.graphs.new_job_id(name)
    project.graphs.submit(job_id, JobRequest(row.command, url, raw), name, graph, timeline)
    project.submitted = True
    return Reply(200, _answer(row.response_example, job_id), job_id=job_id)


# --- The body -----------------------------------------------------------------------------------

_Validator = Callable[[Body], Any]


@cache
def _validators(name: str) -> Sequence[_Validator]:
    """What checks a body for the row *name*: its conditions, then ``asynchronous_if``."""
    import fastjsonschema  # takes 6 ms; only submissions need it

    row = next(row for row in documentation.calls() if row.name == name)
    schemas = [*(condition.schema for condition in row.body), row.asynchronous_if or {}]
    return [fastjsonschema.compile(schema, use_default=False) for schema in schemas]


def _accepts(validate: _Validator, body: Body) -> bool:
    try:
        validate(body)
    except ValueError:  # fastjsonschema's own class would have to be imported
        return False
    return True


def _is_asynchronous(row: DocumentedCall, body: Body) -> bool:
    return row.asynchronous_if is None or _accepts(_validators(row.name)[-1], body)


# --- The job ------------------------------------------------------------------------------------


def _effect(row: DocumentedCall, graph: JobStore, body: Body, request: Request) -> Effect | None:
    """What the job does to the graph when it ends well."""
    if row.command == "delete_graph":
        return DeleteGraph()
    if "job_id" not in request.args:
        return None
    job_id = request.args["job_id"]
    if job_id not in graph:
        # The HyG page has one refusal for all (ges_03_0530); the other is inferred for exports.
        hyg = row.command.startswith("hyg_")
        raise refusal_of(row, row.malformed_body if hyg else UNKNOWN_MEMORY_JOB, request)
    # By default the exported job is deleted (ges_03_0172, ges_03_0530).
    return EraseJob(job_id) if body.get("erase", True) else None


def _answer(example: Body, job_id: str) -> Encoded:
    """The answer in the page's *example*, with *job_id* wherever that names its own job."""
    documented = example["jobId"] if "jobId" in example else example["results"][0]["jobId"]
    return Encoded([msgspec.json.encode(example).replace(documented.encode(), job_id.encode())])
