"""Writes the report of a run as text, JSON, JUnit XML, and as a fixture file with its settings."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from gesmock.conformance.checks import Outcome, State
from gesmock.conformance.run import Report
from gesmock.fake import fixtures

_WORDS: Final[Mapping[State, tuple[str, str]]] = {
    "passed": ("ok", "passed"),
    "failed": ("FAILED", "failed"),
    "deviation": ("deviation", "deviate from inferred rules"),
    "skipped": ("skipped", "skipped"),
}
"""How an outcome is marked in its line, and named in the summary."""


def line(outcome: Outcome) -> str:
    """One *outcome*, with its detail in the lines below."""
    detail = "".join(f"\n           {part}" for part in outcome.detail.split("\n") if part)
    return f"{_WORDS[outcome.state][0]:>9}  {outcome.check.name}{detail}"


def text(report: Report) -> str:
    """The probes, and a summary."""
    lines = ["What the documentation leaves open:"]
    for probe in report.probes:
        detail = f"skipped: {probe.detail}" if probe.value is None else probe.detail
        setting = f" ({probe.setting})" if probe.setting else ""
        lines.append(f"  {probe.question}{setting}: {detail}")
    options = " ".join(
        f"--set {name}={json.dumps(value) if isinstance(value, bool) else value}"
        for name, value in report.settings.items()
    )
    lines.append(f"To make gesmock answer the same way: gesmock serve {options}".rstrip())
    return "\n".join([*lines, "", summary(report)])


def summary(report: Report) -> str:
    """The counts of outcomes, on one line."""
    counts = {word: report.count(state) for state, (_mark, word) in _WORDS.items()}
    words = [f"{count} {word}" for word, count in counts.items() if count or word == "passed"]
    effort = f"({report.requests} requests, {report.seconds:.1f} s)"
    return f"{report.target}: {', '.join(words)} {effort}"


def as_json(report: Report) -> str:
    fields = {
        "target": report.target,
        "passed": report.passed(),
        "checks": [
            {
                "name": outcome.check.name,
                "rule": outcome.check.rule,
                "source": outcome.check.source,
                "fidelity": outcome.check.fidelity,
                "outcome": outcome.state,
                "detail": outcome.detail,
                "seconds": round(outcome.seconds, 3),
            }
            for outcome in report.outcomes
        ],
        "probes": [asdict(probe) for probe in report.probes],
        "settings": report.settings,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
    }
    return json.dumps(fields, indent=2) + "\n"


def as_fixture(report: Report) -> str:
    """A fixture file with the settings that make gesmock answer the same way."""
    state = msgspec.json.encode({"settings": report.settings})
    fixtures.parse(state)  # raises if gesmock would refuse it
    return msgspec.json.format(state).decode() + "\n"


def as_junit(report: Report, *, strict: bool = False) -> str:
    """JUnit XML; deviations are skipped tests, or failures if *strict*."""
    failing: tuple[State, ...] = ("failed", "deviation") if strict else ("failed",)
    failures = report.count(*failing)
    counts = {
        "tests": len(report.outcomes),
        "failures": failures,
        "skipped": len(report.outcomes) - failures - report.count("passed"),
    }
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", name="gesmock verify", errors="0")
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    suite.set("time", f"{report.seconds:.3f}")
    for outcome in report.outcomes:
        check, detail = outcome.check, outcome.detail
        kind = f"gesmock.{check.fidelity}"
        case = ET.SubElement(suite, "testcase", classname=kind, name=check.name)
        case.set("time", f"{outcome.seconds:.3f}")
        if outcome.state in failing:
            ET.SubElement(case, "failure", message=check.rule).text = detail
        elif outcome.state != "passed":
            ET.SubElement(case, "skipped", message=detail)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
