"""Memory does not grow with the number of requests."""

import gc
import sys

import pytest

from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model.messages import Operation, Request

pytestmark = pytest.mark.deep

FULL, MANY = 20_000, 100_000


def distinct_request(fake: Fake, number: int) -> Request:
    """A request unlike any other: for a page, a job, an unknown URL, or with a refused offset."""
    project_id, graph = fake.default.project_id, "movie"
    args = {"project_id": project_id, "graph_name": graph}
    operation: Operation | None = "list_jobs"
    kind = number % 4
    if kind == 1:
        operation, args = "show_job", {**args, "job_id": f"job-{number}"}
    elif kind == 2:
        operation, args = None, {}
    return Request(
        operation=operation,
        method="GET",
        path=f"/ges/{number}",
        epoch=fake.default.epoch,
        args=args,
        query={"offset": "x" if kind == 3 else f"{number % 40}", "limit": "5"},
        headers={"user-agent": f"client {number % 500}"},
    )


def test_a_hundred_thousand_requests_leave_no_more_than_the_journal_holds() -> None:
    fake = Fake({"generate": 50})
    for number in range(FULL):
        handle(fake, distinct_request(fake, number))
    gc.collect()
    held = sys.getallocatedblocks()

    for number in range(FULL, MANY):
        handle(fake, distinct_request(fake, number))
    gc.collect()

    assert sys.getallocatedblocks() < held * 1.01
    project = fake.default
    assert (project.journal.count, len(project.journal)) == (MANY, 10_000)
    assert len(project.verdict.coverage.cells()) == 3
    assert [each.code for each in project.verdict.findings(["GM9"])] == ["GM901"]
    assert sum(each.code == "GM002" for each in project.verdict.findings()) == 100
