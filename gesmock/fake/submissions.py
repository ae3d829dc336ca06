"""Submitting a job: one function for every asynchronous operation of the documentation's table."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from gesmock.fake.project import Project
from gesmock.model import documentation, listed_requests, replies
from gesmock.model.documentation import AsynchronousOperation, Refusal
from gesmock.model.errors import GesError, Refused
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import JobRequest
from gesmock.model.listed_requests import Body
from gesmock.model.messages import Reply, Request
from gesmock.model.settings import Settings
from gesmock.model.timeline import DeleteGraph, Effect, EraseJob
from gesmock.model.types import Edition

_UNSUPPORTED: Final = Refusal("GES.8814", "Unsupported API.", "ges_03_0332 (here inferred)")
_UNKNOWN_JOB: Final = Refusal(
    "GES.8301", "can not find job, jobId is {job_id}", "ges_03_0037 (for exports inferred)"
)


def submit(project: Project, request: Request) -> Reply:
    """Submit a job: it stands first in the list, and lives by the plan that the rules give it."""
    name = request.args["graph_name"]
    graph = project.graphs.get(name)
    if graph is None:
        raise unknown_graph(project.settings, request)
    edition = project.graphs.edition_of(graph)
    rows = rows_of(request, edition)
    body = _body(rows[0], request)
    for check in _checks(rows[0].name):
        if not check.accepts(body):
            raise _refused(rows[0], check.refusal, request)
    row = next((row for row in rows if _is_asynchronous(row, body, edition)), None)
    if row is None:
        if rows[0].synchronous_answer is None:
            raise _refused(rows[0], _UNSUPPORTED, request)
        return Reply(200, rows[0].synchronous_answer)
    effect = _effect(row, graph, body, request)
    job = project.submit(_job_request(row, request), name, effect)
    return Reply(200, _answer(row, job.job_id), job_id=job.job_id)


def unknown_graph(settings: Settings, request: Request) -> GesError:
    """The refusal where there is no such graph, or project."""
    row = rows_of(request, settings.edition)[0]
    return _refused(row, row.unknown_graph, request)


def rows_of(request: Request, edition: Edition) -> list[AsynchronousOperation]:
    """What the documentation has for this operation at this URL, in this *edition*.

    Inferred: a call that only the other edition documents is served too.
    """
    names = request.args.keys()
    rows = [
        row
        for row in documentation.operations()
        if row.command == request.operation and _names(row.path) == names
    ]
    return [row for row in rows if row.edition in (edition, "any")] or rows


@cache
def _names(path: str) -> frozenset[str]:
    return frozenset(part[1:-1] for part in path.split("/") if part.startswith("{"))


def _refused(row: AsynchronousOperation, refusal: Refusal, request: Request) -> Refused:
    return Refused(
        refusal.code,
        refusal.message.format_map(request.args),
        status=row.refused_in_errors or 400,
        failed_result=row.failed_result,
        in_errors=row.refused_in_errors is not None,
    )


# --- The body -----------------------------------------------------------------------------------


def _body(row: AsynchronousOperation, request: Request) -> Body:
    """The body of *request*, an object; an empty one where none is documented."""
    if row.request_example is None:
        return {}
    if not isinstance(request.body, dict):
        raise _refused(row, row.malformed_body, request)
    return request.body


class _Check:
    """A JSON Schema, and the refusal of what it does not accept."""

    def __init__(self, schema: dict[str, Any], refusal: Refusal) -> None:
        import fastjsonschema  # 6 ms that only submissions should cost

        self._validate: Callable[[Body], Any] = fastjsonschema.compile(schema, use_default=False)
        self._invalid = fastjsonschema.JsonSchemaValueException
        self.refusal = refusal

    def accepts(self, body: Body) -> bool:
        """Whether *body* is as it has to be."""
        try:
            self._validate(body)
        except self._invalid:
            return False
        return True


@cache
def _checks(name: str) -> list[_Check]:
    """The checks of the row called *name*, compiled when they are first needed."""
    row = _row(name)
    return [_Check(check.schema, check.refusal) for check in row.body]


@cache
def _condition(name: str) -> _Check | None:
    row = _row(name)
    schema = row.asynchronous_if
    return None if schema is None else _Check(schema, _UNSUPPORTED)


@cache
def _row(name: str) -> AsynchronousOperation:
    return next(row for row in documentation.operations() if row.name == name)


def _is_asynchronous(row: AsynchronousOperation, body: Body, edition: Edition) -> bool:
    if row.synchronous_in_the_other_edition and row.edition != edition:
        return False
    condition = _condition(row.name)
    return condition is None or condition.accepts(body)


# --- The job ------------------------------------------------------------------------------------


def _job_request(row: AsynchronousOperation, request: Request) -> JobRequest:
    names = request.args
    url = listed_requests.url(row, names, request.query)
    if row.request_example is None:
        return JobRequest(row.command, url, "")
    listed = listed_requests.normalised(row.command, names["graph_name"], request.clean)
    return JobRequest(row.command, url, replies.encode(listed).decode())


def _effect(
    row: AsynchronousOperation, graph: JobStore, body: Body, request: Request
) -> Effect | None:
    """What the job does to the graph at its good end."""
    if row.command == "delete_graph":
        return DeleteGraph()
    if "job_id" not in request.args:
        return None
    job_id = request.args["job_id"]
    if job_id not in graph:
        # The HyG page has one refusal for all (ges_03_0530).
        hyg = row.command.startswith("hyg_")
        raise _refused(row, row.malformed_body if hyg else _UNKNOWN_JOB, request)
    # By default the exported job is deleted (ges_03_0172, ges_03_0530).
    return EraseJob(job_id) if body.get("erase", True) else None


def _answer(row: AsynchronousOperation, job_id: str) -> Any:
    """The answer of *row*'s page, with *job_id* in the place of the example's."""
    example = row.response_example
    shown = example["jobId"] if "jobId" in example else example["results"][0]["jobId"]
    return _with(example, shown, job_id)


def _with(value: Any, shown: str, job_id: str) -> Any:
    match value:
        case dict():
            return {key: _with(item, shown, job_id) for key, item in value.items()}
        case list():
            return [_with(item, shown, job_id) for item in value]
    return job_id if value == shown else value
