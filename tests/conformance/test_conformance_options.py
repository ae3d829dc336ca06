"""The checks as tests: ``pytest --pyargs gesmock.conformance``."""

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from conftest import IMPORTED
from quirks import session_with

from gesmock import GesMock
from gesmock.conformance import options, test_service
from gesmock.conformance.run import CHECKS
from gesmock.remote.session import CheckFailed

START: dict[str, Any] = {"generate": 30, "seed": 3, "clock": {"frozen": True}}


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing every installed plugin would take most of the time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin,gesmock.conformance.options")


def test_checks_run_as_pytest_tests(
    ges: GesMock, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")
    ges.restart(**START)

    result = pytester.runpytest_inprocess(
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.jobs_url(),
        "--gesmock-per-second", "0",
    )  # fmt: skip

    result.assert_outcomes(passed=35, skipped=10)


def test_tests_fail_if_checks_fail(ges: GesMock, pytester: pytest.Pytester) -> None:
    ges.restart(clock={"frozen": True})
    ges.restart(clock={"frozen": True}, settings={"edition": "memory"})
    ges.faults.arm("show_job", 500)
    ges.faults.arm("delete_job", 500)

    result = pytester.runpytest_inprocess(
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.url,
        "--gesmock-project-id", ges.project_id, "--gesmock-graph", "movie",
        "--gesmock-allow-writes", "--gesmock-per-second", "0", "-k", "cancel or unknown_job",
    )  # fmt: skip

    result.assert_outcomes(failed=3, skipped=1)
    result.stdout.fnmatch_lines(["*expected 400, with GES.8303*"])


def test_deviations_are_expected_failures(ges: GesMock, request: pytest.FixtureRequest) -> None:
    def run(*_: object) -> None:
        raise CheckFailed("it differs")

    check = replace(CHECKS[0], run=run, fidelity="inferred")

    with pytest.raises(pytest.xfail.Exception, match="deviates from an inferred rule: it differs"):
        test_service.test_service(check, session_with(ges), request)


@pytest.mark.parametrize(("options", "failed"), [((), 0), (("--gesmock-strict",), 1)])
def test_deviations_fail_a_strict_run(
    ges: GesMock, pytester: pytest.Pytester, options: tuple[str, ...], failed: int
) -> None:
    ges.restart(**START)
    ges.add_job(status="success", command="import_graph", url="/ges/v1.0/p/graphs/g/action")
    selected = ("-k", "urls_name_this_graph or urls_are_paths", *options)

    result = pytester.runpytest_inprocess(*conformance(ges, *selected))

    result.assert_outcomes(passed=1, failed=failed, xfailed=1 - failed)


def test_a_run_without_a_target_is_refused(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--pyargs", "gesmock.conformance")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str() == "ERROR: --gesmock-target URL is required: the server to check\n"


@pytest.mark.parametrize("option", ["--help", "--collect-only"])
def test_help_and_collection_need_no_target(pytester: pytest.Pytester, option: str) -> None:
    result = pytester.runpytest_inprocess("--pyargs", "gesmock.conformance", option)

    assert result.ret == pytest.ExitCode.OK


def test_running_the_file_says_how_to_run_it(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*IMPORTED, str(test_service.__file__), "-k", "unique")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*run: pytest --pyargs gesmock.conformance --gesmock-target URL*"])


def conformance(ges: GesMock, *options: str) -> list[str]:
    """The arguments of pytest for a run against *ges*."""
    return [
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.jobs_url(),
        "--gesmock-per-second", "0", *options,
    ]  # fmt: skip


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "1"), marks=pytest.mark.deep)])
def test_a_run_that_skips_all_checks_fails(
    ges: GesMock, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    selected = ("-k", "results_are_stable or results_are_paged", *workers)  # of no job

    result = pytester.runpytest_inprocess(*conformance(ges, *selected))

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["gesmock: all checks were skipped (-rs says why)"])


@pytest.mark.parametrize(
    ("selected", "ends"),
    [
        ("unknown_jobs_are_refused or memory_jobs", pytest.ExitCode.OK),
        ("unknown_parameters_are_ignored", pytest.ExitCode.OK),
        ("memory_jobs", pytest.ExitCode.TESTS_FAILED),
        ("memory_jobs or unknown_parameters", pytest.ExitCode.TESTS_FAILED),
        ("nothing_of_all", pytest.ExitCode.NO_TESTS_COLLECTED),
    ],
)
def test_a_run_must_carry_out_a_documented_check(
    ges: GesMock, pytester: pytest.Pytester, selected: str, ends: pytest.ExitCode
) -> None:
    ges.restart(**START)

    result = pytester.runpytest_inprocess(*conformance(ges, "-k", selected))

    assert result.ret == ends


@pytest.mark.parametrize(("workers", "rate"), [({}, 20), ({"workercount": 4}, 5)])
def test_xdist_workers_share_the_rate(
    ges: GesMock, pytester: pytest.Pytester, workers: dict[str, int], rate: float
) -> None:
    config = pytester.parseconfig(*conformance(ges, "--gesmock-per-second", "20"))
    if workers:
        config.workerinput = workers  # type: ignore[attr-defined]

    options.pytest_configure(config)

    with closing(options.session_of(config)) as session:
        assert session.target.per_second == rate
    watched = any(
        isinstance(plugin, options.AllSkipped) for plugin in config.pluginmanager.get_plugins()
    )
    assert watched == (not workers)


def test_an_invalid_target_fails_all_tests(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(
        "--pyargs", "gesmock.conformance", "--gesmock-target", "nowhere", "-k", "unique"
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'nowhere' is not a URL such as http://10.0.0.7:80*"])


def test_other_pytest_runs_have_no_such_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")

    result = pytester.runpytest_inprocess("--help")

    assert "--gesmock-target" not in result.stdout.str()


def test_submitting_a_call_that_may_lose_data_needs_permission(
    ges: GesMock, pytester: pytest.Pytester
) -> None:
    result = pytester.runpytest_inprocess(
        "-p", "no:randomly", "--pyargs", "gesmock.conformance", "--gesmock-target", ges.url,
        "--gesmock-project-id", ges.project_id, "--gesmock-graph", "movie",
        "--gesmock-allow-writes", "--gesmock-submit", "delete_graph",
    )  # fmt: skip

    assert result.ret != 0
    assert "--allow-data-loss permits it" in result.stdout.str() + result.stderr.str()
    assert not [*ges.journal]
