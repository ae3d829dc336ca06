"""Coverage counts the documented answers that were met, across resets."""

from contextlib import suppress

import pytest
import requests
from conftest import Service

from gesmock import GesMock
from gesmock.journal.coverage import COLUMNS, Cell, Coverage, Table
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.messages import OPERATION_NAMES


def met(ges: GesMock) -> list[tuple[str, int, int]]:
    cells = ges.fake.coverage().cells()
    return [(cell.operation, cell.status, cell.count) for cell in cells]


@pytest.fixture
def new() -> GesMock:
    return GesMock()


def ask(ges: GesMock, graph: str = "movie", project: str | None = None) -> None:
    path = f"/ges/v1.0/{project or ges.project_id}/graphs/{graph}/jobs/status"
    ges.app.test_client().get(path)


def test_answers_are_counted_by_operation_and_status_across_resets(new: GesMock) -> None:
    ask(new)
    new.reset()
    ask(new)
    ask(new, graph="nothing")
    new.app.test_client().get("/ges/nothing")
    new.journal.clear()

    assert met(new) == [("list_jobs", 200, 2), ("list_jobs", 400, 1)]


def test_connections_that_broke_are_cells_of_their_own(ges: GesMock) -> None:
    before = ges.fake.coverage().cells()
    ges.faults.script("show_job", {"kind": "reset"}, {"kind": "malformed"}, 503)
    for _ in range(3):
        with suppress(requests.ConnectionError):
            requests.get(ges.job_url("a1"))

    met = Coverage(ges.fake.coverage().cells())
    for cell in before:
        met.met[cell.operation, cell.status, cell.connection].count -= cell.count

    row = met.table(["show_job"]).rows["show_job"]
    assert {name for name, count in zip(COLUMNS, row, strict=True) if count} == {
        "503",
        "malformed",
        "reset",
    }
    assert [(each.connection, each.phase) for each in ges.journal] == [
        ("reset", "before"),
        ("malformed", "after"),
        (None, "before"),
    ]


def test_answers_of_dropped_projects_are_counted_too(new: GesMock) -> None:
    new.configure(open_projects=True)
    ask(new, project="other")
    new.reset()
    new.restart(project_id="third")
    ask(new)
    new.restart(fixture="movies")

    assert met(new) == [("list_jobs", 200, 2)]


def test_a_table_has_the_called_or_the_named_operations() -> None:
    coverage = Coverage([Cell("list_jobs", 200, None, 3), Cell("list_jobs", 429, None, 1)])
    coverage.add([Cell("list_jobs", 503, "reset", 2), Cell("list_jobs", 200, "drip", 1)])

    called = coverage.table()
    named = coverage.table(["show_job", "list_jobs"])

    [row] = called.rows.values()
    counts = dict(zip(COLUMNS, row, strict=True))
    assert {name: count for name, count in counts.items() if count} == {"200": 4, "reset": 2}
    assert (called.met, called.all, round(called.percent, 1)) == (2, 13, 15.4)
    assert [*named.rows] == ["list_jobs", "show_job"]
    assert (named.met, named.all) == (2, 26)
    assert len(coverage.table(OPERATION_NAMES).rows) == len(OPERATION_NAMES)


@pytest.mark.parametrize(
    ("met", "of", "percent"), [(2, 3, 66.6), (4, 5, 80.0), (7999, 10_000, 79.9), (77, 500, 15.4)]
)
def test_a_percentage_is_rounded_down(met: int, of: int, percent: float) -> None:
    assert Table({}, met, of).rounded_percent == percent <= Table({}, met, of).percent


def test_an_empty_coverage_is_zero_percent() -> None:
    table = Coverage().table()

    assert (table.met, table.all, table.percent, table.rounded_percent) == (0, 0, 0.0, 0.0)


def test_the_report_over_http_is_complete(service: Service) -> None:
    service.fake.default.verdict.coverage = Coverage()
    service.fake.default.graphs.add(_job())
    service.list()
    service.client.get("/ges/nothing")

    report = service.control("GET", "report").json

    assert report["coverage"]["cells"] == [
        {"operation": "list_jobs", "status": 200, "connection": None, "count": 1}
    ]
    assert report["coverage"]["rows"]["list_jobs"][0] == 1
    assert (report["coverage"]["met"], report["coverage"]["percent"]) == (1, 7.6)
    assert [each["code"] for each in report["findings"]] == ["GM002"]
    assert report["failing"] == 1
    assert [(each["job_id"], len(each["observed"])) for each in report["seen"]] == [("a1", 1)]
    assert report["config"]["fail_on"] == ["GM0"]
    assert report["dropped"] == 0
    assert service.control("GET", "projects/nobody/report").status_code == 404


def test_the_report_in_python_is_the_same(ges: GesMock) -> None:
    ges.generate(1001)
    requests.get(ges.jobs_url(limit=1))
    requests.get(ges.jobs_url())

    report = ges.verdict.report()

    assert report.keys() == {"findings", "failing", "config", "coverage", "seen", "dropped"}
    [job] = report["seen"]
    assert [each["status"] for each in job["observed"]] == [ges.jobs()[0].status]


def _job() -> Job:
    return Job("a1", "running", JobRequest("import_graph", "/"))
