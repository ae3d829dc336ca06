"""Fake: every project's project, and what the whole begins with."""

from collections.abc import Collection
from threading import Lock

from gesmock.fake import options as start
from gesmock.fake.fixtures import State
from gesmock.fake.options import Progress, Start, StartOptions, no_progress
from gesmock.fake.project import Cleared, Project
from gesmock.fake.waiting import Epochs
from gesmock.faults import BELOW_HTTP
from gesmock.journal.coverage import Coverage
from gesmock.model.errors import NotFound
from gesmock.model.tokens import Token
from gesmock.model.types import is_project_id


class Fake:
    """A fake of the service: a project for each project.

    Made from ``StartOptions``; raises InvalidInput where they are wrong. *deliverable*
    are the manners of ``BELOW_HTTP`` that its server has. To look up a project takes no lock: the
    dictionary of projects is exchanged, never changed. Who exchanges it holds the lock, and may
    then take a project's; never the other way round.
    """

    def __init__(
        self,
        options: StartOptions | None = None,
        *,
        deliverable: frozenset[str] = frozenset(),
        progress: Progress = no_progress,
    ) -> None:
        self._lock = Lock()
        self.deliverable = deliverable
        self.epochs = Epochs()
        self._epoch = self.epochs.current  # of the last reset of the whole
        states = start.states(options or {}, self.can_deliver)
        self._start = list(states)
        self._gone = Coverage()  # of the projects that are no more
        self._projects = {
            project_id: self._new(project_id, state, progress=progress)
            for project_id, state in states.items()
        }

    def _new(
        self,
        project_id: str,
        state: State | Start | None = None,
        *,
        epoch: int | None = None,
        progress: Progress = no_progress,
    ) -> Project:
        return Project(
            project_id,
            state,
            epochs=self.epochs,
            epoch=epoch,
            progress=progress,
            can_deliver=self.can_deliver,
        )

    def can_deliver(self, kind: str) -> bool:
        """Whether a fault of this *kind* can happen to an answer with the server in use.

        Any server can let an answer wait (``delay``) and send it in parts (``drip``). Only one
        that owns its sockets, as that of ``GesMock`` does, can ``reset``, ``close``, ``hang``,
        ``garbage`` and ``truncate``. All else is in the answer itself, and any server sends that.
        """
        return kind in self.deliverable or kind not in BELOW_HTTP

    def check_jobs(self) -> None:
        """Raise Conflict where it can be given no jobs; any fake can."""

    @property
    def default(self) -> Project:
        """The project of the default project."""
        return self._projects[self._start[0]]

    def projects(self) -> list[Project]:
        """Every project, the default project's first."""
        default = self.default
        return sorted(self._projects.values(), key=lambda project: project is not default)

    def project(self, project_id: str) -> Project:
        """The project of *project_id*; NotFound where there is none."""
        try:
            return self._projects[project_id]
        except KeyError:
            raise NotFound(f"no project {project_id!r} is set up") from None

    def known(self, project_id: str) -> Project | None:
        """The project of *project_id*, if there is one."""
        return self._projects.get(project_id)

    def overtaken(self, project_id: str, epoch: int) -> bool:
        """Whether the project that answers requests to *project_id* was reset after *epoch*."""
        return epoch < (self._projects.get(project_id) or self.default).epoch

    def interrupt(self) -> None:
        """Tell all who wait for something in any project to give up."""
        for project in self.projects():
            project.interrupt()

    def open(self, project_id: str) -> Project:
        """The project of *project_id*; where there is none, a new one with one empty graph.

        With ``open_projects`` on, a new one starts as a copy of the default project's start state.
        """
        while True:
            known, epoch, default = self._projects.get(project_id), self._epoch, self.default
            if known is not None:
                return known
            begins = default.start if default.settings.open_projects else None
            made = self._new(project_id, begins, epoch=epoch)
            with self._lock:
                if self._epoch == epoch:  # else the fake was reset meanwhile
                    self._projects = {project_id: made, **self._projects}  # a quicker one stays

    def serving(self, project_id: str) -> Project | None:
        """The project that answers requests to *project_id*, or None where no project does.

        With ``open_projects`` on, that is the case only where it can be no project's id.
        """
        known = self._projects.get(project_id)
        if known is None and self.default.settings.open_projects and is_project_id(project_id):
            return self.open(project_id)
        return known

    def tokens(self) -> list[Token]:
        """The tokens of every project."""
        return [token for project in self.projects() for token in project.tokens]

    def reset(self) -> Cleared:
        """Every project back to its start state, and the projects that were opened since are gone.

        Says what it cleared in the default project.
        """
        with self._lock:
            kept = {project_id: self._projects[project_id] for project_id in self._start}
            cleared = {name: project.reset() for name, project in self._projects.items()}
            self._drop(self._projects.keys() - kept.keys())
            self._projects = kept
            self._epoch = self.epochs.current
            return cleared[self._start[0]]

    def _drop(self, gone: Collection[str]) -> None:
        """Keep what is to be kept of the projects of these projects, which will be no more."""
        for project_id in gone:
            self._gone.add(self._projects[project_id].verdict.coverage.cells())

    def coverage(self) -> Coverage:
        """What has been met in all projects since the fake was made."""
        with self._lock:
            met = Coverage(self._gone.cells())
            for project in self.projects():
                met.add(project.verdict.coverage.cells())
            return met

    def restart(self, options: StartOptions) -> Cleared:
        """Begin anew with other *options*, in place: their states become the start states.

        Says what it cleared in the project that is the default one from now on.
        """
        read = start.states(options, self.can_deliver)
        states = {name: Start.of(state) for name, state in read.items()}
        graphs = {name: state.graphs(name) for name, state in states.items()}
        with self._lock:
            known = self._projects
            kept = {name: known.get(name) or self._new(name) for name in states}
            for name in known.keys() - kept.keys():
                known[name].reset()
            self._drop(known.keys() - kept.keys())
            cleared = [kept[name].restart(states[name], graphs[name]) for name in states]
            # In this order, the default project has a project at every moment.
            self._projects = {**known, **kept}
            self._start = list(states)
            self._projects = kept
            self._epoch = self.epochs.current
            return cleared[0]
