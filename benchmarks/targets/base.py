"""Target: what a server has to tell of itself to be measured."""

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
    """How it gives a page of a list that it holds; empty where it cannot by itself."""
    exact: ClassVar[bool] = True
    """Whether it answers with the very bytes that it was given."""
    largest: ClassVar[int] = LARGE
    """How many jobs the longest list has that it is asked for."""
    patience_s: ClassVar[float] = 60

    def __init__(self, peers: Path | None) -> None:
        self._peers = peers

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot be started; None where all is there."""

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        """The command that serves *lists* at *port*; its files are written into *room* first."""

    def path(self, jobs: JobList) -> str:
        """Where it answers with all of *jobs*."""
        return jobs.path

    def page_path(self, jobs: JobList) -> str:
        """Where it answers with the first ten of *jobs*, if it pages."""
        return jobs.path

    def whole_path(self, jobs: JobList) -> str:
        """Where it answers with all of *jobs* out of that which it pages, if it pages."""
        return self.path(jobs)

    def count(self, body: bytes) -> int:
        """How many jobs an answer lists."""
        return len(json.loads(body)["jobs"])

    def ready_path(self, lists: Sequence[JobList]) -> str:
        """What is answered with 200 as soon as it has started."""
        return self.path(lists[0])

    def prepare(self, lists: Sequence[JobList], port: int) -> None:
        """Do what is left to do once it answers."""
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
        """Raise WrongAnswer unless all of *jobs* come back, in the very bytes where it can."""
        status, body = processes.get(running.port, self.path(jobs))
        self._check_count(status, body, jobs.count)
        if self.exact and body != jobs.bytes():
            raise WrongAnswer(f"{self.name}: other bytes than those of {jobs.body.name}")

    def check_page(self, jobs: JobList, running: Running) -> None:
        """Raise WrongAnswer unless a page of *jobs* has ten of them."""
        self._check_count(*processes.get(running.port, self.page_path(jobs)), 10)

    def _check_count(self, status: int, body: bytes, wanted: int) -> None:
        if status != 200:
            raise WrongAnswer(f"{self.name}: status {status}: {body[:200]!r}")
        if self.count(body) != wanted:
            raise WrongAnswer(f"{self.name}: {self.count(body)} jobs instead of {wanted}")


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
        told = json.loads((self.home / "package.json").read_bytes())["version"]
        return f"{self.package} {told}"


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
