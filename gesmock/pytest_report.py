"""The report of a test run: what it has met and found, over all tests and xdist workers."""

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from gesmock import pytest_tables as tables
from gesmock.journal.coverage import Cell, Coverage, Table
from gesmock.journal.verdict.findings import Finding
from gesmock.model.messages import OPERATION_NAMES

MOST_FINDINGS: Final = 1_000
"""How many findings a report has at most, of each worker."""

_PASSED_ON: Final = "gesmock_report"
"""Under which name a worker hands what it has over."""


class Report:
    """A plugin that is there where the run is to tell what it has met and found.

    In a worker of pytest-xdist, it collects and hands over; the controller adds up.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._coverage = Coverage()
        self._findings: list[dict[str, Any]] = []
        self._unwritten: list[str] = []
        self._crashed: list[str] = []
        self._too_low = False
        self._operations = config.getini("gesmock_operations")
        if self._operations == ["all"]:
            self._operations = list(OPERATION_NAMES)
        unknown = [one for one in self._operations if one not in OPERATION_NAMES]
        if unknown:
            known = ", ".join(OPERATION_NAMES)
            raise pytest.UsageError(
                f"gesmock_operations: unknown {', '.join(unknown)}; known are all, {known}"
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """See that what a server meets is counted when it ends, whoever has made it."""
        made: Any = yield
        if fixturedef.argname == "gesmock_server":
            fixturedef.addfinalizer(lambda: self.add(made.fake.coverage().cells()))
        return made

    def add(self, cells: Iterable[Cell]) -> None:
        """Count what a fake has met."""
        self._coverage.add(cells)

    def tell(self, test: str, findings: Iterable[Finding]) -> None:
        """Add what was found in *test*."""
        told = [{"test": test, **msgspec.to_builtins(one)} for one in findings]
        self._findings += told[: MOST_FINDINGS - len(self._findings)]

    @property
    def _table(self) -> Table:
        return self._coverage.table(self._operations)

    @property
    def _least(self) -> float | None:
        least: float | None = self._config.getoption("gesmock_fail_under")
        return least

    # --- Over the workers ---

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker has met and found."""
        output = getattr(node, "workeroutput", {}).get(_PASSED_ON)
        if output is None:
            self._crashed.append(node.gateway.id)
        else:
            self.add(msgspec.convert(output["cells"], list[Cell]))
            self._findings += output["findings"]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Fail the run where too little was met: the fakes have ended by now.

        Not one of which no test was to run.
        """
        result = yield
        ran = session.testscollected > 0 and not session.config.option.collectonly
        if ran and self._least is not None and not hasattr(session.config, "workeroutput"):
            self._too_low = self._table.percent < self._least
            session.testsfailed += self._too_low
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over, or write the files; the run has failed where they cannot be written."""
        if hasattr(self._config, "workeroutput"):
            cells = msgspec.to_builtins(self._coverage.cells())
            self._config.workeroutput[_PASSED_ON] = {"cells": cells, "findings": self._findings}
            return
        for kind, write in (("json", self._json), ("html", self._html)):
            if name := self._config.getoption(f"gesmock_report_{kind}"):
                path = Path(name)
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(write())
                except OSError as error:
                    reason = f"gesmock: --gesmock-report-{kind} {name}: {error.strerror}"
                    self._unwritten.append(reason)
                    session.exitstatus = pytest.ExitCode.TESTS_FAILED

    # --- How it looks ---

    def _json(self) -> bytes:
        told = {
            "coverage": self._coverage.report(self._operations),
            "findings": self._findings,
            "crashed_workers": self._crashed,
        }
        return msgspec.json.format(msgspec.json.encode(told)) + b"\n"

    def _html(self) -> bytes:
        return tables.page(self._table, self._findings, self._missing).encode()

    @property
    def _missing(self) -> list[str]:
        """What the report lacks, a line each."""
        return [
            f"gesmock: what the worker {worker} had met is missing, as it has crashed"
            for worker in self._crashed
        ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, what was found, and what is too little, or could not be written."""
        table = self._table
        for reason in self._unwritten:
            terminalreporter.write_line(reason, red=True)
        if self._config.getoption("gesmock_report"):
            terminalreporter.section("gesmock: documented answers that were met")
            for line in (*tables.lines(table), *tables.summary(self._findings)):
                terminalreporter.write_line(line)
        for line in self._missing:
            terminalreporter.write_line(line, yellow=True)
        if self._too_low and self._least is not None:
            terminalreporter.write_line(
                f"gesmock: {table.rounded_percent:.1f} % of the documented answers were met, "
                f"less than {self._least:.12g} %",
                red=True,
            )
