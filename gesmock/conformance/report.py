"""The report of a run: as text, as JSON, as JUnit XML."""

import json
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import msgspec

from gesmock.conformance.checks import Outcome
from gesmock.conformance.run import Report
from gesmock.fake import fixtures
from gesmock.model.printable import printable

_MARKS = {"passed": "ok", "failed": "FAILED", "differs": "differs", "not seen": "-"}


def line(outcome: Outcome) -> str:
    """One *outcome*, and under it why."""
    told = "".join(f"\n          {one}" for one in _printable(outcome.told).split("\n") if one)
    return f"{_MARKS[outcome.state]:>8}  {outcome.check.name}{told}"


def text(report: Report) -> str:
    """For the reader: how the target reads the documentation, and the sum."""
    return "\n".join([*_readings(report), "", summary(report)])


def summary(report: Report) -> str:
    """The sum of all, in a line."""
    counts = ", ".join(
        f"{count} {word}"
        for state, word in (
            ("passed", "passed"),
            ("failed", "failed"),
            ("differs", "differ from what was inferred"),
            ("not seen", "could not be seen"),
        )
        if (count := report.count(state)) or state == "passed"
    )
    return f"{report.target}: {counts} ({report.asked} requests, {report.seconds:.1f} s)"


def _readings(report: Report) -> Iterator[str]:
    yield "How it reads what the documentation leaves open:"
    for one in report.readings:
        told = one.told if one.seen else f"not seen: {one.told}"
        name = f" ({one.setting})" if one.setting else ""
        yield f"  {one.question}{name}: {told}"
    chosen = " ".join(
        f"--set {name}={json.dumps(value) if isinstance(value, bool) else value}"
        for name, value in report.settings.items()
    )
    yield f"gesmock answers alike with: gesmock serve {chosen}".rstrip()


def as_json(report: Report) -> str:
    """For programs."""
    told = {
        "target": report.target,
        "passed": report.good(),
        "checks": [
            {
                "name": one.check.name,
                "says": one.check.says,
                "source": one.check.source,
                "fidelity": one.check.fidelity,
                "outcome": one.state,
                "told": one.told,
                "seconds": round(one.seconds, 3),
            }
            for one in report.outcomes
        ],
        "readings": [
            {"question": one.question, "setting": one.setting, "value": one.value, "told": one.told}
            for one in report.readings
        ],
        "settings": report.settings,
        "requests": report.asked,
        "seconds": round(report.seconds, 3),
    }
    return json.dumps(told, indent=2) + "\n"


def as_fixture(report: Report) -> str:
    """A fixture with the settings that make gesmock answer alike."""
    state = msgspec.json.encode({"settings": report.settings})
    fixtures.parse(state)  # what gesmock refuses must not be written
    return msgspec.json.format(state).decode() + "\n"


def as_junit(report: Report, *, strict: bool = False) -> str:
    """For CI. What differs only from what was inferred is skipped, or where *strict* a failure."""
    suite = ET.Element(
        "testsuite",
        name="gesmock verify",
        tests=str(len(report.outcomes)),
        failures=str(report.count("failed") + strict * report.count("differs")),
        skipped=str(report.count("not seen") + (not strict) * report.count("differs")),
        errors="0",
        time=f"{report.seconds:.3f}",
    )
    for one in report.outcomes:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"gesmock.{one.check.fidelity}",
            name=one.check.name,
            time=f"{one.seconds:.3f}",
        )
        if one.state == "failed" or (strict and one.state == "differs"):
            failure = ET.SubElement(case, "failure", message=one.check.says)
            failure.text = _printable(one.told)
        elif one.state != "passed":
            ET.SubElement(case, "skipped", message=_printable(one.told))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(told: str) -> str:
    """*told* without what neither a terminal nor XML has a place for."""
    return "\n".join(map(printable, told.split("\n")))
