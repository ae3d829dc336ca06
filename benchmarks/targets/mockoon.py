"""Mockoon's command line, @mockoon/cli."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.lists import JobList
from benchmarks.targets.base import NodeTarget, write_json


class Mockoon(NodeTarget):
    """The lists as inline bodies, templates off; beside each, its jobs as a CRUD route that pages.

    The list of 100,000 jobs comes from its file: inline it would be read and checked at the start.
    """

    name = "Mockoon"
    package = "@mockoon/cli"
    pages = "CRUD routes: page and limit; the list without its envelope"

    def page_path(self, jobs: JobList) -> str:
        return f"/{jobs.graph}?page=1&limit=10"

    def whole_path(self, jobs: JobList) -> str:
        return f"/{jobs.graph}"

    def count(self, body: bytes) -> int:
        return super().count(body) if body.startswith(b"{") else body.count(b'"jobId"')

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        routes: list[dict[str, Any]] = []
        for number, jobs in enumerate(lists):
            bulk = jobs.count > 1_000
            fixed = {"bodyType": "FILE" if bulk else "INLINE"}
            fixed |= {"filePath": str(jobs.body.resolve())} if bulk else {}
            fixed |= {} if bulk else {"body": jobs.bytes().decode()}
            routes.append(_route(10 * number, "http", jobs.path, fixed))
            kept = {"bodyType": "DATABUCKET", "databucketID": jobs.graph}
            routes.append(_route(10 * number + 1, "crud", f"/{jobs.graph}", kept))
        environment = {
            "uuid": _uuid(900),
            "lastMigration": 33,
            "name": "lists",
            "endpointPrefix": "",
            "latency": 0,
            "port": port,
            "hostname": "127.0.0.1",
            "folders": [],
            "routes": routes,
            "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
            "proxyMode": False,
            "proxyHost": "",
            "proxyRemovePrefix": False,
            "tlsOptions": {
                "enabled": False,
                "type": "CERT",
                **dict.fromkeys(("pfxPath", "certPath", "keyPath", "caPath", "passphrase"), ""),
            },
            "cors": False,
            "headers": [{"key": "Content-Type", "value": "application/json"}],
            "proxyReqHeaders": [],
            "proxyResHeaders": [],
            "data": [
                {
                    "uuid": _uuid(500 + number),
                    "id": jobs.graph,
                    "name": jobs.graph,
                    "documentation": "",
                    "value": json.dumps(jobs.jobs(), ensure_ascii=False),
                }
                for number, jobs in enumerate(lists)
            ],
            "callbacks": [],
        }
        file = write_json(room.resolve() / "environment.json", environment)
        run = str((self.home / "bin" / "run.js").resolve())
        quiet = ["--disable-log-to-file", "--disable-admin-api", "--max-transaction-logs", "1"]
        return ["node", run, "start", "--data", str(file), "--port", str(port), *quiet]


def _route(number: int, kind: str, path: str, answer: dict[str, str]) -> dict[str, Any]:
    return {
        "uuid": _uuid(number),
        "type": kind,
        "documentation": "",
        "method": "get" if kind == "http" else "",
        "endpoint": path.lstrip("/"),
        "responses": [
            {
                "uuid": _uuid(1_000 + number),
                "body": "",
                "latency": 0,
                "statusCode": 200,
                "label": "",
                "headers": [],
                "bodyType": "INLINE",
                "filePath": "",
                "databucketID": "",
                "sendFileAsBody": True,
                "rules": [],
                "rulesOperator": "OR",
                "disableTemplating": True,
                "fallbackTo404": False,
                "default": True,
                "crudKey": "jobId",
                "callbacks": [],
                **answer,
            }
        ],
        "responseMode": None,
        "streamingMode": None,
        "streamingInterval": 0,
    }


def _uuid(number: int) -> str:
    return str(UUID(int=number, version=4))
