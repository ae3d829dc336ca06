"""MockServer, from the npm package that ships its jar in some versions."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks import processes
from benchmarks.lists import LARGE, JobList
from benchmarks.targets.base import NodeTarget, WrongAnswer, write_json


class MockServer(NodeTarget):
    """Expectations from a file; logs errors only; its event log holds 100 entries.

    The list of 100,000 jobs is in its CRUD store too, which pages.
    """

    name = "MockServer"
    package = "mockserver-node"
    runtime = "java"
    pages = "CRUD store: page and size; the list without its envelope"
    fails = "a chaos profile"

    def missing(self) -> str | None:
        reason = super().missing()
        if reason is None and self._jar() is None:
            return "this version of mockserver-node ships no jar: it downloads it when it starts"
        return reason

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
                **({"chaos": _failing(jobs)} if jobs.failing else {}),
            }
            for jobs in lists
        ]
        start = write_json(room.resolve() / "expectations.json", expectations)
        properties = {
            "initializationJsonPath": start,
            "logLevel": "ERROR",
            "maxLogEntries": 100,
            "maxRequestBodySize": 100_000_000,
            "disableSystemOut": "true",
            "localBoundIP": "127.0.0.1",
        }
        options = [f"-Dmockserver.{name}={value}" for name, value in properties.items()]
        return ["java", *options, "-jar", str(self._jar()), "-serverPort", str(port)]

    def page_path(self, jobs: JobList, page: int, size: int) -> str:
        return f"/{jobs.graph}?page={page}&size={size}"

    def prepare(self, lists: Sequence[JobList], port: int) -> None:
        for jobs in lists:
            if jobs.count == LARGE:
                store = {"basePath": f"/{jobs.graph}", "idField": "jobId", "idStrategy": "UUID"}
                body = json.dumps(store | {"initialData": jobs.jobs()}).encode()
                status = processes.send(port, "PUT", "/mockserver/crud", body)
                if status != 201:
                    raise WrongAnswer(f"{self.name}: it answered its CRUD store with {status}")


def _failing(jobs: JobList) -> dict[str, float]:
    return {"errorStatus": 503, "errorProbability": jobs.failing}
