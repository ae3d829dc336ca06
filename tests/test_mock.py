"""GesMock: the object that a Python test scripts."""

import ssl
import time
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any, get_args

import msgspec
import pytest
import requests

import gesmock
from gesmock import ExpectationFailed, GesMock, InvalidInput
from gesmock.fake.options import StartOptions
from gesmock.faults import KINDS, Error, FaultRule, kinds
from gesmock.faults.kinds import Kind, PlainKind
from gesmock.mock import NotStarted
from gesmock.model import errors
from gesmock.model.errors import Conflict, NotFound
from gesmock.model.settings import SettingChanges, Settings


def listed(ges: GesMock, limit: int | None = None) -> Any:
    return requests.get(ges.jobs_url(limit=limit)).json()


def test_it_begins_with_one_empty_graph(ges: GesMock) -> None:
    assert (ges.graph_name, listed(ges)["totalCount"]) == ("movie", 0)


def test_its_urls_lead_to_the_job_list(ges: GesMock) -> None:
    url = f"{ges.url}/ges/v1.0/{ges.project_id}/graphs"

    assert ges.jobs_url() == f"{url}/movie/jobs/status"
    assert ges.jobs_url("a b", limit=0, offset=2) == f"{url}/a%20b/jobs/status?limit=0&offset=2"


def test_two_fakes_in_one_process_share_nothing() -> None:
    with GesMock() as each, GesMock() as two:
        each.add_job()

        assert each.url != two.url
        assert (listed(each)["totalCount"], listed(two)["totalCount"]) == (1, 0)


def test_it_can_be_stopped_and_started_again_and_keeps_its_jobs() -> None:
    ges = GesMock()
    ges.add_job()
    with pytest.raises(NotStarted, match="call start"):
        _ = ges.url
    assert ges.start() is ges.start()
    assert listed(ges)["totalCount"] == 1

    ges.stop()
    ges.stop()

    with pytest.raises(NotStarted):
        ges.jobs_url()
    with ges:
        assert listed(ges)["totalCount"] == 1


def test_a_job_is_made_from_the_fields_that_are_given(ges: GesMock) -> None:
    ges.add_job()
    ges.add_job(status="running", command="export_graph")
    ges.add_job(job_id="mine", url="/x", raw_request='{"a":1}', graph="films")

    first, second = listed(ges)["jobs"]
    assert first["status"] == "running"
    assert first["request"]["url"].endswith("/graphs/movie/action?action_id=export-graph")
    assert first["jobId"] != second["jobId"]
    films = requests.get(ges.jobs_url("films")).json()["jobs"]
    assert films == [
        {
            "jobId": "mine",
            "status": "success",
            "request": {"command": "import_graph", "url": "/x", "rawRequest": '{"a":1}'},
        }
    ]


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("import_graph", "graphs/movie/action?action_id=import-graph"),
        ("batch_build_index", "graphs/movie/indices/action?action_id=batch-build&targetGraphName=movie"),
        ("create_index", "graphs/movie/indices"),
        ("summary", "graphs/movie/summary?label_details=true"),
        ("vertex_query", "graphs/movie/vertices/action?action_id=query"),
        ("hyg_algorithm", "hyg/movie/algorithm"),
        ("delete_index", "graphs/movie/action?action_id=delete-index"),
        ("no_such_command", "graphs/movie/action?action_id=no-such-command"),
    ],
)  # fmt: skip
def test_a_job_has_the_documented_url_of_its_command(ges: GesMock, command: str, path: str) -> None:
    job = ges.add_job(command=command)

    assert job.request.url == f"/ges/v1.0/{ges.project_id}/{path}"


def test_a_job_in_the_services_shape_can_be_added_as_it_is(ges: GesMock) -> None:
    job = {"jobId": "a", "status": "pending", "request": {"command": "x", "url": "/"}}

    ges.add_job(job)

    assert listed(ges)["jobs"] == [job]


def test_starting_it_from_several_threads_starts_one_server() -> None:
    ges = GesMock()
    threads = [Thread(target=ges.start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert listed(ges)["totalCount"] == 0
    ges.stop()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": 70000}, "port: expected a port from 0 to 65535, got 70000"),
        ({"fixtures": "movies"}, "fixtures: unknown key; did you mean 'fixture'?"),
        ({"prot": 0}, "prot: unknown key; did you mean 'port'. known keys: host, port, .*, clock"),
        ({"max_control_body": 0}, "expected a number of bytes from 1 to 1099511627776, got 0"),
        ({"dialect": "page"}, "dialect: is a setting; pass settings={'dialect': 'page'}"),
        ({"generate": "x"}, "expected an object or a number of jobs, got 'x'"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        GesMock(**options)


@pytest.mark.parametrize("job", [None, 5])
def test_a_job_url_needs_a_job_or_its_id(ges: GesMock, job: Any) -> None:
    with pytest.raises(InvalidInput, match="^job: expected a job or its id, got (null|5)$"):
        ges.job_url(job)


def test_a_single_host_need_not_be_in_a_list() -> None:
    client = GesMock(allow_hosts="panel").app.test_client()

    assert client.get("/_gesmock/health", headers={"Host": "panel:80"}).status_code == 200


def test_any_kind_of_mapping_or_sequence_is_accepted() -> None:
    ges = GesMock(settings=MappingProxyType({"limit_zero": "refuse"}), tokens=({"token": "t"},))

    ges.generate(3, statuses=MappingProxyType({"failed": 1}))
    ges.faults.arm(fault=MappingProxyType({"kind": "error", "status": 503}))
    ges.load(MappingProxyType({"graphs": {"g": {"jobs": ()}}}))

    assert ges.graph_name == "g"


def test_an_empty_list_answer_is_loaded_into_the_named_graph() -> None:
    ges = GesMock(graph_name="films")

    ges.load({"jobs": [], "totalCount": 0})

    assert ges.graph_name == "films"


def test_its_address_stays_when_it_is_started_again() -> None:
    ges = GesMock()
    url = ges.start().url
    ges.stop()

    assert ges.start().url == url
    ges.stop()


def test_a_new_id_is_one_that_no_job_has(ges: GesMock) -> None:
    ges.add_job()
    ges.load(ges.state())

    ges.add_job()

    assert len({job.job_id for job in ges.jobs()}) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"job_id": "\ud800"}, InvalidInput, "job: '\\\\ud800' is not valid Unicode"),
        ({"job": {"jobId": object()}}, InvalidInput, "job: Encoding objects of type object"),
        ({"job": {1: 2}}, InvalidInput, "job\\['1'\\]: unknown key"),
        ({"command": 3}, InvalidInput, "job.request.command: expected a string, got 3"),
        ({"job": {}, "status": "failed"}, TypeError, "either a job or the fields to make it from"),
        ({"status": "done"}, InvalidInput, "job.status: 'done' is not one of pending, running"),
        ({"job": {"jobId": 1}}, InvalidInput, "job.jobId: expected a non-empty string, got 1"),
        ({"graph": "a/b"}, InvalidInput, "graph: expected a graph name"),
        ({"job_id": "taken"}, Conflict, "a job with the id 'taken' already exists"),
    ],
)
def test_a_wrong_job_is_refused_and_nothing_is_added(
    arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    ges = GesMock()
    ges.add_job(job_id="taken")

    with pytest.raises(error, match=words):
        ges.add_job(**arguments)

    assert len(ges.jobs()) == 1


def test_a_job_with_steps_goes_through_them_from_the_first(ges: GesMock) -> None:
    ges.clock.freeze()
    steps = [{"after_s": 0, "status": "running"}, {"after_s": 5, "status": "failed"}]
    job = ges.add_job(plan={"steps": steps})
    done = ges.add_job(plan={"steps": [{"after_s": 0, "status": "success"}]})
    ges.generate(1, statuses={"pending": 1}, plan={"steps": steps})

    assert [each.status for each in ges.jobs()] == ["success", "running", "running"]
    ges.clock.advance(5)
    assert [each.status for each in ges.jobs()] == ["success", "failed", "failed"]
    ges.assert_seen(job)
    assert requests.get(ges.job_url(job)).json()["status"] == "failed"
    assert ges.job(done).status == "success"


def test_jobs_are_generated_moved_and_removed(ges: GesMock) -> None:
    assert ges.generate(5, seed=3, statuses={"running": 1}) == 5
    first = ges.jobs()[0].job_id

    assert ges.move_job(first, "failed").status == "failed"
    assert [job.job_id for job in ges.jobs(status="failed")] == [first]
    ges.remove_job(first)

    assert listed(ges)["totalCount"] == 4
    assert ges.generate(2, graph="films") == 2
    assert len(ges.jobs("films")) == 2
    assert ges.generate(1, replace=True) == 1


def test_wrong_names_are_refused(ges: GesMock) -> None:
    with pytest.raises(NotFound, match="no job has the id 'x'"):
        ges.move_job("x", "failed")
    with pytest.raises(InvalidInput, match="move.status: 'done' is not one of"):
        ges.move_job("x", "done")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="jobs.status: 'done' is not one of"):
        ges.jobs(status="done")  # type: ignore[arg-type]
    with pytest.raises(
        InvalidInput,
        match="generate.count: expected an integer from 0 to 1000000, got a huge number",
    ):
        ges.generate(10**5000)
    with pytest.raises(
        InvalidInput, match="generate.count: expected an integer from 0 to 1000000, got -1"
    ):
        ges.generate(-1)


def test_errors_are_armed_scripted_and_disarmed(ges: GesMock) -> None:
    def statuses(count: int) -> list[int]:
        return [requests.get(ges.jobs_url()).status_code for _ in range(count)]

    ges.faults.script("list_jobs", 503, "ok", Error(401), after=1)
    assert statuses(5) == [200, 503, 200, 401, 200]
    armed = ges.faults.arm("list_jobs", 500, times=2, message="Oh!", headers={"Retry-After": "3"})
    answer = requests.get(ges.jobs_url())
    assert (answer.status_code, answer.json()["errorMessage"]) == (500, "Oh!")
    assert answer.headers["Retry-After"] == "3"
    assert (armed.fires, armed.remaining) == (1, 1)
    ges.faults.disarm(armed)
    ges.faults.arm(fault=Error(403), every=2)
    assert statuses(2) == [200, 403]
    ges.faults.disarm("f3")
    assert [each.id for each in ges.faults] == ["f1"]
    ges.faults.disarm()

    assert (len(ges.faults), statuses(1)) == (0, [200])


def test_a_fault_rule_from_before_a_reset_does_not_disarm_the_one_with_its_id_now(
    ges: GesMock,
) -> None:
    before = ges.faults.arm("list_jobs", 503)
    ges.reset()
    now = ges.faults.arm("list_jobs", 500)

    with pytest.raises(NotFound, match="no fault rule has the id 'f1'; armed: f1"):
        ges.faults.disarm(before)
    assert len(ges.faults) == 1
    ges.faults.disarm(now)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"status": 200}, InvalidInput, "fault rule.fault.status: expected an HTTP status"),
        ({}, InvalidInput, "fault rule: neither a status nor a fault"),
        (
            {"operation": 503},
            InvalidInput,
            r"503 is not an operation; arm\(status=503\) hits any operation",
        ),
        (
            {"operation": "list_jobs", "status": "delay"},
            InvalidInput,
            'fault: \'delay\' needs fields: Delay\\(seconds=...\\) or {"kind": "delay", "seconds": ...}',
        ),
        (
            {"operation": "list", "status": 500},
            InvalidInput,
            "'list' is not valid; did you mean 'list_jobs'",
        ),
        ({"status": 500, "headers": "abc"}, InvalidInput, "headers: expected an object, got 'abc'"),
        (
            {"status": 500, "message": "\ud800"},
            InvalidInput,
            "fault rule: '\\\\ud800' is not valid Unicode",
        ),
        ({"status": 500, "times": 0}, InvalidInput, "fault rule.times: expected an integer"),
        (
            {"fault": {"kind": "flood"}},
            InvalidInput,
            "fault rule.fault.kind: 'flood' is not one of",
        ),
        ({"fault": Error(500), "status": 503}, TypeError, "either a fault, or a status"),
        ({"operation": {"fault": 500}, "status": 503}, TypeError, "either a whole fault rule, or"),
        ({"operation": {"fault": 500}, "times": 2}, TypeError, "either a whole fault rule, or"),
        (
            {"status": 500, "time": 2},
            TypeError,
            "unexpected keyword argument 'time'",
        ),
    ],
)
def test_a_wrong_fault_is_refused_and_nothing_is_armed(
    arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    ges = GesMock()

    with pytest.raises(error, match=words):
        ges.faults.arm(**arguments)

    assert len(ges.faults) == 0


def test_the_journal_tells_what_the_client_did(ges: GesMock) -> None:
    listed(ges, limit=3)
    requests.get(ges.jobs_url(), headers={"Prefer": "code=503"})

    assert [entry.status for entry in ges.journal] == [200, 503]
    assert [entry.query for entry in ges.journal.entries("list_jobs", status=200)] == [
        {"limit": "3"}
    ]
    assert ges.journal[-1].status == 503
    assert ges.journal.wait_for("list_jobs", status=503) == [ges.journal[1]]
    ges.journal.clear()
    assert len(ges.journal) == 0


def test_settings_are_changed_by_name(ges: GesMock) -> None:
    assert ges.configure(dialect="error_table").forbidden_status == 400
    assert ges.settings.dialect == "error_table"
    assert requests.get(ges.jobs_url("films")).status_code == 400


def test_a_state_is_exported_and_loaded(ges: GesMock, tmp_path: Path) -> None:
    ges.generate(3)
    state = ges.state()
    ges.reset()

    ges.load(state)
    assert ges.state() == state
    ges.load("page_example")

    assert ges.graph_name == "ges_j60071198_hdfs_fdb"
    with pytest.raises(InvalidInput, match=r"missing\.json: no such file"):
        ges.load(tmp_path / "missing.json")
    assert ges.graph_name == "ges_j60071198_hdfs_fdb"


@pytest.mark.parametrize("state", [None, [], 5])
def test_what_is_neither_a_state_nor_a_file_is_not_loaded(ges: GesMock, state: Any) -> None:
    ges.add_job()

    with pytest.raises(
        InvalidInput, match="expected a file, the name of one that gesmock ships, or the content"
    ):
        ges.load(state)
    assert len(ges.jobs()) == 1


def test_a_state_of_another_project_is_loaded_all_the_same(ges: GesMock) -> None:
    ges.load("movies")

    assert listed(ges)["totalCount"] == 5


def test_a_fixture_may_be_given_as_its_content() -> None:
    assert GesMock(fixture={"graphs": {"films": {}}}).graph_name == "films"
    with pytest.raises(InvalidInput, match=r"fixture: \$\.graphs: expected an object, got 3"):
        GesMock(fixture={"graphs": 3})


def test_a_fault_rule_and_a_script_may_be_given_as_in_a_fixture(ges: GesMock) -> None:
    ges.faults.arm(
        {"operation": "list_jobs", "times": 1, "fault": {"kind": "error", "status": 500}}
    )
    ges.faults.arm(FaultRule(fault=Error(401), times=1))
    ges.faults.script("list_jobs", [503, "ok"])

    assert [requests.get(ges.jobs_url()).status_code for _ in range(5)] == [500, 401, 503, 200, 200]


def test_a_kind_that_needs_no_fields_may_be_named_alone(ges: GesMock) -> None:
    ges.faults.arm("show_job", "reset")
    ges.faults.arm({"operation": "delete_job", "fault": "hang"})
    ges.faults.script("list_jobs", "close", 503, "garbage")
    ges.faults.arm(fault={"kind": "outage", "until_s": 5, "fault": "close"})

    actual = [msgspec.to_builtins(each.rule) for each in ges.faults]
    assert [each.get("fault") for each in actual] == [
        {"kind": "reset"},
        {"kind": "hang"},
        None,
        {"kind": "outage", "until_s": 5.0, "fault": {"kind": "close"}},
    ]
    assert actual[2]["script"] == [{"kind": "close"}, 503, {"kind": "garbage"}]


def test_the_kinds_that_need_no_fields_are_those_that_can_be_made_without() -> None:
    def needs_none(kind: type[Kind]) -> bool:
        try:
            kind()
        except (TypeError, ValueError):
            return False
        return True

    assert {name for name, kind in KINDS.items() if needs_none(kind)} == set(get_args(PlainKind))


def test_disarming_or_pausing_an_unknown_rule_is_refused_and_disarms_nothing(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", 503)
    ges.plans.arm(plan="slow")
    nothing: Any = None

    with pytest.raises(NotFound, match="no fault rule has the id None; armed: f1"):
        ges.faults.disarm(nothing)
    with pytest.raises(NotFound, match="no fault rule has the id 5; armed: f1"):
        ges.faults.pause(5)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="no plan has the id None; armed: p1"):
        ges.plans.disarm(nothing)
    assert (len(ges.faults), len(ges.plans)) == (1, 1)
    ges.plans.disarm()
    assert len(ges.plans) == 0


def test_fault_rules_are_paused_changed_and_resumed(ges: GesMock) -> None:
    armed = ges.faults.arm("list_jobs", 503, header="X-Team=7", phase="after")

    def status() -> int:
        return requests.get(ges.jobs_url(), headers={"X-Team": "7"}).status_code

    assert status() == 503
    assert ges.faults.pause(armed).rule.paused
    assert status() == 200
    ges.faults.resume(armed)
    ges.faults.change(armed, fault=500, header=None)
    assert requests.get(ges.jobs_url()).status_code == 500
    with pytest.raises(InvalidInput, match=r"^fault rule\.nth: expected an integer"):
        ges.faults.change("f1", nth=0)
    assert str(ges.faults) == "<FaultRules: 1 armed>"
    ges.faults.disarm(ges.faults.pause(armed))

    assert len(ges.faults) == 0


def test_every_answer_can_be_delayed(ges: GesMock) -> None:
    ges.clock.freeze()
    ges.faults.delay_all(30)

    assert requests.get(ges.jobs_url()).headers["X-Gesmock-Fault"] == "f1#1"


def test_an_answer_can_be_late_in_real_seconds_under_a_frozen_clock(ges: GesMock) -> None:
    ges.clock.freeze()
    ges.faults.delay_all(0.3, real=True)

    began = time.monotonic()
    answer = requests.get(ges.jobs_url())

    assert (answer.status_code, answer.headers["X-Gesmock-Fault"]) == (200, "f1#1")
    assert time.monotonic() - began >= 0.3
    ges.faults.delay_all(30, real=True)
    with pytest.raises(requests.Timeout):
        requests.get(ges.jobs_url(), timeout=0.3)


@pytest.mark.parametrize(
    "fault", [kinds.Delay(seconds=3), {"kind": "delay", "seconds": 3}], ids=["struct", "JSON"]
)
def test_the_seconds_of_a_fault_can_be_real_ones(ges: GesMock, fault: Any) -> None:
    armed = ges.faults.arm("list_jobs", fault=fault, real=True, times=1)

    assert armed.rule.fault == kinds.Delay(seconds=3, real=True)


@pytest.mark.parametrize("fault", [503, "reset", {"kind": "cap_limit", "limit": 1}])
def test_a_fault_without_seconds_has_no_real_ones(ges: GesMock, fault: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^fault rule.fault.real: unknown key"):
        ges.faults.arm("list_jobs", fault=fault, real=True)
    with pytest.raises(InvalidInput, match=r"^fault rule.fault.real: unknown key"):
        ges.faults.arm("list_jobs", 503, real=True)


def test_real_delays_can_be_the_default_from_the_start() -> None:
    ges = GesMock(clock={"frozen": True, "real_delays": True})
    ges.clock.real_delays = False
    ges.reset()

    assert ges.clock.real_delays
    assert GesMock(fixture=ges.state()).clock.real_delays


def test_armed_rules_print_python_that_arms_them_again() -> None:
    ges = GesMock(seed=7, preset="slow", clock={"frozen": True})
    for fault_rule in (
        {"fault": {"kind": "delay", "lognormal": {"median_s": 1, "sigma": 0.5}}, "nth": [2, 3]},
        {"operation": "list_jobs", "script": [503, "ok", {"kind": "reset"}]},
    ):
        ges.faults.arm(fault_rule)
    ges.faults.disarm(ges.faults.arm("list_jobs", 404))
    before = [each.rule for each in ges.faults]

    lines = ges.faults.as_python()

    assert lines[1] == (
        "ges.faults.arm({'operation': 'list_jobs', 'script': [503, 'ok', {'kind': 'reset'}]})"
        "  # f4: fired at 0 of 0 calls; the seed was 7"
    )
    assert lines[2].startswith("# ges.faults.arm({'operation': 'list_jobs', 'fault': ")
    assert lines[2].endswith("  # f5: fired at 0 of 0 calls; the seed was 7; disarmed")
    ges.reset()
    for line in lines:
        exec(line, {"ges": ges})
    assert [each.rule for each in ges.faults] == before


def test_a_job_may_be_passed_in_place_of_its_id(ges: GesMock) -> None:
    job = ges.add_job(status="running")

    assert ges.move_job(job, "failed").status == "failed"
    assert ges.job(job).status == "failed"
    assert ges.remove_job(job).job_id == job.job_id


def test_a_reset_restores_what_it_began_with_in_every_project() -> None:
    with GesMock(generate=2, settings={"limit_zero": "refuse"}) as ges:
        requests.post(f"{ges.url}/_gesmock/projects/other/generate", json={"count": 1})
        ges.add_job()
        ges.configure(limit_zero="empty")

        cleared = ges.reset()

        assert (cleared.epoch > 1, cleared.jobs) == (True, 3)
        assert len(ges.jobs()) == 2
        assert ges.settings.limit_zero == "refuse"
        assert requests.get(ges.jobs_url().replace(ges.project_id, "other")).status_code == 400


def test_another_project_is_scripted_like_the_default_one(ges: GesMock) -> None:
    other = ges.project("other")
    other.clock.freeze()
    other.faults.arm("list_jobs", 503, times=1)
    job = other.add_job(plan="normal")
    answers = [requests.get(other.jobs_url(limit=5)) for _ in range(2)]
    other.clock.advance(3600)

    assert [answer.status_code for answer in answers] == [503, 200]
    assert requests.get(other.job_url(job)).json()["status"] == "success"
    assert other.wait_for_job(job, timeout_s=0).status == "success"
    other.assert_seen(job, "pending", "success")
    other.journal.assert_called("list_jobs", times=2)
    assert (other.project_id, other.graph_name) == ("other", "movie")
    assert (len(ges.jobs()), len(ges.journal), ges.clock.frozen) == (0, 0, False)
    assert ges.project(ges.project_id).clock is ges.clock
    assert repr(other) == f"<project other of {ges!r}: movie, 1 job>"
    assert other.reset().jobs == 1
    assert other.jobs() == []


def test_a_project_that_a_reset_has_dropped_is_opened_again(ges: GesMock) -> None:
    ges.restart(generate=2, settings={"open_projects": True})
    other = ges.project("other")
    other.add_job()
    assert len(other.jobs()) == 3

    ges.reset()

    assert len(other.jobs()) == 2


def test_a_wrong_project_id_is_refused(ges: GesMock) -> None:
    with pytest.raises(InvalidInput, match="^project_id: "):
        ges.project("a/b")
    assert [*ges.fake.projects] == [ges.project_id]


def test_a_restart_starts_over_at_the_same_address(ges: GesMock) -> None:
    url = ges.url

    ges.restart(fixture="movies")

    assert (ges.url, ges.graph_name) == (url, "movies")
    assert listed(ges)["totalCount"] == 5


def test_an_unused_fault_says_how_many_requests_it_matched(ges: GesMock) -> None:
    ges.clock.freeze()
    ges.faults.arm("list_jobs", 503, times=2, until_s=60)
    ges.faults.arm("list_jobs", 500)
    ges.faults.arm("show_job", 503, after=3)
    ges.faults.arm("list_jobs", 503, from_s=90)
    for url in [ges.jobs_url()] * 2 + [ges.job_url("nobody")] * 2:
        requests.get(url)

    assert [each.message.partition(" {")[0] for each in ges.findings("GM0")] == [
        "fault rule never fired; it matched no requests: f2",
        "fault rule never fired; it matched 2 requests: f3",
        "fault rule never fired; it matched no requests: f4",
    ]


def test_a_rule_that_must_be_used_up_is_a_finding_while_it_has_uses_left(ges: GesMock) -> None:
    ges.clock.freeze()
    ges.faults.arm("list_jobs", 503, times=2, until_s=60, must_be_used_up=True)
    ges.faults.script("show_job", 503, "ok", must_be_used_up=True)
    ges.faults.arm("show_job", 500, must_be_used_up=True)
    requests.get(ges.jobs_url())
    ges.clock.advance(60)

    assert [each.message.partition(" {")[0] for each in ges.findings("fault_not_used_up")] == [
        "fault rule must be used up, but it has 1 use left; it matched 1 request: f1",
        "fault rule must be used up, but it has 2 uses left; it matched no requests: f2",
        "fault rule must be used up, but it never fired; it matched no requests: f3",
    ]
    with pytest.raises(ExpectationFailed, match="^gesmock found 3 findings: GM005 "):
        ges.check()
    for _ in range(3):
        requests.get(ges.job_url("a"))
    ges.faults.change("f1", must_be_used_up=False)
    ges.check()


def test_an_error_can_be_armed_with_a_retry_after(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", 503, retry_after=3, headers={"X-Try": 1})

    headers = requests.get(ges.jobs_url()).headers

    assert (headers["Retry-After"], headers["X-Try"]) == ("3", "1")
    with pytest.raises(TypeError, match="give either a fault"):
        ges.faults.arm("list_jobs", fault="reset", retry_after=1)


def test_a_fault_kind_can_be_armed_as_an_object(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", gesmock.Error(503, retry_after=1), times=1)
    ges.faults.script("show_job", gesmock.Delay(seconds=0), "ok")

    assert requests.get(ges.jobs_url()).headers["Retry-After"] == "1"
    assert [each.remaining for each in ges.faults] == [0, 2]


def test_findings_name_unmatched_requests_and_unused_faults(ges: GesMock) -> None:
    assert ges.findings() == []
    ges.faults.arm("list_jobs", 503, after=5)
    requests.get(ges.jobs_url())
    requests.delete(ges.jobs_url())
    requests.get(f"{ges.url}/favicon.ico")

    unmatched, untried = ges.findings()

    assert unmatched.message.startswith("no operation serves this: DELETE /ges/v1.0/")
    assert str(untried) == (
        'GM003 fault rule never fired; it matched 1 request: f1 {"operation":"list_jobs",'
        '"fault":{"kind":"error","status":503},"after":5}'
    )


def test_a_check_raises_what_fails_a_strict_test_and_lists_what_else_there_is(
    ges: GesMock,
) -> None:
    for _ in range(3):
        requests.get(ges.jobs_url(limit=-1))
    ges.check()
    ges.faults.arm("list_jobs", 503)
    other = ges.project("other")
    requests.get(f"{other.graph_url()}/nothing")

    with pytest.raises(ExpectationFailed) as raised:
        ges.check()

    first, second, title, third = str(raised.value).splitlines()
    assert first.startswith("gesmock found 2 findings: GM003 fault rule never fired; ")
    assert second.startswith("- GM002 no operation serves this: GET /ges/v1.0/other/graphs/movie/")
    assert title == "gesmock also found:"
    assert third.startswith("- GM107 ")
    with pytest.raises(ExpectationFailed, match="^gesmock found 1 finding: GM002 .*nothing[^\n]*$"):
        other.check()
    with pytest.raises(ExpectationFailed, match="^gesmock found 1 finding: GM107 "):
        ges.check("GM1", "GM2")
    other.check("GM1")


def test_a_strict_fake_is_checked_at_the_end_of_its_block() -> None:
    with (
        pytest.raises(ExpectationFailed, match="^gesmock found 1 finding: GM003 "),
        GesMock(strict=True) as ges,
    ):
        ges.faults.arm("list_jobs", 503)

    with pytest.raises(NotStarted):
        _ = ges.url
    with pytest.raises(KeyError, match="nothing"), GesMock(strict=True, faults=[{"fault": 503}]):
        raise KeyError("nothing")
    with GesMock(strict=True, verdict={"ignore": ["GM003"]}) as ges:
        ges.faults.arm("list_jobs", 503)
    with GesMock() as ges:
        ges.faults.arm("list_jobs", 503)


def test_its_control_api_needs_a_token_once_it_is_exposed() -> None:
    with GesMock(host="0.0.0.0") as ges:
        clock = f"{ges.url}/_gesmock/clock"
        token = {"Authorization": f"Bearer {ges.control_token}"}

        assert ges.url.startswith("http://127.0.0.1:")
        assert requests.get(clock).status_code == 401
        assert requests.get(clock, headers=token).status_code == 200


def test_its_control_api_can_be_left_out() -> None:
    with GesMock(control=False) as ges:
        assert requests.get(f"{ges.url}/_gesmock/health").status_code == 404


def test_an_app_serves_without_a_socket() -> None:
    ges = GesMock(fixture="movies")
    client = ges.app.test_client()

    response = client.get(f"/ges/v1.0/{ges.project_id}/graphs/movies/jobs/status")

    assert response.json is not None
    assert response.json["totalCount"] == 5


def test_every_kind_of_fault_and_every_error_of_a_fake_is_exported() -> None:
    kinds = {kind.__name__ for kind in KINDS.values()}
    raised = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.GesmockError)
    }

    assert kinds | raised <= {*dir(gesmock)}


def test_the_package_offers_what_it_lists() -> None:
    assert all(getattr(gesmock, name) for name in dir(gesmock))
    names: dict[str, Any] = {}
    exec("from gesmock import *", names)
    assert names.keys() - {"__builtins__"} == {*dir(gesmock)}
    with pytest.raises(AttributeError, match="module 'gesmock' has no attribute 'GesMok'"):
        gesmock.GesMok  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"port": "x"}, "port: expected a port from 0 to 65535, got 'x'"),
        ({"host": 5}, "host: expected a string, got 5"),
        ({"control_token": 5}, "control_token: expected a string, got 5"),
        ({"control": "no"}, "control: expected true or false, got 'no'"),
        ({"strict": 1}, "strict: expected true or false, got 1"),
        ({"allow_hosts": [5]}, "allow_hosts[0]: expected a string, got 5"),
        (
            {"fixture": [5]},
            "fixture[0]: expected a file, the name of one that gesmock ships, or the content of one, got 5",
        ),
        (
            {"ssl_context": "x"},
            "ssl_context: 'x' is not an ssl.SSLContext, "
            "such as ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)",
        ),
        (
            {"ssl_context": ssl.create_default_context()},
            "ssl_context: this is a client's context; a server needs PROTOCOL_TLS_SERVER",
        ),
        (
            {"project_id": ""},
            "project_id: must not be empty",
        ),
    ],
)
def test_an_option_of_another_type_is_refused(options: dict[str, Any], error: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        GesMock(**options)

    assert str(caught.value) == error


def test_help_explains_every_start_option_and_setting_changes_are_those_of_the_settings() -> None:
    assert all(f"- ``{name}``: " in str(GesMock.__doc__) for name in StartOptions.__annotations__)
    assert SettingChanges.__annotations__ == Settings.__annotations__


def test_it_says_where_it_is_and_what_it_holds() -> None:
    ges = GesMock(graph_name="movies", generate=12)
    assert repr(ges) == "<GesMock not started: movies, 12 jobs>"
    ges.add_job(graph="other")
    assert repr(ges) == "<GesMock not started: 2 graphs, 13 jobs>"
    with ges:
        assert repr(ges) == f"<GesMock {ges.url}: 2 graphs, 13 jobs>"
