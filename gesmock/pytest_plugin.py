"""The pytest plugin: ``gesmock``, ``gesmock_server``, ``gesmock_env`` and the marker ``gesmock``.

Imports the standard library and pytest only, so that a run that does not use it pays nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gesmock.mock import GesMock

_KEYWORDS = ("fixture", "generate", "seed", "settings", "strict")
_IN_USE: "pytest.StashKey[tuple[GesMock, bool]]" = pytest.StashKey()

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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "gesmock(fixture, generate, seed, settings, strict=True): what the fake begins this test "
        "with, and whether its problems fail the test",
    )


@pytest.fixture(scope="session")
def gesmock_server() -> "Iterator[GesMock]":
    """The session's fake, served at one URL from its first use to the end of the session."""
    from gesmock.mock import GesMock

    with GesMock() as ges:
        yield ges


@pytest.fixture
def gesmock(request: pytest.FixtureRequest, gesmock_server: "GesMock") -> "GesMock":
    """The session's fake, reset to what the marker ``gesmock`` says (default: one empty graph).

    Its problems at the end of the test fail the test, unless the marker says ``strict=False``.
    """
    options = _marked(request.node)
    strict = options.pop("strict", True)
    gesmock_server.start().restart(**options)
    request.node.stash[_IN_USE] = (gesmock_server, strict)
    return gesmock_server


@pytest.fixture
def gesmock_env(gesmock: "GesMock", monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """``gesmock``, and the environment in which code that uses the vendor's SDK calls it.

    Sets ``HUAWEICLOUD_SDK_AK``, ``_SK``, ``_PROJECT_ID``, the endpoint of every region of the
    service and of IAM, and adds the fake to ``NO_PROXY``. Returns the ``monkeypatch`` it used.
    """
    import os

    url = gesmock.url
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "gesmock-access-key")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "gesmock-secret-key")
    monkeypatch.setenv("HUAWEICLOUD_SDK_PROJECT_ID", gesmock.project_id)
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", url)
    for region in _REGIONS:
        monkeypatch.setenv(f"HUAWEICLOUD_SDK_REGION_GES_{region}", url)
    for name in ("NO_PROXY", "no_proxy"):
        kept = os.environ.get(name)
        monkeypatch.setenv(name, f"{kept},127.0.0.1,localhost" if kept else "127.0.0.1,localhost")
    return monkeypatch


def _marked(node: pytest.Item) -> dict[str, Any]:
    """The keywords of the markers ``gesmock``, those closest to the test winning."""
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("gesmock"))):
        wrong = [repr(value) for value in marker.args]
        wrong += [name for name in marker.kwargs if name not in _KEYWORDS]
        if wrong:
            raise pytest.UsageError(
                f"@pytest.mark.gesmock: unknown {', '.join(wrong)}; known are "
                + ", ".join(f"{name}=..." for name in _KEYWORDS)
            )
        options |= marker.kwargs
    return options


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let the problems of the fake fail the test, or add them to the report of its failure."""
    try:
        outcome = yield
    except BaseException:
        if found := _problems(item):
            item.add_report_section("call", "gesmock", found)
        raise
    if found := _problems(item):
        pytest.fail(found, pytrace=False)
    return outcome


def _problems(item: pytest.Item) -> str:
    ges, strict = item.stash.get(_IN_USE, (None, False))
    problems = ges.problems() if ges and strict else []
    if not problems:
        return ""
    listed = "\n".join(f"- {problem}" for problem in problems)
    return f"gesmock found {len(problems)} problem{'s' * (len(problems) > 1)}:\n{listed}"
