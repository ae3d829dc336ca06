"""GesMock: a fake with a server, as a Python test scripts it."""

import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self, Unpack
from urllib.parse import quote, urlencode

import flask
import msgspec

from gesmock import fixtures, shapes, validation
from gesmock.errors import GesmockError, InvalidInput
from gesmock.fake import Fake
from gesmock.generators import Generator
from gesmock.jobs import Job, JobStatus, Move
from gesmock.names import GraphName
from gesmock.scripting import Faults, JournalView
from gesmock.settings import Settings
from gesmock.start import StartOptions
from gesmock.web.app import create_app
from gesmock.web.guard import Guard, is_loopback
from gesmock.web.server import Server
from gesmock.world import Cleared, Progress, World, untold


class NotStarted(GesmockError, RuntimeError):
    """An address was asked for before ``start``."""


class GesMock:
    """A fake of the service, its server, and the handle to script both.

    ::

        with GesMock() as ges:
            ges.add_job(status="running")
            requests.get(ges.jobs_url()).json()

    *options* say what it begins with, and what a reset restores: ``fixture``, ``project_id``,
    ``graph_name``, ``generate``, ``seed``, ``settings``, ``tokens``, ``faults`` (``StartOptions``).
    Without any, it has one empty graph. It listens on *host* and *port* (0: any free port) once it
    is started. *control* tells whether it has the control API; *control_token* what a caller of it
    has to show (default: nothing on a loopback address, else a token that is made here);
    *allow_hosts* adds names under which a caller may address it.

    Several in one process share nothing. Methods may be called from any thread, and act on the
    default project. Raises InvalidInput where an option is wrong.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control: bool = True,
        control_token: str | None = None,
        allow_hosts: Sequence[str] = (),
        progress: Progress = untold,
        **options: Unpack[StartOptions],
    ) -> None:
        if not 0 <= port <= 65535:
            raise InvalidInput.at("port", f"{port} is not a port from 0 to 65535")
        if isinstance(allow_hosts, str):
            allow_hosts = [allow_hosts]
        self.fake = Fake(options, progress=progress)
        if not control_token and not is_loopback(host):
            control_token = secrets.token_urlsafe(16)
        self.control_token = control_token or None
        guard = Guard(self.control_token, frozenset(name.lower() for name in (host, *allow_hosts)))
        self._make_app = partial(create_app, self.fake, control=control, guard=guard)
        self._address = host, port
        self._server: Server | None = None
        self._starting = Lock()

    @cached_property
    def app(self) -> flask.Flask:
        """The Flask app, for tests without a socket."""
        return self._make_app()

    # --- The server ---

    def start(self) -> Self:
        """Bind and answer; does nothing where it does already. Raises CannotListen."""
        with self._starting:
            if self._server is None:
                self._server = Server(self.app, *self._address)
                self._server.start()
                self._address = self._address[0], self._server.port  # stays if it starts again
        return self

    def stop(self) -> None:
        """Stop answering and free the port; does nothing where it does not answer."""
        with self._starting:
            if self._server is not None:
                self._server.stop()
                self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it answers, such as ``http://127.0.0.1:39211``. Raises NotStarted."""
        if self._server is None:
            raise NotStarted("this GesMock is not started: call start(), or use it in a with block")
        return self._server.url

    @property
    def project_id(self) -> str:
        """The default project."""
        return self._world.project_id

    @property
    def graph_name(self) -> str:
        """The graph that is meant where none is named."""
        return self._world.default_graph

    def jobs_url(
        self, graph: str | None = None, *, limit: int | None = None, offset: int | None = None
    ) -> str:
        """The URL of a graph's job list, with ``limit`` and ``offset`` where they are given."""
        window = {"limit": limit, "offset": offset}
        query = urlencode({name: value for name, value in window.items() if value is not None})
        name = quote(graph or self.graph_name, safe="")
        path = f"/ges/v1.0/{self.project_id}/graphs/{name}/jobs/status"
        return f"{self.url}{path}{'?' * bool(query)}{query}"

    # --- The world of the default project ---

    @property
    def _world(self) -> World:
        return self.fake.default

    def add_job(
        self,
        job: Mapping[str, Any] | Job | None = None,
        *,
        status: JobStatus | None = None,
        job_id: str | None = None,
        command: str | None = None,
        url: str | None = None,
        raw_request: str | None = None,
        graph: str | None = None,
    ) -> Job:
        """Add a job as the newest of *graph*, which is made where it is missing.

        *job* is one as the service lists it; or it is made of the other arguments, by default a
        finished import with an id that no other job has and a *url* that fits *command*.
        Raises InvalidInput where it is no job, Conflict where its id is taken.
        """
        world = self._world
        graph = graph or world.default_graph
        made_of = (status, job_id, command, url, raw_request)
        if job is None:
            command = "import_graph" if command is None else command
            action = f"{command}".replace("_", "-")
            default = f"/ges/v1.0/{world.project_id}/graphs/{quote(graph, safe='')}/action"
            request = {
                "command": command,
                "url": f"{default}?action_id={action}" if url is None else url,
                "rawRequest": "{}" if raw_request is None else raw_request,
            }
            job = {
                "jobId": job_id or world.new_job_id(),
                "status": status or "success",
                "request": request,
            }
        elif made_of != (None,) * len(made_of):
            raise TypeError("give either a job, or what it is to be made of")
        made = validation.read_python(job, Job, "job")
        world.add_job(made, validation.read(graph, GraphName, "graph"))
        return made

    def generate(
        self,
        count: int,
        *,
        graph: str | None = None,
        seed: int | None = None,
        replace: bool = False,
        statuses: Mapping[str, float] | None = None,
    ) -> int:
        """Add *count* realistic jobs to *graph*, as older ones; how many it has now.

        The same *seed* (default: the world's) makes the same jobs. *replace* empties the graph
        first. *statuses* weighs the statuses, such as ``{"success": 8, "failed": 2}``.
        """
        given = {
            "count": count,
            "graph": graph,
            "seed": seed,
            "replace": replace,
            "statuses": statuses,
        }
        return self._world.generate(validation.read_python(given, Generator, "generate"))[1]

    def move_job(self, job: str | Job, status: JobStatus, *, graph: str | None = None) -> Job:
        """Give *job*, or the one with this id, another *status*.

        Raises Unknown where there is no such job, Conflict where several graphs have one and
        *graph* does not say which is meant.
        """
        move = validation.read({"status": status}, Move, "move")
        return self._world.move_job(_id(job), move.status, graph)[1]

    def remove_job(self, job: str | Job, *, graph: str | None = None) -> Job:
        """Take *job*, or the one with this id, out; the same refusals as ``move_job``."""
        return self._world.remove_job(_id(job), graph)[1]

    def jobs(self, graph: str | None = None, *, status: JobStatus | None = None) -> list[Job]:
        """The jobs, newest first; only those of *graph*, or in *status*."""
        if status is not None:
            validation.read({"status": status}, Move, "jobs")
        return [job for _, job in self._world.jobs(graph, status)]

    @property
    def faults(self) -> Faults:
        """What is made to go wrong."""
        return Faults(self.fake)

    @property
    def journal(self) -> JournalView:
        """What was asked and answered since the last reset."""
        return JournalView(self.fake)

    @property
    def settings(self) -> Settings:
        """How the documentation is read."""
        return self._world.settings

    def configure(self, **changes: Any) -> Settings:
        """Change settings by name, such as ``limit_zero="refuse"``. Raises InvalidInput."""
        return self._world.configure(
            validation.read_python(changes, dict[str, Any], "settings"), "settings"
        )

    def state(self) -> dict[str, Any]:
        """All that is there, as a world file's content."""
        content: dict[str, Any] = msgspec.to_builtins(self._world.state())
        return content

    def load(self, state: Mapping[str, Any] | str | Path) -> None:
        """Put *state* in the place of what is there.

        It is the content of a world file or list answer, or such a file. What a reset restores
        stays as it was. Raises InvalidInput, with nothing changed.
        """
        world = self._world
        if isinstance(state, Mapping):
            content = validation.read_python(state, dict[str, Any], "$")
            loaded = world.parse(shapes.encode(content))
        else:
            loaded = fixtures.read(state, world.project_id)
        world.load(loaded)

    def reset(self) -> Cleared:
        """Everything back to what it began with, in every project: jobs, faults, journal, settings.

        Says what was cleared in the default project, and the number of the epoch that begins.
        """
        return self.fake.reset()

    def restart(self, **options: Unpack[StartOptions]) -> Cleared:
        """Begin anew with other *options*, at the same address; a reset then restores these."""
        return self.fake.restart(options)

    def problems(self) -> list[str]:
        """What a test should hear of: crashes, unmatched requests, faults that none came for."""
        return [problem for world in self.fake.worlds() for problem in world.problems()]


def _id(job: str | Job) -> str:
    return job.job_id if isinstance(job, Job) else job
