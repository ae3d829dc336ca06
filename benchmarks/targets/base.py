"""Target: what has to be known about a server to measure it."""

import importlib.util
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import ClassVar, Final, Literal

from benchmarks import processes
from benchmarks.lists import LARGE, JobList
from benchmarks.processes import Running

Kind = Literal["gesmock", "limit", "peer"]

_TOP: Final = Path(__file__).parents[2]


class WrongAnswer(Exception):
    """A target does not answer with the list that it was given."""


class Target(ABC):
    """A server that answers job lists over HTTP, in processes of its own."""

    name: ClassVar[str]
    kind: ClassVar[Kind] = "peer"
    pages: ClassVar[str] = ""
    """How it returns a page of a list; empty if it cannot by itself."""
    fails: ClassVar[str] = ""
    """How it answers with a 503 at random; empty if it cannot by itself."""
    exact: ClassVar[bool] = True
    """Whether it answers with the exact bytes that it was given."""
    largest: ClassVar[int] = LARGE
    """The number of jobs in the longest list that it is asked for."""
    patience_s: ClassVar[float] = 60

    def __init__(self, peers: Path | None) -> None:
        self._peers = peers

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot be started; None if it can."""

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        """The command that serves *lists* at *port*; its files are written into *room* first."""

    def path(self, jobs: JobList) -> str:
        """Where it answers with all of *jobs*."""
        return jobs.path

    def page_path(self, jobs: JobList, page: int, size: int) -> str:
        """Where it answers with the *page*-th *size* of *jobs*, counted from 0, if it pages."""
        raise NotImplementedError

    def ready_path(self, lists: Sequence[JobList]) -> str:
        """A path that it answers with 200 once it has started."""
        return self.path(lists[0])

    def prepare(self, lists: Sequence[JobList], port: int) -> None:
        """Do what remains once it answers."""
        return

    @contextmanager
    def serving(self, lists: Sequence[JobList], room: Path) -> Iterator[Running]:
        """The target, started with *lists*. Raises StartFailed."""
        room.mkdir(parents=True, exist_ok=True)
        port = processes.free_port()
        command = self.command(lists, port, room)
        ready = processes.answers(self.ready_path(lists))
        with processes.started(
            command,
            port,
            ready,
            room=room,
            environment={"PYTHONPATH": str(_TOP)},
            patience_s=self.patience_s,
        ) as running:
            self.prepare(lists, port)
            yield running

    def check(self, jobs: JobList, running: Running) -> None:
        """Raise WrongAnswer unless it returns all *jobs*, in the exact bytes if it is ``exact``."""
        status, body = processes.get(running.port, self.path(jobs))
        self._check_count(status, body, jobs.count)
        if self.exact and body != jobs.bytes():
            raise WrongAnswer(f"{self.name}: other bytes than those of {jobs.body.name}")

    def check_page(self, jobs: JobList, running: Running, page: int, size: int) -> None:
        """Raise WrongAnswer unless that page of *jobs* has *size* of them."""
        self._check_count(*processes.get(running.port, self.page_path(jobs, page, size)), size)

    def _check_count(self, status: int, body: bytes, expected: int) -> None:
        if status != 200:
            raise WrongAnswer(f"{self.name}: status {status}: {body[:200]!r}")
        answer = json.loads(body)
        count = len(answer if isinstance(answer, list) else answer["jobs"])
        if count != expected:
            raise WrongAnswer(f"{self.name}: {count} jobs instead of {expected}")


class NodeTarget(Target):
    """A peer that npm installs: *package*, below ``node_modules`` of the peers' folder."""

    package: ClassVar[str]
    runtime: ClassVar[str] = "node"

    @property
    def home(self) -> Path:
        """The package's folder."""
        return (self._peers or Path()) / "node_modules" / self.package

    def missing(self) -> str | None:
        if self._peers is None:
            return "no folder with a node_modules was given (--peers)"
        if not (self.home / "package.json").is_file():
            return f"npm package {self.package} is not in the peers' node_modules"
        if shutil.which(self.runtime) is None:
            return f"no {self.runtime} on the PATH"
        return None

    def version(self) -> str:
        description = json.loads((self.home / "package.json").read_bytes())
        return f"{self.package} {description['version']}"


class PythonTarget(Target):
    """A peer that pip installs: the distribution *package*, with the module *module*."""

    package: ClassVar[str]
    module: ClassVar[str]

    def missing(self) -> str | None:
        if importlib.util.find_spec(self.module) is None:
            return f"PyPI package {self.package} is not installed"
        return None

    def version(self) -> str:
        return f"{self.package} {metadata.version(self.package)}"


def write_json(path: Path, value: object) -> Path:
    """Write *value* to *path*, as JSON."""
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path
