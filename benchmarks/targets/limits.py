"""What is left to be gained: the same server, with next to no work behind it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.lists import JobList
from benchmarks.targets.base import PythonTarget


class _Bound(PythonTarget):
    kind = "limit"
    package = module = "gesmock"
    server: ClassVar[str]

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        bodies = [f"{jobs.path}={jobs.body.resolve()}" for jobs in lists]
        return [sys.executable, "-m", f"benchmarks.servers.{self.server}", str(port), *bodies]


class BareWsgi(_Bound):
    """gesmock's server with a WSGI callable that looks a path up and returns its bytes."""

    name = "bare WSGI callable"
    server = "bare_wsgi"


class FixedBytes(_Bound):
    """gesmock's server, which answers in its loop, with an answer that was made before."""

    name = "fixed bytes"
    server = "fixed_bytes"
