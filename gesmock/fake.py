"""Fake: every project's world, and what the whole begins with."""

from threading import Lock

from gesmock import start
from gesmock.clock import Clock
from gesmock.errors import Unknown
from gesmock.fixtures import State
from gesmock.jobs import is_project_id
from gesmock.start import StartOptions
from gesmock.world import Cleared, Progress, World


class Fake:
    """A fake of the service: a world for each project.

    Made from ``StartOptions``; raises InvalidInput, with every problem, where they are wrong.
    """

    def __init__(
        self,
        options: StartOptions | None = None,
        *,
        clock: Clock | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._lock = Lock()
        self._clock = clock
        states = start.states(options or {})
        self._start = list(states)
        self._worlds = {
            project_id: World(project_id, state, clock, progress)
            for project_id, state in states.items()
        }

    @property
    def default(self) -> World:
        """The world of the default project."""
        return self._worlds[self._start[0]]

    def worlds(self) -> list[World]:
        """Every world, the default project's first."""
        with self._lock:
            return sorted(self._worlds.values(), key=lambda world: world is not self.default)

    def world(self, project_id: str) -> World:
        """The world of *project_id*; Unknown where there is none."""
        try:
            return self._worlds[project_id]
        except KeyError:
            raise Unknown(f"no project {project_id!r} is set up") from None

    def open(self, project_id: str, state: State | None = None) -> World:
        """The world of *project_id*; where there is none, one that begins with *state*."""
        with self._lock:
            if project_id not in self._worlds:
                self._worlds[project_id] = World(project_id, state, self._clock)
            return self._worlds[project_id]

    def serving(self, project_id: str) -> World | None:
        """The world that answers requests to *project_id*, or None where no world does.

        With ``open_projects`` on, a project that nothing names starts as a copy of the default
        project's start state.
        """
        known = self._worlds.get(project_id)
        if known is None and self.default.settings.open_projects and is_project_id(project_id):
            return self.open(project_id, self.default.start_state)
        return known

    def epoch(self, project_id: str) -> int:
        """The epoch that a request to *project_id* arrives in."""
        return (self.serving(project_id) or self.default).epoch

    def reset(self) -> Cleared:
        """Every world back to its start state, and the projects that were opened since are gone.

        Says what it cleared in the default project.
        """
        with self._lock:
            self._worlds = {project_id: self._worlds[project_id] for project_id in self._start}
            cleared = [world.reset() for world in self._worlds.values()]
            return cleared[0]

    def restart(self, options: StartOptions) -> Cleared:
        """Begin anew with other *options*, in place: their states become the start states."""
        states = start.states(options)
        with self._lock:
            kept = {
                project_id: self._worlds.get(project_id) or World(project_id, None, self._clock)
                for project_id in states
            }
            cleared = [kept[project_id].restart(state) for project_id, state in states.items()]
            # In this order, the default project has a world at every moment.
            self._worlds = {**self._worlds, **kept}
            self._start = list(states)
            self._worlds = kept
            return cleared[0]
