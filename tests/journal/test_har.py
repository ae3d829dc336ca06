"""The journal as an HTTP Archive, validated against the schema of the format."""

import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import requests
from conftest import Service
from stories import Story

from gesmock import GesMock
from gesmock.journal import har
from gesmock.journal.entries import with_reply_bodies

SCHEMA = json.loads((Path(__file__).parents[1] / "har.schema.json").read_bytes())
check = fastjsonschema.compile(SCHEMA)


@pytest.fixture
def archive(ges: GesMock) -> Any:
    """The archive of a list, a submission with secrets, a refusal, and a path that is not ASCII."""
    ges.restart(clock={"now": 1767225600.25, "frozen": True})
    ges.add_job(job_id="a1", status="running")
    requests.get(ges.jobs_url(limit=1), headers={"X-Auth-Token": "top-secret", "Cookie": "c=1"})
    keys = {"accessKey": "top-secret", "secretKey": "top-secret"}
    url = f"{ges.graph_url()}/action?action_id=import-graph"
    requests.post(url, json={"edgesetPath": "e", "obsParameters": keys})
    ges.faults.arm("list_jobs", 503)
    requests.get(ges.jobs_url("Filme über"))
    return ges.journal.har()


def test_an_archive_is_valid(archive: Any) -> None:
    check(archive)
    check(json.loads(json.dumps(archive)))


def test_an_archive_has_requests_and_answers(archive: Any, ges: GesMock) -> None:
    listed, submitted, refused = archive["log"]["entries"]

    assert archive["log"]["creator"]["name"] == "gesmock"
    assert listed["startedDateTime"] == "2026-01-01T00:00:00.250Z"
    assert listed["request"]["url"] == ges.jobs_url(limit=1)
    assert listed["request"]["queryString"] == [{"name": "limit", "value": "1"}]
    assert listed["response"]["statusText"] == "OK"
    assert listed["_statuses"] == {"a1": "running"}
    assert submitted["request"]["postData"] == {
        "mimeType": "application/json",
        "text": '{"edgesetPath":"e"}',
    }
    assert submitted["_job_id"] == ges.jobs()[0].job_id
    assert refused["request"]["url"] == ges.jobs_url("Filme über")
    assert (refused["response"]["status"], refused["_fault"]) == (503, "f1#1")


def test_an_archive_has_no_secrets(archive: Any) -> None:
    assert "top-secret" not in json.dumps(archive)


def test_a_connection_that_broke_has_no_status_and_a_delay_its_time() -> None:
    story = Story()
    story.ask(status=0, connection="reset", virtual_s=1.5, real_s=0.25)
    story.ask(status=599)
    story.ask(gave_up=True)
    story.ask(took_s=0.25)  # by a delay under a frozen clock

    written = har.archive(with_reply_bodies([(entry, None) for entry in story.entries]))

    check(written)
    broken, strange, given_up, late = written["log"]["entries"]
    assert late["time"] == late["timings"]["wait"] == 250
    assert ("_gave_up" in strange, given_up["_gave_up"]) == (False, True)
    assert (broken["response"]["status"], broken["_connection"]) == (0, "reset")
    assert broken["time"] == broken["timings"]["wait"] == 1500
    assert broken["request"]["url"].startswith("http://localhost/ges/")
    assert (strange["response"]["status"], strange["response"]["statusText"]) == (599, "")


def test_an_answer_that_cannot_have_a_body_has_an_unknown_type_in_the_archive() -> None:
    story = Story()
    story.ask(status=204)

    written = har.archive(with_reply_bodies([(entry, None) for entry in story.entries]))

    check(written)
    [answer] = written["log"]["entries"]
    assert answer["response"]["content"] == {"size": 0, "mimeType": "x-unknown"}


def test_a_broken_answer_has_its_status(ges: GesMock) -> None:
    ges.faults.script("list_jobs", {"kind": "malformed"}, {"kind": "truncate", "after_bytes": 5})
    assert requests.get(ges.jobs_url()).status_code == 200
    with pytest.raises(requests.RequestException):
        requests.get(ges.jobs_url())

    malformed, truncated = ges.journal.har()["log"]["entries"]

    assert (malformed["response"]["status"], malformed["_connection"]) == (200, "malformed")
    assert (truncated["response"]["status"], truncated["_connection"]) == (200, "truncate")


def test_a_long_list_is_archived_without_statuses(ges: GesMock) -> None:
    ges.generate(101)
    requests.get(ges.jobs_url(limit=100))
    requests.get(ges.jobs_url())

    short, long = ges.journal.har()["log"]["entries"]

    check(ges.journal.har())
    assert (len(short["_statuses"]), short["_returned"], short["_total"]) == (100, 100, 101)
    assert ("_statuses" in long, long["_returned"], long["_total"]) == (False, 101, 101)


def test_an_archive_is_exported_over_http(service: Service) -> None:
    service.list("?limit=1")

    answer = service.control("GET", "journal/har")

    check(answer.json)
    [entry] = answer.json["log"]["entries"]
    assert entry["request"]["url"].startswith("http://localhost/ges/v1.0/")
    assert service.control("GET", "journal/har?x=1").status_code == 400
