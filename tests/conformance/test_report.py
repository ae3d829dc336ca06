"""Reports of a run: JUnit XML, the summary, and what counts as passed."""

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gesmock.conformance import report
from gesmock.conformance.checks import Outcome
from gesmock.conformance.run import CHECKS, Report


def outcome(state: Any, detail: str = "") -> Outcome:
    check = replace(CHECKS[0], fidelity="inferred")
    return Outcome(check, state, detail)


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


def test_deviations_fail_only_if_strict() -> None:
    deviating = Report("http://h", (outcome("deviation"),), (), 1, 0.1)

    assert deviating.passed()
    assert not deviating.passed(strict=True)
    assert not REPORT.passed()


@pytest.mark.parametrize(("strict", "failed", "skipped"), [(False, "1", "2"), (True, "2", "1")])
def test_junit_counts_failures_and_skips(strict: bool, failed: str, skipped: str) -> None:
    [suite] = ET.fromstring(report.as_junit(REPORT, strict=strict))

    assert (suite.get("failures"), suite.get("skipped")) == (failed, skipped)
    assert len(suite.findall("*/failure")) == int(failed)
    assert suite.findall("*/failure")[0].text == "no"


def test_the_summary_counts_each_state() -> None:
    assert report.summary(REPORT) == (
        "http://h/ges: 1 passed, 1 failed, 1 deviate from inferred rules, 1 skipped "
        "(7 requests, 1.2 s)"
    )
