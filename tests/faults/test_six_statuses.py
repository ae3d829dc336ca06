"""The six documented errors, each requested in every way that there is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from gesmock import GesMock

BODIES = {
    400: ("GES.8005", "Parameter error!"),
    401: ("GES.8007", "Invalid token."),
    403: ("GES.8006", "Invalid resource access."),
    404: (
        "GES.8000",
        "Graph [{project_id}-{graph_name}] does not exist, please check projectId and graphName.",
    ),
    500: ("GES.8302", "Job query error."),
    503: ("GES.8602", "Engine service unavailable."),
}

Answers = list[tuple[int, Any]]


def answers(url: str, **headers: str) -> Answers:
    """The first answer, and the next one, which must be the real one again."""
    first, second = requests.get(url, headers=headers), requests.get(url)
    return [(first.status_code, first.json()), (second.status_code, second.json()["result"])]


def by_python(status: int, ges: GesMock, serve: Any, tmp_path: Path) -> Answers:
    ges.faults.arm("list_jobs", status, times=1)
    return answers(ges.jobs_url())


def by_http(status: int, ges: GesMock, serve: Any, tmp_path: Path) -> Answers:
    order = {"operation": "list_jobs", "times": 1, "fault": {"kind": "error", "status": status}}
    assert requests.post(f"{ges.url}/_gesmock/faults", json=order).status_code == 201
    return answers(ges.jobs_url())


def by_command_line(status: int, ges: GesMock, serve: Any, tmp_path: Path) -> Answers:
    def visit(lines: list[str]) -> Answers:
        return answers(lines[1].split("'")[1])

    pair: Answers = serve(visit, "--generate", "1", "--fault", f"list_jobs={status},times=1")
    return pair


def by_fixture(status: int, ges: GesMock, serve: Any, tmp_path: Path) -> Answers:
    fault_rule = {"times": 1, "fault": {"kind": "error", "status": status}}
    path = tmp_path / "failing.json"
    path.write_text(json.dumps({"graphs": {"movie": {}}, "faults": [fault_rule]}))
    ges.restart(fixture=path)
    return answers(ges.jobs_url())


def by_preference(status: int, ges: GesMock, serve: Any, tmp_path: Path) -> Answers:
    return answers(ges.jobs_url(), Prefer=f"code={status}")


@pytest.mark.parametrize("status", BODIES)
@pytest.mark.parametrize("way", [by_python, by_http, by_command_line, by_fixture, by_preference])
def test_an_error_is_the_same_however_it_is_requested(
    status: int, way: Callable[..., Answers], ges: GesMock, serve: Any, tmp_path: Path
) -> None:
    code, message = BODIES[status]
    names = {"project_id": "854d9316e71d4dc599c5f27ea323d445", "graph_name": "movie"}

    failed = {"result": "failed"} if status == 404 else {}

    assert way(status, ges, serve, tmp_path) == [
        (status, {"errorMessage": message.format(**names), "errorCode": code, **failed}),
        (200, "success"),
    ]
