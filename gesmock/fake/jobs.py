"""The operations on a graph's jobs: list them, show one, cancel one."""

import re
from collections.abc import Mapping
from functools import lru_cache

from gesmock.fake import list_faults
from gesmock.fake.project import Project
from gesmock.faults import MatchedFault
from gesmock.model import job_kinds, replies
from gesmock.model.errors import (
    AlgorithmFailed,
    GesError,
    JobHasEnded,
    NotCancellable,
    ParameterError,
    UnknownGraph,
    UnknownJob,
    UnknownJobToCancel,
    UnknownMemoryGraph,
    UnknownMemoryJob,
)
from gesmock.model.job_store import JobStore
from gesmock.model.messages import Reply, Request
from gesmock.model.replies import MemoryItems
from gesmock.model.rows import Page
from gesmock.model.settings import Settings
from gesmock.model.types import FINAL

_DECIMAL = re.compile(r"0*([0-9]{1,10})")
_LARGEST = 2**31 - 1  # the type is Integer (ges_03_0471); 32 bits are inferred


def list_jobs(project: Project, request: Request, fault: MatchedFault | None = None) -> Reply:
    """Querying the Job List (ges_03_0471, ges_03_0204): a page of the jobs, newest first.

    A list *fault* happens to the rows just before that.
    """
    graph, settings = _graph(project, request), project.settings
    offset, limit = _window(request.query, settings)
    if fault is None:
        page = graph.page(offset, limit, oldest_first=settings.order == "oldest_first")
    else:
        page = list_faults.page_after(fault, project, request.args["graph_name"], offset, limit)
    return _listed(project, graph, page)


def _listed(project: Project, graph: JobStore, page: Page) -> Reply:
    settings = project.settings
    if project.graphs.edition_of(graph) == "memory":
        items = MemoryItems(project.time.at(0), graph.now, project.graphs.seed, settings.id_key)
        timelines = graph.timelines(page)
        return replies.memory_list(
            page,
            lambda: [
                items.item(job, timelines.get(number), -number) for number, job in page.numbered()
            ],
        )
    return replies.job_list(page, settings)


def show_job(project: Project, request: Request) -> Reply:
    """Querying a Job (ges_03_0472, ges_03_0037): its status, and a page of its result's rows."""
    graph = _graph(project, request)
    edition = project.graphs.edition_of(graph)
    offset, limit = _window(request.query, project.settings)
    job_id = request.args["job_id"]
    if job_id not in graph:
        names = {"job_id": job_id}
        raise UnknownJob(**names) if edition == "database" else UnknownMemoryJob(**names)
    job, timeline = graph.job(job_id), graph.timeline(job_id)
    algorithm = job_kinds.algorithm(job)
    if job.status == "failed" and algorithm:
        raise AlgorithmFailed(job_id=job_id, reason=job_kinds.fail_reason(job, timeline))
    if job.status not in ("success", "complete", "partiallyFailed"):
        return replies.job_status(job, None, edition)
    if timeline is not None and isinstance(timeline.result, dict):
        data: Mapping[str, object] | None = timeline.result
    else:
        body = job_kinds.body_of(job)
        data = job_kinds.result(job.request.command, body, project.graphs.seed, job_id)
    paged = None if data is None else job_kinds.result_page(data, algorithm, offset, limit)
    return replies.job_status(job, paged, edition)


def delete_job(project: Project, request: Request) -> Reply:
    """Canceling a Job (ges_03_0038): it fails. For the database edition, this is inferred."""
    graph, job_id = _graph(project, request), request.args["job_id"]
    if job_id not in graph:
        raise UnknownJobToCancel(job_id=job_id)
    job = graph.job(job_id)
    if job.status in FINAL:
        raise JobHasEnded
    if not job_kinds.cancellable(job):
        raise NotCancellable
    project.graphs.cancel(job_id, request.args["graph_name"], 0, job_kinds.CANCELLED)
    return Reply(200, {})


def unknown_graph(settings: Settings, request: Request) -> GesError:
    """The refusal where there is no such graph, or project."""
    memory = settings.edition == "memory"
    return UnknownMemoryGraph(**request.args) if memory else UnknownGraph(**request.args)


def _graph(project: Project, request: Request) -> JobStore:
    graph = project.graphs.get(request.args["graph_name"])
    if graph is None:
        raise unknown_graph(project.settings, request)
    return graph


def _window(query: Mapping[str, str], settings: Settings) -> tuple[int, int]:
    """The offset and limit of *query*; ParameterError where they are not plain numbers."""
    if not query:
        return 0, settings.maximum_limit
    offset = _number(query.get("offset"), 0)
    limit = _number(query.get("limit"), settings.maximum_limit)
    if limit == 0 and settings.limit_zero == "refuse":
        raise ParameterError
    if limit > settings.maximum_limit and settings.limit_over_maximum == "refuse":
        raise ParameterError
    return offset, min(limit, settings.maximum_limit)


@lru_cache(maxsize=256)
def _number(text: str | None, absent: int) -> int:
    if text is None:
        return absent
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None or int(decimal[1]) > _LARGEST:
        raise ParameterError
    return int(decimal[1])
