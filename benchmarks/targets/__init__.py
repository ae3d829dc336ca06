"""The targets: gesmock, its limits and its peers."""

from pathlib import Path

from benchmarks.targets.base import Target
from benchmarks.targets.gesmock import Gesmock
from benchmarks.targets.json_server import JsonServer
from benchmarks.targets.limits import FixedBytes, Nginx
from benchmarks.targets.mockoon import Mockoon
from benchmarks.targets.mockserver import MockServer
from benchmarks.targets.mockttp import Mockttp
from benchmarks.targets.moto import Moto
from benchmarks.targets.mountebank import Mountebank
from benchmarks.targets.prism import Prism
from benchmarks.targets.pytest_httpserver import PytestHttpserver
from benchmarks.targets.wiremock import UntunedWireMock, WireMock

__all__ = ["QUICK", "Target", "all_targets"]

_TARGETS: tuple[type[Target], ...] = (
    Gesmock,
    FixedBytes,
    Nginx,
    WireMock,
    UntunedWireMock,
    MockServer,
    Mockoon,
    Prism,
    JsonServer,
    Mockttp,
    Mountebank,
    PytestHttpserver,
    Moto,
)

QUICK = ("gesmock", "fixed bytes", "nginx", "MockServer", "mockttp", "pytest-httpserver")
"""The targets of a quick run: gesmock, its limits, and the peers that criteria need."""


def all_targets(peers: Path | None) -> list[Target]:
    """Every target; *peers* is a folder with a ``node_modules``, if there is one."""
    return [target(peers) for target in _TARGETS]
