"""What list faults do to the rows of a list. None of it takes longer where there are more jobs."""

from random import Random
from typing import Any, Final

from gesmock.fake.project import Project
from gesmock.faults import MatchedFault
from gesmock.faults.kinds import (
    CapLimit,
    FinishJobs,
    InsertJobs,
    RemoveJobs,
    RepeatRow,
    ShrinkTotal,
)
from gesmock.model import documentation, listed_requests, replies
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.rows import Page
from gesmock.model.types import FINAL

_AROUND: Final = 500
"""Among how many rows unfinished jobs are looked for."""

_COMMAND: Final = "import_graph"


def page_after(fault: MatchedFault, project: Project, name: str, offset: int, limit: int) -> Page:
    """The page of graph *name* that a client gets, just after *fault* happened to its list."""
    rng = Random(fault.chance)  # noqa: S311 no secret
    match fault.fault:
        case InsertJobs(count):
            _insert(project, name, count)
        case RemoveJobs(count):
            _remove(project, name, count, offset, rng)
        case FinishJobs(count):
            _finish(project, name, count, offset, rng)
        case CapLimit(most):
            limit = min(limit, most)
    page = _page(project, name, offset, limit)
    match fault.fault:
        case ShrinkTotal(count):
            return Page(page.parts, max(page.total - count, 0), page.oldest_first)
        case RepeatRow() if page.parts:
            return Page(_with_a_row_twice(page, rng), page.total, page.oldest_first)
    return page


def _with_a_row_twice(page: Page, rng: Random) -> list[Any]:
    parts = [*page.parts]
    index = rng.randrange(len(parts))
    block, begin, end = parts[index]
    row = rng.randrange(begin, end)
    twice = [(block, begin, row + 1), (block, row, end)]
    parts[index : index + 1] = twice[::-1] if page.oldest_first else twice
    return parts


def _page(project: Project, name: str, offset: int, limit: int) -> Page:
    oldest_first = project.settings.order == "oldest_first"
    return project.graphs.get_or_new(name).page(offset, limit, oldest_first=oldest_first)


def _insert(project: Project, name: str, count: int) -> None:
    """Add imports that have ended."""
    graphs, row = project.graphs, documentation.of_command(_COMMAND)
    assert row is not None  # noqa: S101 the documentation has it
    args = {"project_id": project.project_id, "graph_name": name}
    listed = listed_requests.normalised(_COMMAND, name, {})
    request = JobRequest(
        _COMMAND, listed_requests.url(row, args, row.query), replies.encode(listed).decode()
    )
    edition = graphs.edition_of(graphs.get_or_new(name))
    status = project.settings.finished(_COMMAND, edition)
    for _ in range(count):
        graphs.add(Job(graphs.new_job_id(name), status, request), name)


def _remove(project: Project, name: str, count: int, offset: int, rng: Random) -> None:
    """Remove jobs from before the page; if there are none, from anywhere."""
    for _ in range(count):
        total = _page(project, name, 0, 0).total
        among = min(offset, total) or total
        if not among:
            return
        for job in _page(project, name, rng.randrange(among), 1):
            project.graphs.remove(job.job_id, name)


def _finish(project: Project, name: str, count: int, offset: int, rng: Random) -> None:
    graphs = project.graphs
    around = _page(project, name, max(offset - _AROUND // 2, 0), _AROUND)
    unfinished = [job for job in around if job.status not in FINAL]
    edition = graphs.edition_of(graphs.get_or_new(name))
    for job in rng.sample(unfinished, min(count, len(unfinished))):
        end = project.settings.finished(job.request.command, edition)
        graphs.move(job.job_id, Move(end), name)
