"""The options of ``pytest --pyargs gesmock.conformance``: which server is held against what.

gesmock's pytest plugin registers this module, a plugin too, for such a run only. A run that is
without a target, or in which nothing could be seen, is no success.
"""

import os
from collections.abc import Generator

import pytest

from gesmock.conformance.client import Client
from gesmock.conformance.run import CHECKS
from gesmock.conformance.session import Session
from gesmock.conformance.submission import Submission
from gesmock.remote.sign_in import SignIn
from gesmock.remote.target import Target


def add(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("gesmock", "gesmock.conformance")
    add = group.addoption
    add("--gesmock-target", metavar="URL", help="a server, or the URL of a graph or its list there")
    add("--gesmock-project-id", metavar="ID", help="the project (default: the URL's)")
    add("--gesmock-graph", metavar="NAME", help="the graph (default: the URL's)")
    add("--gesmock-timeout-s", type=float, default=30.0, metavar="S", help="for one answer")
    add(
        "--gesmock-per-second",
        type=float,
        default=20.0,
        metavar="N",
        help="requests at most, of all workers of pytest-xdist together",
    )
    add("--gesmock-cafile", metavar="FILE", help="the certificates to trust")
    add("--gesmock-insecure", action="store_true", help="trust any certificate")
    add("--gesmock-most", type=int, default=1000, metavar="N", help="jobs of the list to read")
    add("--gesmock-allow-writes", action="store_true", help="submit and cancel jobs too")
    add("--gesmock-allow-data-loss", action="store_true", help="even what can lose data")
    add("--gesmock-submit", default="vertex_query", metavar="OPERATION", help="what is submitted")
    add("--gesmock-body", metavar="JSON", help="its body (default: its page's example)")
    add("--gesmock-wait-s", type=float, default=60.0, metavar="S", help="for a job to end")


def _workers(config: pytest.Config) -> int:
    """How many workers of pytest-xdist ask at once, each in a session of its own."""
    given: dict[str, int] = getattr(config, "workerinput", {})
    return given.get("workercount", 1)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a run that has no target, and see what becomes of one that has."""
    if config.option.help or config.option.collectonly:
        return
    if not config.getoption("gesmock_target"):
        raise pytest.UsageError("--gesmock-target URL says which server is meant")
    if not hasattr(config, "workerinput"):  # of pytest-xdist, the controller sees every report
        config.pluginmanager.register(Seen())


class Seen:
    """Whether any check of a run could be seen to hold, or not to: else the run fails."""

    def __init__(self) -> None:
        self._fidelities = {check.name: check.fidelity for check in CHECKS}
        self._of: dict[str, set[bool]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note of a check whether it was seen."""
        _, test, check = report.nodeid.partition("test_service.py::test_service[")
        if test and (report.when == "call" or not report.passed):
            seen = not report.skipped or hasattr(report, "wasxfail")
            self._of.setdefault(self._fidelities[check[:-1]], set()).add(seen)

    @property
    def nothing(self) -> bool:
        """Whether none was, of those that are documented, or of others if they ran alone."""
        return self._of.get("documented", self._of.get("inferred")) == {False}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Fail the run."""
        result = yield
        session.testsfailed += self.nothing
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why."""
        if self.nothing:
            told = "gesmock: no check could be seen to hold, or not to (-rs tells why)"
            terminalreporter.write_line(told, red=True)


def session_of(config: pytest.Config) -> Session:
    """The session that the options ask for. Raises GesmockError."""

    def given(name: str) -> object:
        return config.getoption(f"gesmock_{name}")

    target = Target.of(
        str(given("target")),
        *(None if given(one) is None else str(given(one)) for one in ("project_id", "graph")),
        sign_in=SignIn.of(os.environ),
        timeout_s=config.getoption("gesmock_timeout_s"),
        per_second=config.getoption("gesmock_per_second") / _workers(config),
        cafile=config.getoption("gesmock_cafile"),
        insecure=config.getoption("gesmock_insecure"),
    )
    submission = None
    if given("allow_writes"):
        submit, body = config.getoption("gesmock_submit"), config.getoption("gesmock_body")
        submission = Submission.of(submit, body, config.getoption("gesmock_wait_s"))
        submission = submission.permitted(data_loss=bool(given("allow_data_loss")))
    return Session(Client(target), config.getoption("gesmock_most"), submit=submission)
