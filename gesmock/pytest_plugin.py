"""The pytest plugin: ``gesmock``, ``gesmock_server``, ``gesmock_env`` and the marker ``gesmock``.

Imports the standard library and pytest only, so that a run that does not use it pays nothing.
"""

import os
from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from gesmock.journal.verdict.findings import Finding
    from gesmock.mock import GesMock

_IN_USE: "pytest.StashKey[_Use]" = pytest.StashKey()
_REPORT: Final = "gesmock-report"

_CONDUCT: Final = "gesmock_findings"
"""The property of a test that passed, with the names of what is wrong with its client."""

_MOST_REQUESTS: Final = 10
"""The report of a failed test lists at most this many."""


# --- Fixtures -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def gesmock_server() -> "Iterator[GesMock]":
    """The session's fake, served at one URL from its first use to the end of the session."""
    from gesmock.mock import GesMock

    with GesMock() as ges:
        yield ges


@pytest.fixture
def gesmock(request: pytest.FixtureRequest, gesmock_server: "GesMock") -> "Iterator[GesMock]":
    """The session's fake, started again with the options of the marker ``gesmock``.

    Without a marker it has one empty graph. Its findings fail the test, unless the marker says
    ``strict=False``. Findings that arise while other pytest fixtures are torn down are an error of
    the teardown.
    """
    options = _marker_options(request.node)
    strict = options.pop("strict", True)
    _restart(gesmock_server, options, request.config)
    use = _Use(gesmock_server, strict=strict)
    request.node.stash[_IN_USE] = use
    yield gesmock_server
    gesmock_server.fake.verdict_defaults = {}
    if report := request.config.pluginmanager.get_plugin(_REPORT):
        report.add_findings(request.node.nodeid, gesmock_server.findings())
    if use.called and (message := use.take_findings()):
        pytest.fail(message, pytrace=False)


@pytest.fixture
def gesmock_env(gesmock: "GesMock", monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment in which code that uses the vendor's SDK calls the fake ``gesmock``.

    Sets ``HUAWEICLOUD_SDK_AK``, ``_SK``, ``_PROJECT_ID``, the endpoints of IAM and of every region
    of the service, and adds the fake to ``NO_PROXY``. Returns these variables.
    """
    from gesmock.model.sdk_environment import sdk_environment

    variables = sdk_environment(gesmock.url, gesmock.project_id, os.environ)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


# --- The marker ---------------------------------------------------------------------------------


def _marker_options(node: pytest.Item) -> dict[str, Any]:
    """The keywords of the ``gesmock`` markers. The closest to the test win; ``ignore`` adds up."""
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("gesmock"))):
        from gesmock.fake.options import OPTION_NAMES  # which a run without markers does not need
        from gesmock.model import validation

        keywords = [*OPTION_NAMES, "ignore", "fail_on", "strict"]
        if marker.args:
            raise pytest.UsageError(
                "@pytest.mark.gesmock takes keyword arguments only, such as fixture='movies'; got "
                + ", ".join(map(repr, marker.args))
            )
        if wrong := [name for name in marker.kwargs if name not in keywords]:
            raise pytest.UsageError(
                f"@pytest.mark.gesmock: {wrong[0]}: {validation.unknown_key(wrong[0], keywords)}"
            )
        if not isinstance(strict := marker.kwargs.get("strict", True), bool):
            raise pytest.UsageError(
                f"@pytest.mark.gesmock: strict: expected True or False, got {strict!r}"
            )
        ignored = [*_several(options.get("ignore")), *_several(marker.kwargs.get("ignore"))]
        options |= marker.kwargs
        if ignored:
            options["ignore"] = ignored
    return options


def _restart(ges: "GesMock", options: dict[str, Any], config: pytest.Config) -> None:
    """Restart *ges* with its own options, overridden by those of the ini file and the marker.

    ``ignore`` and ``fail_on`` hold for every restart of the test.
    """
    from gesmock.model.errors import InvalidInput

    __tracebackhide__ = True
    start: dict[str, Any] = {**ges.options, **options}
    ignore = [*_listed(config, "gesmock_ignore"), *_several(start.pop("ignore", None))]
    fail_on = _several(start.pop("fail_on", None), _listed(config, "gesmock_fail_on"))
    defaults = {"ignore": ignore, "fail_on": fail_on}
    ges.fake.verdict_defaults = {name: codes for name, codes in defaults.items() if codes}
    try:
        ges.start().restart(**start)
    except InvalidInput as error:
        raise pytest.UsageError(f"@pytest.mark.gesmock: {error}") from None


def _listed(config: pytest.Config, name: str) -> list[str]:
    """What the ini option *name* lists, separated by blanks or commas."""
    return [item for item in ",".join(config.getini(name)).split(",") if item]


def _several(value: Any, default: Any = ()) -> Any:
    """*value* as a collection, even if it is a single item; the *default* for None."""
    if value is None:
        return default
    return value if isinstance(value, list | tuple | set | frozenset) else [value]


# --- Hooks --------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gesmock")
    group.addoption(
        "--gesmock-report",
        action="store_true",
        help="at the end, show which documented answers the tests met, and all findings",
    )
    group.addoption(
        "--gesmock-fail-under",
        type=_percent,
        metavar="PERCENT",
        help="fail the run if the tests met fewer of the documented answers",
    )
    group.addoption("--gesmock-report-json", metavar="FILE", help="write this report as JSON")
    parser.addini("gesmock_ignore", "codes of findings to ignore (GM101, GM2)", "args")
    parser.addini("gesmock_fail_on", "codes of findings that fail a strict test", "args")
    parser.addini(
        "gesmock_operations", "the operations of the report (default: those called), or all", "args"
    )


def _percent(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if 0 <= number <= 100:  # nan is not
        return number
    raise ArgumentTypeError(f"expected a number from 0 to 100, such as 80 or 82.5, got {text!r}")


def pytest_configure(config: pytest.Config) -> None:
    _check_codes(config)
    config.addinivalue_line(
        "markers",
        "gesmock(*, ignore, fail_on, strict=True, **options): which findings fail this test, and "
        "the options of GesMock that its fake starts with",
    )
    options = (config.getoption(f"gesmock_{name}") for name in ("report", "report_json"))
    if any(options) or config.getoption("gesmock_fail_under") is not None:
        from gesmock.pytest_report import RunReport

        operations = _listed(config, "gesmock_operations")
        config.pluginmanager.register(RunReport(config, operations), _REPORT)


def _check_codes(config: pytest.Config) -> None:
    """Refuse the whole run if the ini file has codes that do not exist."""
    for name in ("gesmock_ignore", "gesmock_fail_on"):
        if codes := _listed(config, name):
            from gesmock.journal.verdict.findings import Code
            from gesmock.model import validation
            from gesmock.model.errors import InvalidInput

            try:
                validation.read(codes, list[Code], name)
            except InvalidInput as error:
                raise pytest.UsageError(f"in the ini file: {error}") from None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a wrong marker even if the test does not use the fake."""
    _marker_options(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail the test for its findings, or add them to the report of its failure."""
    use = item.stash.get(_IN_USE, None)
    if use is None:
        return (yield)
    use.called = True
    try:
        outcome = yield
    except BaseException:
        findings = filter(None, (use.take_findings(), use.other_findings()))
        _add_sections(item, use, "\n".join(findings))
        raise
    if message := use.take_findings():
        _add_sections(item, use)
        pytest.fail(message, pytrace=False)
    if names := use.conduct():
        item.user_properties.append((_CONDUCT, names))  # pytest-xdist hands it over
    return outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what is wrong with the client in tests that passed, unless the report does."""
    if terminalreporter.config.getoption("gesmock_report"):
        return
    passed = terminalreporter.getreports("passed")
    texts = [text for each in passed for name, text in each.user_properties if name == _CONDUCT]
    if texts:
        names = ", ".join(sorted({name for text in texts for name in str(text).split(", ")}))
        tests = "1 test" if len(texts) == 1 else f"{len(texts)} tests"
        line = f"gesmock: findings in {tests} that passed: {names}; --gesmock-report lists all"
        terminalreporter.write_line(line)


def _add_sections(item: pytest.Item, use: "_Use", findings: str = "") -> None:
    """Add *findings*, the last requests, and code that arms the same faults, to a failure."""
    faults = "\n".join(use.ges.faults.as_python("gesmock"))
    titled = {
        "gesmock": findings,
        "gesmock requests": use.last_requests(),
        "gesmock faults": faults,
    }
    for title, text in titled.items():
        if text:
            item.add_report_section("call", title, text)


class _Use:
    """The fake as one test uses it, and the findings that have been reported.

    *called*: whether the test itself ran. After a failed setup its findings are not reported.
    """

    def __init__(self, ges: "GesMock", *, strict: bool) -> None:
        self.ges = ges
        self._strict = strict
        self._reported = set[Any]()
        self.called = False

    def take_findings(self) -> str:
        """A message with the failing findings since the last call; empty if there are none."""
        projects = [*self.ges.fake.projects.values()] if self._strict else []
        failing = [finding for project in projects for finding in project.verdict.failing()]
        new = [finding for finding in failing if _identity(finding) not in self._reported]
        self._reported.update(map(_identity, new))
        if not new:
            return ""
        from gesmock.journal.verdict.findings import failure_message

        return failure_message(new)  # pytest's summary shows the first line

    def other_findings(self) -> str:
        """A message with the findings that fail no test, but may say why it failed."""
        from gesmock.journal.verdict.findings import further_message

        findings = self.ges.findings()
        return further_message([each for each in findings if _identity(each) not in self._reported])

    def conduct(self) -> str:
        """The names of findings on how the client polls, retries and pages; none fails the test."""
        projects = self.ges.fake.projects.values()
        if sum(project.journal.count for project in projects) < 2:  # it takes two requests
            return ""
        findings = self.ges.findings("GM1", "GM2")
        return ", ".join(dict.fromkeys(f"{each.code} {each.rule}" for each in findings))

    def last_requests(self) -> str:
        """The last requests to any project, as lines; empty if there were none."""
        from gesmock.journal.filters import line
        from gesmock.model.errors import shortened

        journals = [project.journal for project in self.ges.fake.projects.values()]
        entries = [entry for each in journals for entry in each.answered(each[-_MOST_REQUESTS:])]
        last = sorted(entries, key=lambda entry: entry.real_at)[-_MOST_REQUESTS:]
        count = sum(journal.count for journal in journals)
        lines = [f"the last {len(last)} of {count}:"] if count > len(last) else []
        for entry in last:
            refused = entry.status >= 400 and entry.fault is None
            why = f": {shortened(entry.reply_body)}" if refused and entry.reply_body else ""
            lines.append(f"{line(entry)}{why}")
        return "\n".join(lines)


def _identity(finding: "Finding") -> Any:
    """What stays the same of a finding while more entries are added to it."""
    return finding.code, finding.entries[:1] or finding.message
