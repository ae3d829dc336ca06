"""Fixture files: what they may hold, and every way in which they may be wrong."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gesmock.fake import fixtures
from gesmock.fake.fixtures import State
from gesmock.model.errors import InvalidInput
from gesmock.model.settings import Settings

JOB = {
    "jobId": "a1",
    "status": "success",
    "request": {
        "command": "import_graph",
        "url": "/ges/v1.0/p1/graphs/movies/action?action_id=import-graph",
        "rawRequest": "{}",
    },
}


def written(tmp_path: Path, content: object, name: str = "movies.json") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def errors(path: Path | str) -> list[str]:
    """The errors of the file, without the folder it is in."""
    with pytest.raises(InvalidInput) as caught:
        fixtures.read(path)
    return [str(error).replace(f"{Path(path).parent}/", "") for error in caught.value.errors]


def changed(**fields: Any) -> dict[str, Any]:
    return {**JOB, **fields}


def test_a_list_answer_is_a_fixture_and_names_project_and_graph_in_its_urls() -> None:
    state = fixtures.read("page_example")

    assert state.project_id == "854d9316e71d4dc599c5f27ea323d445"
    assert [job.request.command for job in state.graphs["ges_j60071198_hdfs_fdb"].jobs] == [
        "batch_build_index",
        "import_graph",
        "import_graph",
    ]


def test_a_list_answer_takes_the_project_and_graph_that_the_caller_names(tmp_path: Path) -> None:
    path = written(tmp_path, {"jobs": [JOB], "totalCount": 1, "result": "success"})

    state = fixtures.read(path, "other", "films")

    assert (state.project_id, list(state.graphs)) == ("other", ["films"])


def test_a_list_answer_without_jobs_is_the_graph_that_its_file_is_named_after(
    tmp_path: Path,
) -> None:
    state = fixtures.read(written(tmp_path, {"jobs": [], "totalCount": 0, "result": "success"}))

    assert (state.project_id, list(state.graphs)) == (None, ["movies"])


@pytest.mark.parametrize("name", ["a%2Fb", "%0a", "x" * 300])
def test_a_url_that_names_no_graph_leaves_it_to_the_file(tmp_path: Path, name: str) -> None:
    request = {"command": "x", "url": f"/ges/v1.0/p1/graphs/{name}/action"}
    path = written(tmp_path, {"jobs": [{**JOB, "request": request}]})

    assert list(fixtures.read(path).graphs) == ["movies"]


def test_a_list_answer_may_call_the_id_job_id_and_have_blank_error_fields(tmp_path: Path) -> None:
    job = {"job_id": "a1", **{key: value for key, value in JOB.items() if key != "jobId"}}
    answer = {
        "errorMessage": "",
        "errorCode": "",
        "jobs": [job, {**JOB, "jobId": "b", "job_id": "b"}],
    }

    state = fixtures.read(written(tmp_path, answer))

    assert [job.job_id for job in state.graphs["movies"].jobs] == ["a1", "b"]


def test_a_project_file_may_have_every_field(tmp_path: Path) -> None:
    content = {
        "description": "all there is",
        "project_id": "p1",
        "seed": 7,
        "graphs": {"movies": {"jobs": [JOB]}, "empty": {}},
        "generators": [{"graph": "empty", "count": 3}],
        "settings": {"dialect": "error_table"},
        "tokens": ["t1", {"token": "t2", "expires_in_s": 0}],
        "faults": [{"operation": "list_jobs", "script": [503, "ok"]}],
    }

    state = fixtures.read(written(tmp_path, content))

    assert state.settings == Settings(dialect="error_table")
    assert [token.token for token in state.tokens_of("p1")] == ["t1", "t2"]
    assert fixtures.describe(state) == "2 graphs, 1 job, 1 generator, 2 tokens, 1 fault"


def test_a_state_that_is_dumped_and_read_is_the_same(tmp_path: Path) -> None:
    state = fixtures.read("page_example")
    path = tmp_path / "dumped.json"
    path.write_bytes(fixtures.dump(state))

    assert fixtures.read(path) == state


def test_a_file_from_a_windows_tool_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "movies.json"
    path.write_bytes(b'\xef\xbb\xbf{"graphs": {}}')

    assert fixtures.read(path) == State()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ["movies.json: is empty; expected a list answer or a state, as JSON"]),
        (" \n", ["movies.json: is empty; expected a list answer or a state, as JSON"]),
        ('{"graphs": {', ["movies.json: line 1 column 13: broken JSON: Expecting property name enclosed in double quotes"]),
        ("[" * 9999, ["movies.json: nested too deeply; at most 64 levels are allowed"]),
        ([], ["movies.json: $: expected a list answer or a state, got a list"]),
        ("7", ["movies.json: $: expected a list answer or a state, got 7"]),
        (
            {"graphs": {"movies": {"jobs": [JOB, JOB | {"jobId": "b"}, JOB | {"jobId": "c"}, changed(jobId="d", status="done")]}}},
            ["movies.json: $.graphs.movies.jobs[3].status: 'done' is not one of pending, running, complete, success, partiallyFailed, failed"],
        ),
        (
            {"graphs": {"movies": {"jobs": [JOB, changed(status=3), JOB]}}, "seed": -1},
            [
                "movies.json: $.seed: expected an integer from 0 to 9223372036854775807, got -1",
                "movies.json: $.graphs.movies.jobs[1].status: 3 is not one of pending, running, complete, success, partiallyFailed, failed",
                "movies.json: $.graphs.movies.jobs[1].jobId: 'a1' is the id of job 0 too",
                "movies.json: $.graphs.movies.jobs[2].jobId: 'a1' is the id of job 0 too",
            ],
        ),
        ({"graphs": {"m": {"jobs": [JOB, JOB]}}}, ["movies.json: $.graphs.m.jobs[1].jobId: 'a1' is the id of job 0 too"]),
        ({"graphs": []}, ["movies.json: $.graphs: expected an object, got a list"]),
        ({"graphs": {"m": []}}, ["movies.json: $.graphs.m: expected an object, got a list"]),
        ({"graphs": {"m": {"jobs": {}}}}, ["movies.json: $.graphs.m.jobs: expected a list, got an object"]),
        ({"graphs": {"m": {"jobs": [7]}}}, ["movies.json: $.graphs.m.jobs[0]: expected an object, got 7"]),
        ({"graphs": {"a/b": {}}}, ["movies.json: $.graphs['a/b']: expected a graph name: 1 to 255 characters, no '/' and no control characters, got 'a/b'"]),
        ({"project_id": "a-b"}, ["movies.json: $.project_id: expected a project id: 1 to 64 letters and digits, got 'a-b'"]),
        ({"project_id": "a\n"}, ["movies.json: $.project_id: expected a project id: 1 to 64 letters and digits, got 'a\\n'"]),
        ({"setings": {}}, ["movies.json: $.setings: unknown key; did you mean 'settings'? known keys: description, project_id, seed, graphs, generators, settings, clock, verdict, journal_size, plans, queries, tokens, faults"]),
        ({"settings": {"order": "up"}}, ["movies.json: $.settings.order: 'up' is not one of newest_first, oldest_first"]),
        ({"tokens": [3]}, ["movies.json: $.tokens[0]: expected an object or a token that fits into a header, got 3"]),
        ({"faults": [{"fault": {"kind": "error", "status": 200}}]}, ["movies.json: $.faults[0].fault.status: expected an HTTP status from 400 to 599, got 200"]),
        ({"jobs": {}}, ["movies.json: $.jobs: expected a list, got an object"]),
        ({"jobs": [7, JOB, JOB], "totalCount": "3"}, [
            "movies.json: $.jobs[0]: expected an object, got 7",
            "movies.json: $.totalCount: expected an integer, got '3'",
            "movies.json: $.jobs[2].jobId: 'a1' is the id of job 1 too",
        ]),
        ({"jobs": [JOB, JOB]}, ["movies.json: $.jobs[1].jobId: 'a1' is the id of job 0 too"]),
        ({"errorMessage": "Parameter error!", "errorCode": "GES.8005"}, ["movies.json: $: a refusal, not a list of jobs"]),
        ({"jobs": [], "result": "failed"}, ["movies.json: $: a refusal, not a list of jobs"]),
        ({"jobs": [], "graphs": {}}, ["movies.json: $.graphs: unknown key; known keys: jobs, totalCount, result, errorMessage, errorCode"]),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_every_flaw(
    tmp_path: Path, content: object, expected: list[str]
) -> None:
    assert errors(written(tmp_path, content)) == expected


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)

    assert errors(tmp_path / "missing.json") == ["missing.json: no such file"]
    folder = f"{tmp_path.name}: is a folder; a fixture file is a JSON file"
    assert errors(tmp_path) == [folder]
    assert errors(loop) == ["loop.json: cannot be read: Too many levels of symbolic links"]


def test_a_name_that_no_file_can_have_is_refused() -> None:
    assert errors("x" * 300) == [f"{'x' * 300}: cannot be read: File name too long"]


def test_a_folder_does_not_hide_a_name_that_gesmock_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "movies").mkdir()
    (tmp_path / "other").mkdir()

    assert fixtures.read("movies").graphs
    assert errors("other") == ["other: is a folder; a fixture file is a JSON file"]


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        fixtures.read("page_exampel")

    assert "page_example" in str(caught.value)
    assert "page_exampel: no such file, and none of gesmock's own" in str(caught.value)


def test_states_of_one_project_are_merged() -> None:
    first = State(graphs={"a": fixtures.GraphState()}, seed=1, tokens=["t1"])
    two = State(graphs={"b": fixtures.GraphState()}, tokens=["t2"])

    merged = first.merged(two)

    assert (list(merged.graphs), merged.seed, merged.tokens) == (["a", "b"], 1, ["t1", "t2"])
    assert two.merged(first).seed == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"graphs": {"a": {}}}, "$.graphs.a: another fixture file has this graph too"),
        ({"seed": 2}, "$.seed: another fixture file of this project has a different one"),
        ({"settings": {"order": "oldest_first"}}, "$.settings: another fixture file of this project has a different one"),
    ],
)  # fmt: skip
def test_states_that_contradict_each_other_are_refused(fields: dict[str, Any], error: str) -> None:
    first = {"graphs": {"a": {}}, "seed": 1, "settings": {"limit_zero": "refuse"}}

    with pytest.raises(InvalidInput) as caught:
        msgspec.convert(first, State).merged(msgspec.convert(fields, State))

    assert str(caught.value) == error


def test_an_installed_gesmock_finds_its_fixtures_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "gesmock"
    (package / "named_fixtures").mkdir(parents=True)
    (package / "named_fixtures" / "mine.json").write_text("{}")
    monkeypatch.setattr(fixtures, "__file__", str(package / "fake" / "fixtures.py"))

    assert fixtures.read("mine") == State()
