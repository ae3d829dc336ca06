"""Fake: all projects, and what the whole of them starts with."""

from collections.abc import Mapping, Sized
from functools import partial
from threading import Lock
from typing import Any, Final
from weakref import WeakSet

from msgspec.structs import replace

from gesmock.fake import fixtures
from gesmock.fake import options as start
from gesmock.fake.options import ShowProgress, Start, StartOptions, no_progress
from gesmock.fake.project import Cleared, Epochs, Project
from gesmock.faults import BELOW_HTTP
from gesmock.journal.coverage import Coverage
from gesmock.model import validation
from gesmock.model.errors import Conflict, GesmockError, NotFound, shortened
from gesmock.model.tokens import Token
from gesmock.model.types import is_project_id

MOST_PROJECTS: Final = 1_000


class Fake:
    """A fake of the service, with any number of *projects* by id, the *default* one first.

    *deliverable* are the faults of ``BELOW_HTTP`` that its server can produce. Raises InvalidInput
    if the options are wrong. Looking up a project takes no lock: *projects* is replaced, never
    changed. The thread that replaces it holds the fake's lock, and may then take a project's, never
    the other way round.
    """

    projects: dict[str, Project]
    default: Project
    _epoch: int  # of the last reset of all projects
    _options: StartOptions
    _scenarios: Mapping[str, str] | None  # None until they are asked for

    def __init__(
        self,
        options: StartOptions | None = None,
        *,
        deliverable: frozenset[str] = frozenset(),
        progress: ShowProgress = no_progress,
    ) -> None:
        self._lock = Lock()
        self.deliverable = deliverable
        self.epochs = Epochs()
        self.verdict_defaults: Mapping[str, Any] = {}
        """What ``restart`` adds to its own ``verdict``, which takes precedence."""
        self._new = partial(Project, epochs=self.epochs, can_deliver=self.can_deliver)
        self._options, self._scenarios = options or {}, None
        starts = self._starts(self._options, progress)
        self._dropped = Coverage()  # of projects that no longer exist
        self.connections: Sized = ()
        """The open connections of gesmock's own server; other servers do not report theirs."""
        self.streams = WeakSet[object]()
        """The open streams of events."""
        self._replace({name: self._new(name, each) for name, each in starts.items()})

    def _starts(
        self, options: StartOptions, progress: ShowProgress = no_progress
    ) -> dict[str, Start]:
        """What each project starts with under these *options*."""
        scenario = start.first_scenario(options)
        return {
            name: replace(Start.of(state, name, progress), scenario=scenario)
            for name, state in start.states(options, self.can_deliver).items()
        }

    def can_deliver(self, kind: str) -> bool:
        """Whether the server in use can produce a fault of this *kind*.

        Any server can send the answer late or in parts (``delay``, ``drip``), and whatever is in
        the answer itself. Only one that owns its sockets, such as that of ``GesMock``, can
        ``reset``, ``close``, ``hang``, ``garbage`` and ``truncate``.
        """
        return kind in self.deliverable or kind not in BELOW_HTTP

    def check_jobs(self) -> None:
        """Raise Conflict if this has no jobs of its own; only a proxy has none."""

    # --- Projects ---

    def project(self, project_id: str) -> Project:
        """The project; raises NotFound if there is none."""
        try:
            return self.projects[project_id]
        except KeyError:
            raise NotFound(f"no project {shortened(project_id)!r} is set up") from None

    def open_if_allowed(self, project_id: str) -> Project | None:
        """``open`` the project if the settings have ``open_projects`` and the id is valid.

        Otherwise returns None, as it does if there are ``MOST_PROJECTS``.
        """
        if not (self.default.settings.open_projects and is_project_id(project_id)):
            return None
        try:
            return self.open(project_id)
        except Conflict:
            return None

    def open(self, project_id: str) -> Project:
        """The project; if there is none, a new one with one empty graph.

        With ``open_projects`` on, a new one starts as the default project did. Raises Conflict if
        there are ``MOST_PROJECTS``.
        """
        while True:
            project, epoch, default = self.projects.get(project_id), self._epoch, self.default
            if project is not None:
                return project
            if len(self.projects) >= MOST_PROJECTS:
                raise Conflict(
                    f"there are {MOST_PROJECTS} projects, the most there may be; reset the fake"
                )
            opens = default.settings.open_projects
            copied = default.start.of_project(project_id) if opens else None
            new = self._new(project_id, copied, epoch=epoch)
            with self._lock:
                if self._epoch == epoch:  # else all projects were reset meanwhile
                    project = self.projects.get(project_id, new)  # another thread may be quicker
                    self.projects = {**self.projects, project_id: project}

    def overtaken(self, project_id: str, epoch: int) -> bool:
        """Whether the project that answers requests to *project_id* was reset after *epoch*."""
        return epoch < self.projects.get(project_id, self.default).epoch

    def tokens(self) -> list[Token]:
        """The tokens of every project."""
        return [token for project in self.projects.values() for token in project.tokens]

    def coverage(self) -> Coverage:
        """The answers that all projects have given since the fake was made."""
        with self._lock:
            total = Coverage()
            total.merge(self._dropped)
            for project in self.projects.values():
                total.merge(project.verdict.coverage)
            return total

    def interrupt(self) -> None:
        """Make every thread that waits in any project give up."""
        for project in self.projects.values():
            project.interrupt()

    # --- Scenarios ---

    def scenarios(self) -> Mapping[str, str]:
        """The titles of scenarios by name: its own fixture files, and those that gesmock ships."""
        if self._scenarios is None:
            names = dict.fromkeys([*start.files(self._options), *fixtures.shipped_names()])
            self._scenarios = {name: fixtures.title(name) for name in names}
        return self._scenarios

    def choose(self, project: Project, scenario: str) -> None:
        """Load *scenario* into *project*; a reset returns to it from now on.

        The journal stays, and so do the options, except those for jobs, faults, plans and queries.
        Raises what ``load`` does.
        """
        state = start.scenario_state(self._options, scenario, project.project_id, self.can_deliver)
        project.load(state, scenario)

    def reload(self, file: str) -> None:
        """Reload the fixture *file* in each project that a reset would return to it.

        The journal stays. Every project reports the outcome as an event. Raises InvalidInput, with
        nothing changed, or Conflict.
        """
        error = None
        try:
            self._reload(file)
        except GesmockError as raised:
            error = str(raised)
            raise
        finally:
            for project in self.projects.values():
                with project.lock:
                    project.feed.report(file, error)

    def _reload(self, file: str) -> None:
        starts, projects = self._starts(self._options), self.projects
        self._scenarios = None  # the title may have changed
        if not starts.keys() <= projects.keys():
            raise Conflict(f"{file}: names another project now; start gesmock again")
        for project in projects.values():
            if project.project_id in starts:
                project.reload(starts[project.project_id])
            if project.loaded and project.start.scenario == file:
                self.choose(project, file)

    # --- Resets ---

    def reset(self) -> Cleared:
        """Reset every project to its start state.

        Projects opened since are dropped, unless a state was loaded into them. Returns what was
        cleared in the default project.
        """
        with self._lock:
            loaded = [name for name, project in self.projects.items() if project.loaded]
            names = dict.fromkeys([*self._start_names, *loaded])
            return self._begin({name: self.projects[name].start for name in names})

    def restart(self, options: StartOptions) -> Cleared:
        """Start again with other *options*, in place.

        Returns what was cleared in the project that is the default one from now on.
        """
        if self.verdict_defaults:
            options = {**options, "verdict": self._with_defaults(options.get("verdict"))}
        starts = self._starts(options)
        with self._lock:
            self._options, self._scenarios = options, None
            return self._begin(starts)

    def _with_defaults(self, verdict: object) -> dict[str, Any]:
        """*verdict*, completed with the defaults; codes that either ignores are ignored."""
        own = {} if verdict is None else verdict
        changes = validation.read_python(own, dict[str, Any], "verdict")
        ignored = changes.get("ignore")
        if isinstance(ignored, list):
            changes["ignore"] = [*self.verdict_defaults.get("ignore", ()), *ignored]
        return {**self.verdict_defaults, **changes}

    def _begin(self, starts: Mapping[str, Start]) -> Cleared:
        projects = {name: self.projects.get(name) or self._new(name) for name in starts}
        for name in self.projects.keys() - projects.keys():
            self.projects[name].reset()
            self._dropped.merge(self.projects[name].verdict.coverage)
        cleared = [projects[name].reset(start) for name, start in starts.items()]
        self._replace(projects)
        return cleared[0]

    def _replace(self, projects: dict[str, Project]) -> None:
        self._start_names = [*projects]
        self.default = next(iter(projects.values()))
        self.projects = projects
        self._epoch = self.epochs.current
