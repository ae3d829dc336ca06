"""GesMock: a fake with a server, as a Python test scripts it."""

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self, Unpack
from urllib.parse import quote, urlencode

from msgspec import Meta

from gesmock.fake.fake import Fake
from gesmock.fake.options import StartOptions
from gesmock.fake.population import Progress, untold
from gesmock.faults import BELOW_HTTP
from gesmock.model import validation
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.model.jobs import Job
from gesmock.script import Script
from gesmock.scripting.jobs import id_of
from gesmock.web.guard import Guard, is_loopback
from gesmock.web.server import Server

if TYPE_CHECKING:
    import ssl

    import flask


Port = Annotated[int, Meta(ge=0, le=65535, description="a port from 0 to 65535")]


class NotStarted(GesmockError, RuntimeError):
    """An address was asked for before ``start``."""


class GesMock(Script):
    """A fake of the service, its server, and the handle to script both.

    ::

        with GesMock() as ges:
            ges.add_job(status="running")
            requests.get(ges.jobs_url()).json()

    *options*, which it keeps under this name, say what it begins with, and what a reset restores:
    ``fixture``, ``project_id``, ``graph_name``, ``generate``, ``seed``, ``settings``, ``tokens``,
    ``faults``, ``preset``, ``plans``, ``clock``, ``verdict``, ``journal_size`` (see
    ``StartOptions``). Without any, it has one empty graph. It listens on *host* and *port* (0: any
    free port) once it is started. *control* tells whether it has the control API; *control_token*
    what a caller of it has to show (default: nothing on a loopback address, else a token that is
    made here); *allow_hosts* adds names under which a caller may address it. With an *ssl_context*
    it speaks TLS.

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
        ssl_context: "ssl.SSLContext | None" = None,
        progress: Progress = untold,
        **options: Unpack[StartOptions],
    ) -> None:
        validation.read(host, str, "host")
        validation.read(port, Port, "port")
        if control_token is not None:
            validation.read(control_token, str, "control_token")
        validation.read(control, bool, "control")
        if isinstance(allow_hosts, str):
            allow_hosts = [allow_hosts]
        allow_hosts = validation.read_python(allow_hosts, list[str], "allow_hosts")
        if ssl_context is not None:
            _check_tls(ssl_context)
        self.options = options
        fake = Fake(options, deliverable=BELOW_HTTP, progress=progress)
        super().__init__(fake, "http" if ssl_context is None else "https")
        if not control_token and not is_loopback(host):
            import secrets  # 2 ms that most runs need not wait for

            control_token = secrets.token_urlsafe(16)
        self.control_token = control_token or None
        guard = Guard(self.control_token, frozenset(name.lower() for name in (host, *allow_hosts)))
        self._control, self._guard = control, guard
        self._ssl_context = ssl_context
        self._address = host, port
        self._server: Server | None = None
        self._starting = Lock()

    @cached_property
    def app(self) -> "flask.Flask":
        """The Flask app, for tests without a socket."""
        from gesmock.web.app import create_app  # to import Flask takes longer than most tests

        return create_app(self.fake, control=self._control, guard=self._guard)

    # --- The server ---

    def start(self) -> Self:
        """Bind and answer; does nothing where it does already. Raises CannotListen."""
        with self._starting:
            if self._server is None:
                self._server = Server(
                    self.fake,
                    lambda: self.app,
                    *self._address,
                    guard=self._guard if self._control else None,
                    ssl_context=self._ssl_context,
                )
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

    def graph_url(self, graph: str | None = None) -> str:
        """The URL of a graph, below which its operations are (``f"{ges.graph_url()}/action"``)."""
        name = quote(graph or self.graph_name, safe="")
        return f"{self.url}/ges/v1.0/{self.project_id}/graphs/{name}"

    def jobs_url(
        self, graph: str | None = None, *, limit: int | None = None, offset: int | None = None
    ) -> str:
        """The URL of a graph's job list, with ``limit`` and ``offset`` where they are given."""
        window = {"limit": limit, "offset": offset}
        query = urlencode({name: value for name, value in window.items() if value is not None})
        return f"{self.graph_url(graph)}/jobs/status{'?' * bool(query)}{query}"

    def job_url(self, job: str | Job, graph: str | None = None) -> str:
        """The URL of the status and result of *job*, or of the one with this id."""
        return f"{self.graph_url(graph)}/jobs/{quote(id_of(job), safe='')}/status"


def _check_tls(context: object) -> None:
    """Raise InvalidInput where *context* is none that a server can speak TLS with."""
    import ssl  # which a server that speaks none need not wait for

    if not isinstance(context, ssl.SSLContext):
        wanted = "an ssl.SSLContext, such as ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)"
        raise InvalidInput.at("ssl_context", f"{validation.shown(context)} is not {wanted}")
    if context.protocol == ssl.PROTOCOL_TLS_CLIENT:
        raise InvalidInput.at("ssl_context", "is a client's; a server's is PROTOCOL_TLS_SERVER")
