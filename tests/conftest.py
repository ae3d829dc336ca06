"""What the tests share: an app without a socket, and its fake."""

import gc
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import requests  # noqa: F401 an inner run of pytester would forget half of what it imports
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.cli import main as cli
from gesmock.cli import serve as serve_command  # before an inner run of pytester could forget it
from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.faults import KINDS
from gesmock.journal.entries import Exchange
from gesmock.journal.journal import Journal
from gesmock.model import replies
from gesmock.model.clock import ClockChange
from gesmock.model.messages import Operation, Reply, Request
from gesmock.web import create_app

pytest_plugins = ["pytester", "browser"]

# The suite starts many interpreters; without bytecode, each would compile everything again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Users have it unset: then, what cannot be printed stays in a buffer.
os.environ.pop("PYTHONUNBUFFERED", None)

# Under nohup it is ignored, and gesmock leaves it so: servers would not stop when a test hangs up.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# No test may fail because the machine is busy, or because of the examples drawn this time.
settings.register_profile("fast", deadline=None, max_examples=20, derandomize=True)
settings.register_profile("deep", deadline=None, max_examples=200)
settings.load_profile("fast")


def in_depth(whole: int, bounded: int) -> int:
    """*whole* with the hypothesis profile ``deep``, else *bounded*, which takes less time."""
    return whole if settings.get_current_profile_name() == "deep" else bounded


def record(journal: Journal, request: Request, reply: Reply) -> None:
    """Record *request* and its *reply* in *journal*, as if they came at the epoch."""
    payload = reply.payload if reply.body is None else reply.body
    of_reply = reply.status, reply.headers, reply.job_id
    journal.append(Exchange(1, request, *of_reply, None, None, payload), reply.statuses)


CHARACTERS = st.characters(exclude_categories=["Cs"])
"""All that UTF-8 can encode; in a fresh checkout, hypothesis would take 1.5 s to find that out."""

TESTS = Path(__file__).parent
PROJECT = "854d9316e71d4dc599c5f27ea323d445"


def pytest_configure(config: pytest.Config) -> None:
    """Let each worker of xdist start collecting at another folder.

    In a fresh checkout, the first worker to reach a file compiles it, instead of all at once.
    """
    if hasattr(config, "workerinput") and config.args == [TESTS.name]:
        files = TESTS.rglob("test_*.py")
        places = sorted({str(TESTS / file.relative_to(TESTS).parts[0]) for file in files})
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        begin = len(places) * number // config.workerinput["workercount"]
        config.args[:] = [*places[begin:], *places[:begin]]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Let all workers collect in the same order: xdist demands it."""
    items.sort(key=lambda item: item.path)
    yield


def pytest_collection_finish() -> None:
    """Spare garbage collections what was imported and collected: it stays anyway."""
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Print a text at the end of pytest's output, whichever worker runs the test."""
    return partial(record_property, "shown")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for _, text in report.user_properties:
            terminalreporter.write_line(f"\n{text}")


IMPORTED: Final = ("-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:schemathesis")
"""Options for a pytest run in this process, which has already imported gesmock.

Under the command ``pytest``, its import hook has missed that import, and an inner run would warn.
The plugin of Schemathesis takes a second to import.
"""


def until(holds: Callable[[], object]) -> None:
    """Wait until other threads or processes have made *holds* true."""
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.001)


@contextmanager
def freed_at_once(kind: type) -> Iterator[None]:
    """Assert that each *kind* created in the block is freed without garbage collection.

    The last one may take a moment longer.
    """
    gc.disable()
    gc.freeze()  # for good: else each later collection would look at all imports again
    try:
        yield
        until(lambda: not any(type(each) is kind for each in gc.get_objects()))
    finally:
        gc.enable()


def free_port() -> int:
    """A port on which nobody listens, or will by accident.

    It is below those that systems give to connections: a client that keeps trying until a server
    listens would at last get this port at its own end, and connect to itself.
    """
    ports = (20_000 + secrets.randbelow(10_000) for _ in range(100))
    return next(port for port in ports if not is_listening(port))


def is_listening(port: int) -> bool:
    """Whether anything accepts connections on *port*."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def match_args(
    operation: str = "list_jobs",
    graph: str = "movie",
    job_id: str | None = None,
    headers: Mapping[str, str] | None = None,
    command: str | None = None,
) -> tuple[Request, str | None]:
    """What ``FaultRules.match`` takes: a request, and the *command* of the job that it names."""
    args = {"graph_name": graph} if job_id is None else {"graph_name": graph, "job_id": job_id}
    request = Request(
        operation=operation, method="GET", path="/", epoch=1, args=args, headers=headers or {}
    )
    return request, command


EVERYTHING = frozenset(KINDS)
IMPORT = {"edgesetPath": "b/e", "obsParameters": {"accessKey": "a", "secretKey": "s"}}


class Asker:
    """Asks a fake whose clock is frozen, or runs at *rate*, and that can produce every fault."""

    def __init__(self, *faults: Any, rate: float | None = None, **options: Any) -> None:
        clock = {"frozen": True} if rate is None else {"rate": rate}
        start: Any = {"generate": 3, "clock": clock, "faults": faults, **options}
        self.fake = Fake(start, deliverable=EVERYTHING)
        self.project = self.fake.default

    def ask(
        self,
        operation: Operation = "list_jobs",
        body: Any = None,
        query: Mapping[str, str] | None = None,
        **args: str,
    ) -> Reply:
        """Make this request, and return the reply."""
        names = {"project_id": self.project.project_id, "graph_name": "movie", **args}
        request = Request(
            operation=operation,
            method="GET",
            path=f"/{operation}",
            epoch=self.project.epoch,
            args=names,
            query=query or {},
            body={} if body is None else body,
        )
        return handle(self.fake, request)

    def submit(self) -> Reply:
        """Submit an import, and return the reply."""
        return self.ask("import_graph", IMPORT)

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self.project.clock.change(ClockChange(advance_s=seconds))

    def statuses(self, count: int) -> list[int]:
        """The statuses of the replies to *count* list requests."""
        return [self.ask().status for _ in range(count)]


def text_of(reply: Reply) -> bytes:
    return b"".join(replies.blocks(reply))


class Service:
    """The service's job list as a client sees it, in process, with the fake behind it."""

    def __init__(self) -> None:
        self.fake = Fake()
        self.client: FlaskClient = create_app(self.fake).test_client()

    def begin(self, **options: Any) -> "Service":
        """Start again with these options: making another app would take as long as a whole test."""
        self.fake.restart(options)  # type: ignore[arg-type]
        return self

    def list(self, query: str = "", graph: str = "movie", **headers: str) -> Any:
        """The response to a job list request; keywords are headers (x_auth_token=...)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        project = self.fake.default.project_id
        path = f"/ges/v1.0/{project}/graphs/{graph}/jobs/status{query}"
        return self.client.get(path, headers=named)

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """The response of the control API."""
        return self.client.open(f"/_gesmock/{path}", method=method, json=json)


@pytest.fixture(scope="session")
def shared_service() -> Service:
    """The service of the session."""
    return Service()


@pytest.fixture
def service(shared_service: Service) -> Service:
    """The session's service, started again with one empty graph, ``movie``."""
    return shared_service.begin()


@pytest.fixture(scope="session")
def shared_ges() -> Iterator[GesMock]:
    """The started mock of the session."""
    with GesMock() as started:
        yield started


@pytest.fixture
def ges(shared_ges: GesMock) -> GesMock:
    """The session's mock, started again with one empty graph, ``movie``."""
    shared_ges.restart()
    return shared_ges


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    """Undo what a command does to its process, so that it affects no other test."""
    logs = [logging.getLogger(name) for name in ("gesmock", "gesmock.service")]
    settings = [(log.level, [*log.handlers], log.propagate) for log in logs]
    interval = sys.getswitchinterval()
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    signals = {number: signal.getsignal(number) for number in stops}
    yield
    for log, (level, handlers, propagate) in zip(logs, settings, strict=True):
        log.setLevel(level)
        log.handlers[:], log.propagate = handlers, propagate
    sys.setswitchinterval(interval)
    for number, handler in signals.items():
        signal.signal(number, handler)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run ``gesmock serve`` in this process: serve(visit, *args) gives *visit* the printed lines.

    The command stops, as on SIGTERM, when *visit* returns; its result is that of ``serve``.
    """

    def run(visit: Callable[[list[str]], Any], *args: str) -> Any:
        results: list[Any] = []

        def wait() -> None:
            results.append(visit(capfd.readouterr().out.splitlines()))

        monkeypatch.setattr(serve_command, "stop_signals", lambda: wait)
        cli.main(["serve", "--port", "0", *args], standalone_mode=False)
        return results[0]

    return run
