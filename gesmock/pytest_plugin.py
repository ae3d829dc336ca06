"""The pytest plugin: ``gesmock``, ``gesmock_server``, ``gesmock_env`` and the marker ``gesmock``.

Imports the standard library and pytest only, so that a run that does not use it pays nothing.
"""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from gesmock import pytest_marker

if TYPE_CHECKING:
    from gesmock.journal.verdict.findings import Finding
    from gesmock.mock import GesMock

_IN_USE: "pytest.StashKey[_Use]" = pytest.StashKey()

# The regions that the vendor's SDK knows for this service (huaweicloudsdkges 3.1, ges_region.py).
_REGIONS = (
    "AP_SOUTHEAST_1",
    "AP_SOUTHEAST_3",
    "CN_EAST_3",
    "CN_NORTH_1",
    "CN_NORTH_2",
    "CN_NORTH_4",
    "CN_SOUTH_1",
    "EU_WEST_101",
    "RU_MOSCOW_1",
)


def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Add the options of the conformance kit, where its tests are asked for."""
    if any(arg.startswith("gesmock.conformance") for arg in args):
        from gesmock.conformance import options

        options.add(parser)
        early_config.pluginmanager.register(options)


_REPORT = "gesmock-report"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gesmock")
    group.addoption(
        "--gesmock-report",
        action="store_true",
        help="at the end, show which documented answers the tests have met, and what was found",
    )
    group.addoption(
        "--gesmock-fail-under",
        type=_percent,
        metavar="PERCENT",
        help="fail the run where the tests have met fewer of the documented answers",
    )
    for kind in ("json", "html"):
        group.addoption(
            f"--gesmock-report-{kind}", metavar="FILE", help=f"write this report as {kind.upper()}"
        )
    parser.addini("gesmock_ignore", "codes of findings that are not told (GM101, GM2)", "args")
    parser.addini("gesmock_fail_on", "codes of findings that fail a strict test", "args")
    parser.addini(
        "gesmock_operations", "the operations of the report (default: those called), or all", "args"
    )


def _percent(text: str) -> float:
    """*text* as a number from 0 to 100."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if 0 <= number <= 100:  # nan is not
        return number
    raise ArgumentTypeError(f"{text!r} is not a number from 0 to 100, such as 80 or 82.5")


def pytest_configure(config: pytest.Config) -> None:
    _check_codes(config)
    config.addinivalue_line(
        "markers",
        "gesmock(fixture, project_id, graph_name, generate, seed, tokens, settings, clock, plans, "
        "faults, preset, verdict, journal_size, ignore, fail_on, strict=True): what the fake "
        "begins this test with, and which findings fail the test",
    )
    options = ("report", "fail_under", "report_json", "report_html")
    if any(config.getoption(f"gesmock_{name}") not in (None, False) for name in options):
        from gesmock.pytest_report import Report

        config.pluginmanager.register(Report(config), _REPORT)


def _check_codes(config: pytest.Config) -> None:
    """Refuse the whole run where the ini file names codes that there are not."""
    for name in ("gesmock_ignore", "gesmock_fail_on"):
        if given := config.getini(name):
            from gesmock.journal.verdict.config import Code
            from gesmock.model import validation
            from gesmock.model.errors import InvalidInput

            try:
                validation.read(given, list[Code], name)
            except InvalidInput as error:
                raise pytest.UsageError(f"in the ini file: {error}") from None


@pytest.fixture(scope="session")
def gesmock_server() -> "Iterator[GesMock]":
    """The session's fake, served at one URL from its first use to the end of the session."""
    from gesmock.mock import GesMock

    with GesMock() as ges:
        yield ges


@pytest.fixture
def gesmock(request: pytest.FixtureRequest, gesmock_server: "GesMock") -> "Iterator[GesMock]":
    """The session's fake, reset to what it began with, and the marker ``gesmock`` says.

    By default, that is one empty graph. Of an option that both have, the marker's holds.
    Its findings fail the test, unless the marker says ``strict=False``; those that come when
    other pytest fixtures end are an error of its teardown.
    """
    options = pytest_marker.marked(request.node)
    strict = options.pop("strict", True)
    pytest_marker.restart(gesmock_server, options, request.config)
    use = _Use(gesmock_server, strict)
    request.node.stash[_IN_USE] = use
    yield gesmock_server
    if report := request.config.pluginmanager.get_plugin(_REPORT):
        report.tell(request.node.nodeid, gesmock_server.findings())
    if use.called and (found := use.new_findings()):
        pytest.fail(found, pytrace=False)


@pytest.fixture
def gesmock_env(gesmock: "GesMock", monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """``gesmock``, and the environment in which code that uses the vendor's SDK calls it.

    Sets ``HUAWEICLOUD_SDK_AK``, ``_SK``, ``_PROJECT_ID``, the endpoint of every region of the
    service and of IAM, and adds the fake to ``NO_PROXY``. Returns the variables it has set.
    """
    import os

    local = "127.0.0.1,localhost"
    kept = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    variables = {
        "HUAWEICLOUD_SDK_AK": "gesmock-access-key",
        "HUAWEICLOUD_SDK_SK": "gesmock-secret-key",
        "HUAWEICLOUD_SDK_PROJECT_ID": gesmock.project_id,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": gesmock.url,
        **{f"HUAWEICLOUD_SDK_REGION_GES_{region}": gesmock.url for region in _REGIONS},
        **{name: f"{value},{local}" if value else local for name, value in kept.items()},
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a wrong marker also where the test does not ask for the fake."""
    pytest_marker.marked(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let the findings of the fake fail the test, or add them to the report of its failure."""
    try:
        outcome = yield
    except BaseException:
        if found := "\n".join(filter(None, (_new_findings(item), _others(item)))):
            item.add_report_section("call", "gesmock", found)
        _tell_faults(item)
        raise
    if found := _new_findings(item):
        _tell_faults(item)
        pytest.fail(found, pytrace=False)
    return outcome


class _Use:
    """The fake as one test uses it, and the findings that the test has heard of.

    *called* tells whether the test itself has run: where its setup failed, that is the news.
    """

    def __init__(self, ges: "GesMock", strict: bool) -> None:  # noqa: FBT001 private
        self._ges = ges
        self._strict = strict
        self._told: list[Any] = []
        self.called = False

    def new_findings(self) -> str:
        """The findings since the last time, in one message; an empty one where there are none."""
        projects = self._ges.fake.projects() if self._strict else []
        findings = [finding for project in projects for finding in project.verdict.failing()]
        new = [one for one in findings if _what(one) not in self._told]
        self._told += [_what(one) for one in new]
        if not new:
            return ""
        # pytest's summary shows the first line.
        listed = "\n- ".join(map(str, new))
        return f"gesmock found {len(new)} finding{'s' * (len(new) > 1)}: {listed}"

    def faults(self) -> str:
        """Python that arms again what this test has armed."""
        return "\n".join(self._ges.faults.as_python("gesmock"))

    def others(self) -> str:
        """What else was found, which fails no test, but may tell why it failed."""
        others = [one for one in self._ges.findings() if _what(one) not in self._told]
        listed = "\n".join(f"- {finding}" for finding in others)
        return f"what else gesmock has found:\n{listed}" if others else ""


def _what(finding: "Finding") -> Any:
    """What tells a finding apart from others, also when more of it has come."""
    return finding.code, finding.entries[:1] or finding.message


def _new_findings(item: pytest.Item) -> str:
    use = item.stash.get(_IN_USE, None)
    if use is None:
        return ""
    use.called = True
    return use.new_findings()


def _tell_faults(item: pytest.Item) -> None:
    """Add to the report of a failure what arms the same faults again."""
    use = item.stash.get(_IN_USE, None)
    if use is not None and (lines := use.faults()):
        item.add_report_section("call", "gesmock faults", lines)


def _others(item: pytest.Item) -> str:
    use = item.stash.get(_IN_USE, None)
    return "" if use is None else use.others()
