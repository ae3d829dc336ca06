"""Mockoon's command line, @mockoon/cli."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.lists import LARGE, JobList
from benchmarks.targets.base import NodeTarget, write_json


class Mockoon(NodeTarget):
    """The lists as inline bodies, templates off.

    The list of 100,000 jobs comes from its file: inline it would be read and checked at the start.
    Its jobs are a CRUD route too, which pages.
    """

    name = "Mockoon"
    package = "@mockoon/cli"
    pages = "CRUD routes: page and limit; the list without its envelope"
    fails = "a route with ten answers, of which it takes a random one"

    def page_path(self, jobs: JobList, page: int, size: int) -> str:
        return f"/{jobs.graph}?page={page + 1}&limit={size}"

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        routes: list[dict[str, Any]] = []
        for number, jobs in enumerate(lists):
            if jobs.count < LARGE:
                answers: list[dict[str, Any]] = [{"body": jobs.bytes().decode()}]
            else:
                answers = [{"bodyType": "FILE", "filePath": str(jobs.body.resolve())}]
                bucket = {"bodyType": "DATABUCKET", "databucketID": jobs.graph}
                routes.append(_route(100 * number + 50, "crud", f"/{jobs.graph}", [bucket]))
            if jobs.failing:
                failed = round(1 / jobs.failing)
                answers = [*answers * (failed - 1), {"statusCode": 503}]
            routes.append(_route(100 * number, "http", jobs.path, answers))
        environment = {
            "uuid": _uuid(8_000),
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
                    "uuid": _uuid(9_000 + number),
                    "id": jobs.graph,
                    "name": jobs.graph,
                    "documentation": "",
                    "value": json.dumps(jobs.jobs(), ensure_ascii=False),
                }
                for number, jobs in enumerate(lists)
                if jobs.count == LARGE
            ],
            "callbacks": [],
        }
        file = write_json(room.resolve() / "environment.json", environment)
        run = str((self.home / "bin" / "run.js").resolve())
        quiet = ["--disable-log-to-file", "--disable-admin-api", "--max-transaction-logs", "1"]
        return ["node", run, "start", "--data", str(file), "--port", str(port), *quiet]


def _route(number: int, kind: str, path: str, answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A route of *answers*: if there are several, it takes a random one each time."""
    return {
        "uuid": _uuid(number),
        "type": kind,
        "documentation": "",
        "method": "get" if kind == "http" else "",
        "endpoint": path.lstrip("/"),
        "responses": [
            {
                "uuid": _uuid(number + nth),
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
                "default": nth == 1,
                "crudKey": "jobId",
                "callbacks": [],
                **answer,
            }
            for nth, answer in enumerate(answers, 1)
        ],
        "responseMode": "RANDOM" if len(answers) > 1 else None,
        "streamingMode": None,
        "streamingInterval": 0,
    }


def _uuid(number: int) -> str:
    return str(UUID(int=number, version=4))
