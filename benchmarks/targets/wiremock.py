"""WireMock, from the npm package that ships its jar: tuned for speed, and as it comes."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.lists import SMALL, JobList
from benchmarks.targets.base import NodeTarget, write_json


class _AnyWireMock(NodeTarget):
    package = "wiremock"
    runtime = "java"
    options: ClassVar[tuple[str, ...]] = ()

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        files, mappings = room / "__files", room / "mappings"
        files.mkdir(exist_ok=True)
        mappings.mkdir(exist_ok=True)
        for jobs in lists:
            answer: dict[str, object] = {
                "status": 200,
                "headers": {"Content-Type": "application/json"},
            }
            if jobs.count in SMALL:  # a body in the mapping spares it a file each time
                answer["body"] = jobs.bytes().decode()
            else:
                shutil.copyfile(jobs.body, files / jobs.body.name)
                answer["bodyFileName"] = jobs.body.name
            mapping = {"request": {"method": "GET", "urlPath": jobs.path}, "response": answer}
            write_json(mappings / jobs.body.name, mapping)
        jar = next((self.home / "build").glob("wiremock-standalone-*.jar")).resolve()
        where = ["--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(room)]
        return ["java", "-jar", str(jar), *where, "--disable-banner", *self.options]


class WireMock(_AnyWireMock):
    """Without journal, request log, templates and compression; with threads for 16 clients."""

    name = "WireMock, tuned"
    options = (
        "--no-request-journal",
        "--disable-request-logging",
        "--disable-response-templating",
        "--disable-gzip",
        "--async-response-enabled=true",
        "--async-response-threads=16",
        "--container-threads=32",
        "--jetty-acceptor-threads=1",
        "--jetty-accept-queue-size=1000",
    )


class UntunedWireMock(_AnyWireMock):
    """As it comes: its journal grows, and it matches with templates on."""

    name = "WireMock"
