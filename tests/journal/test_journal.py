"""The journal is bounded, can be filtered, and contains no secrets."""

import gc
import subprocess
import sys
import tracemalloc
from collections import Counter
from contextlib import suppress
from threading import RLock
from typing import Any

import pytest
import requests
from conftest import PROJECT, Service, record

from gesmock import Drip, GesMock, InvalidInput, Truncate
from gesmock.journal.entries import LONGEST_BODY, Entry, Record, entries_of, with_short_body
from gesmock.journal.journal import Journal
from gesmock.model.listed_requests import cleaned
from gesmock.model.messages import LONGEST_REPLY, Reply, ReplyBody, Request, ShownStatuses

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
EMPTY = '{"jobs":[],"totalCount":0,"result":"success"}'
JOB = {"jobId": "a", "status": "success", "request": {"command": "x", "url": "/"}}


def request(**fields: Any) -> Request:
    usual = {
        "operation": "list_jobs",
        "method": "GET",
        "path": "/ges/v1.0/p1/graphs/movie/jobs/status",
        "epoch": 1,
    }
    return Request(**{**usual, **fields})


def journaled(*statuses: int, size: int = 100, **fields: Any) -> Journal:
    journal = Journal(RLock(), size=size)
    for status in statuses:
        record(journal, with_short_body(cleaned(request(**fields))), Reply(status, {}))
    return journal


def entry(**fields: Any) -> Entry:
    return journaled(200, **fields).entries()[0]


def test_old_entries_make_room_and_are_counted() -> None:
    journal = journaled(200, 201, 202, 203, 204, size=3)

    assert [each.status for each in journal.entries()] == [202, 203, 204]
    assert (len(journal), journal.count, journal.dropped) == (3, 5, 2)


def test_a_request_that_is_sent_again_is_redacted_once_for_all_its_entries() -> None:
    journal, again = Journal(RLock(), size=9), with_short_body(cleaned(request()))
    for status in (503, 200):
        record(journal, again, Reply(status, {}))

    first, second = entries_of(journal.snapshot().records)

    assert [first.status, second.status] == [503, 200]
    assert first.headers is second.headers


def test_headers_are_looked_up_in_any_case() -> None:
    [recorded] = journaled(200, headers={"x-team": "7"}).entries()

    assert recorded.headers["X-Team"] == recorded.headers.get("x-TEAM") == "7"
    assert "X-Team" in recorded.headers
    assert "x-other" not in recorded.headers
    assert recorded.headers.get("X-Other", "none") == "none"
    assert recorded.headers.keys() == {"x-team"}
    with pytest.raises(KeyError, match="X-Other"):
        _ = recorded.headers["X-Other"]
    assert recorded.headers == {"x-team": "7"}
    assert recorded.reply_headers["x-request-id"] == recorded.reply_headers["X-Request-Id"]


def test_a_smaller_journal_drops_the_oldest_and_a_larger_one_has_room() -> None:
    journal = journaled(200, 201, 202, 203, size=3)

    journal.resize(2)
    assert [each.status for each in journal.entries()] == [202, 203]
    journal.resize(3)
    record(journal, request(), Reply(204, {}))
    assert [each.status for each in journal.entries()] == [202, 203, 204]
    assert (journal.count, journal.dropped) == (5, 2)


def test_the_size_is_an_option_everywhere_by_the_same_name() -> None:
    ges = GesMock(journal_size=3)

    def size() -> int:
        return ges.fake.default.journal.size

    assert (size(), ges.state()["journal_size"]) == (3, 3)
    ges.load({"journal_size": 5})
    ges.load({"graphs": {"g": {}}})
    assert (size(), ges.state()["journal_size"]) == (5, 5)
    ges.reset()
    assert size() == 5  # what was loaded stays
    ges.restart(fixture=[{"journal_size": 7}, {"graphs": {"g": {}}}])
    assert size() == 7
    ges.restart()
    assert size() == 10_000
    assert "journal_size" not in ges.state()


@pytest.mark.parametrize("wrong", [0, -1, 1_000_001, 1.5, "9"])
def test_a_wrong_size_is_refused(wrong: Any) -> None:
    with pytest.raises(
        InvalidInput, match="journal_size: expected a number of entries from 1 to 1000000, got"
    ):
        GesMock(journal_size=wrong)
    with pytest.raises(
        InvalidInput, match="another fixture file of this project has a different one"
    ):
        GesMock(fixture=[{"journal_size": 7}, {"journal_size": 8}])


def test_cleared_entries_are_not_counted_as_dropped() -> None:
    journal = journaled(200)

    assert journal.clear() == 1
    record(journal, request(), Reply(200, {}))

    assert journal.dropped == 0
    assert (len(journal), journal.count) == (1, 2)


@pytest.mark.parametrize(
    ("fields", "unmatched"),
    [
        ({}, False),
        ({"operation": None}, True),
        ({"operation": None, "path": "//ges/v1.0/p1"}, True),
        ({"operation": None, "path": "/v2/p1/graphs"}, True),
        ({"operation": None, "path": "/favicon.ico"}, False),
        ({"operation": None, "path": "/v20/p1"}, False),
    ],
)
def test_unmatched_requests_are_below_the_paths_of_the_service_or_of_another_plane(
    fields: dict[str, Any], unmatched: bool
) -> None:
    assert entry(**fields).unmatched is unmatched


def test_secrets_are_masked_or_left_out() -> None:
    first = entry(
        query={"limit": "1", "secretKey": "K"},
        headers={"x-auth-token": "T", "accept": "*/*"},
        body={"edgesetPath": "e", "obsParameters": {"accessKey": "A"}},
    )

    assert first.query == {"limit": "1"}
    assert first.headers == {"x-auth-token": "***", "accept": "*/*"}
    assert first.body == {"edgesetPath": "e"}


@pytest.mark.parametrize("name", ["token", "access_token", "X-Auth-Token", "api_key", "apiKey"])
def test_secrets_in_the_query_are_masked(name: str) -> None:
    first, second = (entry(query={name: value, "limit": "1"}) for value in ("S1", "S2"))

    assert first.query == second.query == {name: "***", "limit": "1"}
    assert first.digest != second.digest


def test_other_headers_with_secrets_are_masked_too() -> None:
    names = ("x-api-key", "api-key", "x-subject-token", "x-user-token")

    assert set(entry(headers=dict.fromkeys(names, "S")).headers.values()) == {"***"}


def test_passwords_and_tokens_of_a_body_are_masked_however_deep() -> None:
    deep: dict[str, Any] = {"password": "S1"}
    for _ in range(300):
        deep = {"a": deep}
    first = entry(body={"password": "S2", "list": [{"auth_token": {"id": "S3"}}, 1], "deep": deep})
    second = entry(body={"password": "S4", "list": [{"auth_token": {"id": "S3"}}, 1], "deep": deep})

    assert first.body["password"] == "***"
    assert first.body["list"] == [{"auth_token": "***"}, 1]
    assert "S1" not in repr(first.body)
    assert first.digest != second.digest


def test_another_process_has_other_digests(capsys: pytest.CaptureFixture[str]) -> None:
    script = """
from urllib.request import Request, urlopen
from gesmock import GesMock
with GesMock() as ges:
    urlopen(Request(ges.jobs_url() + "?token=T", headers={"X-Auth-Token": "T"})).read()
    [entry] = ges.journal
    print(entry.digest, entry.token)
"""
    exec(script)
    here = capsys.readouterr().out.split()
    there = subprocess.check_output([sys.executable, "-c", script], text=True).split()

    assert [len(digest) for digest in here] == [len(digest) for digest in there] == [16, 16]
    assert {*here}.isdisjoint(there)


LONG = "x" * LONGEST_BODY
SIGNED = "SDK-HMAC-SHA256 Access={}, SignedHeaders=host;x-sdk-date, Signature={}"


@pytest.mark.parametrize(
    ("usual", "changed"),
    [
        ({"body": {"edgesetPath": LONG + "a"}}, {"body": {"edgesetPath": LONG + "b"}}),
        ({"body": {"accessKey": "A"}}, {"body": {"accessKey": "B"}}),
        ({"query": {"accessKey": "A"}}, {"query": {"accessKey": "B"}}),
        ({"query": {"accessKey": "A"}}, {}),
        ({"body": {"a": 1}}, {"body": {"a": 2}}),
    ],
)
def test_a_digest_distinguishes_what_is_left_out(
    usual: dict[str, Any], changed: dict[str, Any]
) -> None:
    first, again, second = (entry(**fields) for fields in (usual, usual, changed))

    assert first.digest == again.digest != second.digest
    assert LONG not in str(first)
    assert "'A'" not in repr(first)


@pytest.mark.parametrize(
    ("usual", "changed", "same"),
    [
        ({"x-auth-token": "T"}, {"x-auth-token": "T"}, True),
        ({"x-auth-token": "T"}, {"x-auth-token": "U"}, False),
        ({"x-auth-token": "T"}, {}, False),
        ({"authorization": SIGNED.format("K", "1")}, {"authorization": SIGNED.format("K", "2")}, True),
        ({"authorization": SIGNED.format("K", "1")}, {"authorization": SIGNED.format("L", "1")}, False),
        ({"authorization": "Basic x"}, {}, True),
    ],
)  # fmt: skip
def test_a_digest_distinguishes_who_signed_in(
    usual: dict[str, str], changed: dict[str, str], same: bool
) -> None:
    first, second = (entry(headers=headers) for headers in (usual, changed))

    assert (first.token == second.token) is same
    assert "'T'" not in repr(first)


@pytest.mark.parametrize("body", [{}, None, {"edgesetPath": "x" * LONGEST_BODY}])
def test_absent_and_long_bodies_are_not_recorded(body: Any) -> None:
    assert entry(body=body).body is None


def test_an_entry_has_the_statuses_in_the_answer_and_the_submitted_job() -> None:
    with GesMock(clock={"frozen": True}) as ges:
        done = ges.add_job(status="success")
        failed = ges.add_job(
            status="failed", command="execute_algorithm", raw_request='{"algorithmName":"pagerank"}'
        )
        client = ges.app.test_client()
        graph = f"/ges/v1.0/{ges.project_id}/graphs/{ges.graph_name}"

        client.get(f"{graph}/jobs/status?limit=1")
        client.get(f"{graph}/jobs/{done.job_id}/status")
        client.get(f"{graph}/jobs/{failed.job_id}/status")
        client.post(f"{graph}/action?action_id=clear-graph")

        page, job, refused, submission = ges.journal
        assert (page.statuses, page.returned, page.total) == ({failed.job_id: "failed"}, 1, 2)
        assert (job.statuses, job.returned) == ({done.job_id: "success"}, None)
        assert (refused.status, refused.statuses) == (400, {failed.job_id: "failed"})
        assert (submission.job_id, submission.statuses) == (ges.jobs()[0].job_id, None)
        assert submission.args == {"project_id": ges.project_id, "graph_name": ges.graph_name}


def test_an_entry_names_the_request_as_its_answer_did() -> None:
    with GesMock() as ges:
        answer = ges.app.test_client().get("/ges/v1.0/nothing")

        assert ges.journal[0].reply_headers["X-Request-Id"] == answer.headers["X-Request-Id"]


def listed(rows: int, name: str = "") -> ShownStatuses:
    return ShownStatuses({f"{name}{row}": "success" for row in range(rows)}, rows, rows)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Journal:
    """A journal with few statuses of lists: 10 for each of 3 entries."""
    monkeypatch.setattr("gesmock.journal.journal.MOST_STATUSES", 30)
    return Journal(RLock(), size=3)


def test_the_oldest_statuses_of_lists_are_dropped_first(few: Journal) -> None:
    few.resize(8)
    pages = [listed(rows, f"{page}/") for page, rows in enumerate((30, 50, 0, 30))]
    for page in pages:
        for _ in range(2):
            record(few, request(), Reply(200, {}, statuses=page))

    counts = [None if each.statuses is None else len(each.statuses) for each in few.entries()]
    assert counts == [None, None, 50, 50, 0, 0, 30, 30]
    assert [each.returned for each in few.entries()] == [30, 30, 50, 50, 0, 0, 30, 30]


def test_the_status_of_a_single_job_lasts_as_long_as_its_entry(few: Journal) -> None:
    record(few, request(), Reply(200, {}, statuses=ShownStatuses({"a1": "running"})))
    for page in "bc":
        record(few, request(), Reply(200, {}, statuses=listed(30, page)))

    assert [each.statuses is None for each in few.entries()] == [False, True, False]
    assert few[0].statuses == {"a1": "running"}


@pytest.mark.parametrize(
    ("size", "resized", "lists"),
    [(1000, 1000, 100), (20_000, 20_000, 101), (20_000, 1000, 100), (1000, 20_000, 101)],
)
def test_a_long_journal_has_more_statuses(size: int, resized: int, lists: int) -> None:
    journal = Journal(RLock(), size=size)
    journal.resize(resized)
    for page in range(101):
        record(journal, request(), Reply(200, {}, statuses=listed(1000, f"{page}/")))

    assert sum(each.statuses is not None for each in journal.entries()) == lists


def test_dropped_statuses_are_freed(few: Journal) -> None:
    pages = [listed(30, f"{page}/").statuses for page in range(3)]
    for page in pages:
        record(few, request(), Reply(200, {}, statuses=ShownStatuses(page, 30, 30)))
    first, second, last = (gc.get_referrers(page) for page in pages)

    assert [len(holders) for holders in (first, second)] == [1, 1]  # the list of this test
    assert len(last) > 1


def test_statuses_shared_by_recent_entries_are_not_dropped() -> None:
    journal = Journal(RLock(), size=3)
    for number in range(8):
        source = ShownStatuses({f"{number}": "success"}, 1, 1)
        for _ in range(1 + number % 2):
            record(journal, request(), Reply(200, {}, statuses=source))

    assert [each.statuses for each in journal.entries()] == [
        {"6": "success"},
        {"7": "success"},
        {"7": "success"},
    ]
    assert len(journal._lists) == 3


def test_an_entry_says_what_a_fault_did() -> None:
    with GesMock(clock={"frozen": True}) as ges:
        ges.faults.arm("list_jobs", fault={"kind": "delay", "seconds": 3}, times=1)
        ges.faults.arm("clear_graph", 503, times=1)
        client = ges.app.test_client()
        graph = f"/ges/v1.0/{ges.project_id}/graphs/{ges.graph_name}"

        client.get(f"{graph}/jobs/status")
        client.post(f"{graph}/action?action_id=clear-graph")

        delayed, failed = ges.journal
        assert (delayed.virtual_s, delayed.real_s, delayed.phase) == (3.0, 0.0, None)
        assert (failed.phase, failed.connection, failed.fault) == ("before", None, "f2#1")
        assert delayed.at == failed.at
        assert delayed.real_at > delayed.at - 60
        ges.clock.resume()
        client.get(f"{graph}/jobs/status")
        assert ges.journal[-1].real_at > delayed.real_at


def test_an_entry_says_how_long_the_answer_took_with_its_delay(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", fault={"kind": "delay", "seconds": 0.01}, times=1)
    client = ges.app.test_client()

    for _ in range(2):
        client.get(f"/ges/v1.0/{ges.project_id}/graphs/{ges.graph_name}/jobs/status")

    late, prompt = ges.journal
    assert late.took_s > late.real_s == 0.01
    assert 0 < prompt.took_s < 60


def test_an_entry_has_the_request_id_of_its_answer(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", 503, times=1)

    request_ids = [requests.get(ges.jobs_url()).headers["X-Request-Id"] for _ in range(2)]

    assert request_ids == [entry.reply_headers["X-Request-Id"] for entry in ges.journal]
    assert len(set(request_ids)) == 2


def test_a_long_head_is_cut(ges: GesMock) -> None:
    secret = "s" * 8000
    headers = {"X-Auth-Token": secret, "X-Long": "long " * 1000, "X-Short": "short"}
    requests.get(ges.jobs_url(), headers=headers)

    [long] = ges.journal.entries()
    assert long.headers["x-long"].startswith("long long ")
    assert long.headers["x-long"].endswith("...")
    assert (long.headers["x-short"], long.headers["x-auth-token"]) == ("short", "***")
    assert sum(len(name) + len(value) for name, value in long.headers.items()) < 5000


def test_64_parameters_of_a_long_head_are_recorded(ges: GesMock) -> None:
    query = {f"p{number}": "x" * 100 for number in range(70)}
    requests.get(ges.jobs_url(), params=query)

    [long] = ges.journal
    assert [*long.query] == [*query][:64]


@pytest.mark.deep
def test_many_long_heads_use_little_memory(ges: GesMock) -> None:
    journal = ges.fake.default.journal

    def ask(count: int) -> None:
        for number in range(count):
            headers = {"X-Auth-Token": "s" * 8000, "X-Long": f"{number:05}" * 10_000}
            session.get(ges.jobs_url(), headers=headers)

    with requests.Session() as session:
        ask(5)
        tracemalloc.start()
        try:
            ask(100)
            journal.entries()
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert len(journal) == 105
    assert held < 100 * 40_000


def test_a_digest_distinguishes_long_heads(ges: GesMock) -> None:
    pad = {"X-Long": "x" * 5000}

    def ask(query: str, **headers: str) -> None:
        requests.get(f"{ges.jobs_url()}?q={'y' * 3000}{query}", headers=headers)

    ask("1", **pad)
    ask("2", **pad)
    ask("1", **{"X-Long": "other" * 1000})
    ask("1", **pad, **{"X-Auth-Token": "a" * 1000})
    ask("1", **pad, **{"X-Auth-Token": "b" * 1000})
    ask("", **{"X-Auth-Token": "a" * 1000})

    first, second, third, a, b, again = ges.journal.entries()
    assert first.query == second.query
    assert first.digest == third.digest != second.digest
    assert a.token == again.token != b.token
    assert None not in (a.token, b.token)


def test_a_signature_in_a_long_head_is_not_cut(ges: GesMock) -> None:
    signature = "SDK-HMAC-SHA256 Access=KEY, SignedHeaders=host, Signature="
    requests.get(ges.jobs_url(), headers={"Authorization": f"{signature}1"})
    requests.get(ges.jobs_url(), headers={"Authorization": f"{signature}2", "X": "x" * 5000})

    short, long = ges.journal.entries()
    assert short.token == long.token is not None


def test_a_snapshot_may_begin_after_an_entry() -> None:
    journal = journaled(200, 201, 202, 203, 204, size=3)

    def numbers(since: int) -> list[int]:
        return [each.number for each in journal.snapshot(since).records]

    assert [numbers(since) for since in (0, 2, 3, 4, 5, 9)] == [
        [3, 4, 5], [3, 4, 5], [4, 5], [5], [], [],
    ]  # fmt: skip
    assert journal.snapshot(4).dropped_since(4) == journal.snapshot(5).dropped_since(5) == 0


@pytest.mark.parametrize(
    ("query", "made"),
    [("", 20), ("?limit=2", 2), ("?limit=2&before=9", 2), ("?limit=2&operation=list_jobs", 20)],
)
def test_if_every_entry_matches_only_those_of_a_page_are_made(
    service: Service, monkeypatch: pytest.MonkeyPatch, query: str, made: int
) -> None:
    for _ in range(20):
        service.list()
    count, make = Counter[str](), Record.entry.fget  # type: ignore[attr-defined]

    def entry(record: Record) -> Entry:
        count["made"] += 1
        whole: Entry = make(record)
        return whole

    monkeypatch.setattr(Record, "entry", property(entry))

    assert service.control("GET", f"journal{query}").json["total"] == 20
    assert count["made"] == made


# --- The bodies of answers ------------------------------------------------------------------------


def answered(service: Service, query: str = "") -> list[tuple[str | None, int | None]]:
    """The bodies of the answers in the journal, and how long they were."""
    entries = service.control("GET", f"journal{query}").json["entries"]
    return [(each["reply_body"], each["reply_bytes"]) for each in entries]


@pytest.mark.parametrize("edition", ["database", "memory"])
def test_an_entry_has_the_body_of_its_answer(service: Service, edition: str) -> None:
    service.begin(generate=3, settings={"edition": edition})
    job_id = service.list().json["jobs"][0]["jobId"]
    urls = ["jobs/status", f"jobs/{job_id}/status", "jobs/none/status", "jobs/status?limit=x", "x"]

    sent = [service.client.get(f"{G}/{url}").get_data(as_text=True) for url in urls]

    assert answered(service, "?since=1") == [(body, len(body)) for body in sent]


def test_the_bodies_of_answers_can_be_left_out(service: Service) -> None:
    service.begin(generate=1)
    service.list()

    for query in ("?bodies=false", "?bodies=false&before=9"):
        assert answered(service, query) == [(None, None)]
    assert answered(service, "?bodies=true") == answered(service) != [(None, None)]


def test_an_entry_has_the_body_of_its_answer_under_our_own_server(ges: GesMock) -> None:
    ges.generate(1)
    [job] = ges.jobs()
    urls = [ges.jobs_url(), f"{ges.graph_url()}/jobs/{job.job_id}/status", ges.jobs_url("none")]
    sent = [requests.get(url).text for url in urls for _ in range(4)]
    sent.append(requests.post(f"{ges.graph_url()}/action?action_id=clear-graph", json={}).text)

    entries = requests.get(f"{ges.url}/_gesmock/journal").json()["entries"]

    assert [each["reply_body"] for each in entries] == sent


def test_the_body_of_a_long_answer_is_cut(service: Service) -> None:
    service.begin(generate=1_000)
    body = service.list().get_data()
    assert len(body) > 2 * LONGEST_REPLY

    assert answered(service) == [(body[:LONGEST_REPLY].decode(), len(body))]


@pytest.mark.parametrize("jobs", [1, 300])
def test_secrets_in_the_body_of_an_answer_are_masked(service: Service, jobs: int) -> None:
    request = {"command": "x", "url": "/?pwd=planted", "rawRequest": '{"userToken":"planted"}'}
    listed = [{"jobId": f"{n}", "status": "failed", "request": request} for n in range(jobs)]
    service.begin(fixture={"graphs": {"movie": {"jobs": listed}}})
    whole = service.list().get_data()
    assert b"planted" in whole

    [(body, length)] = answered(service)

    assert body is not None
    assert body.startswith('{"jobs":[{"jobId":"0",')
    assert "planted" not in body
    assert length == len(whole)
    assert "planted" not in str(service.control("GET", "journal/har").json)


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ("reset", None),
        ("close", None),
        (Truncate(after_bytes=9), '{"jobs":['),
        (Truncate(after_bytes=0), None),
        ("malformed", '{"jobs":[],"totalCount":0,"result":"success",'),
        (Drip(parts=2, seconds=0), EMPTY),
    ],
)
def test_an_entry_has_what_a_fault_left_of_the_body(
    ges: GesMock, fault: Any, sent: str | None
) -> None:
    ges.faults.arm("list_jobs", fault, times=1)
    with suppress(requests.RequestException):
        requests.get(ges.jobs_url())
    whole = requests.get(ges.jobs_url()).text

    entries = requests.get(f"{ges.url}/_gesmock/journal").json()["entries"]

    assert [each["reply_body"] for each in entries] == [sent, whole] == [sent, EMPTY]


def test_the_answer_to_head_has_no_body(service: Service) -> None:
    service.client.head(f"{G}/jobs/status")

    assert answered(service) == [(None, None)]


def test_equal_answers_share_their_body_and_a_change_ends_that(service: Service) -> None:
    service.begin(generate=100)
    for _ in range(3):
        service.list()
    service.control("POST", "jobs", {"job": JOB})
    service.list()

    first, second, third, later = service.fake.default.journal.snapshot().records

    assert first.exchange.payload is second.exchange.payload is third.exchange.payload
    assert third.exchange.payload is not later.exchange.payload


def test_the_oldest_bodies_are_dropped_first_until_they_are_sent_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.begin(generate=30)
    limits = (10, 11, 12, 13)
    sent = [service.list(f"?limit={limit}").get_data(as_text=True) for limit in limits]
    most = LONGEST_REPLY + len(sent[2]) + len(sent[3])  # the newest counts at its greatest length
    monkeypatch.setattr("gesmock.journal.journal.MOST_REPLIED", most)

    def numbers_with_bodies() -> list[int]:
        bodies = [body for body, _ in answered(service)]
        return [number for number, body in enumerate(bodies) if body is not None]

    service.list("?limit=10")
    assert numbers_with_bodies() == [0, 1, 2, 3, 4]
    service.list("?limit=14")
    assert numbers_with_bodies() == [2, 3, 5]
    service.list("?limit=10")
    assert numbers_with_bodies() == [0, 4, 5, 6]


def test_a_small_journal_has_few_bodies() -> None:
    journal, bodies = Journal(RLock(), size=3), [ReplyBody() for _ in range(9)]
    for body in bodies:
        record(journal, request(), Reply(200, {}, body=body))
        body.fill([b"{}"])

    assert [body.text for body in bodies] == [b""] * 6 + [b"{}"] * 3


def test_an_archive_has_the_newest_bodies_up_to_the_bound(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [service.list().get_data(as_text=True) for _ in range(3)]
    monkeypatch.setattr("gesmock.journal.entries.MOST_REPLIED", 2 * len(bodies[0]))

    archived = service.control("GET", "journal/har").json["log"]["entries"]
    contents = [each["response"]["content"] for each in archived]

    assert [each.get("text") for each in contents] == [None, *bodies[1:]]
    assert [each["size"] for each in contents] == [len(EMPTY)] * 3


def test_entries_of_a_journal_that_was_reset_meanwhile_have_no_body() -> None:
    journal = journaled(200, 201)
    listed = journal.entries()
    journal.reset()

    assert [each.reply_body for each in journal.answered(listed)] == [None, None]
    assert journal.answered([]) == []
