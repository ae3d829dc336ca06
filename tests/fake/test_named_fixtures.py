"""The fixture files that gesmock ships, each telling its story."""

import pytest
import requests

from gesmock import GesMock
from gesmock.model import documentation


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


@pytest.mark.parametrize("name", ["living", "movies", "page_example"])
def test_every_request_of_a_fixture_is_accepted_and_listed_as_the_fixture_lists_it(
    ges: GesMock, name: str
) -> None:
    ges.restart(fixture=name, clock={"frozen": True})
    methods = {row.command: row.method for row in documentation.submissions()}

    for job in ges.jobs():
        request = job.request
        answer = requests.request(
            methods[request.command], f"{ges.url}{request.url}", data=str(request.raw_request)
        )
        assert answer.status_code == 200, answer.text
        assert ges.jobs()[0].job_id in answer.text
        assert ges.jobs()[0].request == request
