"""The operations on a graph's jobs: list them, show one, cancel some; and the list faults."""

import re
from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Final, assert_never, cast

import msgspec

from gesmock.fake.graphs import edition_of
from gesmock.fake.project import Project
from gesmock.fake.refusals import unknown_graph
from gesmock.faults import MatchedFault, kinds
from gesmock.model import documentation, errors, job_kinds, listed_requests, replies
from gesmock.model.clock import NANOSECONDS
from gesmock.model.errors import GesError
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.messages import Reply, Request
from gesmock.model.replies import MemoryList
from gesmock.model.rows import Page
from gesmock.model.settings import Settings
from gesmock.model.types import FINAL, LONGEST_KEY, GoodEnd

_DECIMAL: Final = re.compile(r"0*([0-9]{1,10})")
_LARGEST: Final = 2**31 - 1  # the type is Integer (ges_03_0471); 32 bits are inferred

_HYG_DELAY: Final = 1 * NANOSECONDS
"""How long a running HyG job takes to stop: "with delay" (ges_03_0533); a second is inferred."""

_AROUND: Final = 500
"""``finish_jobs`` looks for unfinished jobs among this many rows."""

_INSERTED: Final = "import_graph"


def list_jobs(project: Project, request: Request, fault: MatchedFault | None = None) -> Reply:
    """Querying the Job List (ges_03_0471, ges_03_0204): a page of jobs, in the set order.

    A list *fault* changes the list first.
    """
    graph, settings = _graph(project, request), project.graphs.settings
    offset, limit = _window(request.query, settings)
    if fault is None:
        page = graph.page(offset, limit, oldest_first=settings.order == "oldest_first")
    else:
        page = _page_after(fault, project, request.args["graph_name"], offset, limit)
    if edition_of(graph, settings) == "database":
        return replies.job_list(page, settings)
    memory = MemoryList(project.time.at(0), graph.now, project.graphs.seed, settings.id_key)
    return memory.reply(page, graph.timelines(page))


def show_job(project: Project, request: Request) -> Reply:
    """Querying a Job (ges_03_0472, ges_03_0037): its status, and a page of its result's rows."""
    graph, settings = _graph(project, request), project.settings
    edition = edition_of(graph, settings)
    offset, limit = _window(request.query, settings)
    job_id = request.args["job_id"]
    if job_id not in graph:
        unknown = errors.UNKNOWN_JOB if edition == "database" else errors.UNKNOWN_MEMORY_JOB
        raise GesError(unknown, job_id=job_id)
    job, timeline = graph.job(job_id), graph.timeline(job_id)
    algorithm = job_kinds.algorithm(job)
    if job.status == "failed" and algorithm:
        reason = job_kinds.fail_reason(job, timeline)
        raise GesError(errors.ALGORITHM_FAILED, failed_job=job_id, reason=reason)
    if job.status not in ("success", "complete", "partiallyFailed"):
        return replies.job_status(job, None, edition)
    result: Mapping[str, object] | None
    if timeline is not None and isinstance(timeline.result, dict):
        result = timeline.result
    elif job.request.command == "summary" and graph.summary is not None:
        result = graph.summary
    else:
        body = job_kinds.body_of(job)
        result = job_kinds.result(job.request.command, body, project.graphs.seed, job_id)
    paged = None if result is None else job_kinds.result_page(result, algorithm, offset, limit)
    return replies.job_status(job, paged, edition)


def delete_job(project: Project, request: Request) -> Reply:
    """Canceling a Job (ges_03_0038): it ends as ``failed``."""
    job = _unfinished(project, request)
    if not job_kinds.cancellable(job):
        raise GesError(errors.NOT_CANCELLABLE)
    _cancel(project, request, job)
    return Reply(200, {})


def hyg_delete_job(project: Project, request: Request) -> Reply:
    """Cancel a HyG job (ges_03_0533): at once while it is queued, later while it is running."""
    job = _unfinished(project, request, prefix="hyg_")
    _cancel(project, request, job, _HYG_DELAY if job.status == "running" else 0)
    return Reply(200, {"result": "success"})


def hyg_delete_jobs(project: Project, request: Request) -> Reply:
    """Cancel every HyG job that is still queued (ges_03_0533)."""
    for job in _graph(project, request).all_jobs():
        if job.status == "pending" and job.request.command.startswith("hyg_"):
            _cancel(project, request, job)
    return Reply(200, {"result": "success"})


def _graph(project: Project, request: Request) -> JobStore:
    graph = project.graphs.get(request.args["graph_name"])
    if graph is None:
        raise unknown_graph(request, project.settings.edition)
    return graph


def _unfinished(project: Project, request: Request, prefix: str = "") -> Job:
    """The job to cancel, if its command starts with *prefix*."""
    graph, job_id = _graph(project, request), request.args["job_id"]
    if job_id not in graph or not graph.job(job_id).request.command.startswith(prefix):
        raise GesError(errors.UNKNOWN_JOB_TO_CANCEL, job_id=job_id)
    job = graph.job(job_id)
    if job.status in FINAL:
        raise GesError(errors.JOB_HAS_ENDED)
    return job


def _cancel(project: Project, request: Request, job: Job, delay: int = 0) -> None:
    project.graphs.cancel(job.job_id, request.args["graph_name"], delay, job_kinds.CANCELLED)


def _window(query: Mapping[str, str], settings: Settings) -> tuple[int, int]:
    """The offset and limit of *query*; raises GesError for what is no number, or is refused."""
    offset = _number(query.get("offset"), 0)
    limit = _number(query.get("limit"), settings.maximum_limit)
    if limit == 0 and settings.limit_zero == "refuse":
        raise GesError(errors.PARAMETER_ERROR)
    if limit > settings.maximum_limit and settings.limit_over_maximum == "refuse":
        raise GesError(errors.PARAMETER_ERROR)
    return offset, min(limit, settings.maximum_limit)


def _number(text: str | None, absent: int) -> int:
    if text is None:
        return absent
    return _remembered(text) if len(text) <= LONGEST_KEY else _decimal(text)


def _decimal(text: str) -> int:
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None or int(decimal[1]) > _LARGEST:
        raise GesError(errors.PARAMETER_ERROR)
    return int(decimal[1])


_remembered: Final = lru_cache(maxsize=256)(_decimal)


# --- List faults: none takes longer for a longer list -------------------------------------------


def _page_after(fault: MatchedFault, project: Project, name: str, offset: int, limit: int) -> Page:
    """The page of graph *name* that a client gets, after *fault* has changed the list."""
    rng = Random(fault.draw_seed)  # noqa: S311 no secret
    list_fault = cast("kinds.EveryListFault", fault.fault)
    match list_fault:
        case kinds.InsertJobs(count):
            _insert(project, name, count)
        case kinds.RemoveJobs(count):
            _remove(project, name, count, offset, rng)
        case kinds.FinishJobs(count):
            around = _page(project, name, max(offset - _AROUND // 2, 0), _AROUND)
            unfinished = [job for job in around if job.status not in FINAL]
            for job in rng.sample(unfinished, min(count, len(unfinished))):
                status = _end_of(job.request.command, project, name)
                project.graphs.move(job.job_id, Move(status), name)
        case kinds.CapLimit(most):
            limit = min(limit, most)
        case kinds.ShrinkTotal() | kinds.RepeatRow():
            pass  # these change the page
        case _:
            assert_never(list_fault)
    page = _page(project, name, offset, limit)
    match list_fault:
        case kinds.ShrinkTotal(count):
            return Page(page.parts, max(page.total - count, 0), page.oldest_first)
        case kinds.RepeatRow() if page.parts:
            parts = [*page.parts]
            index = rng.randrange(len(parts))
            block, begin, end = parts[index]
            row = rng.randrange(begin, end)
            twice = [(block, begin, row + 1), (block, row, end)]
            parts[index : index + 1] = twice[::-1] if page.oldest_first else twice
            return Page(parts, page.total, page.oldest_first)
    return page


def _page(project: Project, name: str, offset: int, limit: int) -> Page:
    oldest_first = project.settings.order == "oldest_first"
    return project.graphs.get_or_new(name).page(offset, limit, oldest_first=oldest_first)


def _insert(project: Project, name: str, count: int) -> None:
    """Add imports that have ended."""
    graphs, row = project.graphs, documentation.by_command()[_INSERTED]
    names = {"project_id": project.project_id, "graph_name": name}
    body = msgspec.json.encode(listed_requests.normalised(_INSERTED, name, {})).decode()
    request = JobRequest(_INSERTED, listed_requests.url(row, names, row.query), body)
    status = _end_of(_INSERTED, project, name)
    for _ in range(count):
        graphs.add(Job(graphs.new_job_id(name), status, request), name)


def _remove(project: Project, name: str, count: int, offset: int, rng: Random) -> None:
    """Remove jobs from before the page; if there are none, from anywhere."""
    for _ in range(count):
        total = _page(project, name, 0, 0).total
        among = min(offset, total) or total
        if among:
            [job] = _page(project, name, rng.randrange(among), 1)
            project.graphs.remove(job.job_id, name)


def _end_of(command: str, project: Project, name: str) -> GoodEnd:
    edition = edition_of(project.graphs.get(name), project.settings)
    return project.settings.finished(command, edition)
