"""GesMock: a fake with a server, its URLs, and the handles with which a test scripts it."""

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Self, Unpack

from msgspec import Meta

from gesmock.fake.fake import Fake
from gesmock.fake.options import ShowProgress, StartOptions, check_names, no_progress
from gesmock.fake.project import Cleared, Project
from gesmock.faults import BELOW_HTTP
from gesmock.mock_project import MockProject
from gesmock.model import validation
from gesmock.model.errors import GesmockError
from gesmock.model.types import ProjectId
from gesmock.web.gateway import Gateway
from gesmock.web.guard import LARGEST_CONTROL_BODY, Guard
from gesmock.web.server import Server

if TYPE_CHECKING:
    import ssl

    import flask


Port = Annotated[int, Meta(ge=0, le=65535, description="a port from 0 to 65535")]

ControlBody = Annotated[
    int, Meta(ge=1, le=2**40, description=f"a number of bytes from 1 to {2**40}")
]


class NotStarted(GesmockError, RuntimeError):
    """A URL was asked for before ``start``."""


class GesMock(MockProject):
    """A fake of the service with its own server.

    ::

        with GesMock() as ges:
            ges.add_job(status="running")
            requests.get(ges.jobs_url()).json()

    Two fakes in one process share nothing. Methods may be called from any thread; they act on the
    default project, unless they say otherwise. ``findings`` and ``check`` are about every project.
    With *strict*, the end of a ``with`` block calls ``check``, unless the block has raised.

    It listens on *host* and *port* (0: any free port) once it is started, over TLS with an
    *ssl_context*. *control* turns the control API on or off; its callers must send
    *control_token* (default: none on a loopback address, else a random one), may address the fake
    by the names in *allow_hosts* too, may be pages of *control_origins* (such as
    ``http://127.0.0.1:5173``), and may send bodies of up to *max_control_body* bytes. *progress*
    wraps the jobs while they are generated, to show how many there are already.

    The other arguments say what the fake starts with, and what a reset restores. Without any, it
    has one empty graph.

    - ``fixture``: a JSON file, the name of a state that gesmock ships, or the content of a file;
      or a list of these.
    - ``project_id``: the default project. The fixture files are loaded into it, even if they name
      another (default: the project that the first fixture file names, by ``project_id`` or by the
      URLs of its jobs, else the documentation's).
    - ``graph_name``: the graph of a call that names none (default: the first one of the fixture
      files and generators, else ``movie``). The jobs of a list answer are loaded into it.
    - ``generate``: a number of jobs to generate, the fields of a generator, or a list of these.
    - ``seed``: the seed of jobs and probabilities (default: the fixture file's, else 0).
    - ``settings``: how to read the documentation where it is ambiguous.
    - ``tokens``: tokens, as strings or with their fields; if there are any, requests need one.
    - ``faults``: fault rules that are armed from the start.
    - ``preset``: a named list of fault rules that are armed from the start: ``flaky``, ``slow``,
      ``down`` or ``mobile``.
    - ``plans``: plan rules that are armed from the start, before those of the fixture files.
    - ``queries``: results of queries that are set from the start, see ``Queries.set``.
    - ``clock``: how the clock starts and runs (``now``, ``frozen``, ``rate``, ``tick_s``).
    - ``verdict``: what is expected of the client (see ``VerdictConfig``).
    - ``journal_size``: how many requests the journal keeps (default: 10,000).

    Those from ``seed`` on apply to every project that the fixture files name. Raises InvalidInput
    for a wrong argument.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        strict: bool = False,
        control: bool = True,
        control_token: str | None = None,
        allow_hosts: Sequence[str] = (),
        control_origins: Sequence[str] = (),
        max_control_body: int = LARGEST_CONTROL_BODY,
        ssl_context: "ssl.SSLContext | None" = None,
        progress: ShowProgress = no_progress,
        **options: Unpack[StartOptions],
    ) -> None:
        check_names(options, GesMock.__init__.__kwdefaults__ or ())
        validation.read(host, str, "host")
        validation.read(port, Port, "port")
        validation.read(strict, bool, "strict")
        validation.read(control, bool, "control")
        if control_token is not None:
            validation.read(control_token, str, "control_token")
        if isinstance(allow_hosts, str):
            allow_hosts = [allow_hosts]
        allow_hosts = validation.read_python(allow_hosts, list[str], "allow_hosts")
        if isinstance(control_origins, str):
            control_origins = [control_origins]
        control_origins = validation.read_python(control_origins, list[str], "control_origins")
        validation.read(max_control_body, ControlBody, "max_control_body")
        if ssl_context is not None:
            from gesmock.server.tls import check_context  # 10 ms that only TLS should cost

            check_context(ssl_context)
        self.options = options
        self._strict = strict
        self.fake = Fake(options, deliverable=BELOW_HTTP, progress=progress)
        self._control = control
        self._guard = Guard.of(host, allow_hosts, control_token, max_control_body, control_origins)
        self.control_token = self._guard.token
        self._ssl_context = ssl_context
        self._address = host, port
        self._server: Server | None = None
        self._starting = Lock()

    def __repr__(self) -> str:
        url = "not started" if self._server is None else self._server.url
        return f"<GesMock {url}: {self._content()}>"

    @property
    def _project(self) -> Project:
        return self.fake.default

    # --- The server ---

    @cached_property
    def app(self) -> "flask.Flask":
        """The Flask app, for tests without a socket."""
        from gesmock.web.app import create_app  # importing Flask takes longer than most tests

        return create_app(self.fake, control=self._control, guard=self._guard)

    def start(self) -> Self:
        """Bind the port and start answering, unless it is started already. Raises CannotListen."""
        with self._starting:
            if self._server is None:
                guard = self._guard if self._control else None
                gateway = Gateway(self.fake, lambda: self.app, guard)
                self._server = Server(gateway, *self._address, ssl_context=self._ssl_context)
                self._server.start()
                self._address = self._address[0], self._server.port  # the same after a stop
        return self

    def stop(self) -> None:
        """Stop answering and free the port, if it is started."""
        with self._starting:
            if self._server is not None:
                self._server.stop()
                self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, error: type[BaseException] | None, *_error: object) -> None:
        self.stop()
        if self._strict and error is None:
            self.check()

    @property
    def url(self) -> str:
        """The URL of the server, such as ``http://127.0.0.1:39211``. Raises NotStarted."""
        if self._server is None:
            raise NotStarted("this GesMock is not started: call start(), or use it in a with block")
        return self._server.url

    # --- The projects ---

    def project(self, project_id: str) -> MockProject:
        """Another project, with its own graphs, jobs, clock, plans, faults, journal and settings.

        If there is none with this id, it is created with one empty graph; if the setting
        ``open_projects`` is on, it starts as the default project did. A reset of the fake drops it.
        """
        return _OpenedProject(self, validation.read(project_id, ProjectId, "project_id"))

    def reset(self) -> Cleared:
        """Return every project to its start: jobs, clock, plans, faults, journal and settings.

        Returns what was cleared in the default project, and the number of the new epoch.
        """
        return self.fake.reset()

    def restart(self, **options: Unpack[StartOptions]) -> Cleared:
        """Start again with other *options*, at the same URL; from now on a reset restores these.

        The options are those of ``GesMock``. Raises InvalidInput, with nothing changed.
        """
        return self.fake.restart(options)

    def _projects(self) -> Sequence[Project]:
        return [*self.fake.projects.values()]


class _OpenedProject(MockProject):
    """A project of *ges* by its id; opened again when a reset has dropped it."""

    def __init__(self, ges: GesMock, project_id: str) -> None:
        self._ges, self._project_id = ges, project_id
        ges.fake.open(project_id)

    @property
    def url(self) -> str:
        return self._ges.url

    @property
    def _project(self) -> Project:
        return self._ges.fake.open(self._project_id)

    def __repr__(self) -> str:
        return f"<project {self.project_id} of {self._ges!r}: {self._content()}>"
