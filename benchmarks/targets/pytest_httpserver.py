"""pytest-httpserver, the usual choice in Python tests."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lists import JobList
from benchmarks.targets.base import PythonTarget


class PytestHttpserver(PythonTarget):
    """As it comes: Werkzeug's server, one thread, every request kept in its log."""

    name = "pytest-httpserver"
    package = "pytest-httpserver"
    module = "pytest_httpserver"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        bodies = [f"{jobs.path}={jobs.body.resolve()}" for jobs in lists]
        server = "benchmarks.servers.pytest_httpserver"
        return [sys.executable, "-m", server, str(port), *bodies]
