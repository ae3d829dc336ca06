"""Generated jobs: the history of a graph, in the documented forms; the same seed, the same bytes."""

import os
import re
import runpy
import subprocess
import sys
from collections import Counter
from cProfile import Profile
from typing import Any, Final, get_args
from urllib.parse import quote, urlsplit

import generated_history
import msgspec
import pytest
from click.testing import CliRunner
from conftest import PROJECT, Service
from generated_history import history, references
from hypothesis import given
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.cli import main as cli
from gesmock.fake.fixtures import read
from gesmock.model import documentation, generators
from gesmock.model.errors import InvalidInput
from gesmock.model.generators import Generator
from gesmock.model.types import FINAL, Edition
from gesmock.model.validation import read as validated

EDITIONS: Final = get_args(Edition)
ALIVE: Final = ("pending", "running")
LABELS: Final = {"movie", "user", "rate", "friends"}


def command(job: dict[str, Any]) -> str:
    named: str = job["request"]["command"]
    return named


def body(job: dict[str, Any]) -> Any:
    """The body of a job's request; None if it has none."""
    raw = job["request"]["rawRequest"]
    return msgspec.json.decode(raw) if raw else None


def bodies(jobs: list[Any], of: str) -> list[Any]:
    return [body(job) for job in jobs if command(job) == of]


# --- The same seed, the same bytes ----------------------------------------------------------------


@given(st.integers(0, 2**63 - 1), st.integers(0, 50), st.integers(0, 50))
def test_more_rows_change_no_others(seed: int, few: int, more: int) -> None:
    first, all_of_them = history("database", few, seed), history("database", few + more, seed)

    among_all = [job for job in all_of_them if job in first]
    assert among_all == first
    assert first[:12] == all_of_them[: min(few, 12)]


def test_rows_generated_one_by_one_are_those_generated_at_once(service: Service) -> None:
    service.begin(seed=7)
    for _ in range(12):
        service.control("POST", "generate", {"count": 1})
    one_by_one = service.list().data
    service.begin(seed=7, generate=12)

    assert service.list().data == one_by_one


def test_a_seed_makes_the_same_jobs_whatever_words_faker_has() -> None:
    facts = [(job["jobId"], command(job), job["status"]) for job in history("database", 3)]

    assert facts == [
        ("1b32bbc7dbd2e7a34f3735948d8154df0236173629090", "import_graph", "pending"),
        ("1e41c9a6985f741e5bd8a5b0135127620236173629090", "execute_cypher_query", "running"),
        ("022b4192004772d891abedddbf56faef0236173629090", "execute_algorithm", "running"),
    ]


GENERATE: Final = """
import sys, time_machine
from gesmock.cli.main import main
with time_machine.travel(sys.argv[1], tick=False):
    main(["generate", "200", "--seed", "7"])
"""


def test_a_seed_makes_the_same_bytes_in_every_process_on_every_day() -> None:
    here = CliRunner().invoke(cli.main, ["generate", "200", "--seed", "7"]).stdout_bytes
    there = subprocess.check_output(
        [sys.executable, "-c", GENERATE, "2041-02-28"],
        env={**os.environ, "PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"},
    )

    assert here == there
    assert here.count(b'"jobId"') == 200


def test_jobs_depend_on_the_seed_and_not_on_the_graph() -> None:
    def facts(**options: Any) -> list[Any]:
        return [
            (job["jobId"], command(job), job["status"], {**(body(job) or {}), "graphName": ""})
            for job in history("database", 50, **options)
        ]

    for graph in ("films", "a~b", "a%00b"):
        assert facts() == facts(graph_name=graph, project_id="p1")
    assert {job_id for job_id, *_ in facts()}.isdisjoint(job_id for job_id, *_ in facts(seed=8))


def test_submitted_jobs_never_have_the_ids_of_generated_ones() -> None:
    submitted = {generators.job_id(7, number) for number in range(100)}

    assert len(submitted) == 100
    assert submitted.isdisjoint(job["jobId"] for job in history("database", 1000))


# --- A graph's history ----------------------------------------------------------------------------


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("own", [True, False], ids=["edition of the graph", "of the settings"])
def test_every_generated_request_is_accepted_and_listed_as_it_was_generated(
    service: Service, edition: str, own: bool
) -> None:
    """Accepted by the strict edition of its graph, whichever edition other graphs have."""
    other = next(each for each in EDITIONS if each != edition)
    service.begin(settings={"edition": other if own else edition})
    service.control("PUT", "graphs/g", {"edition": edition if own else None})
    service.control("POST", "generate", {"graph": "g", "count": 300, "seed": 7})
    service.control("POST", "generate", {"graph": "other", "count": 5, "seed": 7})
    jobs = service.control("GET", "state").json["graphs"]["g"]["jobs"]
    methods = {row.command: row.method for row in documentation.submissions()}
    sent = {str(job["request"]): job for job in jobs}

    assert len(jobs) == 300
    assert "delete_graph" not in map(command, jobs)
    for job in sent.values():
        request, keys = job["request"], {"obsParameters": {"accessKey": "a", "secretKey": "s"}}
        listed = body(job)
        sent_body = listed if listed is None or "statements" in listed else {**listed, **keys}
        response = service.client.open(
            request["url"],
            method=methods[request["command"]],
            data=msgspec.json.encode(sent_body) if sent_body else b"",
            content_type="application/json",
        )
        assert response.status_code == 200, (request, response.json)
        _, newest = service.fake.default.graphs.jobs("g")[0]
        assert newest.job_id in response.text
        assert msgspec.to_builtins(newest.request) == request


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("seed", range(4))
def test_most_jobs_are_imports_indexes_algorithms_exports_and_cypher(
    edition: str, seed: int
) -> None:
    counts = Counter(command(job) for job in history(edition, 1000, seed))
    indexes = counts["batch_build_index"] + counts["create_index"]
    algorithms = counts["execute_algorithm"] + counts["hyg_algorithm"]
    usual = counts["import_graph"] + indexes + algorithms
    usual += counts["export_graph"] + counts["execute_cypher_query"]

    assert usual > 750
    assert counts.most_common(1)[0][0] == "import_graph"
    assert min(indexes, algorithms, counts["export_graph"], counts["execute_cypher_query"]) > 40


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("seed", range(10))
def test_the_newest_few_are_alive_and_the_older_jobs_have_ended(edition: str, seed: int) -> None:
    statuses = [job["status"] for job in history(edition, 100, seed)]
    alive = [status for status in statuses if status in ALIVE]

    assert 1 <= len(alive) <= 5
    assert statuses[: len(alive)] == sorted(alive)  # the pending ones are the newest
    assert {*statuses[len(alive) :]} <= {*FINAL}
    assert "failed" in statuses


def test_no_job_is_alive_that_comes_after_one_that_has_ended(service: Service) -> None:
    service.begin(fixture="movies", generate=[{"count": 50}, {"count": 50, "seed": 3}])
    service.control("POST", "generate", {"count": 50, "seed": 4})
    jobs = service.control("GET", "state").json["graphs"]["movies"]["jobs"]
    newest_ended = next(n for n, job in enumerate(jobs) if job["status"] in FINAL)

    assert not [job for job in jobs[5:] if job["status"] in ALIVE]
    assert newest_ended < 5 < len(jobs)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("statuses", [None, {"success": 4, "failed": 1}, {"running": 1}])
@pytest.mark.parametrize("count", range(11, 16))
def test_urls_name_older_jobs_of_the_list_however_long_it_is(
    edition: str, statuses: Any, count: int
) -> None:
    jobs = history(edition, {"count": count + 32, "statuses": statuses})

    assert len(jobs) == count + 32
    for index, job_id in references(jobs):
        exported = next(n for n, job in enumerate(jobs) if job["jobId"] == job_id)
        assert index < exported
        assert command(jobs[exported]) in ("execute_algorithm", "hyg_algorithm")
        assert jobs[exported]["status"] in ("success", "complete")


def test_results_are_exported_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(generated_history.__file__, run_name="__main__")
    printed = capsys.readouterr().out

    assert re.findall(r"^\w+: 200 jobs$", printed, re.MULTILINE) == [
        f"{edition}: 200 jobs" for edition in EDITIONS
    ]
    for named, present in re.findall(r"in URLs: (\d+), of older jobs in the list: (\d+)", printed):
        assert int(named) == int(present) > 3


def test_imports_come_in_every_documented_form() -> None:
    forms = {
        tuple(key for key in ("edgesetPath", "vertexsetPath", "schemaPath") if listed.get(key))
        for listed in bodies(history("database"), "import_graph")
    }

    assert forms == {
        ("edgesetPath", "vertexsetPath", "schemaPath"),
        ("edgesetPath", "vertexsetPath"),
        ("schemaPath",),
        ("edgesetPath",),
        ("vertexsetPath",),
    }


def test_imports_and_index_builds_are_listed_as_on_the_page() -> None:
    page = read("page_example").graphs["ges_j60071198_hdfs_fdb"].jobs
    example = [msgspec.json.decode(str(job.request.raw_request)) for job in page[:2]]
    jobs = history("database", graph_name="movie")
    built = bodies(jobs, "batch_build_index")

    for job in jobs:
        if command(job) == "batch_build_index":
            assert job["request"]["url"].endswith("?action_id=batch-build&targetGraphName=movie")
            assert all([*index] == [*example[0]["indices"][0]] for index in body(job)["indices"])
        if command(job) == "import_graph":
            assert [key for key in body(job) if key != "schemaPath"] == [*example[1]]
            assert body(job)["graphName"] == "movie"
    assert example[0] in built  # with an empty indexProperty
    assert any(index["indexProperty"] for each in built for index in each["indices"])


@pytest.mark.parametrize("edition", EDITIONS)
def test_statements_vary_and_fit_the_labels_of_a_graph_of_films(edition: str) -> None:
    jobs = history(edition, 500)
    queries = [*bodies(jobs, "execute_cypher_query"), *bodies(jobs, "execute_gql_query")]
    statements = [query["statements"][0]["statement"] for query in queries]
    used = [re.findall(r"\(\w*:(\w+)|\[\w*:(\w+)", statement) for statement in statements]

    assert len({*statements}) > len(statements) / 2
    assert {label for found in used for pair in found for label in pair if label} == LABELS
    assert not [statement for statement in statements if "<" in re.sub(r"<-|<=?\s", "", statement)]
    for name in (label for query in bodies(jobs, "vertex_query") for label in query["labels"]):
        assert name in LABELS


def test_filters_compare_labels_with_equals() -> None:
    jobs = history("memory", 1000)
    raw = [job["request"]["rawRequest"] for job in jobs if "label_name" in str(job["request"])]

    assert raw
    assert all('"label_name":"labelName"},"predicate":"="' in text for text in raw)


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_failed_algorithm_has_a_reason_that_fits_it(service: Service, edition: str) -> None:
    service.begin(
        generate={"count": 300, "seed": 7, "statuses": {"failed": 1}},
        settings={"edition": edition},
    )
    jobs = service.control("GET", "state").json["graphs"]["movie"]["jobs"]
    algorithms = [job for job in jobs if "algorithmName" in job["request"]["rawRequest"]]

    assert {body(job)["algorithmName"] for job in algorithms} >= {"pagerank", "louvain"}
    for job in algorithms:
        url = f"/ges/v1.0/{PROJECT}/graphs/movie/jobs/{job['jobId']}/status"
        refused: Any = service.client.get(url).json
        form = r"Running algorithm \[(\w+)\] error: parameter \[(\w+)\] is invalid!"
        [(name, parameter)] = re.findall(form, refused["errorMessage"])
        assert name == body(job)["algorithmName"]
        assert parameter in body(job)["parameters"]


def test_requests_are_compact_json_without_storage_keys_or_slots() -> None:
    for job in [*history("database", 1000), *history("memory", 1000)]:
        raw = job["request"]["rawRequest"]
        assert not raw or msgspec.json.encode(msgspec.json.decode(raw)).decode() == raw
        assert "obsParameters" not in raw
        assert not re.search(r"<\w+>|~|\{", job["request"]["url"])
        assert not re.search(r"<\w+>", raw)


# --- Ids and statuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "form"),
    [
        ("database", r"([0-9a-f]{32})([0-9]{9}9090)"),
        ("memory", r"([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(\d{9})"),
    ],
)
def test_ids_have_the_form_of_their_edition_and_end_with_the_digits_of_one_instance(
    edition: str, form: str
) -> None:
    found = [re.fullmatch(form, job["jobId"]) for job in history(edition)]

    assert all(found)
    assert len({match[1] for match in found if match}) == 200
    assert len({match[2] for match in found if match}) == 1


def test_a_good_end_is_that_of_the_command_in_the_database_edition() -> None:
    words = {(command(job), job["status"]) for job in history("database", 500)}

    assert {("import_graph", "success"), ("batch_build_index", "success")} <= words
    assert {("execute_algorithm", "complete"), ("execute_cypher_query", "complete")} <= words
    assert not {("import_graph", "complete"), ("hyg_algorithm", "success")} & words


def test_a_good_end_is_success_in_the_memory_edition() -> None:
    assert {job["status"] for job in history("memory", 500)} == {*ALIVE, "success", "failed"}


@pytest.mark.parametrize("word", ["success", "complete"])
def test_a_good_end_is_what_the_setting_says(service: Service, word: str) -> None:
    service.begin(generate=200, settings={"finished_status": word})

    assert {job["status"] for job in service.list().json["jobs"][5:]} == {word, "failed"}


def test_statuses_follow_their_weights() -> None:
    weights = {"failed": 3, "running": 1, "pending": 0}
    jobs = history("database", {"count": 2000, "statuses": weights})
    counts = Counter(job["status"] for job in jobs)

    assert set(counts) == {"failed", "running"}
    assert 2.5 < counts["failed"] / counts["running"] < 3.5
    assert not [*references(jobs)]  # no result that could be exported


@pytest.mark.parametrize("graph", ["a b", "50%", "{x}", "ü", 'q"', "\\u0000", "x~job~y", "%00job"])
def test_odd_graph_names_are_escaped_where_they_appear(graph: str) -> None:
    jobs = history("database", graph_name=graph)

    assert not [job for job in jobs if " " in job["request"]["url"]]
    assert {each["graphName"] for each in bodies(jobs, "import_graph")} == {graph}
    named = {urlsplit(job["request"]["url"]).path.split("/")[5] for job in jobs}
    assert named == {quote(graph, safe="")}


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"failed": 0}, "statuses: at least one weight must be above 0"),
        (
            {"failed": 1e308, "success": 1e308},
            r"statuses\.failed: expected a number from 0 to 1000000000, got 1e\+308",
        ),
        ({"done": 1}, "'done' is not one of pending, running"),
    ],
)
def test_wrong_weights_are_refused(weights: dict[str, float], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        validated({"count": 1, "statuses": weights}, Generator)


# --- Cost -------------------------------------------------------------------------------------

CALLS_A_ROW: Final = 14
"""A row must take fewer calls of Python functions."""


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_row_takes_few_calls(edition: str) -> None:
    settings = {"edition": edition}
    GesMock(generate=1, settings=settings)  # the vocabulary and the templates are made once
    profile = Profile(builtins=False)

    profile.runcall(GesMock, generate=10_000, settings=settings)

    assert sum(each.callcount for each in profile.getstats()) < CALLS_A_ROW * 10_000
