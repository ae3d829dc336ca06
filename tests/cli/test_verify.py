"""``gesmock verify``, and the same checks as tests of pytest."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from conftest import IMPORTED
from liars import lying

from gesmock import GesMock
from gesmock.cli import main as cli
from gesmock.cli import output
from gesmock.conformance import options, report, test_service
from gesmock.conformance.checks import Outcome, ServiceCheck
from gesmock.conformance.run import CHECKS, Report
from gesmock.fake import fixtures
from gesmock.remote.client import Client
from gesmock.remote.session import CheckFailed

SOME: dict[str, Any] = {"generate": 30, "seed": 3, "clock": {"frozen": True}}


def verify(ges: GesMock, *options: str, **environment: str) -> Result:
    arguments = ["verify", "--target", ges.jobs_url(), "--per-second", "0", *options]
    return CliRunner(env=environment).invoke(cli.main, arguments)


def test_it_tells_each_check_the_readings_and_the_sum(ges: GesMock) -> None:
    ges.restart(**SOME, settings={"limit_zero": "refuse"})

    ran = verify(ges)

    assert ran.exit_code == 0, ran.output
    lines = ran.output.splitlines()
    assert "       ok  pages_add_up_to_the_list" in lines
    assert "  skipped  memory_jobs_are_consistent" in lines
    assert "  limit=0 (limit_zero): refuse" in lines
    assert "--set limit_zero=refuse" in lines[-3]
    assert "--set open_projects=false" in lines[-3]
    assert lines[-1].startswith(f"{ges.graph_url()}: 35 passed, 3 skipped (")


def test_the_settings_that_are_written_are_a_fixture(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(**SOME, settings={"limit_zero": "refuse", "id_key": "both"})

    verify(ges, "--write-settings", str(tmp_path / "settings.json"))

    settings = fixtures.read(tmp_path / "settings.json").settings
    assert settings is not None
    assert (settings.limit_zero, settings.id_key) == ("refuse", "both")


def test_it_is_told_as_json_and_as_junit_xml(ges: GesMock, tmp_path: Path) -> None:
    ges.restart(**SOME)

    verify(ges, "--json", str(tmp_path / "a.json"), "--junit", str(tmp_path / "a.xml"))

    told = json.loads((tmp_path / "a.json").read_text())
    assert told["passed"]
    assert {one["name"]: one["outcome"] for one in told["checks"]}["limit_is_respected"] == "passed"
    assert told["settings"]["limit_zero"] == "empty"
    [suite] = ET.parse(tmp_path / "a.xml").getroot()
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "3")
    assert len(suite) == len(told["checks"]) == int(suite.get("tests", "0"))


def test_with_leave_a_job_is_submitted(ges: GesMock) -> None:
    ges.restart(settings={"order": "oldest_first"}, clock={"tick_s": 5, "frozen": True})
    ges.add_job()

    ran = verify(ges, "--allow-writes", "--submit", "summary")

    assert ran.exit_code == 0, ran.output
    assert "       ok  submitted_jobs_run_to_an_end" in ran.output
    assert "order of the list (order): oldest_first" in ran.output
    assert "this kind of job cannot be cancelled" in ran.output
    assert "this call has no body" in ran.output


@pytest.mark.parametrize(
    "operation", ["delete_graph", "import_graph", "clear_graph", "execute_cypher_query"]
)
def test_what_may_lose_data_needs_a_word_of_its_own(ges: GesMock, operation: str) -> None:
    refused = verify(ges, "--allow-writes", "--submit", operation)

    assert refused.exit_code == 2
    assert refused.stderr == (
        f"--submit: {operation!r} can overwrite or delete what the graph holds; "
        "--allow-data-loss permits it\n"
    )
    assert not [*ges.journal]


@pytest.mark.parametrize("operation", ["hyg_sync", "export_result", "nobody"])
def test_what_cannot_be_submitted_is_not_told_to_be_known(operation: str) -> None:
    ran = CliRunner().invoke(
        cli.main, ["verify", "--target", NOBODY_LISTENS, "--submit", operation]
    )

    assert ran.exit_code == 2
    told, _, known = ran.stderr.partition(" is none of ")
    assert told == f"--submit: {operation!r}"
    assert operation not in known
    assert "vertex_query, edge_query" in known


def test_with_that_word_it_is_submitted(ges: GesMock) -> None:
    ges.restart(clock={"tick_s": 5, "frozen": True})

    ran = verify(ges, "--allow-writes", "--allow-data-loss", "--submit", "clear_graph")

    assert ran.exit_code == 0, ran.output
    assert "clear_graph" in [entry.operation for entry in ges.journal]


def test_as_a_test_of_pytest_it_needs_that_word_too(
    ges: GesMock, pytester: pytest.Pytester
) -> None:
    ran = pytester.runpytest_inprocess(
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.url,
        "--gesmock-project-id", ges.project_id, "--gesmock-graph", "movie",
        "--gesmock-allow-writes", "--gesmock-submit", "delete_graph",
    )  # fmt: skip

    assert ran.ret != 0
    assert "--allow-data-loss permits it" in ran.stdout.str() + ran.stderr.str()
    assert not [*ges.journal]


def test_a_job_that_does_not_end_in_time_is_not_a_failure(ges: GesMock) -> None:
    ges.restart(clock={"frozen": True})

    ran = verify(ges, "--allow-writes", "--wait-s", "0", "--body", '{"labels": ["a"]}')

    assert ran.exit_code == 0, ran.output
    assert "it is still pending after 0 s" in ran.output


def test_a_token_of_the_environment_signs_in(ges: GesMock) -> None:
    ges.restart(**SOME, tokens=["secret"])

    ran = verify(ges, GESMOCK_TARGET_TOKEN="secret")

    assert ran.exit_code == 0, ran.output
    assert "status of an invalid token (invalid_token_status): 401" in ran.output
    assert "X-Auth-Token: required (401)" in ran.output


def test_an_empty_graph_is_no_failure(ges: GesMock) -> None:
    ran = verify(ges)

    assert ran.exit_code == 0, ran.output
    assert "no job is listed" in ran.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--submit", "paint", "--allow-writes"), "--submit: 'paint' is none of import_graph, "),
        (("--submit", "export_result", "--allow-writes"), "--submit: 'export_result' is none of "),
        (("--body", "{", "--allow-writes"), "--body: line 1 column 2: broken JSON: "),
        (("--project-id", "a-b"), "--project-id: 'a-b' is not 1 to 64 letters or digits"),
        (("--graph", "nobody"), "gesmock: GET /ges/v1.0/"),
        (("--json", "/nowhere/a.json"), "--json: /nowhere/a.json cannot be written: "),
    ],
)
def test_what_is_wrong_is_told_and_ends_with_2(
    ges: GesMock, options: tuple[str, ...], message: str
) -> None:
    ran = verify(ges, *options)

    assert ran.exit_code == 2
    assert ran.stderr.startswith(message)
    assert ran.stderr.count("\n") == 1


NOBODY_LISTENS = "http://127.0.0.1:1/ges/v1.0/p/graphs/g"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--timeout-s", "inf"), "--timeout-s: inf is not 0.01 to 86400"),
        (("--timeout-s", "nan"), "--timeout-s: nan is not 0.01 to 86400"),
        (("--timeout-s", "0"), "--timeout-s: 0 is not 0.01 to 86400"),
        (("--timeout-s", "-1"), "--timeout-s: -1 is not 0.01 to 86400"),
        (("--per-second", "nan"), "--per-second: nan is neither 0.001 or more, nor 0"),
        (("--per-second", "inf"), "--per-second: inf is neither 0.001 or more, nor 0"),
        (("--wait-s", "nan"), "--wait-s: nan is not a number of seconds from 0 on"),
        (("--wait-s", "-1"), "--wait-s: -1 is not a number of seconds from 0 on"),
        (("--most", "0"), "--most: 0 is not 1 to 100000"),
        (("--most", "100001"), "--most: 100001 is not 1 to 100000"),
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
def test_an_option_is_refused_before_anything_is_asked(
    options: tuple[str, ...], message: str
) -> None:
    ran = CliRunner().invoke(cli.main, ["verify", "--target", NOBODY_LISTENS, *options])

    assert ran.exit_code == 2
    assert ran.stderr.startswith(message)
    assert ran.stderr.count("\n") == 1


def test_a_file_that_is_there_is_seen_to_be_writable(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("before")

    output.check_writable({"--json": file, "--junit": Path("/dev/null"), "--write-settings": None})

    assert file.read_text() == "before"
    assert [*tmp_path.iterdir()] == [file]


def test_where_nobody_reads_what_it_tells_the_files_are_written_all_the_same(
    ges: GesMock, tmp_path: Path
) -> None:
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
        told = errors.read()

    assert (process.wait(10), told) == (2, "gesmock: standard output: Broken pipe\n")
    assert json.loads(files[0].read_text())["passed"]
    assert files[1].read_text().startswith("<")


def test_ctrl_c_is_no_check_that_fails(ges: GesMock, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "ask", interrupted)

    ran = verify(ges)

    assert (ran.exit_code, ran.stderr) == (130, "gesmock: interrupted\n")


def test_a_disk_that_is_full_at_the_end_is_told(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    ran = verify(ges, "--json", str(tmp_path / "a.json"))

    assert ran.exit_code == 2
    assert ran.stderr.endswith("/a.json: cannot be written: No space left on device\n")


def test_a_token_that_cannot_be_sent_is_told_without_it(ges: GesMock) -> None:
    ran = verify(ges, GESMOCK_TARGET_TOKEN="MIIFsecret\n")

    assert ran.exit_code == 2
    assert ran.stderr == (
        "GESMOCK_TARGET_TOKEN: character 11 of 11 is a space, a line break, or not visible ASCII\n"
    )


def test_where_nothing_can_be_seen_it_ends_with_2(ges: GesMock) -> None:
    ges.faults.arm("list_jobs", 503, after=1, headers={"Retry-After": "3600"})
    ges.faults.arm("show_job", 503, headers={"Retry-After": "3600"})

    ran = verify(ges)

    assert ran.exit_code == 2, ran.output
    assert ran.stderr.endswith(": no check could be carried out\n")


def test_where_nothing_can_be_seen_the_settings_of_before_are_kept(
    ges: GesMock, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    file.write_text("before")
    ges.faults.arm("list_jobs", 503, after=1, headers={"Retry-After": "3600"})
    ges.faults.arm("show_job", 503, headers={"Retry-After": "3600"})

    ran = verify(ges, "--write-settings", str(file), "--json", str(tmp_path / "a.json"))

    assert ran.exit_code == 2, ran.output
    assert file.read_text() == "before"
    assert json.loads((tmp_path / "a.json").read_text())["passed"]


def test_where_no_setting_can_be_seen_those_of_before_are_kept(
    ges: GesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.json"
    file.write_text("before")
    seen = Outcome(CHECKS[0], "passed")
    monkeypatch.setattr(
        "gesmock.conformance.run.run", lambda *_: Report("http://h", (seen,), (), 1, 0.1)
    )

    ran = verify(ges, "--write-settings", str(file))

    assert ran.exit_code == 0
    assert ran.stderr == f"{file}: not written, as no setting could be determined\n"
    assert file.read_text() == "before"


@pytest.mark.parametrize("dialect", ["page", "error_table"])
@pytest.mark.parametrize("edition", ["database", "memory"])
def test_what_is_written_is_taken_and_is_seen_the_same_again(
    ges: GesMock, tmp_path: Path, edition: str, dialect: str
) -> None:
    file, again = tmp_path / "settings.json", tmp_path / "again.json"
    jobs = {**SOME, "tokens": ["secret"]}
    ges.restart(**jobs, settings={"edition": edition, "dialect": dialect})
    ran = verify(ges, "--write-settings", str(file), GESMOCK_TARGET_TOKEN="secret")
    assert ran.exit_code == 0, ran.output

    assert CliRunner().invoke(cli.main, ["check", str(file)]).exit_code == 0
    ges.restart(fixture=file, **jobs)
    verify(ges, "--write-settings", str(again), GESMOCK_TARGET_TOKEN="secret")

    assert again.read_text() == file.read_text()
    assert ges.settings.edition == edition


def test_a_failure_ends_with_1(ges: GesMock) -> None:
    ges.restart(**SOME)
    ges.faults.arm("show_job", 500)

    ran = verify(ges)

    assert ran.exit_code == 1
    assert "   FAILED  unknown_jobs_are_refused\n           expected 400 GES.8301\n" in ran.output


# --- Reports of what has not passed -------------------------------------------------------------


def outcome(state: Any, told: str = "") -> Outcome:
    check = ServiceCheck(CHECKS[0].run, "ges_03_0471", inferred=True)
    return Outcome(check, state, told)


REPORT = Report(
    "http://h/ges",
    (
        outcome("passed"),
        outcome("failed", "no"),
        outcome("deviation", "so"),
        outcome("skipped"),
    ),
    (),
    7,
    1.25,
)


def test_what_differs_from_an_inference_fails_only_where_that_is_asked_for() -> None:
    differs = Report("http://h", (outcome("deviation"),), (), 1, 0.1)

    assert differs.passed()
    assert not differs.passed(strict=True)
    assert not REPORT.passed()


@pytest.mark.parametrize(("strict", "failed", "skipped"), [(False, "1", "2"), (True, "2", "1")])
def test_junit_tells_failures_and_what_was_not_seen(
    strict: bool, failed: str, skipped: str
) -> None:
    [suite] = ET.fromstring(report.as_junit(REPORT, strict=strict))

    assert (suite.get("failures"), suite.get("skipped")) == (failed, skipped)
    assert len(suite.findall("*/failure")) == int(failed)
    assert suite.findall("*/failure")[0].text == "no"


def test_the_sum_counts_each_kind() -> None:
    assert report.summary(REPORT) == (
        "http://h/ges: 1 passed, 1 failed, 1 deviate from inferred rules, 1 skipped "
        "(7 requests, 1.2 s)"
    )


# --- pytest -------------------------------------------------------------------------------------


def test_the_checks_are_tests_of_pytest(ges: GesMock, pytester: pytest.Pytester) -> None:
    ges.restart(**SOME)

    ran = pytester.runpytest_inprocess(
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.jobs_url(),
        "--gesmock-per-second", "0",
    )  # fmt: skip

    ran.assert_outcomes(passed=35, skipped=9)


def test_as_tests_of_pytest_they_fail_where_the_target_lies(
    ges: GesMock, pytester: pytest.Pytester
) -> None:
    ges.restart(clock={"frozen": True})
    ges.restart(clock={"frozen": True}, settings={"edition": "memory"})
    ges.faults.arm("show_job", 500)
    ges.faults.arm("delete_job", 500)

    ran = pytester.runpytest_inprocess(
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.url,
        "--gesmock-project-id", ges.project_id, "--gesmock-graph", "movie",
        "--gesmock-allow-writes", "--gesmock-per-second", "0", "-k", "cancel or unknown_job",
    )  # fmt: skip

    ran.assert_outcomes(failed=3, skipped=1)
    ran.stdout.fnmatch_lines(["*expected 400 GES.8303*"])


def test_what_was_inferred_is_an_expected_failure_there(
    ges: GesMock, pytester: pytest.Pytester
) -> None:
    def it_holds(*_: object) -> None:
        raise CheckFailed("otherwise")

    check = ServiceCheck(it_holds, "ges_03_0471", inferred=True)

    with pytest.raises(pytest.xfail.Exception, match="deviates from an inferred rule: otherwise"):
        test_service.test_service(check, lying(ges))


def test_without_a_target_the_run_is_refused(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_inprocess("--pyargs", "gesmock.conformance")

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert ran.stderr.str() == "ERROR: --gesmock-target URL is required: the server to check\n"


@pytest.mark.parametrize("option", ["--help", "--collect-only"])
def test_without_a_target_the_options_and_the_checks_can_be_seen(
    pytester: pytest.Pytester, option: str
) -> None:
    ran = pytester.runpytest_inprocess("--pyargs", "gesmock.conformance", option)

    assert ran.ret == pytest.ExitCode.OK


def test_run_by_their_file_they_say_how_they_are_run(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_inprocess(*IMPORTED, str(test_service.__file__), "-k", "unique")

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*run: pytest --pyargs gesmock.conformance --gesmock-target URL*"])


def conformance(ges: GesMock, *options: str) -> list[str]:
    """The arguments of pytest for a run against *ges*."""
    return [
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.jobs_url(),
        "--gesmock-per-second", "0", *options,
    ]  # fmt: skip


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_where_nothing_can_be_seen_the_run_fails(
    ges: GesMock, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    chosen = ("-k", "results_are_stable or results_are_paged", *workers)  # of no job

    ran = pytester.runpytest_inprocess(*conformance(ges, *chosen))

    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    ran.assert_outcomes(skipped=2)
    ran.stdout.fnmatch_lines(["gesmock: all checks were skipped (-rs says why)"])


@pytest.mark.parametrize(
    ("chosen", "ends"),
    [
        ("unknown_jobs_are_refused or memory_jobs", pytest.ExitCode.OK),
        ("unknown_parameters_are_ignored", pytest.ExitCode.OK),
        ("memory_jobs", pytest.ExitCode.TESTS_FAILED),
        ("memory_jobs or unknown_parameters", pytest.ExitCode.TESTS_FAILED),
        ("nothing_of_all", pytest.ExitCode.NO_TESTS_COLLECTED),
    ],
)
def test_of_a_part_something_that_is_documented_is_to_be_seen(
    ges: GesMock, pytester: pytest.Pytester, chosen: str, ends: pytest.ExitCode
) -> None:
    ges.restart(**SOME)

    ran = pytester.runpytest_inprocess(*conformance(ges, "-k", chosen))

    assert ran.ret == ends


@pytest.mark.parametrize(("workers", "rate"), [({}, 20), ({"workercount": 4}, 5)])
def test_the_workers_of_xdist_share_the_rate(
    ges: GesMock, pytester: pytest.Pytester, workers: dict[str, int], rate: float
) -> None:
    config = pytester.parseconfig(*conformance(ges, "--gesmock-per-second", "20"))
    if workers:
        config.workerinput = workers  # type: ignore[attr-defined]

    options.pytest_configure(config)

    with closing(options.session_of(config).client) as client:
        assert client.target.per_second == rate
    watched = any(isinstance(one, options.AllSkipped) for one in config.pluginmanager.get_plugins())
    assert watched == (not workers)


def test_a_target_that_is_none_fails_them_all(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_inprocess(
        "--pyargs", "gesmock.conformance", "--gesmock-target", "nowhere", "-k", "unique"
    )

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*'nowhere' is not like http://10.0.0.7:80*"])


def test_other_runs_of_pytest_know_none_of_these_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")

    ran = pytester.runpytest_inprocess("--help")

    assert "--gesmock-target" not in ran.stdout.str()
