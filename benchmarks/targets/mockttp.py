"""mockttp, a library for tests in JavaScript."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.lists import JobList
from benchmarks.targets.base import NodeTarget

_SCRIPT = Path(__file__).parents[1] / "servers" / "mockttp.js"


class Mockttp(NodeTarget):
    """A local server that records no traffic, with a fixed answer for each list."""

    name = "mockttp"
    package = "mockttp"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        bodies = [f"{jobs.path}={jobs.body.resolve()}" for jobs in lists]
        return ["node", str(_SCRIPT), str(self.home.resolve()), str(port), *bodies]
