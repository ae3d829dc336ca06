"""What paging list faults do to the rows of a list, none of it longer where there are more jobs."""

from random import Random
from typing import Final

from gesmock.fake.project import Project
from gesmock.model import documentation
from gesmock.model import listed_requests as raw_requests
from gesmock.model import replies as shapes
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.listing import Page
from gesmock.model.types import FINAL

_AROUND: Final = 500
"""So many rows are looked at for unfinished jobs."""

_COMMAND: Final = "import_graph"


class RowsOf:
    """The rows of the graph *name*, of which *limit* are about to be shown, from *offset* on."""

    def __init__(self, project: Project, name: str, offset: int, limit: int, draw: Random) -> None:
        self._project, self._name, self._draw = project, name, draw
        self._offset, self._limit = offset, limit
        self._missing = 0
        self._repeated = False

    def _page(self, offset: int, limit: int) -> Page:
        oldest_first = self._project.settings.order == "oldest_first"
        graph = self._project.graphs.get_or_new(self._name)
        return graph.page(offset, limit, oldest_first=oldest_first)

    def page(self) -> Page:
        """The page that is shown."""
        page = self._page(self._offset, self._limit)
        parts = [*page.parts]
        if self._repeated and parts:
            at = self._draw.randrange(len(parts))
            block, begin, end = parts[at]
            place = self._draw.randrange(begin, end)
            twice = [(block, begin, place + 1), (block, place, end)]
            parts[at : at + 1] = twice[::-1] if page.oldest_first else twice
        return Page(parts, max(page.total - self._missing, 0), page.oldest_first)

    def insert(self, count: int) -> None:
        """Add imports that have ended."""
        graphs, row = self._project.graphs, documentation.of_command(_COMMAND)
        assert row is not None  # noqa: S101 the documentation has it
        args = {"project_id": self._project.project_id, "graph_name": self._name}
        listed = raw_requests.normalised(_COMMAND, self._name, {})
        request = JobRequest(
            _COMMAND, raw_requests.url(row, args, row.query), shapes.encode(listed).decode()
        )
        edition = graphs.edition_of(graphs.get_or_new(self._name))
        status = self._project.settings.finished(_COMMAND, edition)
        for _ in range(count):
            graphs.add(Job(graphs.new_job_id(self._name), status, request), self._name)

    def remove(self, count: int) -> None:
        """Draw them from those before the page; where there are none, from all."""
        for _ in range(count):
            total = self._page(0, 0).total
            among = min(self._offset, total) or total
            if not among:
                return
            for job in self._page(self._draw.randrange(among), 1):
                self._project.graphs.remove(job.job_id, self._name)

    def finish(self, count: int) -> None:
        """Draw them from the unfinished ones around where the page begins."""
        graphs = self._project.graphs
        around = self._page(max(self._offset - _AROUND // 2, 0), _AROUND)
        unfinished = [job for job in around if job.status not in FINAL]
        edition = graphs.edition_of(graphs.get_or_new(self._name))
        for job in self._draw.sample(unfinished, min(count, len(unfinished))):
            end = self._project.settings.finished(job.request.command, edition)
            graphs.move(job.job_id, Move(end), self._name)

    def shrink(self, count: int) -> None:
        """Say that there are fewer."""
        self._missing += count

    def repeat(self) -> None:
        """Show a drawn row of the page twice."""
        self._repeated = True

    def cap(self, limit: int) -> None:
        """Show fewer."""
        self._limit = min(self._limit, limit)
