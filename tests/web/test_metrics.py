"""``GET /_gesmock/metrics``, read as Prometheus reads it."""

from collections import Counter
from typing import Any

import pytest
import requests
from conftest import Service, until
from prometheus_client.parser import text_string_to_metric_families

from gesmock import Delay, GesMock
from gesmock.faults import KINDS
from gesmock.journal.verdict.findings import RULES
from gesmock.model.types import STATUSES

Samples = dict[tuple[str, ...], float]


def read(text: str) -> dict[str, Samples]:
    """The samples of each metric, by the values of their labels."""
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text)
    }


def scraped(ges: GesMock) -> dict[str, Samples]:
    response = requests.get(f"{ges.url}/_gesmock/metrics")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(response.text)


@pytest.fixture
def ges() -> Any:
    """A fake that nobody has asked before: resets set no counter back."""
    with GesMock() as ges:
        yield ges


def test_requests_are_counted_by_operation_and_status(ges: GesMock) -> None:
    ges.faults.script("list_jobs", 503, "close")
    for _ in range(2):
        requests.get(ges.jobs_url(), headers={"Prefer": "code=429"})
    requests.get(ges.jobs_url())
    with pytest.raises(requests.ConnectionError):
        requests.get(ges.jobs_url())
    requests.get(f"{ges.url}/ges/v1.0/nothing")

    assert scraped(ges)["gesmock_requests"] == {
        ("list_jobs", "429"): 2,
        ("list_jobs", "503"): 1,
        ("list_jobs", "none"): 1,
        ("none", "404"): 1,
    }


def test_faults_are_counted_by_kind(ges: GesMock) -> None:
    ges.faults.script("list_jobs", 503, "ok", "malformed")
    ges.faults.arm("list_jobs", Delay(seconds=0.001), times=1, after=1)
    for _ in range(3):
        requests.get(ges.jobs_url())

    faults = scraped(ges)["gesmock_faults"]

    assert faults.keys() == {(kind,) for kind in KINDS}
    assert {kind: count for (kind,), count in faults.items() if count} == {
        "error": 1,
        "malformed": 1,
        "delay": 1,
    }


def test_jobs_are_counted_by_status_in_all_graphs_and_projects(ges: GesMock) -> None:
    ges.generate(300, seed=7)
    other = ges.project("other")
    other.add_job(status="complete")
    other.add_job(status="running", graph="another")
    expected = Counter(job.status for project in (ges, other) for job in project.jobs())

    jobs = scraped(ges)["gesmock_jobs"]

    assert jobs == {(status,): expected[status] for status in STATUSES}
    assert sum(jobs.values()) == 302


def test_findings_are_counted_by_code(ges: GesMock) -> None:
    requests.get(f"{ges.url}/ges/v1.0/nothing")

    findings = scraped(ges)["gesmock_findings"]

    assert findings.keys() == {(rule.code,) for rule in RULES}
    assert {code for (code,), count in findings.items() if count} == {"GM002"}


def test_open_connections_are_counted(ges: GesMock) -> None:
    with requests.Session() as session:
        session.get(ges.jobs_url())
        assert scraped(ges)["gesmock_connections"] == {(): 2}
    until(lambda: scraped(ges)["gesmock_connections"] == {(): 1})


def test_counters_survive_resets_and_the_projects_that_those_drop(ges: GesMock) -> None:
    other = ges.project("other")
    for project in (ges, other):
        requests.get(project.jobs_url(), headers={"Prefer": "code=503"})
    ges.reset()

    samples = scraped(ges)

    assert "other" not in ges.fake.projects
    assert samples["gesmock_requests"] == {("list_jobs", "503"): 2}
    assert samples["gesmock_faults"]["error",] == 2
    assert sum(samples["gesmock_findings"].values()) == 0


def test_another_wsgi_server_serves_metrics_too(service: Service) -> None:
    samples = read(service.control("GET", "metrics").text)

    assert samples["gesmock_connections"] == {(): 0}


def test_metrics_need_the_control_token() -> None:
    with GesMock(control_token="secret") as ges:
        assert requests.get(f"{ges.url}/_gesmock/metrics").status_code == 401
