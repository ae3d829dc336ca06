"""mountebank, with one imposter."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import processes
from benchmarks.lists import JobList
from benchmarks.targets.base import NodeTarget, write_json


class Mountebank(NodeTarget):
    """Records no requests (its default), logs errors only, and is told to keep connections."""

    name = "mountebank"
    package = "mountebank"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        headers = {"Content-Type": "application/json", "Connection": "keep-alive"}
        stubs = [
            {
                "predicates": [{"equals": {"method": "GET", "path": jobs.path}}],
                "responses": [
                    {"is": {"statusCode": 200, "headers": headers, "body": jobs.bytes().decode()}}
                ],
            }
            for jobs in lists
        ]
        imposter = {"port": port, "protocol": "http", "host": "127.0.0.1", "stubs": stubs}
        file = write_json(room.resolve() / "imposters.json", {"imposters": [imposter]})
        run = str((self.home / "bin" / "mb").resolve())
        own = str(processes.free_port())
        quiet = ["--nologfile", "--loglevel", "error", "--noParse"]
        where = ["--host", "127.0.0.1", "--port", own]
        return ["node", run, "start", *where, "--configfile", str(file), *quiet]
