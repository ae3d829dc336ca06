"""Prism, @stoplight/prism-cli: the lists as examples of an OpenAPI document."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lists import JobList
from benchmarks.targets.base import NodeTarget, write_json


class Prism(NodeTarget):
    """One process, silent, static examples. The document has no schema, so nothing is validated."""

    name = "Prism"
    package = "@stoplight/prism-cli"
    largest = 1_000  # it takes minutes to read a document with 100,000 jobs, and each answer too

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        document = {
            "openapi": "3.0.3",
            "info": {"title": "lists", "version": "1"},
            "paths": {
                jobs.path: {
                    "get": {
                        "responses": {
                            "200": {
                                "description": "the list",
                                "content": {
                                    "application/json": {"example": json.loads(jobs.bytes())}
                                },
                            }
                        }
                    }
                }
                for jobs in lists
            },
        }
        file = write_json(room.resolve() / "openapi.json", document)
        run = str((self.home / "dist" / "index.js").resolve())
        return ["node", run, "mock", str(file), "-p", str(port), "-v", "silent", "-m", "false"]
