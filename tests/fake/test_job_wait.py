"""Waiting for a job: in Python, and over HTTP as a long poll."""

from asyncio import CancelledError, create_task, run, sleep, to_thread
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
import requests
from conftest import Service, until

from gesmock import Conflict, GesMock, InvalidInput, Job, NotFound, TimedOut
from gesmock.model.types import FINAL

LONG = 60.0  # no test waits so long


def waited_for(ges: GesMock) -> Callable[[], object]:
    """A function that says whether any thread waits for a job to change."""
    return lambda: ges.fake.default.graphs.waiters.count


def in_a_thread(ges: GesMock, job: Job, status: Any = FINAL) -> tuple[Thread, list[Any]]:
    """A thread that waits; it is waiting when this returns."""
    actual: list[Any] = []

    def wait() -> None:
        try:
            actual.append(ges.wait_for_job(job, status, timeout_s=LONG))
        except Exception as error:  # noqa: BLE001 the test looks at it
            actual.append(error)

    thread = Thread(target=wait)
    thread.start()
    until(waited_for(ges))
    return thread, actual


def test_a_job_that_has_the_status_is_there_at_once(ges: GesMock) -> None:
    job = ges.add_job(status="running")

    assert ges.wait_for_job(job, "running", timeout_s=0) == job
    assert ges.wait_for_job(job.job_id, ["running", "failed"], timeout_s=0) == job


def test_a_job_is_waited_for_until_it_has_ended_in_the_time_of_the_project(ges: GesMock) -> None:
    ges.clock.rate = 1000
    job = ges.add_job(plan="normal")

    assert ges.wait_for_job(job, timeout_s=LONG).status == "success"


def test_an_advance_and_a_move_wake_waiting_threads(ges: GesMock) -> None:
    ges.clock.freeze()
    job = ges.add_job(plan="normal")
    thread, actual = in_a_thread(ges, job, "running")
    ges.clock.advance(2)
    thread.join()
    assert actual[0].status == "running"

    thread, actual = in_a_thread(ges, job, "failed")
    ges.move_job(job, "failed")
    thread.join()
    assert actual[0].status == "failed"


def test_a_wait_that_gives_up_names_the_last_status(ges: GesMock) -> None:
    ges.clock.freeze()
    job = ges.add_job(job_id="a", plan="stuck_at_99")
    ges.clock.advance(20)

    with pytest.raises(TimedOut) as caught:
        ges.wait_for_job(job, "success", timeout_s=0.01)

    assert str(caught.value) == (
        "job 'a' is still running after 0.01 s; expected success; the clock is frozen"
    )


def test_a_wait_gives_up_at_once_if_the_job_has_ended_with_another_status(ges: GesMock) -> None:
    job = ges.add_job(job_id="a", status="failed")

    with pytest.raises(TimedOut) as caught:
        ges.wait_for_job(job, ["success", "complete"], timeout_s=LONG)

    assert str(caught.value) == ("job 'a' is failed, which is final; expected success or complete")


def test_a_wait_gives_up_if_the_job_is_removed_or_the_project_is_reset(ges: GesMock) -> None:
    job = ges.add_job(job_id="a", status="running")
    thread, actual = in_a_thread(ges, job)
    ges.remove_job(job)
    thread.join()
    assert isinstance(actual[0], TimedOut)
    assert str(actual[0]) == "job 'a' is gone; it was running before"

    thread, actual = in_a_thread(ges, ges.add_job(job_id="a", status="running"))
    ges.reset()
    thread.join()
    assert isinstance(actual[0], Conflict)
    assert "the project was reset meanwhile; job 'a' was running" in str(actual[0])


def test_a_wait_gives_up_when_the_server_stops_and_later_ones_work() -> None:
    with GesMock() as ges:
        thread, actual = in_a_thread(ges, ges.add_job(job_id="a", status="running"))
    thread.join()

    assert isinstance(actual[0], Conflict)
    assert "the server was stopped meanwhile; job 'a' was running" in str(actual[0])
    ges.move_job("a", "success")
    assert ges.wait_for_job("a", timeout_s=LONG).status == "success"


def test_a_wait_gives_up_when_the_graph_is_deleted(ges: GesMock) -> None:
    ges.clock.freeze()
    thread, actual = in_a_thread(ges, ges.add_job(job_id="a", status="running"))
    requests.delete(ges.graph_url())
    ges.clock.advance(10)
    thread.join()

    assert str(actual[0]) == "job 'a' is gone; it was running before"


def test_what_cannot_be_waited_for_is_refused(ges: GesMock) -> None:
    with pytest.raises(NotFound, match="no job has the id 'x'"):
        ges.wait_for_job("x", timeout_s=LONG)
    with pytest.raises(InvalidInput, match="'done' is not one of pending"):
        ges.wait_for_job("x", "done", timeout_s=LONG)  # type: ignore[arg-type]
    for timeout_s in (-1, float("inf"), "5"):
        with pytest.raises(InvalidInput, match="expected a number from 0 to"):
            ges.wait_for_job("x", timeout_s=timeout_s)  # type: ignore[arg-type]


# --- In a coroutine -----------------------------------------------------------------------------


def test_a_task_waits_for_a_job_while_its_loop_goes_on(ges: GesMock) -> None:
    ges.clock.freeze()
    job = ges.add_job(plan="normal")

    async def script() -> Job:
        waiting = create_task(ges.wait_for_job_async(job, "success", timeout_s=LONG))
        await sleep(0)
        await to_thread(ges.clock.advance, 3600)
        return await waiting

    assert run(script()).status == "success"
    assert run(ges.wait_for_job_async(job, timeout_s=0)).status == "success"


def test_a_task_waits_in_the_time_of_the_project(ges: GesMock) -> None:
    ges.clock.rate = 1000
    job = ges.add_job(plan="normal")

    assert run(ges.wait_for_job_async(job, timeout_s=LONG)).status == "success"


def test_a_task_that_waits_for_a_job_can_be_cancelled(ges: GesMock) -> None:
    job = ges.add_job(status="running")

    async def script() -> None:
        waiting = create_task(ges.wait_for_job_async(job, timeout_s=LONG))
        await sleep(0)
        assert waited_for(ges)()
        waiting.cancel()
        await waiting

    with pytest.raises(CancelledError):
        run(script())
    assert not waited_for(ges)()


def test_a_task_gives_up_as_a_thread_does(ges: GesMock) -> None:
    job = ges.add_job(job_id="a", status="running")

    async def reset_meanwhile() -> None:
        waiting = create_task(ges.wait_for_job_async(job, timeout_s=LONG))
        await sleep(0)
        ges.reset()
        await waiting

    with pytest.raises(TimedOut, match="job 'a' is still running after 0.001 s"):
        run(ges.wait_for_job_async(job, timeout_s=0.001))
    with pytest.raises(Conflict, match="the project was reset meanwhile; job 'a' was running"):
        run(reset_meanwhile())
    with pytest.raises(NotFound):
        run(ges.wait_for_job_async("x"))
    with pytest.raises(InvalidInput, match="'done' is not one of pending"):
        run(ges.wait_for_job_async("x", "done"))  # type: ignore[arg-type]


# --- Over HTTP ----------------------------------------------------------------------------------


def test_a_long_poll_answers_when_the_job_is_there(ges: GesMock) -> None:
    ges.clock.freeze()
    job = ges.add_job(plan="normal")
    answers: list[Any] = []
    url = f"{ges.url}/_gesmock/jobs/{job.job_id}?status=success&wait_s=60"
    thread = Thread(target=lambda: answers.append(requests.get(url)))
    thread.start()
    until(waited_for(ges))
    requests.patch(f"{ges.url}/_gesmock/clock", json={"advance_s": 10})
    thread.join()

    assert answers[0].status_code == 200
    assert answers[0].json()["job"]["status"] == "success"


def test_without_a_status_a_job_is_shown_or_waited_for_to_its_end(service: Service) -> None:
    service.begin(clock={"frozen": True})
    job = {"jobId": "a", "status": "running", "request": {"command": "x", "url": "/"}}
    service.control("POST", "jobs", {"job": job})

    assert service.control("GET", "jobs/a").json["job"] == job
    given_up = service.control("GET", "jobs/a?wait_s=0.01")
    assert given_up.status_code == 409
    assert given_up.json["error"].startswith(
        "job 'a' is still running after 0.01 s; expected complete or"
    )
    service.control("PATCH", "jobs/a", {"status": "failed"})
    assert service.control("GET", "jobs/a?wait_s=60").json["job"]["status"] == "failed"
    other = service.control("GET", "jobs/a?status=success")
    assert other.json["error"] == "job 'a' is failed, which is final; expected success"


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("jobs/x?wait_s=1", 404, "no job has the id 'x'"),
        ("jobs/a?wait_s=61", 400, "query.wait_s: expected a number from 0 to 60, got 61"),
        ("jobs/a?wait_s=x", 400, "query.wait_s: expected a number"),
        ("jobs/a?status=done", 400, "query.status: 'done' is not one of pending"),
    ],
)
def test_a_wrong_long_poll_is_refused(
    service: Service, query: str, status: int, words: str
) -> None:
    response = service.control("GET", query)

    assert response.status_code == status
    assert words in response.json["error"]
