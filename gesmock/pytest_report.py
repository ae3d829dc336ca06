"""The report of a test run: the answers met and the findings, over all tests and xdist workers."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from gesmock.journal.coverage import COLUMNS, Cell, Coverage, Table
from gesmock.journal.verdict.findings import RULES, Finding
from gesmock.model import validation
from gesmock.model.messages import OPERATION_NAMES

MOST_FINDINGS: Final = 1_000
"""A report has at most this many findings of each worker."""

_OUTPUT: Final = "gesmock_report"
"""The key under which a worker hands its part over."""


class RunReport:
    """The plugin of a run that reports what its tests met and found.

    In a worker of pytest-xdist, it hands over what it has collected; the controller adds that up.
    """

    def __init__(self, config: pytest.Config, operations: list[str]) -> None:
        self._config = config
        self._coverage = Coverage()
        self._findings: list[dict[str, Any]] = []
        self._crashed: list[str] = []
        self._failures: list[str] = []
        self._operations = list(OPERATION_NAMES) if operations == ["all"] else operations
        for name in self._operations:
            if name not in OPERATION_NAMES:
                wrong = validation.none_of(name, ["all", *OPERATION_NAMES])
                raise pytest.UsageError(f"gesmock_operations: {wrong}")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Count the answers of each server when it ends, whoever defines the fixture."""
        server: Any = yield
        if fixturedef.argname == "gesmock_server":
            fixturedef.addfinalizer(lambda: self._coverage.add(server.fake.coverage().cells()))
        return server

    def add_findings(self, test: str, findings: Iterable[Finding]) -> None:
        added = [{"test": test, **msgspec.to_builtins(finding)} for finding in findings]
        self._findings += added[: MOST_FINDINGS - len(self._findings)]

    # --- Over the workers ---

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if output is None:
            self._crashed.append(node.gateway.id)
        else:
            self._coverage.add(msgspec.convert(output["cells"], list[Cell]))
            self._findings += output["findings"]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Fail a run with tests that met too few answers, once its fakes have ended."""
        result = yield
        ran = session.testscollected > 0 and not session.config.option.collectonly
        least: float | None = session.config.getoption("gesmock_fail_under")
        if ran and least is not None and not hasattr(session.config, "workeroutput"):
            table = self._coverage.table(self._operations)
            if table.percent < least:
                session.testsfailed += 1
                self._failures.append(
                    f"gesmock: {table.rounded_percent:.1f} % of the documented answers were met, "
                    f"less than {least:.12g} %"
                )
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand the results to the controller, or write the file; fail the run if it cannot."""
        if hasattr(self._config, "workeroutput"):
            cells = msgspec.to_builtins(self._coverage.cells())
            self._config.workeroutput[_OUTPUT] = {"cells": cells, "findings": self._findings}
        elif name := self._config.getoption("gesmock_report_json"):
            report = {
                "coverage": self._coverage.report(self._operations),
                "findings": self._findings,
                "crashed_workers": self._crashed,
            }
            path = Path(name)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
            except OSError as error:
                self._failures.append(f"gesmock: --gesmock-report-json {name}: {error.strerror}")
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table and the findings, and what is missing or has failed."""
        if self._config.getoption("gesmock_report"):
            terminalreporter.section("gesmock: documented answers that were met")
            table = self._coverage.table(self._operations)
            for line in (*table_lines(table), *finding_lines(self._findings)):
                terminalreporter.write_line(line)
        for worker in self._crashed:
            line = f"gesmock: worker {worker} crashed; the answers that it met are missing"
            terminalreporter.write_line(line, yellow=True)
        for line in self._failures:
            terminalreporter.write_line(line, red=True)


def table_lines(table: Table) -> Iterator[str]:
    """*table* as text, and a sentence that sums it up."""
    rows = [["operation", *COLUMNS]]
    rows += [[name, *(str(count or ".") for count in row)] for name, row in table.rows.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *counts in rows:
        cells = [text.rjust(width) for text, width in zip(counts, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *cells])
    missing = len(OPERATION_NAMES) - len(table.rows)
    note = f"; {missing} documented operations are not in the table" if missing else ""
    yield f"{table.met} of {table.all} cells were met ({table.rounded_percent:.1f} %){note}"


def finding_lines(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How often each code was found, and in which test first."""
    for rule in RULES:
        tests = [finding["test"] for finding in findings if finding["code"] == rule.code]
        if tests:
            more = len(dict.fromkeys(tests)) - 1
            also = f" and {more} other test{'s' * (more > 1)}" if more else ""
            yield f"{rule.code} {rule.name}: {len(tests)} in {tests[0]}{also}"
