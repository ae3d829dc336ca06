"""A careful and a careless client live through the same, and gesmock tells them apart."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from careful_client import CarefulClient
from careless_client import CarelessClient

BODY = {"edgesetPath": "e", "obsParameters": {"accessKey": "A", "secretKey": "S"}}


@pytest.fixture(autouse=True)
def _in_no_time(ges, monkeypatch):
    ges.restart(clock={"frozen": True}, generate=25)
    monkeypatch.setattr(time, "sleep", ges.clock.advance)


def waits_for_a_job(ges, client):
    client.wait(client.submit(BODY))


def reads_the_list_while_it_fails(ges, client):
    ges.faults.arm("list_jobs", 503, times=4)
    client.jobs()


def is_told_when_to_come_again(ges, client):
    ges.faults.arm("list_jobs", 429, times=1, headers={"Retry-After": "5"})
    client.jobs()


def cancels_a_job_that_has_ended(ges, client):
    ges.restart(settings={"edition": "memory"}, clock={"frozen": True})
    client.cancel(ges.add_job(status="failed").job_id)


def has_a_token_that_is_no_longer_good(ges, client):
    ges.restart(tokens=["fresh", {"token": "stale", "expires_in_s": 0}])
    client.jobs()


def submits_what_is_refused(ges, client):
    assert client.submit({}) is None


def submits_and_forgets(ges, client):
    job_id = client.submit(BODY)
    if isinstance(client, CarefulClient):
        client.status(job_id)


def is_cut_off_when_its_job_was_made(ges, client):
    fault = {"kind": "close"}
    ges.faults.arm({"command": "import_graph", "fault": fault, "phase": "after", "times": 1})
    client.status(client.submit(BODY))


def hears_of_an_error_though_its_job_was_made(ges, client):
    ges.faults.arm({"command": "import_graph", "fault": 503, "phase": "after", "times": 1})
    client.status(client.submit(BODY))


def cannot_submit_at_once(ges, client):
    ges.faults.arm("import_graph", fault={"kind": "outage", "from_s": 0, "until_s": 7})
    if job_id := client.submit(BODY):
        client.status(job_id)


def reads_a_list(ges, client):
    client.jobs()


def reads_a_list_of_which_little_comes_at_a_time(ges, client):
    ges.configure(maximum_limit=10)
    client.jobs(limit=1000)


def reads_all_jobs_in_one_page(ges, client):
    client.jobs(limit=100_000 if isinstance(client, CarefulClient) else 100_001)


def names_the_format_of_its_edges(ges, client):
    key = "edgesetFormat" if isinstance(client, CarefulClient) else "edgesFormat"
    client.status(client.submit({**BODY, key: "txt"}))


# How the careless client reads pages: which comes next, and which is the last.
BY_NUMBER = {"next_offset": lambda page, limit: page}
OVERLAPPING = {"next_offset": lambda page, limit: page * (limit - 1)}
GAPS = {"next_offset": lambda page, limit: page * (limit + 1)}
TO_A_SHORT_PAGE = {"stops_at": lambda page, limit: len(page["jobs"]) < limit}
ON_AND_ON = {"stops_at": lambda page, limit: False}
TO_AN_EMPTY_PAGE = {"stops_at": lambda page, limit: not page["jobs"]}
DONE = {"stops_at": lambda page, limit: True}

STORIES = [
    (waits_for_a_job, {}, {"GM101", "GM104"}),
    (reads_the_list_while_it_fails, DONE, {"GM102"}),
    (is_told_when_to_come_again, DONE, {"GM103"}),
    (cancels_a_job_that_has_ended, {}, {"GM105", "GM107"}),
    (has_a_token_that_is_no_longer_good, DONE, {"GM106"}),
    (submits_what_is_refused, {}, {"GM107"}),
    (submits_and_forgets, {}, {"GM109"}),
    (is_cut_off_when_its_job_was_made, {}, {"GM108"}),
    (hears_of_an_error_though_its_job_was_made, {}, {"GM108"}),
    (cannot_submit_at_once, {}, {"GM102"}),
    (reads_a_list, BY_NUMBER, {"GM201"}),
    (reads_a_list, OVERLAPPING, {"GM202"}),
    (reads_a_list, GAPS, {"GM203"}),
    (reads_a_list, ON_AND_ON, {"GM205", "GM206"}),
    (reads_a_list, TO_AN_EMPTY_PAGE, {"GM206"}),
    (reads_a_list_of_which_little_comes_at_a_time, TO_A_SHORT_PAGE, {"GM204"}),
    (reads_all_jobs_in_one_page, DONE, {"GM305"}),
    (names_the_format_of_its_edges, {}, {"GM308"}),
]
each = pytest.mark.parametrize(("story", "mistakes", "codes"), STORIES)


@each
def test_nothing_is_found_of_the_careful_client(ges, story, mistakes, codes):
    client = CarefulClient(ges.graph_url(), "stale", renew=lambda: "fresh")

    story(ges, client)

    assert ges.findings() == []


@each
def test_every_mistake_of_the_careless_client_is_found(ges, story, mistakes, codes):
    client = CarelessClient(ges.graph_url(), "stale")
    vars(client).update(mistakes)

    story(ges, client)

    assert {one.code for one in ges.findings()} == codes
    assert ges.verdict.failing() == []  # unless a test wants to fail over them


HAZARDS = [
    {"kind": "insert_jobs", "count": 3},
    {"kind": "remove_jobs", "count": 3},
    {"kind": "finish_jobs", "count": 3},
    {"kind": "shrink_total", "count": 3},
    {"kind": "repeat_row"},
    {"kind": "cap_limit", "limit": 4},
    {"kind": "truncate", "after_bytes": 9},
    {"kind": "delay", "seconds": 9},
]


@pytest.mark.parametrize("fault", HAZARDS, ids=lambda fault: fault["kind"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_nobody_is_accused_of_what_the_service_does(ges, fault, after):
    ges.faults.arm("list_jobs", fault=fault, after=after, times=1)

    CarefulClient(ges.graph_url()).jobs()

    assert ges.findings("GM1", "GM2") == []


def test_nobody_is_accused_where_several_do_the_same_at_once(ges):
    def live(number):
        client = CarefulClient(ges.graph_url())
        client.jobs(limit=4 + number % 3)
        job_id = client.submit({**BODY, "edgesetPath": f"{number}"})
        return client.wait(job_id), len(client.jobs())

    with ThreadPoolExecutor(6) as threads:
        lived = [*threads.map(live, range(12))]

    assert {status for status, _ in lived} == {"success"}
    assert ges.findings() == []


@pytest.mark.parametrize("operation", ["list_jobs", "import_graph"])
def test_nobody_is_accused_who_gives_up(ges, operation):
    ges.faults.arm(operation, 503)

    with pytest.raises(requests.ConnectionError):
        CarefulClient(ges.graph_url()).submit(BODY)

    assert ges.findings() == []


def test_there_are_twelve_of_them_at_least():
    assert len({code for *_, codes in STORIES for code in codes}) >= 12


def test_the_careful_client_comes_to_know_what_it_asks_for(ges):
    client = CarefulClient(ges.graph_url())

    assert len(client.jobs()) == 25
    assert client.wait(client.submit(BODY)) == "success"


def test_the_careful_client_cancels_a_job_of_the_memory_edition(ges):
    ges.restart(settings={"edition": "memory"}, clock={"frozen": True})
    client = CarefulClient(ges.graph_url())
    job_id = ges.add_job(plan="slow", command="export_graph").job_id

    client.cancel(job_id)

    assert client.wait(job_id) == "failed"
