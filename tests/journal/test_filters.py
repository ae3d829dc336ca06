"""Filters select entries, assert how many there are, and wait for them."""

from asyncio import create_task, new_event_loop, run, sleep, to_thread, wait_for
from collections.abc import Callable
from threading import RLock, Thread, active_count
from typing import Any

import pytest
import requests
from conftest import PROJECT, Service, record, until

from gesmock import Conflict, Entry, ExpectationFailed, GesMock, InvalidInput, TimedOut
from gesmock.journal.filters import Assertion, EntryFilter
from gesmock.journal.journal import Journal, Search
from gesmock.model.messages import Reply, Request

LIST = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/status"


@pytest.fixture
def called_ges(ges: GesMock) -> GesMock:
    """Two lists, the status of a job, a submission, an injected error."""
    ges.restart(clock={"frozen": True})
    ges.faults.arm("list_jobs", 503, times=1, after=2)
    ges.add_job(job_id="a1", status="running")
    requests.get(ges.jobs_url(limit=10, offset=0))
    requests.get(ges.jobs_url(limit=20), headers={"X-Team": "7"})
    requests.get(ges.job_url("a1"), headers={"X-Auth-Token": "t1"})
    body = {"limit": 10, "paths": [{"edge": True, "from": "Q"}]}
    requests.post(f"{ges.graph_url()}/action?action_id=clear-graph", json=body)
    requests.get(ges.jobs_url("other"))
    return ges


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"operation": "list_jobs"}, [1, 2, 5]),
        ({"operation": "list_jobs", "status": 200}, [1, 2]),
        ({"status": 503}, [5]),
        ({"status": 0}, []),
        ({"method": "POST"}, [4]),
        ({"graph": "other"}, [5]),
        ({"job": "a1"}, [1, 2, 3]),  # shown, or asked for
        ({"query": {"limit": 10}}, [1]),
        ({"query": {"limit": "20", "offset": None}}, [2]),
        ({"query": {"action_id": "clear-graph"}}, [4]),
        ({"headers": {"x-team": 7}}, [2]),
        ({"headers": {"X-TEAM": "7", "Accept": "*/*"}}, [2]),
        ({"headers": {"X-Team": None}}, [1, 3, 4, 5]),
        ({"headers": {"X-Auth-Token": "***"}}, [3]),
        ({"headers": {"X-Auth-Token": None}}, [1, 2, 4, 5]),
        ({"body": {"token": "***"}}, []),
        ({"body": {"paths": [{"edge": True}]}}, [4]),
        ({"body": {"paths": [{"edge": True, "to": None}], "limit": 10}}, [4]),
        ({"body": {"paths": [{"edge": 1}]}}, []),
        ({"body": {"paths": [{"edge": True}, {}]}}, []),
        ({"body": {"paths": {"edge": True}}}, []),
        ({"body": {}}, [1, 2, 3, 4, 5]),
        ({"fault": "*"}, [5]),
        ({"fault": "f1"}, [5]),
        ({"fault": "f1#1"}, [5]),
        ({"fault": "f2"}, []),
        ({"since": 3}, [4, 5]),
    ],
)
def test_entries_are_filtered(
    called_ges: GesMock, filters: dict[str, Any], numbers: list[int]
) -> None:
    assert [entry.number for entry in called_ges.journal.entries(**filters)] == numbers


def test_the_filter_job_matches_its_submission(called_ges: GesMock) -> None:
    job_id = called_ges.journal[3].job_id

    assert called_ges.journal.assert_called(job=job_id, operation="clear_graph", times=1)


def test_the_filter_job_takes_a_job(called_ges: GesMock) -> None:
    job = called_ges.job("a1")

    assert len(called_ges.journal.entries(job=job)) == 3
    assert len(called_ges.journal.assert_called(job=job, times=3)) == 3
    assert len(called_ges.journal.wait_for(job=job, times=3)) == 3
    with pytest.raises(InvalidInput, match="job: expected a string, got 7"):
        called_ges.journal.entries(job=7)  # type: ignore[arg-type]


def test_the_journal_is_indexed_like_a_sequence(called_ges: GesMock) -> None:
    journal = called_ges.journal

    assert [entry.number for entry in journal[:2]] == [1, 2]
    assert [entry.number for entry in journal[-2:]] == [4, 5]
    assert (journal[-1].number, [*journal][4].number) == (5, 5)
    assert journal[7:] == []


def test_assert_called_returns_the_entries(called_ges: GesMock) -> None:
    journal = called_ges.journal

    assert [entry.number for entry in journal.assert_called("list_jobs")] == [1, 2, 5]
    assert journal.assert_called("list_jobs", times=2, status=200) == [journal[0], journal[1]]
    assert journal.assert_called("list_jobs", at_least=2, at_most=3)
    assert journal.assert_called("delete_job", times=0) == []
    assert journal.assert_called("delete_job", at_most=1) == []
    assert (journal.count, journal.dropped) == (5, 0)


def test_a_failure_lists_near_misses_and_differences(called_ges: GesMock) -> None:
    with pytest.raises(AssertionError) as raised:
        called_ges.journal.assert_called(
            "list_jobs", times=2, status=200, query={"limit": 10, "offset": None}
        )

    assert str(raised.value) == (
        "list_jobs with status 200, query limit=10, query offset=none was called 0 times, expected 2\n"
        "near misses among 5 other requests:\n"
        f"  #1 GET {LIST}?limit=10&offset=0 answered 200\n"
        "     query offset: 0, not none\n"
        f"  #2 GET {LIST}?limit=20 answered 200\n"
        "     query limit: 20, not 10\n"
        f"  #5 GET {LIST.replace('movie', 'other')} answered 503 (f1#1)\n"
        "     status: 503, not 200\n"
        "     query limit: none, not 10"
    )


def test_every_difference_is_described(called_ges: GesMock) -> None:
    with pytest.raises(ExpectationFailed) as raised:
        called_ges.journal.assert_called(
            "delete_job", method="DELETE", graph="third", job="b1", fault="f1", since=4
        )

    assert str(raised.value) == (
        "delete_job with method DELETE, graph third, job b1, fault f1, since entry #4 was called "
        "0 times, expected at least 1\n"
        "near misses among 1 other request:\n"
        f"  #5 GET {LIST.replace('movie', 'other')} answered 503 (f1#1)\n"
        "     operation: list_jobs, not delete_job\n"
        "     method: GET, not DELETE\n"
        "     graph: other, not third\n"
        "     job: none, not b1"
    )


def test_a_failure_says_how_headers_and_bodies_differ(called_ges: GesMock) -> None:
    expected = {"limit": "10", "paths": [{"edge": True, "to": "R"}], "type": {}}

    with pytest.raises(ExpectationFailed) as raised:
        called_ges.journal.assert_called(
            method="POST", headers={"X-Team": 7, "Host": None}, body=expected
        )

    first, _, *misses = str(raised.value).splitlines()
    assert first == (
        "no request with method POST, header X-Team=7, header Host=none, body "
        '{"limit":"10","paths":[{"edge":true,"to":"R"}],"type":{}} was made, expected at least 1'
    )
    assert misses[:6] == [
        f"  #4 POST {LIST.replace('jobs/status', 'action')}?action_id=clear-graph answered 200",
        "     header X-Team: none, not 7",
        f"     header Host: {called_ges.url.removeprefix('http://')}, not none",
        "     body.limit: 10, not '10'",
        "     body.paths[0].to: none, not 'R'",
        "     body.type: none, not an object",
    ]
    assert "     body: none, not an object" in misses


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"since": 5}, "no request, since entry #5 was made, expected at least 1"),
        ({"method": "PUT"}, "no request with method PUT was made, expected at least 1"),
        ({"method": "POST", "times": 2}, "1 request with method POST was made, expected 2"),
    ],
)
def test_without_an_operation_the_failure_counts_requests(
    called_ges: GesMock, filters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExpectationFailed) as raised:
        called_ges.journal.assert_called(**filters)

    assert str(raised.value).splitlines()[0] == message


def test_an_empty_journal_says_that_no_request_was_made(ges: GesMock) -> None:
    with pytest.raises(ExpectationFailed, match="^no request was made, expected at least 1"):
        ges.journal.assert_called()


def test_too_many_calls_are_listed_alone(called_ges: GesMock) -> None:
    with pytest.raises(ExpectationFailed) as raised:
        called_ges.journal.assert_called(at_most=1)

    assert str(raised.value).splitlines() == [
        "5 requests were made, expected at most 1",
        f"  #1 GET {LIST}?limit=10&offset=0 answered 200",
        f"  #2 GET {LIST}?limit=20 answered 200",
        f"  #3 GET /ges/v1.0/{PROJECT}/graphs/movie/jobs/a1/status answered 200",
        "  and 2 more",
    ]


def test_too_few_calls_are_listed_with_near_misses(called_ges: GesMock) -> None:
    with pytest.raises(ExpectationFailed) as raised:
        called_ges.journal.assert_called("list_jobs", status=503, times=2, since=4)

    assert str(raised.value).splitlines()[0] == (
        "list_jobs with status 503, since entry #4 was called once, expected 2"
    )
    assert str(raised.value).splitlines()[-1] == "nothing else was called"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"times": 1, "at_least": 1}, "give either times, or at_least and at_most"),
        ({"at_least": 3, "at_most": 2}, "at_least is more than at_most"),
        ({"times": -1}, "assert_called.times: expected an integer"),
        ({"operation": "list"}, "did you mean 'list_jobs'?"),
        ({"method": "get"}, "assert_called.method: expected a method in capitals, got 'get'"),
        ({"headers": {"X-Auth-Token": "t1"}}, "'X-Auth-Token' is secret.*'[*]{3}' stands for any"),
        ({"query": {"a": 1, "password": 1}}, "'password' is secret, and masked in the journal"),
        ({"body": {"a": [{"userToken": "t1"}]}}, "the body asked for has a secret"),
    ],
)
def test_wrong_filters_are_refused(
    called_ges: GesMock, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message.replace("?", r"\?")):
        called_ges.journal.assert_called(**wrong)


def test_a_misspelt_filter_is_refused(called_ges: GesMock) -> None:
    with pytest.raises(InvalidInput, match="^assert_called.stats: unknown key; did you mean 'stat"):
        called_ges.journal.assert_called(stats=200)  # type: ignore[call-arg]


def test_the_repr_has_the_counts(called_ges: GesMock) -> None:
    assert called_ges.journal is called_ges.journal
    assert repr(called_ges.journal) == "<Journal: 5 entries, 0 dropped>"


# --- What was dropped ---


@pytest.fixture
def short() -> Journal:
    """A journal that has dropped two of five entries."""
    journal = Journal(RLock(), size=3)
    for status in (200, 200, 503, 200, 503):
        request = Request(operation="list_jobs", method="GET", path="/", epoch=1)
        record(journal, request, Reply(status, {}))
    return journal


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"times": 3}, Conflict),  # there may have been more
        ({"times": 2}, ExpectationFailed),  # there are too many already
        ({"at_most": 2}, ExpectationFailed),
        ({"at_most": 4}, Conflict),
        ({"at_least": 3}, None),  # there are enough already
        ({"at_least": 4}, Conflict),
        ({"times": 0, "operation": "show_job"}, Conflict),
        ({"times": 3, "since": 2}, None),  # all of these are there
        ({"times": 4, "since": 2}, ExpectationFailed),
        ({"times": 4, "since": 1}, Conflict),
    ],
)
def test_an_assertion_that_dropped_entries_could_change_is_refused(
    short: Journal, fields: dict[str, Any], outcome: type[Exception] | None
) -> None:
    assertion = Assertion(**fields)

    if outcome is None:
        assert len(assertion.check(short.snapshot())) == 3
    else:
        with pytest.raises(outcome):
            assertion.check(short.snapshot())


def test_the_refusal_names_a_since_to_use(short: Journal) -> None:
    with pytest.raises(Conflict) as raised:
        Assertion(status=503, times=2).check(short.snapshot())

    assert str(raised.value) == (
        "cannot tell how often any operation with status 503 was called: the journal dropped "
        "2 entries, and 2 of the others match; raise journal_size, or ask only about the others "
        "with since=2"
    )


def test_selecting_since_a_dropped_entry_is_refused(short: Journal) -> None:
    assert [entry.number for entry in EntryFilter().select(short.snapshot())] == [3, 4, 5]
    assert [entry.number for entry in EntryFilter(since=2).select(short.snapshot())] == [3, 4, 5]
    with pytest.raises(
        Conflict, match="the journal dropped 1 of these entries; raise journal_size, or ask with"
    ):
        EntryFilter(since=1).select(short.snapshot())


def test_cleared_entries_do_not_count_as_dropped(short: Journal) -> None:
    short.clear()

    assert short.dropped == 0
    assert Assertion(times=0).check(short.snapshot()) == []
    assert short.snapshot().dropped_since(2) == 0


# --- Long lists ---


def test_statuses_of_very_long_lists_are_not_recorded(ges: GesMock) -> None:
    ges.generate(1200)
    job = ges.add_job(status="running")
    requests.get(ges.jobs_url())
    requests.get(ges.jobs_url(limit=1000))
    requests.get(ges.job_url(job))

    assert [entry.statuses is None for entry in ges.journal] == [True, False, False]
    assert [entry.number for entry in ges.journal.entries(job=job)] == [2, 3]
    assert ges.journal[0].returned == 1201


# --- Waiting ---


def in_a_thread(journal: Journal, wait: Callable[[], Any]) -> tuple[Thread, list[Any]]:
    """A thread that waits for the journal; it is waiting when this returns."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(wait())
        except Exception as error:  # noqa: BLE001 the test looks at it
            outcome.append(error)

    thread = Thread(target=run)
    thread.start()
    until(lambda: journal._waiters.count)
    return thread, outcome


def test_wait_for_returns_the_entries(ges: GesMock) -> None:
    requests.get(ges.jobs_url())
    journal = ges.fake.default.journal
    thread, outcome = in_a_thread(
        journal, lambda: ges.journal.wait_for("list_jobs", times=3, status=200, timeout_s=60)
    )
    requests.get(ges.jobs_url(limit=1))
    requests.get(ges.job_url("nobody"))
    requests.get(ges.jobs_url(limit=2))
    thread.join()

    assert [entry.number for entry in outcome[0]] == [1, 2, 4]
    assert len(ges.journal.wait_for("list_jobs", timeout_s=0)) == 3


def test_a_timeout_lists_near_misses(ges: GesMock) -> None:
    requests.get(ges.jobs_url(limit=1))

    with pytest.raises(TimedOut) as raised:
        ges.journal.wait_for("list_jobs", query={"limit": 2}, timeout_s=0.001)

    assert str(raised.value) == (
        "list_jobs with query limit=2 was called 0 times in 0.001 s, expected 1\n"
        "near misses among 1 other request:\n"
        f"  #1 GET {LIST}?limit=1 answered 200\n"
        "     query limit: 1, not 2"
    )


def test_status_0_matches_answers_that_never_came(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", fault={"kind": "close"}, times=1)
    with pytest.raises(requests.ConnectionError):
        requests.get(ges.jobs_url())
    requests.get(ges.jobs_url())

    [entry] = ges.journal.assert_called("list_jobs", status=0, times=1)
    assert (entry.number, entry.connection) == (1, "close")


def test_waiting_for_entries_that_may_be_dropped_is_refused(ges: GesMock) -> None:
    ges.restart(journal_size=2)
    for _ in range(3):
        requests.get(ges.jobs_url())

    assert len(ges.journal.wait_for("list_jobs", times=2)) == 2
    assert len(ges.journal.wait_for("list_jobs", since=1, times=2)) == 2
    with pytest.raises(Conflict) as raised:
        ges.journal.wait_for("list_jobs", times=3, timeout_s=60)
    assert str(raised.value) == (
        "cannot tell whether list_jobs was called 3 times: the journal dropped 1 entry, and 2 of "
        "the others match; raise journal_size, or wait for later ones with since=3"
    )
    with pytest.raises(TimedOut):
        ges.journal.wait_for("list_jobs", since=3, timeout_s=0)


def test_entries_dropped_while_waiting_raise_conflict(ges: GesMock) -> None:
    ges.restart(journal_size=1)
    journal = ges.fake.default.journal
    thread, outcome = in_a_thread(journal, lambda: ges.journal.wait_for("show_job", timeout_s=60))
    with ges.fake.default.lock:  # it cannot look meanwhile
        for _ in range(2):
            request = Request(operation="list_jobs", method="GET", path="/", epoch=1)
            record(journal, request, Reply(200, {}))
    thread.join()

    assert isinstance(outcome[0], Conflict)


def test_a_reset_ends_the_waiting(ges: GesMock) -> None:
    journal = ges.fake.default.journal
    thread, outcome = in_a_thread(journal, lambda: ges.journal.wait_for(timeout_s=60))
    ges.reset()
    thread.join()

    assert isinstance(outcome[0], TimedOut)
    assert "nothing else was called" in str(outcome[0])


def test_a_reset_just_before_the_waiting_begins_ends_it(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Search.look

    def look_then_reset(search: Search) -> bool:
        enough = look(search)
        ges.reset()
        return enough

    monkeypatch.setattr(Search, "look", look_then_reset)

    with pytest.raises(TimedOut):
        ges.journal.wait_for(timeout_s=60)


def test_what_comes_just_before_the_waiting_begins_is_not_missed(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Search.look

    def look_then_ask(search: Search) -> bool:
        enough = look(search)
        if not enough:
            requests.get(ges.jobs_url())
        return enough

    monkeypatch.setattr(Search, "look", look_then_ask)

    assert len(ges.journal.wait_for("list_jobs", timeout_s=60)) == 1
    [entry] = run(ges.journal.wait_for_async("list_jobs", since=1, timeout_s=60))
    assert entry.number == 2


def test_a_task_waits_while_its_loop_goes_on(ges: GesMock) -> None:
    async def script() -> list[Entry]:
        waiting = create_task(ges.journal.wait_for_async("list_jobs", times=2, timeout_s=60))
        await to_thread(requests.get, ges.jobs_url())
        assert not waiting.done()
        await to_thread(requests.get, ges.job_url("nobody"))
        await to_thread(requests.get, ges.jobs_url())
        return await waiting

    assert [entry.number for entry in run(script())] == [1, 3]


def test_a_task_that_waits_can_be_cancelled_and_leaves_nothing_behind(ges: GesMock) -> None:
    async def script() -> int:
        waiting = create_task(ges.journal.wait_for_async(timeout_s=60))
        await sleep(0)
        assert ges.journal._waiters.count == 1
        with pytest.raises(TimeoutError):
            await wait_for(waiting, 0)
        return active_count()

    before = active_count()
    assert run(script()) <= before
    assert ges.journal._waiters.count == 0


def test_a_task_gives_up_as_a_thread_does(ges: GesMock) -> None:
    async def reset_meanwhile() -> None:
        waiting = create_task(ges.journal.wait_for_async(timeout_s=60))
        await sleep(0)
        ges.reset()
        await waiting

    with pytest.raises(TimedOut, match="was called 0 times in 60 s, expected 1"):
        run(reset_meanwhile())
    with pytest.raises(TimedOut, match="in 0.001 s"):
        run(ges.journal.wait_for_async(timeout_s=0.001))
    with pytest.raises(InvalidInput, match=r"^wait_for\.times"):
        run(ges.journal.wait_for_async(times=-2))


def test_a_task_whose_loop_is_gone_harms_nobody(ges: GesMock) -> None:
    loop = new_event_loop()
    waiting = loop.create_task(ges.journal.wait_for_async(timeout_s=60))
    loop.run_until_complete(sleep(0))
    loop.close()

    assert requests.get(ges.jobs_url()).status_code == 200
    waiting.get_coro().close()


def test_a_wrong_wait_is_refused(ges: GesMock) -> None:
    with pytest.raises(InvalidInput, match=r"^wait_for\.timeout_s: expected a number from 0 "):
        ges.journal.wait_for(timeout_s=-1)
    with pytest.raises(
        InvalidInput, match=r"^wait_for\.times: expected an integer of at least 0, got -2"
    ):
        ges.journal.wait_for(times=-2)


# --- Over HTTP ---


def test_the_journal_is_filtered_over_http(service: Service) -> None:
    service.list("?limit=1")
    service.list("?limit=2", prefer="code=503")

    def numbers(query: str) -> list[int]:
        entries = service.control("GET", f"journal?{query}").json["entries"]
        return [entry["number"] for entry in entries]

    assert numbers("operation=list_jobs&method=GET&graph=movie&since=1") == [2]
    assert numbers("query.limit=1") == [1]
    assert numbers("headers.Prefer=code%3D503") == [2]
    assert numbers('query={"limit":2}&headers={"PREFER":"code=503"}') == [2]
    assert numbers('body={"limit":2}') == []
    assert service.control("GET", "journal?body={").status_code == 400
    assert numbers("fault=*") == [2]
    assert numbers("job=a1") == []
    assert numbers("times=2&wait_s=5") == [1, 2]
    assert numbers("status=0") == []
    assert service.control("GET", "journal").json["count"] == 2
    service.control("PUT", "state", {"journal_size": 1})
    assert numbers("operation=list_jobs") == [2]
    assert service.control("GET", "journal?times=2&wait_s=60").status_code == 409


def test_assert_called_works_over_http(service: Service) -> None:
    service.list("?limit=1")
    order = {"operation": "list_jobs", "query": {"limit": 1}}

    met = service.control("POST", "journal/assert_called", {**order, "times": 1})
    unmet = service.control("POST", "journal/assert_called", {**order, "at_least": 2})
    wrong = service.control("POST", "journal/assert_called", {**order, "time": 2})

    assert (met.status_code, met.json["entries"][0]["number"]) == (200, 1)
    assert unmet.status_code == 409
    assert unmet.json["error"].startswith(
        "list_jobs with query limit=1 was called once, expected at "
    )
    assert (wrong.status_code, wrong.json["errors"][0]["path"]) == (400, "$.time")
