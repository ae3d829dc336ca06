"""gesmock as it ships."""

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
    fails = "a fault rule"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        fixtures = [str(jobs.fixture.resolve()) for jobs in lists]
        for jobs in lists:
            if jobs.failing:
                fixtures += ["--fault", f"list_jobs=503,probability={jobs.failing}"]
        return [sys.executable, "-m", "gesmock", "serve", *fixtures, "--port", str(port)]

    def page_path(self, jobs: JobList, page: int, size: int) -> str:
        return f"{jobs.path}?limit={size}&offset={page * size}"
