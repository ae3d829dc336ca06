"""The starting states that gesmock ships, each telling its story."""

import pytest
import requests

from gesmock import GesMock


def test_the_empty_fixture_has_a_graph_without_jobs(ges: GesMock) -> None:
    ges.restart(fixture="empty")

    assert requests.get(ges.jobs_url("movies")).json()["jobs"] == []


def test_the_failing_fixture_has_each_error_once(ges: GesMock) -> None:
    ges.restart(fixture="failing")

    statuses = [requests.get(ges.jobs_url()).status_code for _ in range(8)]

    assert statuses == [400, 401, 403, 404, 500, 503, 200, 200]


@pytest.mark.parametrize(
    ("token", "status"),
    [("good", 200), ("expired", 401), ("foreign", 403), ("powerless", 403), ("", 401)],
)
def test_the_signed_in_fixture_requires_a_valid_token(
    ges: GesMock, token: str, status: int
) -> None:
    ges.restart(fixture="signed_in")

    assert requests.get(ges.jobs_url(), headers={"X-Auth-Token": token}).status_code == status


def test_the_living_fixture_has_unfinished_jobs(ges: GesMock) -> None:
    ges.restart(fixture="living", clock={"frozen": True})

    observed = []
    for seconds in (5, 5, 1000):
        observed.append([job["status"] for job in requests.get(ges.jobs_url()).json()["jobs"]])
        ges.clock.advance(seconds)
    ended = [job["status"] for job in requests.get(ges.jobs_url()).json()["jobs"]]

    assert observed[0] == ["pending", "pending", "running", "running", "success"]
    assert observed[1] == ["pending", "running", "pending", "running", "running", "success"]
    assert ended == ["pending", "complete", "success", "running", "failed", "success"]
