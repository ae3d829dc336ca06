"""Waiting for a job, in real time, without anyone being held up."""

from collections.abc import Collection

from gesmock.fake.project import Project
from gesmock.model.clock import real_time
from gesmock.model.errors import Conflict, NotFound, TimedOut
from gesmock.model.jobs import Job
from gesmock.model.types import FINAL, JobStatus


def wait_for_job(
    project: Project,
    job_id: str,
    wanted: Collection[JobStatus],
    timeout_s: float,
    graph: str | None = None,
) -> tuple[str, Job]:
    """The graph of the job *job_id*, and the job, as soon as it has one of the *wanted* statuses.

    Raises TimedOut, which names the last status, after *timeout_s* real seconds, or as soon as the
    job has ended in another one; Conflict where the project is reset, or the server stopped,
    meanwhile; NotFound where there is no such job.
    """
    until = real_time() + timeout_s
    with project.lock:
        graphs = project.graphs
        name, job = graphs.find(job_id, graph)
        while job.status not in wanted:
            left_s = until - real_time()
            if job.status in FINAL:
                raise TimedOut(f"{_seen(job)}, which is final; {_listed(wanted)} was waited for")
            if left_s <= 0:
                hint = "; the clock is frozen" if graphs.clock.timing.frozen else ""
                raise TimedOut(
                    f"{_seen(job)} still, after {timeout_s:g} s; "
                    f"{_listed(wanted)} was waited for{hint}"
                )
            try:
                graphs.await_change(name, left_s)
            except Conflict as error:
                raise Conflict(f"{error}; {_seen(job)} at last") from None
            try:
                name, job = graphs.find(job_id, name)
            except NotFound:
                raise TimedOut(f"job {job_id!r} is gone; it was {job.status} at last") from None
        return name, job


def _seen(job: Job) -> str:
    return f"job {job.job_id!r} is {job.status}"


def _listed(wanted: Collection[JobStatus]) -> str:
    return " or ".join(wanted)
