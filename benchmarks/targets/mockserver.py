"""MockServer, from the npm package that ships its jar in some versions."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.lists import JobList
from benchmarks.targets.base import NodeTarget, write_json


class MockServer(NodeTarget):
    """Expectations from a file; logs errors only; its event log holds 100 entries."""

    name = "MockServer"
    package = "mockserver-node"
    runtime = "java"

    def missing(self) -> str | None:
        found = super().missing()
        if found is None and self._jar() is None:
            return "this version of mockserver-node ships no jar: it downloads it when it starts"
        return found

    def _jar(self) -> Path | None:
        return next(self.home.resolve().glob("mockserver-netty-*.jar"), None)

    def version(self) -> str:
        return "mockserver-netty " + str(self._jar()).rpartition("netty-")[2].partition("-jar")[0]

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        expectations = [
            {
                "httpRequest": {"method": "GET", "path": jobs.path},
                "httpResponse": {
                    "statusCode": 200,
                    "headers": {"Content-Type": ["application/json"]},
                    "body": jobs.bytes().decode(),
                },
            }
            for jobs in lists
        ]
        start = write_json(room.resolve() / "expectations.json", expectations)
        properties = {
            "initializationJsonPath": start,
            "logLevel": "ERROR",
            "maxLogEntries": 100,
            "disableSystemOut": "true",
            "localBoundIP": "127.0.0.1",
        }
        told = [f"-Dmockserver.{name}={value}" for name, value in properties.items()]
        return ["java", *told, "-jar", str(self._jar()), "-serverPort", str(port)]
