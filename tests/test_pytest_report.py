"""The report of a test run: findings by code, coverage, and what fails a test."""

import json
from pathlib import Path

import fastjsonschema  # noqa: F401 an inner run that imports it first would drop it again
import pytest
import requests  # noqa: F401 an inner run that imports it first would drop half of it again
from conftest import IMPORTED

import gesmock.mock  # noqa: F401 the same
from gesmock.journal.coverage import Cell, Coverage
from gesmock.model.messages import OPERATION_NAMES
from gesmock.pytest_report import finding_lines, table_lines

USER = """
import pytest, requests

def twice(gesmock):
    for _ in range(2):
        assert requests.get(gesmock.jobs_url() + "?limit=x").status_code == 400

def listed(gesmock, query=""):
    requests.get(gesmock.jobs_url() + query)
"""
PASSES = USER + "def test_it(gesmock):\n    listed(gesmock)\n    listed(gesmock, '?limit=x')\n"


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(pytester: pytest.Pytester, test: str, *args: str, ini: str = "") -> pytest.RunResult:
    """Run these tests."""
    pytester.makepyfile(test)
    pytester.makeini(f"[pytest]\n{ini}\n")
    return pytester.runpytest_inprocess(
        "-W", "error", *IMPORTED, "-p", "gesmock.pytest_plugin", *args
    )


# --- What is said of tests that passed ---

MISTAKEN = (
    USER
    + """
def test_twice(gesmock):
    twice(gesmock)

@pytest.mark.gesmock(strict=False)
def test_twice_again(gesmock):
    twice(gesmock)
    requests.get(gesmock.jobs_url() + "?limit=x")

@pytest.mark.gesmock(ignore="GM107")
def test_that_ignores_it(gesmock):
    twice(gesmock)

def test_with_one_request(gesmock):
    listed(gesmock, "?limit=x")
"""
)


def test_a_line_at_the_end_names_the_findings_of_tests_that_passed(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, MISTAKEN)

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "gesmock: findings in 2 tests that passed: GM107 retries_a_refusal; --gesmock-report "
            "lists all"
        ]
    )


@pytest.mark.parametrize(
    ("test", "options"),
    [
        (PASSES, ()),
        (MISTAKEN, ("--gesmock-report",)),
        (MISTAKEN, ("-k", "ignores_it or one_request")),
    ],
)
def test_the_line_is_missing_without_findings_and_beside_the_report(
    pytester: pytest.Pytester, test: str, options: tuple[str, ...]
) -> None:
    result = run(pytester, test, *options)

    assert result.ret == 0
    result.stdout.no_fnmatch_line("gesmock: findings in *")


@pytest.mark.deep
def test_the_line_counts_the_tests_of_all_xdist_workers(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MISTAKEN)

    result = pytester.runpytest_subprocess(
        "-p", "xdist", "-p", "gesmock.pytest_plugin", "-n", "2", "-W", "error"
    )

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["gesmock: findings in 2 tests that passed: GM107 *"])


# --- What fails a test ---


def test_findings_about_conduct_fail_a_test_only_on_request(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # the summary is cut there
    result = run(
        pytester,
        USER
        + """
def test_by_default(gesmock):
    twice(gesmock)
    assert [one.code for one in gesmock.findings()] == ["GM107"]

@pytest.mark.gesmock(fail_on=["GM1"])
def test_by_marker(gesmock):
    twice(gesmock)

@pytest.mark.gesmock(fail_on="GM107", ignore="GM107")
def test_ignored(gesmock):
    twice(gesmock)
    assert gesmock.findings() == []

@pytest.mark.gesmock(verdict={"fail_on": ["GM1"], "refusals": 3})
def test_by_config(gesmock):
    twice(gesmock)

@pytest.mark.gesmock(fail_on=["GM1"], strict=False)
def test_lenient(gesmock):
    twice(gesmock)
""",
    )

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "gesmock found 1 finding: GM107 GET /ges/v1.0/*/jobs/status was refused with 400, and *",
            "FAILED * - Failed: gesmock found 1 finding: GM107 *",
        ]
    )


def test_the_ini_file_says_what_fails_and_what_is_ignored(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        USER
        + """
def test_it(gesmock):
    twice(gesmock)

@pytest.mark.gesmock(fail_on=["GM0"])
def test_the_marker_wins(gesmock):
    twice(gesmock)

class TestIgnored:
    pytestmark = pytest.mark.gesmock(ignore=["GM107"])

    @pytest.mark.gesmock(ignore=["GM2"])
    def test_markers_and_ini_file_add_up(self, gesmock):
        twice(gesmock)
        assert gesmock.verdict.config.ignore == ["GM109", "GM107", "GM2"]
""",
        ini="gesmock_fail_on = GM0, retries_a_refusal\ngesmock_ignore = never_looks",
    )

    result.assert_outcomes(passed=2, failed=1)


@pytest.mark.parametrize("name", ["gesmock_ignore", "gesmock_fail_on"])
def test_a_wrong_code_in_the_ini_file_is_refused_once(pytester: pytest.Pytester, name: str) -> None:
    result = run(pytester, PASSES + "def test_other(gesmock):\n    pass\n", ini=f"{name} = GM1 foo")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (result.stdout.str() + result.stderr.str()).count("foo") == 1
    result.stderr.fnmatch_lines(
        [f"*in the ini file: {name}?1?: 'foo' is not one of GM001, *, GM9, *"]
    )


def test_a_wrong_code_of_a_marker_is_refused(pytester: pytest.Pytester) -> None:
    marked = PASSES.replace("def test_it", '@pytest.mark.gesmock(fail_on="GM7")\ndef test_it')
    result = run(pytester, marked)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *UsageError: @pytest.mark.gesmock: verdict.fail_on?0?: 'GM7' is not valid; did you mean 'GM'?"
        ]
    )


def test_a_failed_test_shows_its_other_findings(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        USER
        + """
def test_it(gesmock):
    twice(gesmock)
    requests.get(gesmock.url + "/ges/nothing")
    assert False, "its own reason"
""",
    )

    result.assert_outcomes(failed=1, errors=0)
    result.stdout.fnmatch_lines(
        [
            "*its own reason",
            "gesmock found 1 finding: GM002 no operation serves this: *",
            "gesmock also found:",
            "- GM107 *",
        ]
    )


def test_a_finding_in_another_project_fails_the_test_too(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        USER
        + """
def test_it(gesmock):
    states = [{"project_id": name, "graphs": {"movie": {}}} for name in ("p1", "p2")]
    gesmock.restart(fixture=states)
    gesmock.fake.project("p2").verdict.configure(fail_on=["GM1"])
    for _ in range(2):
        requests.get(f"{gesmock.url}/ges/v1.0/p2/graphs/movie/jobs/status?limit=x")
    assert gesmock.verdict.failing() == []
""",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["gesmock found 1 finding: GM107 *"])


def test_a_finding_that_grows_in_the_teardown_is_not_new(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        USER
        + """
@pytest.fixture
def client(gesmock):
    yield
    twice(gesmock)

@pytest.mark.gesmock(fail_on=["GM1"])
def test_it(client, gesmock):
    twice(gesmock)

@pytest.mark.gesmock(fail_on=["GM1"])
def test_new(client):
    pass
""",
    )

    result.assert_outcomes(passed=1, failed=1, errors=1)


# --- The report ---


def test_the_table_is_printed_with_the_findings(pytester: pytest.Pytester) -> None:
    result = run(
        pytester, PASSES + "    listed(gesmock, '?limit=x')\n", "--gesmock-report", "-p", "no:xdist"
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*= gesmock: documented answers that were met =*",
            "operation  200  400  401  403  404  500  503  reset  close *",
            "list_jobs    1    2    .    .    .    .    .      .      . *",
            "2 of 13 cells were met (15.3 %); * documented operations are not in the table",
            "GM107 retries_a_refusal: 1 in *::test_it",
        ]
    )


def test_an_overridden_server_counts_too(pytester: pytest.Pytester) -> None:
    own = """
from gesmock import GesMock

@pytest.fixture(params=[1, 2])
def gesmock_server():
    with GesMock() as ges:
        yield ges
"""
    result = run(pytester, PASSES + own, "--gesmock-report", "-p", "no:xdist")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["list_jobs    2    2    .    .    .    .    .      .      . *"])


def test_without_the_option_nothing_is_printed(pytester: pytest.Pytester) -> None:
    result = run(pytester, PASSES)

    assert result.ret == 0
    result.stdout.no_fnmatch_line("*documented answers*")


@pytest.mark.parametrize(
    ("least", "outcome"), [("15", 0), ("15.3", 0), ("0", 0), ("15.4", 1), ("100", 1)]
)
def test_a_run_that_met_too_few_answers_fails(
    pytester: pytest.Pytester, least: str, outcome: int
) -> None:
    result = run(pytester, PASSES, f"--gesmock-fail-under={least}")

    result.assert_outcomes(passed=1)
    assert result.ret == outcome
    text = f"gesmock: 15.3 % of the documented answers were met, less than {least} %"
    assert (text in result.stdout.str()) is bool(outcome)


@pytest.mark.parametrize("wrong", ["nan", "-1", "100.1", "inf", "1e3", "", "most", "80 %"])
def test_a_wrong_percentage_is_refused_at_the_start(pytester: pytest.Pytester, wrong: str) -> None:
    result = run(pytester, PASSES, f"--gesmock-fail-under={wrong}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*error: argument --gesmock-fail-under: expected a number from 0 to 100, such "
            f"as 80 or 82.5, got {wrong!r}"
        ]
    )


@pytest.mark.parametrize(
    ("args", "outcome"),
    [
        (("--collect-only",), pytest.ExitCode.OK),
        (("-k", "nothing"), pytest.ExitCode.NO_TESTS_COLLECTED),
    ],
)
@pytest.mark.parametrize(
    "workers", [(), pytest.param(("-p", "xdist", "-n", "1"), marks=pytest.mark.deep)]
)
def test_a_run_without_tests_does_not_fail(
    pytester: pytest.Pytester,
    args: tuple[str, ...],
    outcome: pytest.ExitCode,
    workers: tuple[str, ...],
) -> None:
    result = run(pytester, PASSES, "--gesmock-fail-under=50", *workers, *args)

    assert result.ret == outcome
    result.stdout.no_fnmatch_line("*less than*")


def test_a_run_that_does_not_use_the_fake_fails(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it():\n    pass\n", "--gesmock-fail-under=1")

    assert result.ret == 1


def test_the_ini_file_says_which_operations_count(pytester: pytest.Pytester) -> None:
    args = ("--gesmock-report", "--gesmock-fail-under=8")
    few = run(pytester, PASSES, *args, ini="gesmock_operations = list_jobs, show_job")
    every = run(pytester, PASSES, *args, ini="gesmock_operations = all")
    wrong = run(pytester, PASSES, *args, ini="gesmock_operations = list")

    assert few.ret == 1
    few.stdout.fnmatch_lines(["show_job     .    . *", "2 of 26 cells were met (7.6 %); *"])
    every.stdout.fnmatch_lines(["import_graph *", "2 of * cells were met (0.4 %)"])
    wrong.stderr.fnmatch_lines(
        ["*gesmock_operations: 'list' is not valid; did you mean 'list_jobs'?"]
    )


def test_the_report_is_written_as_json(pytester: pytest.Pytester, tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"

    run(
        pytester,
        PASSES + "    listed(gesmock, '?limit=x')\n",
        f"--gesmock-report-json={path}",
    )

    report = json.loads(path.read_bytes())
    assert (report["coverage"]["met"], report["coverage"]["all"]) == (2, 13)
    [finding] = report["findings"]
    assert (finding["code"], finding["entries"]) == ("GM107", [2, 3])
    assert finding["test"].endswith("::test_it")


def test_xdist_workers_add_up(pytester: pytest.Pytester, tmp_path: Path) -> None:
    pytester.makepyfile(
        USER
        + """
@pytest.mark.parametrize("number", range(8))
def test_it(gesmock, number):
    twice(gesmock)

def test_alone(gesmock):
    listed(gesmock)
"""
    )

    result = pytester.runpytest_subprocess(
        "-p", "xdist", "-p", "gesmock.pytest_plugin", "-n", "2", "-W", "error",
        "--gesmock-report", "--gesmock-fail-under=16", f"--gesmock-report-json={tmp_path / 'r'}",
    )  # fmt: skip

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "list_jobs    1   16    . *",
            "GM107 retries_a_refusal: 8 in * and 7 other tests",
            "gesmock: 15.3 % of the documented answers were met, less than 16 %",
        ]
    )
    assert len(json.loads((tmp_path / "r").read_bytes())["findings"]) == 8


def test_a_worker_that_crashes_is_not_counted_and_the_report_says_so(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        USER
        + """
import os

def test_it(gesmock):
    listed(gesmock)

def test_crash():
    os._exit(1)
"""
    )

    result = pytester.runpytest_subprocess(
        *("-p", "xdist", "-p", "gesmock.pytest_plugin", "-n", "1", "-W", "error"),
        *("--gesmock-report", "--gesmock-report-json=report.json"),
    )

    missing = "gesmock: worker gw0 crashed; the answers that it met are missing"
    result.stdout.fnmatch_lines(["*0 of 0 cells were met*", missing])
    assert json.loads((pytester.path / "report.json").read_bytes())["crashed_workers"] == ["gw0"]


def test_a_report_that_cannot_be_written_fails_the_run(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, PASSES, "--gesmock-report-json=.")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["gesmock: --gesmock-report-json .: Is a directory", "* passed *"])


# --- How it looks ---


def test_the_table_has_a_row_for_each_operation() -> None:
    coverage = Coverage([Cell("show_job", 200, None, 12), Cell("list_jobs", 503, "reset", 1)])

    lines = [*table_lines(coverage.table())]

    assert lines == [
        "operation  200  400  401  403  404  500  503  reset  close  hang  garbage  malformed  truncate",
        "list_jobs    .    .    .    .    .    .    .      1      .     .        .          .         .",
        "show_job    12    .    .    .    .    .    .      .      .     .        .          .         .",
        f"2 of 26 cells were met (7.6 %); {len(OPERATION_NAMES) - 2} documented operations are not in "
        "the table",
    ]


def test_findings_are_summed_up_by_code() -> None:
    pairs = [("GM101", "t1"), ("GM002", "t1"), ("GM101", "t2"), ("GM101", "t3"), ("GM101", "t1")]
    findings = [{"code": code, "test": test} for code, test in pairs]

    assert [*finding_lines(findings)] == [
        "GM002 unmatched: 1 in t1",
        "GM101 polls_too_often: 4 in t1 and 2 other tests",
    ]
    assert [*finding_lines(findings[:3])][1] == "GM101 polls_too_often: 2 in t1 and 1 other test"
