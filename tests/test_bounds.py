"""What is stored and computed is bounded: a test for each row of docs/reference/bounds.md."""

import gc
import json
import os
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Service, match_args

from gesmock import GesMock
from gesmock.fake import fake as fakes
from gesmock.fake import fixtures, graphs
from gesmock.fake.handle import handle
from gesmock.faults import FaultRule
from gesmock.faults import rules as fault_rules
from gesmock.model import queries, rules, validation
from gesmock.model.errors import MOST_COUNTED, MOST_ERRORS, Conflict, InvalidInput
from gesmock.web.control import api
from gesmock.web.control.document import CALLS
from gesmock.web.gateway import read_request

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
JOB: dict[str, Any] = {
    "jobId": "a",
    "status": "success",
    "request": {"command": "import_graph", "url": "/"},
}
ERROR = {"kind": "error", "status": 503}


def nested(levels: int) -> str:
    """A JSON object, nested *levels* deep."""
    return '{"a":' * levels + "0" + "}" * levels


def refused(call: Any, status: int, *texts: str) -> None:
    """Assert that a control call was refused, with a message that has these texts."""
    assert call.status_code == status, call.json
    assert [text for text in texts if text not in call.json["error"]] == []


# --- JSON ---------------------------------------------------------------------------------------


TAKING_A_BODY = [each for each in CALLS if "body" in each.function.__annotations__]


@pytest.mark.parametrize("call", TAKING_A_BODY, ids=lambda call: f"{call.method} {call.path}")
def test_the_body_of_a_control_call_has_at_most_64_levels(service: Service, call: Any) -> None:
    path = call.path.replace("<path:job_id>", "a").replace("<graph>", "g")
    path = path.replace("<fault_id>", "f1").replace("<plan_id>", "p1")
    url = f"/_gesmock/{path}"

    for levels in (validation.MOST_LEVELS + 1, 980, 100_000):
        response = service.client.open(
            url, method=call.method, data=nested(levels), content_type="application/json"
        )
        refused(response, 400, "nested too deeply; at most 64 levels are allowed")


def test_a_body_of_64_levels_is_taken(service: Service) -> None:
    body = {"statement": "s", "columns": ["c"], "rows": [[json.loads(nested(61))]]}

    assert service.control("POST", "queries", body).status_code == 201


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        (nested(64), False),
        (nested(65), True),
        ("[" * 65, True),
        ("[{" * 33, True),
        ("[" + "[]," * 100 + "[]]", False),
        ('["' + "[" * 65 + '"]', False),
        ('["\\"' + "[" * 65 + '"]', False),
        ('["\\\\",' + "[" * 65, True),
        ('["\\\\\\"' + "[" * 65 + '"]', False),
    ],
)
def test_only_brackets_outside_of_strings_are_levels(text: str, deep: bool) -> None:
    assert validation.too_deep(text.encode()) is deep


@pytest.mark.parametrize("levels", [64, 65, 980])
def test_a_body_in_a_job_list_that_is_nested_deeply_breaks_nothing(
    service: Service, levels: int
) -> None:
    request = {"command": "execute_algorithm", "url": "/", "rawRequest": nested(levels)}
    for edition in ("memory", "database"):
        job = {**JOB, "jobId": edition, "status": "failed", "request": request}
        service.control("PUT", f"graphs/{edition}", {"edition": edition})
        service.control("POST", "jobs", {"graph": edition, "job": job})
        assert service.list(graph=edition).status_code == 200
        status = f"/ges/v1.0/{PROJECT}/graphs/{edition}/jobs/{edition}/status"
        assert service.client.get(status).status_code in (200, 400)

    for path in ("journal", "findings", "report", "state"):
        assert service.control("GET", path).status_code == 200


def test_a_fixture_file_has_at_most_64_levels(tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_text('{"graphs": {"g": {"summary": ' + nested(64) + "}}}")

    with pytest.raises(InvalidInput, match="nested too deeply; at most 64 levels are allowed"):
        fixtures.read(file)


@pytest.mark.parametrize(
    "body", ['{"graph": "g", "count": 1, "count": 2}', '{"count": 1, "statuses": {"x": 1, "x": 2}}']
)
def test_a_key_that_an_object_has_twice_is_refused(service: Service, body: str) -> None:
    response = service.client.post("/_gesmock/generate", data=body, content_type="application/json")

    refused(response, 400, "an object has the key", "twice")
    assert service.list().json["totalCount"] == 0


def test_keys_of_a_long_body_are_not_compared(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LONGEST_CHECKED", 10)

    body = '{"count": 1, "count": 2}'
    response = service.client.post("/_gesmock/generate", data=body, content_type="application/json")

    assert response.get_json()["generated"] == 2


# --- Messages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "more"),
    [(20, ""), (21, "\nand 1 more"), (999, "\nand 979 more"), (5000, "\nand at least 980 more")],
)
def test_twenty_errors_are_listed_and_the_others_are_counted(
    service: Service, count: int, more: str
) -> None:
    state = {"graphs": {"g": {"jobs": [{**JOB, "jobId": f"{n}", "x": 1} for n in range(count)]}}}

    response = service.control("PUT", "state", state)

    assert response.status_code == 400
    assert len(response.json["errors"]) == MOST_ERRORS
    assert response.json["error"].count("unknown key") == MOST_ERRORS
    assert response.json["error"].partition("\nand ")[1:] == more.partition("and ")[1:] or more
    assert response.json["error"].endswith(more)
    assert response.json.get("more", 0) == min(count, MOST_COUNTED) - MOST_ERRORS


def test_errors_of_a_file_are_counted_too(tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps({"jobs": [JOB] * 30}))

    with pytest.raises(InvalidInput, match="and 9 more$") as caught:
        fixtures.read(file)

    assert str(caught.value).count(f"{file}: $.jobs[") == MOST_ERRORS


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "generate", {"count": LONG}),
        ("POST", "generate", {"count": 1, LONG: 1}),
        ("POST", "generate", {"count": 1, "statuses": {LONG: 1}}),
        ("POST", "queries", {"pattern": "(" + LONG}),
        ("POST", "queries", {"pattern": "(" * 900}),
        ("POST", "jobs", {"job": {**JOB, "jobId": LONG, "status": "partiallyFailed"}}),
        ("PUT", "state", {"jobs": [{**JOB, "jobId": LONG}] * 2}),
        ("POST", "plans", {"plan": LONG}),
        ("POST", "faults", {"fault": LONG}),
        ("POST", "journal/assert_called", {"job": LONG}),
        ("GET", f"faults/{LONG}", None),
        ("GET", f"plans/{LONG}", None),
        ("GET", f"jobs/{LONG}", None),
        ("GET", f"jobs/{LONG}?graph=g", None),
        ("DELETE", f"jobs/{LONG}", None),
        ("GET", "jobs?graph=" + "g" * 255, None),
        ("GET", f"jobs?{LONG}=1", None),
        ("GET", f"seen/{LONG}", None),
        ("POST", "provider-states", {"state": LONG}),
        ("GET", f"projects/{LONG}/health", None),
        ("POST", f"projects/{LONG}/reset", None),
        ("GET", LONG, None),
    ],
)
def test_a_message_shows_at_most_200_characters_of_a_value(
    service: Service, method: str, path: str, body: Any
) -> None:
    response = service.control(method, path, body)

    assert response.status_code in (400, 404, 409)
    assert "x" * 201 not in response.text
    assert len(response.data) < 8_000


def test_a_refused_preference_is_shown_cut(service: Service) -> None:
    response = service.list(prefer=f"code={LONG[:10_000]}")

    assert response.status_code == 400
    assert len(response.data) < 1_000


def test_a_message_lists_at_most_twenty_names(service: Service) -> None:
    for _ in range(30):
        service.control("POST", "faults", {"fault": ERROR})

    refused(service.control("GET", "faults/none"), 404, "f19, f20, ...")


# --- Caches -------------------------------------------------------------------------------------


@pytest.mark.deep
def test_long_texts_are_not_kept_in_caches(service: Service) -> None:
    """A reset frees whatever a client makes up."""
    size, project = 100_000, service.fake.default

    def ask(number: int) -> None:
        text = f"{number}" + "x" * size
        for method, path, query, body in (
            ("GET", f"{G}/jobs/status", f"offset={text}&limit={text}", b""),
            ("GET", f"{G}/jobs/status", f"offset={'0' * size}{number}", b""),
            ("GET", f"/ges/v1.0/{PROJECT}/graphs/{text}/jobs/status", "", b""),
            ("GET", f"{G}/jobs/{text}/status", "", b""),
            ("POST", f"{G}/action", f"action_id={text}", b"{}"),
            ("POST", f"{G}/action", "action_id=clear-graph", b'{"a": "%b"}' % text.encode()),
        ):
            headers = {"user-agent": text, "content-length": f"{len(body)}"}
            request = read_request(method, path, query, headers, project.epoch, body)
            handle(service.fake, request)
        project.queries.set(text)
        project.graphs.search(None, [text.encode()], 10, None, 0)

    ask(0)
    project.reset()
    tracemalloc.start()
    try:
        for number in range(1, 40):
            ask(number)
        project.reset()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5 * size


def test_templates_of_a_graph_with_a_long_name_are_not_kept(service: Service) -> None:
    from gesmock.model import generators

    before = generators._remembered.cache_info().currsize
    for name in ("g" * 65, "h" * 255):
        service.control("POST", "generate", {"graph": name, "count": 1})

    assert generators._remembered.cache_info().currsize == before


# --- Numbers ------------------------------------------------------------------------------------


def test_there_are_only_so_many_projects(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakes, "MOST_PROJECTS", 3)
    service.begin(settings={"open_projects": True})
    for number in range(2):
        assert service.control("POST", f"projects/p{number}/reset").status_code == 200

    refused(service.control("POST", "projects/p3/reset"), 409, "there are 3 projects")
    unknown = service.client.get("/ges/v1.0/p4/graphs/movie/jobs/status")
    assert (unknown.status_code, unknown.get_json()["errorCode"]) == (400, "GES.8000")
    assert service.control("POST", "projects/p1/reset").status_code == 200


def test_a_project_has_only_so_many_graphs(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "MOST_GRAPHS", 2)
    service.control("PUT", "graphs/second", {})

    for method, path, body in (
        ("PUT", "graphs/third", {}),
        ("POST", "generate", {"graph": "third", "count": 1}),
        ("POST", "jobs", {"graph": "third", "job": JOB}),
    ):
        refused(service.control(method, path, body), 409, "there are 2 graphs, the most")
    assert service.control("PUT", "graphs/second", {}).status_code == 200


def test_a_state_has_only_so_many_graphs_rules_and_results(service: Service) -> None:
    state = {
        "graphs": {f"g{n}": {} for n in range(graphs.MOST_GRAPHS + 1)},
        "queries": [{"statement": "s"}] * (queries.MOST_RESULTS + 1),
        "faults": [{"fault": 503}] * (rules.MOST_RULES + 1),
        "plans": [{"plan": "normal"}] * (rules.MOST_RULES + 1),
    }

    refused(
        service.control("PUT", "state", state),
        400,
        "$.graphs: has 1001 items, at most 1000 are allowed",
        "$.queries: has 1001 items, at most 1000 are allowed",
        "$.faults: has 50001 items, at most 50000 are allowed",
        "$.plans: has 50001 items, at most 50000 are allowed",
    )


@pytest.mark.parametrize(
    ("path", "body"), [("faults", {"fault": 503}), ("plans", {"plan": "normal"})]
)
def test_a_project_has_only_so_many_rules(
    service: Service, monkeypatch: pytest.MonkeyPatch, path: str, body: Any
) -> None:
    monkeypatch.setattr(rules, "MOST_RULES", 2)
    for _ in range(2):
        assert service.control("POST", path, body).status_code == 201

    refused(service.control("POST", path, body), 409, "2 ", "are armed, the most")
    assert service.control("GET", path).json["total"] == 2


def test_a_project_has_only_so_many_results_for_queries(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_RESULTS", 2)
    for _ in range(2):
        assert service.control("POST", "queries", {"statement": "s"}).status_code == 201

    refused(service.control("POST", "queries", {"statement": "s"}), 409, "2 results are set")


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("faults", {"script": ["ok"] * 10_001}, "$.script: has 10001 items, at most 10000 are"),
        ("faults", {"fault": 503, "nth": [1] * 1_001}, "$.nth: has 1001 items, at most 1000 are"),
        ("queries", {"pattern": "x" * 1_001}, "$.pattern: has 1001 characters, at most 1000 are"),
        ("queries", {"statement": "s", "rows": [[]] * 100_001}, "$.rows: has 100001 items, at"),
        ("state", {"journal_size": 1_000_001}, "a number of entries from 1 to 1000000"),
    ],
)
def test_a_list_or_text_that_is_kept_is_not_too_long(
    service: Service, path: str, body: Any, error: str
) -> None:
    refused(service.control("PUT" if path == "state" else "POST", path, body), 400, error)


# --- Jobs ---------------------------------------------------------------------------------------


@pytest.fixture
def small_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "MOST_JOBS", 10)
    monkeypatch.setattr(graphs, "MOST_MEMORY_JOBS", 20)


@pytest.mark.usefixtures("small_graphs")
@pytest.mark.parametrize(("edition", "most"), [("database", 10), ("memory", 20)])
def test_more_jobs_than_a_graph_has_are_not_generated(
    service: Service, edition: str, most: int
) -> None:
    service.control("PUT", "graphs/g", {"edition": edition})
    service.control("POST", "generate", {"graph": "g", "count": most - 2})

    response = service.control("POST", "generate", {"graph": "g", "count": 3})

    message = f"graph 'g' would have {most + 1} jobs; a graph of the {edition} edition has at most"
    refused(response, 409, message, f"{most}")
    assert service.control("POST", "generate", {"graph": "g", "count": 2}).json["total"] == most


@pytest.mark.usefixtures("small_graphs")
def test_jobs_that_are_added_during_a_generation_count(service: Service) -> None:
    from gesmock.model.generators import Generator

    project = service.fake.default

    def add(rows: Iterable[Any], _count: int) -> Iterable[Any]:
        for number in range(5):
            service.control("POST", "jobs", {"job": {**JOB, "jobId": f"{number}"}})
        return rows

    with pytest.raises(Conflict, match="graph 'movie' would have 11 jobs"):
        project.generate(Generator(count=6), add)

    assert service.list().json["totalCount"] == 5


@pytest.mark.usefixtures("small_graphs")
@pytest.mark.parametrize(
    "options",
    [
        {"generate": 11},
        {"generate": [6, 5]},
        {"fixture": {"jobs": [{**JOB, "jobId": f"{n}"} for n in range(11)]}},
        {"generate": 2, "fixture": {"jobs": [{**JOB, "jobId": f"{n}"} for n in range(9)]}},
    ],
)
def test_a_fake_does_not_start_with_more_jobs_than_a_graph_has(options: Any) -> None:
    with pytest.raises(InvalidInput, match="would have 11 jobs; .* has at most 10"):
        GesMock(**options)


@pytest.mark.usefixtures("small_graphs")
def test_a_graph_with_too_many_jobs_does_not_change_its_edition(service: Service) -> None:
    service.control("PUT", "graphs/g", {"edition": "memory"})
    service.control("POST", "generate", {"graph": "g", "count": 11})

    response = service.control("PUT", "graphs/g", {"edition": "database"})

    refused(response, 409, "graph 'g' would have 11 jobs")


@pytest.mark.parametrize("edition", ["database", "memory"])
def test_a_graph_keeps_only_so_many_bytes_of_submissions(
    service: Service, monkeypatch: pytest.MonkeyPatch, edition: str
) -> None:
    from gesmock.fake import queries as at_once
    from gesmock.fake import submissions

    for module in (graphs, submissions, at_once):
        monkeypatch.setattr(module, "MOST_SUBMITTED", 10_000)
    service.begin(settings={"edition": edition})
    body = {"clearMetadata": True, "more": "x" * 4_000}
    properties = [{"property": {"name": "p", "dataType": "string", "cardinality": "single"}}]
    label = {"name": "l", "type": "vertex", "properties": properties * 60}

    def submit() -> Any:
        return service.client.post(f"{G}/action?action_id=clear-graph", json=body)

    assert [submit().status_code for _ in range(3)] == [200, 200, 413]
    refusal = submit().json
    assert refusal["errorMessage"].startswith("gesmock keeps no more submitted jobs and labels")
    assert service.client.post(f"{G}/schema/labels", json=label).status_code == 413
    job = {**JOB, "request": {**JOB["request"], "rawRequest": "x" * 4_000}}
    refused(service.control("POST", "jobs", {"job": job}), 409, "keeps at most 10000 bytes")

    newest = service.control("GET", "jobs?limit=1").json["jobs"][0]["job"]["jobId"]
    service.control("DELETE", f"jobs/{newest}")
    assert service.client.post(f"{G}/schema/labels", json=label).status_code == 200
    assert submit().status_code == 413


# --- Rules by operation -------------------------------------------------------------------------


def test_rules_for_another_operation_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    examined: list[str] = []
    match = fault_rules.ArmedRule.match

    def match_and_count(armed: fault_rules.ArmedRule, *args: Any) -> Any:
        examined.append(armed.id)
        return match(armed, *args)

    monkeypatch.setattr(fault_rules.ArmedRule, "match", match_and_count)
    others = [FaultRule(operation="show_job", fault=503)] * 20_000
    ges = GesMock(faults=[*others, FaultRule(operation="list_jobs", fault=500)])
    ges.faults.match(*match_args("list_jobs"))
    ges.faults.arm(operation="show_job", status=503)
    anything = ges.faults.arm(status=429)
    examined.clear()

    ges.faults.disarm("f20001")
    matched = ges.faults.match(*match_args("list_jobs"))

    assert matched is not None
    assert examined == [anything.id]


def test_rules_match_in_the_order_in_which_they_were_armed_whatever_they_are_for() -> None:
    ges = GesMock()
    ids = []
    for operation in ("list_jobs", None, "show_job", "list_jobs", None):
        ids.append(ges.faults.arm(operation=operation, status=503, times=1).id)
        ges.faults.match(*match_args("delete_job"))

    def receipts(operation: str) -> list[str]:
        matched = [ges.faults.match(*match_args(operation)) for _ in range(4)]
        return [each.receipt.partition("#")[0] for each in matched if each is not None]

    ges.faults.change("f1", times=2)
    assert receipts("list_jobs") == ["f1", "f1", "f4"]
    ges.faults.change("f3", operation="delete_job")
    assert receipts("show_job") == []
    assert receipts("delete_job") == ["f3"]


def test_a_rule_may_be_named_twice_when_rules_are_disarmed() -> None:
    ges = GesMock()
    armed = ges.faults.arm(status=503)
    ges.faults.match(*match_args("list_jobs"))

    ges.faults.disarm(armed, armed)

    assert ges.faults.match(*match_args("list_jobs")) is None


def test_seeds_of_jobs_that_were_replaced_are_forgotten(service: Service) -> None:
    for seed in range(10):
        for count in (0, 2):
            order = {"count": count, "seed": seed, "replace": True}
            assert service.control("POST", "generate", order).json["total"] == count

    assert len(service.fake.default._next_rows) == 1


def test_plan_rules_for_another_command_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    ges = GesMock(plans=[{"plan": "slow", "command": "clear_graph"}] * 5_000)
    ges.plans.arm(plan="instant")
    examined = []
    matches = rules.ArmedPlanRule.matches

    def matches_and_count(armed: rules.ArmedPlanRule, command: str, graph: str) -> bool:
        examined.append(armed.id)
        return matches(armed, command, graph)

    monkeypatch.setattr(rules.ArmedPlanRule, "matches", matches_and_count)

    assert ges.plans.take("import_graph", "movie").name == "instant"
    assert examined == ["p5001"]
    assert ges.plans.take("clear_graph", "movie").name == "slow"


# --- Lists --------------------------------------------------------------------------------------


def pages(service: Service, path: str, key: str, limit: int) -> list[list[Any]]:
    """Every page of a list."""
    separator = "&" if "?" in path else "?"
    listed, cursor = [], ""
    while True:
        answer = service.control("GET", f"{path}{separator}limit={limit}{cursor}").json
        listed.append(answer[key])
        if answer["next"] is None:
            return listed
        cursor = f"&cursor={answer['next']}"


@pytest.mark.parametrize(
    ("path", "key", "count"),
    [
        ("jobs", "jobs", 9),
        ("jobs?graph=h", "jobs", 4),
        ("jobs?status=running", "jobs", 6),
        ("jobs?command=import_graph", "jobs", 3),
        ("jobs?q=abc", "jobs", 1),
        ("jobs?q=abc&graph=h", "jobs", 0),
        ("graphs", "graphs", 3),
        ("queries", "queries", 4),
        ("plans", "plans", 4),
        ("faults", "faults", 4),
        ("journal", "entries", 6),
        ("journal?status=400", "entries", 2),
        ("journal?wait_s=1&times=3", "entries", 6),
        ("findings?codes=GM0", "findings", 8),
        ("seen/abc", "observed", 3),
    ],
)
def test_every_list_comes_in_pages(service: Service, path: str, key: str, count: int) -> None:
    service.begin(clock={"frozen": True}, fixture={"graphs": {"movie": {}, "g": {}, "h": {}}})
    running = {"statuses": {"running": 1}}
    service.control("POST", "generate", {"graph": "g", "count": 2, "seed": 4})
    service.control("POST", "generate", {"graph": "h", "count": 4, **running})
    for job_id in ("abc", "late"):
        job = {**JOB, "jobId": job_id, "status": "running", "plan": "normal"}
        job |= {"plan": {"never_listed_for_s": 5}} if job_id == "late" else {}
        service.control("POST", "jobs", {"graph": "movie", "job": job})
    service.control("POST", "jobs", {"job": {**JOB, "jobId": "new"}})
    for _ in range(4):
        service.control("POST", "queries", {"statement": "s"})
        service.control("POST", "plans", {"plan": "normal"})
        service.control("POST", "faults", {"fault": 503, "operation": "summary"})
    for status in ("running", "running", "failed"):
        service.list()
        service.client.get(f"{G}/jobs/abc/status")
        if status == "failed":
            service.control("PATCH", "jobs/abc", {"status": "failed"})
        else:
            service.control("PATCH", "jobs/abc", {"status": "running"})
    whole = service.control("GET", path).json

    if count != 0 and path != "seen/abc":
        assert whole.get("total", len(whole[key])) == len(whole[key])
    for limit in (1, 2, 3, 1000):
        listed = pages(service, path, key, limit)
        assert [each for page in listed for each in page] == whole[key]
        assert all(len(page) == limit for page in listed[:-1])


@pytest.mark.parametrize("path", ["jobs", "graphs", "journal", "faults", "plans", "queries"])
@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=1e99"])
def test_a_wrong_limit_or_cursor_is_refused(service: Service, path: str, query: str) -> None:
    refused(service.control("GET", f"{path}?{query}"), 400, f"query.{query.partition('=')[0]}: ")


def test_a_list_has_a_hundred_items_unless_a_limit_is_given(service: Service) -> None:
    service.control("POST", "generate", {"count": 250})

    first = service.control("GET", "jobs").json

    assert (len(first["jobs"]), first["total"]) == (100, 250)
    assert len(service.control("GET", "jobs?limit=1000").json["jobs"]) == 250


def test_a_page_of_jobs_goes_on_where_the_one_before_ended_whatever_comes_or_goes(
    service: Service,
) -> None:
    service.control("POST", "generate", {"count": 6})
    ids = [each["job"]["jobId"] for each in service.control("GET", "jobs").json["jobs"]]
    first = service.control("GET", "jobs?limit=2").json

    service.control("POST", "jobs", {"job": JOB})
    service.control("DELETE", f"jobs/{ids[1]}")
    second = service.control("GET", f"jobs?limit=2&cursor={first['next']}").json

    assert [each["job"]["jobId"] for each in second["jobs"]] == ids[2:4]


def test_a_rule_that_is_disarmed_between_two_pages_moves_no_other(service: Service) -> None:
    for _ in range(4):
        service.control("POST", "faults", {"fault": 503})
    first = service.control("GET", "faults?limit=2").json

    service.control("DELETE", "faults/f2")
    second = service.control("GET", f"faults?limit=2&cursor={first['next']}").json

    assert [each["id"] for each in second["faults"]] == ["f3", "f4"]


def test_the_journal_is_read_backwards_too(service: Service) -> None:
    for _ in range(5):
        service.list()

    newest = service.control("GET", "journal?limit=2&before=6").json
    cursor = newest["next"]
    older = service.control("GET", f"journal?limit=2&before=6&cursor={cursor}").json
    oldest = service.control("GET", "journal?limit=2&before=2").json

    assert [each["number"] for each in newest["entries"]] == [5, 4]
    assert [each["number"] for each in older["entries"]] == [3, 2]
    assert ([each["number"] for each in oldest["entries"]], oldest["next"]) == ([1], None)


def test_the_entries_of_an_assertion_come_in_pages(service: Service) -> None:
    for _ in range(3):
        service.list()

    first = service.control("POST", "journal/assert_called?limit=2", {"times": 3}).json
    second = service.control("POST", f"journal/assert_called?cursor={first['next']}", {}).json

    assert [each["number"] for each in first["entries"]] == [1, 2]
    assert [each["number"] for each in second["entries"]] == [3]
    assert (first["total"], second["next"]) == (3, None)


def test_an_advance_lists_at_most_a_hundred_transitions_and_counts_them_all(
    service: Service,
) -> None:
    service.begin(clock={"frozen": True})
    service.control(
        "POST", "generate", {"count": 150, "statuses": {"running": 1}, "plan": "normal"}
    )

    moved = service.control("PATCH", "clock", {"advance_s": 100}).json

    assert (len(moved["transitions"]), moved["count"]) == (100, 150)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_every_control_call_refuses_unknown_query_parameters(service: Service, call: Any) -> None:
    path = call.path.replace("<path:job_id>", "a").replace("<graph>", "g")
    path = path.replace("<fault_id>", "f1").replace("<plan_id>", "p1")

    response = service.control(call.method, f"{path}?limitt=5", {})

    refused(response, 400, "query.limitt: ")
    if "limit" in call.query.__struct_fields__:
        assert "did you mean 'limit'?" in response.json["error"]


# --- Ids and files ------------------------------------------------------------------------------


def test_the_ids_of_new_jobs_go_on_after_a_state_is_loaded(service: Service) -> None:
    def submit() -> str:
        answer = service.client.post(f"{G}/action?action_id=clear-graph", json={})
        job_id: str = answer.get_json()["jobId"]
        return job_id

    exported = service.control("GET", "state").json
    first = submit()
    service.control("PUT", "state", exported)

    assert submit() != first
    service.control("POST", "reset")
    assert submit() == first


def test_a_fixture_that_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "to-zero").symlink_to("/dev/zero")

    for name, message in {
        "": "is a folder; a fixture file is a JSON file",
        "fifo": "is a FIFO; a fixture file is a JSON file",
        "to-zero": "is a device; a fixture file is a JSON file",
        "loop": "cannot be read: Too many levels of symbolic links",
    }.items():
        with pytest.raises(InvalidInput, match=message):
            fixtures.read(tmp_path / name)
