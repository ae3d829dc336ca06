"""The commands ``verify`` and ``record``."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from gesmock import GesMock
from gesmock.cli import main as cli
from gesmock.cli import output
from gesmock.cli import remote as cli_remote
from gesmock.conformance.checks import Outcome
from gesmock.conformance.run import CHECKS, Report
from gesmock.fake import fixtures
from gesmock.remote.client import Client

SOME: dict[str, Any] = {"generate": 30, "seed": 3, "clock": {"frozen": True}}


# --- verify ---------------------------------------------------------------------------------------


def verify(ges: GesMock, *options: str, **environment: str) -> Result:
    arguments = ["verify", "--target", ges.jobs_url(), "--per-second", "0", *options]
    return CliRunner(env=environment).invoke(cli.main, arguments)


def test_verify_prints_checks_probes_and_a_summary(ges: GesMock) -> None:
    ges.restart(**SOME, settings={"limit_zero": "refuse"})

    result = verify(ges)

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert "       ok  pages_add_up_to_the_list" in lines
    assert "  skipped  memory_jobs_are_consistent" in lines
    assert "  limit=0 (limit_zero): refuse" in lines
    assert "--set limit_zero=refuse" in lines[-3]
    assert "--set open_projects=false" in lines[-3]
    assert lines[-1].startswith(f"{ges.graph_url()}: 35 passed, 4 skipped (")


def test_verify_writes_settings_as_a_fixture(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(**SOME, settings={"limit_zero": "refuse", "id_key": "both"})

    verify(ges, "--write-settings", str(tmp_path / "settings.json"))

    settings = fixtures.read(tmp_path / "settings.json").settings
    assert settings is not None
    assert (settings.limit_zero, settings.id_key) == ("refuse", "both")


def test_verify_writes_json_and_junit_reports(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(**SOME)

    verify(ges, "--json", str(tmp_path / "a.json"), "--junit", str(tmp_path / "a.xml"))

    report = json.loads((tmp_path / "a.json").read_text())
    assert report["passed"]
    outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
    assert outcomes["limit_is_respected"] == "passed"
    assert report["settings"]["limit_zero"] == "empty"
    [suite] = ET.parse(tmp_path / "a.xml").getroot()
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "4")
    assert len(suite) == len(report["checks"]) == int(suite.get("tests", "0"))


def test_verify_submits_a_job_if_writes_are_allowed(ges: GesMock) -> None:
    ges.restart(settings={"order": "oldest_first"}, clock={"tick_s": 5, "frozen": True})
    ges.add_job()

    result = verify(ges, "--allow-writes", "--submit", "summary")

    assert result.exit_code == 0, result.output
    assert "       ok  submitted_jobs_run_to_an_end" in result.output
    assert "order of the list (order): oldest_first" in result.output
    assert "this kind of job cannot be cancelled" in result.output
    assert "this call has no body" in result.output


@pytest.mark.parametrize(
    "operation", ["delete_graph", "import_graph", "clear_graph", "execute_cypher_query"]
)
def test_submitting_a_call_that_may_lose_data_needs_permission(
    ges: GesMock, operation: str
) -> None:
    refused = verify(ges, "--allow-writes", "--submit", operation)

    assert refused.exit_code == 2
    assert refused.stderr == (
        f"--submit: {operation!r} can overwrite or delete what the graph holds; "
        "--allow-data-loss permits it\n"
    )
    assert not [*ges.journal]


@pytest.mark.parametrize("operation", ["hyg_sync", "export_result", "nobody"])
def test_a_call_that_cannot_be_submitted_is_not_suggested(operation: str) -> None:
    result = CliRunner().invoke(
        cli.main, ["verify", "--target", NOTHING_LISTENS, "--submit", operation]
    )

    assert result.exit_code == 2
    message, _, names = result.stderr.partition(f"--submit: {operation!r} is not ")
    assert message == ""
    assert names.startswith(("one of import_graph, ", "valid; did you mean 'export_edges'?"))
    assert operation not in names


def test_a_call_that_may_lose_data_is_submitted_with_permission(ges: GesMock) -> None:
    ges.restart(clock={"tick_s": 5, "frozen": True})

    result = verify(ges, "--allow-writes", "--allow-data-loss", "--submit", "clear_graph")

    assert result.exit_code == 0, result.output
    assert "clear_graph" in [entry.operation for entry in ges.journal]


def test_a_job_that_does_not_end_in_time_is_not_a_failure(ges: GesMock) -> None:
    ges.restart(clock={"frozen": True})

    result = verify(ges, "--allow-writes", "--wait-s", "0")

    assert result.exit_code == 0, result.output
    assert "the job is still pending after 0 s" in result.output


def test_verify_signs_in_with_the_token_in_the_environment(ges: GesMock) -> None:
    ges.restart(**SOME, tokens=["secret"])

    result = verify(ges, GESMOCK_TARGET_TOKEN="secret")

    assert result.exit_code == 0, result.output
    assert "status of an invalid token (invalid_token_status): 401" in result.output
    assert "X-Auth-Token: required (401)" in result.output


def test_an_empty_graph_is_not_a_failure(ges: GesMock) -> None:
    result = verify(ges)

    assert result.exit_code == 0, result.output
    assert "no job is listed" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--submit", "paint", "--allow-writes"), "--submit: 'paint' is not one of import_graph, "),
        (("--submit", "export_result", "--allow-writes"), "--submit: 'export_result' is not valid"),
        (("--body", "{", "--allow-writes"), "--body: line 1 column 2: broken JSON: "),
        (("--project-id", "a-b"), "--project-id: 'a-b' is not 1 to 64 letters or digits"),
        (("--graph", "nobody"), "gesmock: GET /ges/v1.0/"),
        (("--json", "/nowhere/a.json"), "--json: /nowhere/a.json cannot be written: "),
    ],
)
def test_an_error_is_one_line_and_status_2(
    ges: GesMock, options: tuple[str, ...], message: str
) -> None:
    result = verify(ges, *options)

    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


NOTHING_LISTENS = "http://127.0.0.1:1/ges/v1.0/p/graphs/g"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--timeout-s", "inf"), "--timeout-s: expected 0.01 to 86400, got inf"),
        (("--timeout-s", "nan"), "--timeout-s: expected 0.01 to 86400, got nan"),
        (("--timeout-s", "0"), "--timeout-s: expected 0.01 to 86400, got 0"),
        (("--timeout-s", "-1"), "--timeout-s: expected 0.01 to 86400, got -1"),
        (("--per-second", "nan"), "--per-second: expected 0, or 0.001 or more, got nan"),
        (("--per-second", "inf"), "--per-second: expected 0, or 0.001 or more, got inf"),
        (("--wait-s", "nan"), "--wait-s: expected 0 or more seconds, got nan"),
        (("--wait-s", "-1"), "--wait-s: expected 0 or more seconds, got -1"),
        (("--most", "0"), "--most: expected 1 to 100000, got 0"),
        (("--most", "100001"), "--most: expected 1 to 100000, got 100001"),
        (("--json", "."), "--json: . is a directory, not a file"),
        (("--junit", "."), "--junit: . is a directory, not a file"),
        (("--write-settings", "."), "--write-settings: . is a directory"),
        (("--json", "a", "--junit", "./a"), "--junit: a is also the file of --json"),
        (
            ("--write-settings", "/dev/null/a"),
            "--write-settings: /dev/null/a cannot be written: Not a directory",
        ),
        (("--target", "http://u:secret@h"), "--target: names a user"),
        (
            ("--cafile", "/nowhere", "--target", "https://h/ges/v1.0/p/graphs/g"),
            "--cafile: /nowhere: No such file or directory",
        ),
    ],
)
def test_verify_checks_its_options_before_any_request(
    options: tuple[str, ...], message: str
) -> None:
    result = CliRunner().invoke(cli.main, ["verify", "--target", NOTHING_LISTENS, *options])

    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


def test_checking_that_a_file_is_writable_leaves_it_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("before")

    output.check_writable({"--json": file, "--junit": Path("/dev/null"), "--write-settings": None})

    assert file.read_text() == "before"
    assert [*tmp_path.iterdir()] == [file]


def test_reports_are_written_with_closed_standard_output(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(**SOME)
    files = [tmp_path / "a.json", tmp_path / "a.xml"]
    options = ["--per-second", "0", "--json", str(files[0]), "--junit", str(files[1])]
    process = subprocess.Popen(
        [sys.executable, "-m", "gesmock", "verify", "--target", ges.jobs_url(), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as errors:
        message = errors.read()

    assert (process.wait(10), message) == (2, "gesmock: standard output: Broken pipe\n")
    assert json.loads(files[0].read_text())["passed"]
    assert files[1].read_text().startswith("<")


def test_ctrl_c_ends_verify_with_130(ges: GesMock, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "ask", interrupted)

    result = verify(ges)

    assert (result.exit_code, result.stderr) == (130, "gesmock: interrupted\n")


def test_verify_reports_a_full_disk(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    result = verify(ges, "--json", str(tmp_path / "a.json"))

    assert result.exit_code == 2
    assert result.stderr.endswith("/a.json: cannot be written: No space left on device\n")


def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(ges: GesMock) -> None:
    result = verify(ges, GESMOCK_TARGET_TOKEN="MIIFsecret\n")

    assert result.exit_code == 2
    assert result.stderr == (
        "GESMOCK_TARGET_TOKEN: character 11 of 11 is a space, a line break, or not visible ASCII\n"
    )


def test_verify_ends_with_2_if_no_check_could_be_carried_out(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", 503, after=1, headers={"Retry-After": "3600"})
    ges.faults.arm("show_job", 503, headers={"Retry-After": "3600"})

    result = verify(ges)

    assert result.exit_code == 2, result.output
    assert result.stderr.endswith(": no check could be carried out\n")


def test_old_settings_survive_if_no_check_could_be_carried_out(
    ges: GesMock, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    file.write_text("before")
    ges.faults.arm("list_jobs", 503, after=1, headers={"Retry-After": "3600"})
    ges.faults.arm("show_job", 503, headers={"Retry-After": "3600"})

    result = verify(ges, "--write-settings", str(file), "--json", str(tmp_path / "a.json"))

    assert result.exit_code == 2, result.output
    assert file.read_text() == "before"
    assert json.loads((tmp_path / "a.json").read_text())["passed"]


def test_old_settings_survive_if_none_could_be_determined(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.json"
    file.write_text("before")
    outcome = Outcome(CHECKS[0], "passed")
    monkeypatch.setattr(
        "gesmock.conformance.run.run", lambda *_: Report("http://h", (outcome,), (), 1, 0.1)
    )

    result = verify(ges, "--write-settings", str(file))

    assert result.exit_code == 0
    assert result.stderr == f"{file}: not written, as no setting could be determined\n"
    assert file.read_text() == "before"


@pytest.mark.parametrize("dialect", ["page", "error_table"])
@pytest.mark.parametrize("edition", ["database", "memory"])
def test_written_settings_make_gesmock_answer_the_same_way(
    ges: GesMock, tmp_path: Path, edition: str, dialect: str
) -> None:
    file, again = tmp_path / "settings.json", tmp_path / "again.json"
    jobs = {**SOME, "tokens": ["secret"]}
    ges.restart(**jobs, settings={"edition": edition, "dialect": dialect})
    result = verify(ges, "--write-settings", str(file), GESMOCK_TARGET_TOKEN="secret")
    assert result.exit_code == 0, result.output

    assert CliRunner().invoke(cli.main, ["check", str(file)]).exit_code == 0
    ges.restart(fixture=file, **jobs)
    verify(ges, "--write-settings", str(again), GESMOCK_TARGET_TOKEN="secret")

    assert again.read_text() == file.read_text()
    assert ges.settings.edition == edition


def test_a_failed_check_ends_with_1(ges: GesMock) -> None:
    ges.restart(**SOME)
    ges.faults.arm("show_job", 500)

    result = verify(ges)

    assert result.exit_code == 1
    assert (
        "   FAILED  unknown_jobs_are_refused\n           expected 400, with GES.8301\n"
        in result.output
    )


# --- record ---------------------------------------------------------------------------------------


def record(ges: GesMock, file: Path, *options: str) -> Result:
    arguments = ["record", "--target", ges.jobs_url(), "--per-second", "0", "-o", str(file)]
    return CliRunner().invoke(cli.main, [*arguments, *options])


def test_record_prints_a_summary(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    file = tmp_path / "a.json"

    result = record(ges, file, "--page", "20", "--as-project", "anybody", "--as-graph", "films")

    assert (result.exit_code, result.output) == (0, f"{file}: 1 graph, 50 jobs\n")
    state = fixtures.read(file)
    assert (state.project_id, [*state.graphs]) == ("anybody", ["films"])
    assert ges.project_id not in file.read_text()


def test_record_shows_a_progress_bar_on_a_terminal(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    ges.restart(generate=50)
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)

    cli.main(
        ["record", "--target", ges.jobs_url(), "--page", "20", "-o", str(tmp_path / "a.json")],
        standalone_mode=False,
    )

    assert "reading jobs" in screen.getvalue()
    assert "50/50" in screen.getvalue()


def test_record_warns_if_the_bytes_will_differ(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ges.restart(generate=5)
    monkeypatch.setattr("gesmock.remote.record.is_exact", lambda page: False)

    result = record(ges, tmp_path / "a.json")

    assert result.exit_code == 0
    assert result.stderr.startswith("gesmock serves the same jobs, but not the same bytes: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"settings": {"edition": "memory"}, "generate": 3},
            "gesmock: a list of the memory edition",
        ),
        ({"tokens": ["secret"]}, "gesmock: GET "),
    ],
)
def test_record_says_why_a_list_cannot_be_recorded(
    ges: GesMock, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    ges.restart(**options)

    result = record(ges, tmp_path / "a.json")

    assert result.exit_code == 2
    assert result.stderr.startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "."), "--output: . is a directory, not a file"),
        (("--as-graph", "a/b"), "--as-graph: expected a graph name, got 'a/b'"),
        (("--as-project", "a-b"), "--as-project: expected a project id, got 'a-b'"),
        (("--timeout-s", "nan"), "--timeout-s: expected 0.01 to 86400, got nan"),
    ],
)
def test_record_checks_its_options_before_any_request(
    ges: GesMock, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    result = record(ges, tmp_path / "a.json", *options)

    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert not [*ges.journal]


def test_a_new_name_may_look_like_an_escape(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=5)

    result = record(ges, tmp_path / "a.json", "--as-graph", r"a\1b\g<0>")

    assert result.exit_code == 0, result.output
    assert [*fixtures.read(tmp_path / "a.json").graphs] == [r"a\1b\g<0>"]


def test_record_says_how_to_resume_after_an_error(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    ges.faults.arm("list_jobs", 500, after=5, times=1)
    file = tmp_path / "a.json"

    result = record(ges, file, "--page", "10", "--most", "45")

    assert result.exit_code == 2
    assert result.stderr.endswith(
        f"; 19 jobs are stored in {file}.part: the same command resumes there\n"
    )
    again = record(ges, file, "--page", "10", "--most", "45")
    assert again.stdout == f"{file}: 1 graph, 45 jobs\n"
    assert again.stderr == ("while the list was read, it was resumed after 19 jobs\n")


def test_record_says_how_to_resume_after_ctrl_c(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ges.restart(generate=50)
    file = tmp_path / "a.json"

    def interrupted(steps: Iterator[Any], label: str) -> None:
        next(steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_remote, "show_steps", interrupted)

    result = record(ges, file, "--page", "10")

    assert result.exit_code == 130
    assert result.stderr == (
        f"gesmock: interrupted; 10 jobs are stored in {file}.part: the same command resumes there\n"
    )


def test_record_prints_the_notes(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(generate=50)
    ges.faults.arm("list_jobs", fault={"kind": "insert_jobs"}, after=5, times=1)

    result = record(ges, tmp_path / "a.json", "--page", "10")

    assert result.exit_code == 0
    assert result.stderr == (
        "while the list was read, 1 new job appeared at its start: not recorded\n"
    )


def test_record_names_a_stale_part_file_and_replaces_it(ges: GesMock, tmp_path: Path) -> None:
    (tmp_path / "a.json.part").write_text("no JSON\n")

    result = record(ges, tmp_path / "a.json")

    assert result.exit_code == 0, result.output
    assert result.stderr == f"{tmp_path}/a.json.part was damaged, and is replaced\n"
    assert [*tmp_path.iterdir()] == [tmp_path / "a.json"]


def test_record_waits_for_a_busy_server(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ges.restart(generate=50)
    ges.faults.arm("list_jobs", 429, after=3, times=4, headers={"Retry-After": "20"})
    slept: list[float] = []
    monkeypatch.setattr(Client.__init__, "__defaults__", (slept.append,))

    result = record(ges, tmp_path / "a.json", "--page", "10")

    assert result.exit_code == 0, result.output
    assert slept == [20.0] * 4


def test_record_reports_a_full_disk_at_the_end(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    result = record(ges, tmp_path / "a.json")

    assert result.exit_code == 2
    assert result.stderr.endswith("/a.json: cannot be written: No space left on device\n")


def test_record_reports_a_full_disk_while_reading(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)

    result = record(ges, tmp_path / "a.json")

    assert result.exit_code == 2
    assert result.stderr.endswith("/a.json: cannot be written: No space left on device\n")


def test_the_help_of_record_names_the_proxy() -> None:
    text = CliRunner().invoke(cli.main, ["record", "--help"]).output

    assert "gesmock proxy" in " ".join(text.split())


def test_record_refuses_a_file_that_cannot_be_written(ges: GesMock) -> None:
    result = record(ges, Path("/nowhere/a.json"))

    assert result.exit_code == 2
    assert (
        result.stderr == "--output: /nowhere/a.json cannot be written: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("options", "project", "graph", "word"),
    [
        (("--as-graph", "films"), "demo", "films", "films"),
        (("--as-project", "p1"), "p1", "demo", "p1"),
        (("--as-graph", "films", "--as-project", "p1"), "p1", "films", "films"),
    ],
)
def test_project_and_graph_may_have_the_same_name(
    ges: GesMock,
    tmp_path: Path,
    options: tuple[str, ...],
    project: str,
    graph: str,
    word: str,
) -> None:
    request = {"command": "a", "url": "/ges/v1.0/demo/graphs/demo/a", "rawRequest": "demo"}
    job = {"jobId": "a", "status": "success", "request": request}
    ges.restart(fixture={"project_id": "demo", "graphs": {"demo": {"jobs": [job]}}})
    file = tmp_path / "a.json"

    assert record(ges, file, *options).exit_code == 0

    state = fixtures.read(file)
    assert (state.project_id, [*state.graphs]) == (project, [graph])
    [recorded_job] = state.graphs[graph].jobs
    assert recorded_job.request.url == f"/ges/v1.0/{project}/graphs/{graph}/a"
    assert recorded_job.request.raw_request == word
