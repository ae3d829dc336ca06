"""The server of moto. It knows no job list: the lists are public objects in its fake of S3."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import processes
from benchmarks.lists import JobList
from benchmarks.targets.base import PythonTarget, WrongAnswer


class Moto(PythonTarget):
    """Its cheapest plain GET of some bytes: S3's GetObject, without a signature."""

    name = "moto (S3)"
    package = "moto"
    module = "moto.server"

    def missing(self) -> str | None:
        try:
            return super().missing()
        except ModuleNotFoundError:
            return "PyPI package moto[server] is not installed"

    def path(self, jobs: JobList) -> str:
        return f"/lists/{jobs.graph}"

    def ready_path(self, lists: Sequence[JobList]) -> str:
        return "/moto-api/data.json"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    def prepare(self, lists: Sequence[JobList], port: int) -> None:
        access = {"x-amz-acl": "public-read"}
        sent = [processes.send(port, "PUT", "/lists", b"", access)]
        sent += [
            processes.send(port, "PUT", self.path(jobs), jobs.bytes(), access) for jobs in lists
        ]
        if set(sent) != {200}:
            raise WrongAnswer(f"{self.name}: it answered an upload with {sent}")
