"""The operations on HyG jobs, which are listed with the graph's others (ges_03_0533)."""

from typing import Final

from gesmock.fake.project import Project
from gesmock.model import job_kinds
from gesmock.model.clock import NANOSECONDS
from gesmock.model.errors import GesError, JobHasEnded, UnknownHygGraph, UnknownJobToCancel
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import Job
from gesmock.model.messages import Reply, Request
from gesmock.model.settings import Settings
from gesmock.model.types import FINAL

_DELAY: Final = 1 * NANOSECONDS
"""How long a running job takes to stop: "with delay" (ges_03_0533), a second is inferred."""


def hyg_delete_job(project: Project, request: Request) -> Reply:
    """Cancel a HyG job: at once while it is queued, with delay while it is running."""
    graph, job_id = _graph(project, request), request.args["job_id"]
    if job_id not in graph or not _is_hyg(graph.job(job_id)):
        raise UnknownJobToCancel(job_id=job_id)
    job = graph.job(job_id)
    if job.status in FINAL:
        raise JobHasEnded
    _cancel(project, request, job)
    return Reply(200, {"result": "success"})


def hyg_delete_jobs(project: Project, request: Request) -> Reply:
    """Cancel every HyG job that is still queued."""
    graph = _graph(project, request)
    for job in graph.all_jobs():
        if job.status == "pending" and _is_hyg(job):
            _cancel(project, request, job)
    return Reply(200, {"result": "success"})


def unknown_graph(_settings: Settings, request: Request) -> GesError:
    """The refusal where there is no such graph, or project."""
    return UnknownHygGraph(**request.args)


def _graph(project: Project, request: Request) -> JobStore:
    graph = project.graphs.get(request.args["graph_name"])
    if graph is None:
        raise unknown_graph(project.settings, request)
    return graph


def _is_hyg(job: Job) -> bool:
    return job.request.command.startswith("hyg_")


def _cancel(project: Project, request: Request, job: Job) -> None:
    delay = _DELAY if job.status == "running" else 0
    project.graphs.cancel(job.job_id, request.args["graph_name"], delay, job_kinds.CANCELLED)
