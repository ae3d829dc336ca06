"""gesmock as it ships, and through Flask."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lists import JobList
from benchmarks.targets.base import PythonTarget


class Gesmock(PythonTarget):
    """``gesmock serve``, with its journal on, as always."""

    name = "gesmock"
    kind = "gesmock"
    package = module = "gesmock"
    pages = "limit and offset, as the service"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        fixtures = [str(jobs.fixture.resolve()) for jobs in lists]
        return [sys.executable, "-m", "gesmock", "serve", *fixtures, "--port", str(port)]

    def page_path(self, jobs: JobList) -> str:
        return f"{jobs.path}?limit=10"


class ThroughFlask(Gesmock):
    """The same app and server, but every request passes through Flask."""

    name = "gesmock, through Flask"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        fixtures = [str(jobs.fixture.resolve()) for jobs in lists]
        return [sys.executable, "-m", "benchmarks.servers.through_flask", str(port), *fixtures]
