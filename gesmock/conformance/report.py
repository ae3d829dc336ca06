"""Writes the report of a run as text, JSON, JUnit XML, and as a fixture with its settings."""

import json
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import msgspec

from gesmock.conformance.run import Outcome, Report, State
from gesmock.fake import fixtures
from gesmock.model.secrets import one_line

_MARKS = {"passed": "ok", "failed": "FAILED", "deviation": "deviation", "skipped": "skipped"}


def line(outcome: Outcome) -> str:
    """One *outcome*, with its detail in the lines below."""
    details = [part for part in _printable(outcome.detail).split("\n") if part]
    detail = "".join(f"\n           {part}" for part in details)
    return f"{_MARKS[outcome.state]:>9}  {outcome.check.name}{detail}"


def text(report: Report) -> str:
    """The probes, and a summary."""
    return "\n".join([*_probes(report), "", summary(report)])


def summary(report: Report) -> str:
    """The numbers of outcomes, in a line."""
    words: dict[State, str] = {
        "passed": "passed",
        "failed": "failed",
        "deviation": "deviate from inferred rules",
        "skipped": "skipped",
    }
    counts = ", ".join(
        f"{report.count(state)} {word}"
        for state, word in words.items()
        if report.count(state) or state == "passed"
    )
    return f"{report.target}: {counts} ({report.requests} requests, {report.seconds:.1f} s)"


def _probes(report: Report) -> Iterator[str]:
    yield "What the documentation leaves open:"
    for probe in report.probes:
        detail = f"skipped: {probe.detail}" if probe.value is None else probe.detail
        setting = f" ({probe.setting})" if probe.setting else ""
        yield f"  {probe.question}{setting}: {detail}"
    options = " ".join(
        f"--set {name}={json.dumps(value) if isinstance(value, bool) else value}"
        for name, value in report.settings.items()
    )
    yield f"To make gesmock answer alike: gesmock serve {options}".rstrip()


def as_json(report: Report) -> str:
    fields = {
        "target": report.target,
        "passed": report.passed(),
        "checks": [
            {
                "name": outcome.check.name,
                "says": outcome.check.rule,
                "source": outcome.check.source,
                "fidelity": outcome.check.fidelity,
                "outcome": outcome.state,
                "detail": outcome.detail,
                "seconds": round(outcome.seconds, 3),
            }
            for outcome in report.outcomes
        ],
        "probes": [
            {
                "question": probe.question,
                "setting": probe.setting,
                "value": probe.value,
                "detail": probe.detail,
            }
            for probe in report.probes
        ],
        "settings": report.settings,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
    }
    return json.dumps(fields, indent=2) + "\n"


def as_fixture(report: Report) -> str:
    """A fixture with the settings that make gesmock answer alike."""
    state = msgspec.json.encode({"settings": report.settings})
    fixtures.parse(state)  # raises where gesmock would refuse it
    return msgspec.json.format(state).decode() + "\n"


def as_junit(report: Report, *, strict: bool = False) -> str:
    """JUnit XML; deviations are skipped tests, or failures where *strict*."""
    deviations = report.count("deviation")
    suite = ET.Element(
        "testsuite",
        name="gesmock verify",
        tests=str(len(report.outcomes)),
        failures=str(report.count("failed") + (deviations if strict else 0)),
        skipped=str(report.count("skipped") + (0 if strict else deviations)),
        errors="0",
        time=f"{report.seconds:.3f}",
    )
    for outcome in report.outcomes:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"gesmock.{outcome.check.fidelity}",
            name=outcome.check.name,
            time=f"{outcome.seconds:.3f}",
        )
        if outcome.state == "failed" or (strict and outcome.state == "deviation"):
            failure = ET.SubElement(case, "failure", message=outcome.check.rule)
            failure.text = _printable(outcome.detail)
        elif outcome.state != "passed":
            ET.SubElement(case, "skipped", message=_printable(outcome.detail))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(detail: str) -> str:
    """*detail* with escapes for what neither a terminal nor XML can show."""
    return "\n".join(map(one_line, detail.split("\n")))
