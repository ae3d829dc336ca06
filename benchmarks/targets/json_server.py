"""json-server, which serves a JSON file as a REST API, and pages."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.lists import JobList
from benchmarks.targets.base import NodeTarget, write_json


class JsonServer(NodeTarget):
    """Quiet, read-only. It lists the jobs without an envelope, indented."""

    name = "json-server"
    package = "json-server"
    pages = "_start and _limit; the list without its envelope"
    exact = False

    def path(self, jobs: JobList) -> str:
        return f"/{jobs.graph}"

    def page_path(self, jobs: JobList, page: int, size: int) -> str:
        return f"/{jobs.graph}?_start={page * size}&_limit={size}"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        file = write_json(room.resolve() / "db.json", {jobs.graph: jobs.jobs() for jobs in lists})
        run = str((self.home / "lib" / "cli" / "bin.js").resolve())
        options = [
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--quiet",
            "--read-only",
            "--no-gzip",
        ]
        return ["node", run, *options, str(file)]
