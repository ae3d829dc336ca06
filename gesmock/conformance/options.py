"""The pytest plugin of ``pytest --pyargs gesmock.conformance``: its options, and its outcome.

It adds options only to such runs. A run without a target, or in which all documented checks were
skipped, fails.
"""

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gesmock.conformance.probes import ProbedSession


def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> None:
    """Add the options if the command line names the package of the checks."""
    if not any(arg.startswith("gesmock.conformance") for arg in args):
        return
    add = parser.getgroup("gesmock", "gesmock.conformance").addoption
    add("--gesmock-target", metavar="URL", help="the server, or the URL of a graph or its list")
    add("--gesmock-project-id", metavar="ID", help="the project (default: the URL's)")
    add("--gesmock-graph", metavar="NAME", help="the graph (default: the URL's)")
    timeout = "how long to wait for an answer"
    add("--gesmock-timeout-s", type=float, default=30.0, metavar="S", help=timeout)
    rate = "the most requests a second, of all pytest-xdist workers together"
    add("--gesmock-per-second", type=float, default=20.0, metavar="N", help=rate)
    add("--gesmock-cafile", metavar="FILE", help="the certificates to trust")
    add("--gesmock-insecure", action="store_true", help="trust any certificate")
    add("--gesmock-most", type=int, default=1000, metavar="N", help="how many jobs to read")
    add("--gesmock-allow-writes", action="store_true", help="submit and cancel jobs too")
    data_loss = "let --gesmock-submit name a call that can lose data"
    add("--gesmock-allow-data-loss", action="store_true", help=data_loss)
    submit = "the call to submit (default: one that only reads)"
    add("--gesmock-submit", metavar="OPERATION", help=submit)
    add("--gesmock-body", metavar="JSON", help="its body (default: the example of its page)")
    add("--gesmock-strict", action="store_true", help="fail on deviations from inferred rules too")
    wait = "how long to wait for a submitted job to end"
    add("--gesmock-wait-s", type=float, default=60.0, metavar="S", help=wait)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a run without a target, and watch one that has a target."""
    ours = hasattr(config.option, "gesmock_target")
    if not ours or config.option.help or config.option.collectonly:
        return
    if not config.option.gesmock_target:
        raise pytest.UsageError("--gesmock-target URL is required: the server to check")
    if not hasattr(config, "workerinput"):  # with pytest-xdist, the controller gets all reports
        config.pluginmanager.register(AllSkipped())


class AllSkipped:
    """Fails a run that skipped every documented check, or every inferred one if those ran alone."""

    def __init__(self) -> None:
        from gesmock.conformance.run import CHECKS

        self._fidelities = {check.name: check.fidelity for check in CHECKS}
        self._decided: dict[str, set[bool]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _, test, check = report.nodeid.partition("test_service.py::test_service[")
        if test and (report.when == "call" or not report.passed):
            decided = not report.skipped or hasattr(report, "wasxfail")
            self._decided.setdefault(self._fidelities[check[:-1]], set()).add(decided)

    @property
    def applies(self) -> bool:
        return self._decided.get("documented", self._decided.get("inferred")) == {False}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        session.testsfailed += self.applies
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.applies:
            terminalreporter.write_line("gesmock: all checks were skipped (-rs says why)", red=True)


def session_of(config: pytest.Config) -> "ProbedSession":
    """A session as the options say. Raises GesmockError."""
    from gesmock.conformance.run import open_session
    from gesmock.remote.target import SignIn, Target

    def chosen(*names: str) -> dict[str, Any]:
        return {name: config.getoption(f"gesmock_{name}") for name in names}

    workers = getattr(config, "workerinput", {}).get("workercount", 1)  # each has a session
    target = Target.of(
        config.getoption("gesmock_target"),
        sign_in=SignIn.of(os.environ),
        per_second=config.getoption("gesmock_per_second") / workers,
        **chosen("project_id", "graph", "timeout_s", "cafile", "insecure"),
    )
    limits = ("most", "allow_writes", "allow_data_loss", "submit", "body", "wait_s")
    return open_session(target, **chosen(*limits))
