"""The jobs of a project: added, moved, hidden, bounded; and what that costs."""

from collections import Counter
from typing import Any

import pytest
from conftest import PROJECT, Service

from gesmock import GesMock, Plan
from gesmock.fake import graphs
from gesmock.model.errors import Conflict, InvalidInput, NotFound
from gesmock.model.job_store import JobStore
from gesmock.model.timeline import Timeline

G = f"/ges/v1.0/{PROJECT}/graphs/movie"


@pytest.fixture
def ges() -> GesMock:
    """A fake without a socket, whose clock is frozen."""
    return GesMock(clock={"frozen": True})


def ids(ges: GesMock) -> list[str]:
    client = ges.app.test_client()
    jobs = client.get(f"{G}/jobs/status").get_json()["jobs"]
    return [job["jobId"] for job in jobs]


def test_an_advance_says_which_transitions_it_caused_in_their_order(ges: GesMock) -> None:
    slow = ges.add_job(plan="normal")
    quick = ges.add_job(plan="fails_early", graph="films")

    caused = ges.clock.advance(5)

    began = ges.clock.now - 5
    assert [(each.graph, each.job_id, each.was, each.status) for each in caused] == [
        ("movie", slow.job_id, "pending", "running"),
        ("films", quick.job_id, "pending", "running"),
        ("films", quick.job_id, "running", "failed"),
    ]
    assert [each.at for each in caused] == pytest.approx([began + 2, began + 2, began + 3])
    assert [each.status for each in ges.clock.advance(100)] == ["success"]
    assert ges.clock.advance(100) == []


def test_jobs_that_were_loaded_change_in_the_order_of_their_submission(service: Service) -> None:
    request = {"command": "import_graph", "url": "/"}
    jobs = [
        {"jobId": name, "status": "pending", "request": request, "plan": "normal"}
        for name in ("newest", "oldest")
    ]
    service.begin(fixture={"graphs": {"movie": {"jobs": jobs}}}, clock={"frozen": True})

    moved = service.control("PATCH", "clock", {"advance_s": 2}).json["transitions"]

    assert [each["job_id"] for each in moved] == ["oldest", "newest"]


def test_a_job_is_shown_with_the_remainder_of_its_plan(service: Service) -> None:
    service.begin(clock={"frozen": True})
    job_id = service.client.post(f"{G}/action?action_id=clear-graph", json={}).get_json()["jobId"]
    service.control("PATCH", "clock", {"advance_s": 9})

    assert service.control("GET", f"jobs/{job_id}").json["job"]["plan"] == {
        "steps": [
            {"after_s": 0.0, "status": "running", "progress": 75},
            {"after_s": 1.0, "status": "success", "progress": 100},
        ]
    }


def test_one_long_advance_is_as_good_as_many_short_ones(ges: GesMock) -> None:
    ges.add_job(plan="normal")
    other = GesMock(clock={"frozen": True})
    other.add_job(plan="normal")

    together = [each.status for each in ges.clock.advance(10)]
    apart = [each.status for _ in range(100) for each in other.clock.advance(0.1)]

    assert together == apart == ["running", "success"]


def test_a_job_with_a_plan_begins_pending_or_with_its_own_status(ges: GesMock) -> None:
    assert ges.add_job(plan="normal").status == "pending"
    assert ges.add_job(plan="instant").status == "success"
    assert ges.add_job(plan="normal", status="running").status == "running"
    initial = {"jobId": "a", "status": "running", "request": {"command": "x", "url": "/"}}
    assert ges.add_job(initial, plan={"name": "normal", "running_s": 4}).status == "running"

    ges.clock.advance(4)

    assert ges.job("a").status == "success"


def test_an_algorithm_ends_as_complete_an_import_as_success(ges: GesMock) -> None:
    plan = Plan(name="instant")

    assert ges.add_job(plan=plan, command="execute_algorithm").status == "complete"
    assert ges.add_job(plan=plan, command="hyg_sync").status == "complete"
    assert ges.add_job(plan=plan, command="import_graph").status == "success"
    assert ges.add_job(plan=plan, command="whatever").status == "success"
    ges.configure(finished_status="complete")
    assert ges.add_job(plan=plan, command="import_graph").status == "complete"
    ges.configure(finished_status="by_command")
    ges.add_graph("m", "memory")
    assert ges.add_job(plan=plan, command="execute_algorithm", graph="m").status == "success"


def test_a_job_is_moved_by_hand_and_goes_on_from_there(ges: GesMock) -> None:
    job = ges.add_job(plan="normal")

    assert ges.move_job(job, "running", progress=75).status == "running"
    assert [each.status for each in ges.clock.advance(2)] == ["success"]


def test_an_illegal_move_is_refused_and_changes_nothing(ges: GesMock) -> None:
    job = ges.add_job(status="running")

    with pytest.raises(Conflict, match="it is running, from there it can move to running, comp"):
        ges.move_job(job, "pending")
    with pytest.raises(Conflict, match="partiallyFailed: it is running"):
        ges.move_job(job, "partiallyFailed")
    with pytest.raises(
        InvalidInput, match="move.progress: expected an integer from 0 to 100, got 101"
    ):
        ges.move_job(job, "running", progress=101)
    assert ges.job(job).status == "running"


def test_a_move_sets_the_result(ges: GesMock) -> None:
    job = ges.add_job(status="running", command="execute_algorithm")

    ges.move_job(job, "complete", result={"outputs": {"mine": 1}})

    statuses_shown = ges.app.test_client().get(f"{G}/jobs/{job.job_id}/status").get_json()
    assert statuses_shown["data"] == {"outputs": {"mine": 1}}


# --- Jobs that the list does not show yet -------------------------------------------------------


def test_a_job_that_is_not_listed_yet_has_a_status_and_then_stands_where_it_belongs(
    ges: GesMock,
) -> None:
    first, hidden = ges.add_job(), ges.add_job(plan={"never_listed_for_s": 5})
    last = ges.add_job()
    client = ges.app.test_client()

    listed = client.get(f"{G}/jobs/status").get_json()
    assert (ids(ges), listed["totalCount"]) == ([last.job_id, first.job_id], 2)
    assert client.get(f"{G}/jobs/{hidden.job_id}/status").get_json()["status"] == "pending"
    assert hidden.job_id in [job.job_id for job in ges.jobs()]

    caused = ges.clock.advance(4.9)
    assert [each.status for each in caused] == ["running"]
    assert hidden.job_id not in ids(ges)
    assert ges.clock.advance(0.1) == []
    assert ids(ges) == [last.job_id, hidden.job_id, first.job_id]
    assert [each.status for each in ges.clock.advance(5)] == ["success"]


def test_a_hidden_job_can_be_moved_and_removed(ges: GesMock) -> None:
    hidden = ges.add_job(plan="never_listed_for_s")

    assert ges.move_job(hidden, "failed").status == "failed"
    assert ids(ges) == []
    ges.remove_job(hidden)
    assert ges.jobs() == []
    ges.clock.advance(10)
    assert ids(ges) == []


def test_jobs_of_a_fixture_may_be_hidden_at_first(service: Service) -> None:
    request = {"command": "import_graph", "url": "/"}
    jobs = [
        {"jobId": "new", "status": "running", "request": request},
        {"jobId": "lag", "status": "pending", "request": request, "plan": "never_listed_for_s"},
        {"jobId": "old", "status": "running", "request": request, "plan": "normal"},
    ]
    service.begin(fixture={"graphs": {"movie": {"jobs": jobs}}}, clock={"frozen": True})

    observed = []
    for _ in range(3):
        observed.append([(job["jobId"], job["status"]) for job in service.list().json["jobs"]])
        service.control("PATCH", "clock", {"advance_s": 5})

    assert observed == [
        [("new", "running"), ("old", "running")],
        [("new", "running"), ("lag", "running"), ("old", "running")],
        [("new", "running"), ("lag", "success"), ("old", "success")],
    ]
    service.control("POST", "reset")
    assert len(service.list().json["jobs"]) == 2


# --- What is kept -------------------------------------------------------------------------------


def test_a_state_goes_on_where_it_was_exported(ges: GesMock) -> None:
    ges.add_job(plan="normal")
    ges.add_job(plan={"never_listed_for_s": 7})
    plan = {"name": "fails_late", "fail_reason": "x"}
    ges.add_job(command="execute_algorithm", raw_request='{"algorithmName":"louvain"}', plan=plan)
    ges.add_job(status="running")
    ges.clock.advance(3)
    other = GesMock()
    other.load(ges.state())

    assert other.state() == ges.state()
    for seconds in (3, 1, 3, 5):
        expected = [(each.job_id, each.status) for each in ges.clock.advance(seconds)]
        actual = [(each.job_id, each.status) for each in other.clock.advance(seconds)]
        assert sorted(actual) == sorted(expected)
        assert other.jobs() == ges.jobs()


def test_a_graph_keeps_a_hundred_thousand_jobs() -> None:
    assert graphs.MOST_JOBS == 100_000


def test_a_job_that_is_listed_late_makes_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "MOST_JOBS", 3)
    ges = GesMock(clock={"frozen": True})
    for number in range(6):
        ges.add_job(plan={"never_listed_for_s": 5} if number % 2 else None)

    ges.clock.advance(5)

    assert len(ids(ges)) == 3


def test_a_graph_that_is_created_again_gets_the_same_generated_jobs(ges: GesMock) -> None:
    ges.generate(3)
    before = ges.jobs()
    ges.plans.arm(plan="instant")
    ges.app.test_client().delete(G)

    ges.generate(3)

    assert ges.jobs() == before


def test_twenty_thousand_moves_of_one_job_leave_a_short_timeline(ges: GesMock) -> None:
    job = ges.add_job(plan="slow", job_id="a")
    for number in range(20_000):
        ges.move_job(job, "running", progress=number % 3)

    graph = ges.fake.default.graphs.get("movie")
    assert graph is not None
    timeline = graph.timeline("a")
    assert timeline is not None
    assert len(timeline.stages) < 20
    assert len(graph._due) < 100


def test_a_graph_that_is_full_drops_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "MOST_JOBS", 50)
    ges = GesMock(generate=50)
    oldest = ges.jobs()[-1]

    newest = ges.add_job(plan="normal")

    assert len(ges.jobs()) == 50
    assert ges.jobs()[0].job_id == newest.job_id
    with pytest.raises(NotFound):
        ges.job(oldest)
    ges.add_graph("m", "memory")
    ges.generate(50, graph="m")
    ges.add_job(graph="m")
    assert len(ges.jobs("m")) == 51


@pytest.mark.parametrize("static", [0, 20_000])
def test_what_a_request_costs_does_not_grow_with_the_jobs_that_stand_still(
    static: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten jobs are unfinished; the test counts reads of timelines and searches for what is due."""
    ges = GesMock(generate=static, clock={"frozen": True})
    client = ges.app.test_client()
    for _ in range(10):
        ges.add_job(plan="normal")
    client.get(f"{G}/jobs/status?limit=10")
    counts: Counter[str] = Counter()

    def counted(owner: Any, name: str) -> None:
        whole = getattr(owner, name)

        def count(*args: Any) -> Any:
            counts[name] += 1
            return whole(*args)

        monkeypatch.setattr(owner, name, count)

    counted(Timeline, "at")
    counted(JobStore, "next_change")
    assert client.get(f"{G}/jobs/status?limit=10").status_code == 200
    assert (counts["at"], counts["next_change"]) == (0, 1)
    ges.clock.advance(5)
    assert client.get(f"{G}/jobs/status?limit=10").status_code == 200
    assert counts["at"] <= 40


def test_generated_jobs_that_have_not_ended_go_on_along_a_plan(service: Service) -> None:
    order = {"count": 50, "seed": 7, "statuses": {"running": 1, "failed": 1}, "plan": "normal"}
    service.begin(generate=order, clock={"frozen": True})
    before = Counter(job["status"] for job in service.list().json["jobs"])

    service.control("PATCH", "clock", {"advance_s": 8})

    after = Counter(job["status"] for job in service.list().json["jobs"])
    assert set(before) == {"running", "failed"}
    assert after["failed"] == before["failed"]
    assert after["success"] + after["complete"] == before["running"]
    service.control("POST", "reset")
    assert Counter(job["status"] for job in service.list().json["jobs"]) == before


def test_generated_jobs_may_be_hidden_at_first(service: Service) -> None:
    order = {"count": 20, "seed": 7, "statuses": {"running": 1, "failed": 1}}
    whole = [job["jobId"] for job in service.begin(generate=order).list().json["jobs"]]
    hiding = {**order, "plan": "never_listed_for_s"}

    service.begin(generate=hiding, clock={"frozen": True})

    before = service.list().json["jobs"]
    assert {job["status"] for job in before} == {"failed"}
    service.control("PATCH", "clock", {"advance_s": 5})
    assert [job["jobId"] for job in service.list().json["jobs"]] == whole


# --- A clock that ticks -------------------------------------------------------------------------


def test_ticks_do_not_stop_at_a_change_that_another_graph_has_made(service: Service) -> None:
    service.begin(clock={"now": 0, "frozen": True, "tick_s": 1})
    service.control("PUT", "graphs/other", {})
    service.client.post(f"{G}/action?action_id=clear-graph", json={})
    service.control("POST", "faults", {"operation": "list_jobs", "script": [503] * 3})

    for _ in range(8):
        service.list(graph="other")

    assert service.fake.default.clock.now >= 7


def test_a_refused_submission_holds_no_tick(service: Service) -> None:
    service.begin(clock={"now": 0, "frozen": True, "tick_s": 1})
    service.client.post(f"{G}/action?action_id=clear-graph", json={})
    service.client.post(f"{G}/action?action_id=import-graph", json={})
    service.list()

    assert service.fake.default.clock.now == 3
    assert service.list().json["jobs"][0]["status"] == "running"


@pytest.mark.parametrize("tick_s", [0.5, 1, 5, 100, 1_000_000])
def test_a_client_meets_every_status_however_long_a_tick_is(
    service: Service, tick_s: float
) -> None:
    service.begin(clock={"frozen": True, "tick_s": tick_s})
    job_id = service.client.post(f"{G}/action?action_id=clear-graph", json={}).get_json()["jobId"]

    observed = [
        service.client.get(f"{G}/jobs/{job_id}/status").get_json()["status"] for _ in range(25)
    ]

    assert list(dict.fromkeys(observed)) == ["pending", "running", "success"]


def test_a_client_that_only_submits_moves_the_clock_too(service: Service) -> None:
    service.begin(clock={"now": 0, "frozen": True, "tick_s": 1})

    for _ in range(10):
        service.client.post(f"{G}/action?action_id=clear-graph", json={})

    assert service.fake.default.clock.now > 5


def test_a_long_memory_list_shows_how_far_each_job_is(service: Service) -> None:
    order = {"count": 300, "statuses": {"running": 1, "failed": 1}, "plan": "partial"}
    service.begin(settings={"edition": "memory"}, generate=order, clock={"frozen": True})
    service.control("PATCH", "clock", {"advance_s": 4})

    listed = service.list().json["jobs"]

    assert len(listed) == 300
    assert Counter((job["status"], job["progress"]) for job in listed).keys() == {
        ("running", "50"),
        ("failed", "100"),
    }
    assert service.list("?limit=3").json["jobs"] == listed[:3]


def test_an_edition_is_refused_naming_the_newest_job_that_does_not_fit(ges: GesMock) -> None:
    ges.add_graph("m", "memory")
    ges.generate(20, graph="m", statuses={"running": 1}, plan="partial")
    first, last = ges.jobs("m")[0].job_id, ges.jobs("m")[-1].job_id

    with pytest.raises(Conflict, match=f"job {first!r} cannot be partiallyFailed"):
        ges.add_graph("m", "database")
    ges.clock.advance(100)
    with pytest.raises(Conflict, match=f"job {first!r} cannot be partiallyFailed"):
        ges.add_graph("m", "database")
    for job in ges.jobs("m"):
        if job.job_id != last:
            ges.remove_job(job, graph="m")
    with pytest.raises(Conflict, match=f"job {last!r} cannot be partiallyFailed"):
        ges.add_graph("m", "database")


def test_a_full_graph_drops_the_oldest_of_those_that_are_listed_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphs, "MOST_JOBS", 10)
    ges = GesMock(clock={"frozen": True})
    ges.generate(8, statuses={"running": 1}, plan={"never_listed_for_s": 5})
    for _ in range(8):
        ges.add_job(plan="normal")
    whole = [job.job_id for job in ges.jobs()]

    caused = ges.clock.advance(100)

    assert ids(ges) == whole[:10]
    ended = {each.job_id for each in caused if each.status in ("success", "complete")}
    assert ended == set(whole[:10])
