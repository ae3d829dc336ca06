"""An observation compares what a job went through with what its client was shown."""

from typing import Any

import pytest
import requests
from conftest import Service
from stories import Story

from gesmock import Conflict, ExpectationFailed, GesMock, InvalidInput, NotFound
from gesmock.journal.observations import Sighting, sightings
from gesmock.model.jobs import Job, JobRequest

FILES = {"edgesetPath": "e", "obsParameters": {"accessKey": "A", "secretKey": "S"}}


def submit(ges: GesMock) -> str:
    url = f"{ges.graph_url()}/action?action_id=import-graph"
    job_id: str = requests.post(url, json=FILES).json()["jobId"]
    return job_id


def test_an_observation_has_changes_shown_and_the_timeline(ges: GesMock) -> None:
    ges.clock.freeze()
    begin = ges.clock.now
    job_id = submit(ges)
    for seconds in (0, 1, 3, 3):
        ges.clock.advance(seconds)
        requests.get(ges.job_url(job_id))
    requests.get(ges.jobs_url())
    ges.clock.advance(100)

    observation = ges.observation(job_id)

    assert (observation.job_id, observation.graph, observation.statuses) == (
        job_id,
        "movie",
        ("pending", "running"),
    )
    assert [(each.status, each.first, each.last, each.times) for each in observation.observed] == [
        ("pending", 2, 3, 2),
        ("running", 4, 6, 3),
    ]
    assert [(each.status, each.at and each.at - begin) for each in observation.went_through] == [
        ("pending", 0),
        ("running", 2),
        ("success", 10),
    ]


def test_assert_seen_passes_for_the_statuses_shown(ges: GesMock) -> None:
    ges.clock.freeze()
    ges.clock.tick_s = 5
    job_id = submit(ges)
    for _ in range(5):
        requests.get(ges.job_url(job_id))

    ges.assert_seen(job_id, "pending", "running", "success")


def test_a_failure_describes_the_difference(ges: GesMock) -> None:
    ges.clock.freeze()
    job_id = submit(ges)
    requests.get(ges.job_url(job_id))
    requests.get(ges.job_url(job_id))
    ges.clock.advance(11)
    requests.get(ges.job_url(job_id))

    with pytest.raises(AssertionError) as raised:
        ges.assert_seen(job_id, "pending", "running", "failed")

    assert str(raised.value) == (
        f"the client should have been shown pending, running, failed for job '{job_id}', but was shown "
        "pending, success\n"
        "  pending: 2 times (#2 to #3)\n"
        "- running: the job had this status for 8 s, but the client did not ask in that time\n"
        "- failed: the job never had this status\n"
        "+ success: once (#4)"
    )


def test_unexpected_statuses_are_listed_in_order(ges: GesMock) -> None:
    ges.clock.freeze()
    job = ges.add_job(status="pending")
    for status in ("running", "failed"):
        requests.get(ges.job_url(job))
        ges.move_job(job, status)

    with pytest.raises(ExpectationFailed) as raised:
        ges.assert_seen(job, "running", "failed")

    assert str(raised.value).splitlines()[1:] == [
        "+ pending: once (#1)",
        "  running: once (#2)",
        "- failed: the job had this status, but the client did not ask in that time",
    ]
    with pytest.raises(ExpectationFailed, match="should have been shown nothing for job"):
        ges.assert_seen(job)
    with pytest.raises(ExpectationFailed, match="- pending: not shown at this point"):
        ges.assert_seen(job, "running", "pending")


def test_a_job_from_the_start_state_has_no_start_time(ges: GesMock) -> None:
    ges.restart(clock={"now": 100, "frozen": True}, fixture="movies")
    [job, *_] = ges.jobs(status="running")

    assert [(each.status, each.at) for each in ges.observation(job).went_through] == [
        ("running", None)
    ]

    ges.move_job(job, "failed")

    assert [(each.status, each.at) for each in ges.observation(job).went_through] == [
        ("running", None),
        ("failed", 100),
    ]


def test_steps_that_change_only_progress_are_one_span(ges: GesMock) -> None:
    steps = [
        {"after_s": 0, "status": "running"},
        {"after_s": 0, "status": "running", "progress": 50},
    ]
    job = ges.add_job(plan={"steps": steps}, status="running")

    assert [each.status for each in ges.observation(job).went_through] == ["running"]


def test_a_removed_job_is_observed_from_the_journal(ges: GesMock) -> None:
    job = ges.add_job(status="running")
    requests.get(ges.jobs_url())
    ges.remove_job(job)

    observation = ges.observation(job)

    assert (observation.statuses, observation.went_through) == (("running",), ())
    with pytest.raises(NotFound, match="no job has the id"):
        ges.observation(job, graph="other")
    with pytest.raises(NotFound, match="no job has the id 'nobody'"):
        ges.observation("nobody")


def test_a_job_of_a_removed_graph_is_observed_too(ges: GesMock) -> None:
    job_id = requests.delete(ges.graph_url()).json()["jobId"]
    requests.get(ges.job_url(job_id))
    ges.clock.advance(100)

    assert ges.observation(job_id).statuses == ("pending",)


def test_a_job_id_in_several_graphs_needs_the_graph(ges: GesMock) -> None:
    for graph in ("movie", "other"):
        ges.add_job(job_id="a1", status="running", graph=graph)
    requests.get(ges.jobs_url("other"))

    with pytest.raises(Conflict, match="several graphs have a job 'a1'"):
        ges.observation("a1")
    ges.assert_seen("a1", "running", graph="other")
    ges.assert_seen("a1", graph="movie")


def test_unknown_statuses_are_refused(ges: GesMock) -> None:
    with pytest.raises(InvalidInput, match=r"assert_seen\[1\]: 'done' is not one of pending, "):
        ges.assert_seen("a1", "running", "done")  # type: ignore[arg-type]


def test_a_refusal_shows_a_failed_algorithm(ges: GesMock) -> None:
    job = ges.add_job(
        status="failed", command="execute_algorithm", raw_request='{"algorithmName":"pagerank"}'
    )
    assert requests.get(ges.job_url(job)).status_code == 400

    ges.assert_seen(job, "failed")


# --- What was dropped, and what is not recorded ---


def test_dropped_entries_matter_only_for_older_jobs(ges: GesMock) -> None:
    ges.restart(journal_size=2, clock={"frozen": True})
    old = ges.add_job(status="running")
    requests.get(ges.job_url(old))
    requests.get(ges.job_url(old))
    new = submit(ges)
    requests.get(ges.job_url(new))

    with pytest.raises(Conflict) as refused:
        ges.observation(old)

    assert str(refused.value) == (
        f"cannot tell what was shown of job '{old.job_id}': the journal dropped 2 entries; "
        "raise journal_size"
    )
    assert ges.observation(new).statuses == ("pending",)


def test_a_very_long_list_shows_no_statuses(ges: GesMock) -> None:
    ges.generate(1001)
    requests.get(ges.jobs_url())
    job = ges.jobs()[-1]
    requests.get(ges.job_url(job))

    assert [each.first for each in ges.observation(job).observed] == [2]


def test_repeated_answers_are_walked_once() -> None:
    walks: list[int] = []

    class Statuses(dict[str, str]):
        def items(self) -> Any:
            walks.append(len(self))
            return super().items()

    listed = Statuses(a1="running", a2="running")
    story = Story()
    for _ in range(3):
        story.ask(statuses=listed)
        story.ask(statuses=None, connection="reset")
    elsewhere = story.ask(statuses=listed, args={"graph_name": "other"})
    story.ask(statuses=Statuses(a1="running"))
    last = story.ask(statuses=listed)

    by_job = sightings(story.entries)

    assert walks == [2, 2, 1, 2]
    first, at = story.entries[0].number, story.entries[0].at
    assert by_job["movie", "a1"] == [Sighting("running", first, last.number, 5, at)]
    assert by_job["movie", "a2"] == [Sighting("running", first, last.number, 4, at)]
    assert by_job["other", "a1"] == [
        Sighting("running", elsewhere.number, elsewhere.number, 1, elsewhere.at)
    ]


# --- Over HTTP ---


def test_observations_are_checked_over_http(service: Service) -> None:
    service.fake.default.graphs.add(_job("a/1"))
    service.list()

    observation = service.control("GET", "seen/a/1").json
    assert (observation["job_id"], observation["graph"]) == ("a/1", "movie")
    assert [each["status"] for each in observation["observed"]] == ["running"]
    assert [each["status"] for each in observation["went_through"]] == ["running"]
    assert service.control("GET", "seen/a/1?statuses=running&graph=movie").status_code == 200
    assert service.control("GET", "seen/a/1?statuses=").status_code == 409

    unmet = service.control("GET", "seen/a/1?statuses=pending,running")
    assert unmet.status_code == 409
    assert "\n- pending: the job never had this status\n" in unmet.json["error"]
    wrong = service.control("GET", "seen/a/1?statuses=done")
    assert (wrong.status_code, wrong.json["errors"][0]["path"]) == (400, "query.statuses[0]")
    assert service.control("GET", "seen/nobody").status_code == 404


def _job(job_id: str) -> Job:
    return Job(job_id, "running", JobRequest("import_graph", "/"))
