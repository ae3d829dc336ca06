"""The options of ``pytest --pyargs gesmock.conformance``: which server is held against what.

gesmock's pytest plugin registers them for such a run only.
"""

import os

import pytest

from gesmock.conformance.client import Client
from gesmock.conformance.session import Session
from gesmock.conformance.submission import Submission
from gesmock.target.sign_in import SignIn
from gesmock.target.target import Target


def add(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("gesmock", "gesmock.conformance")
    add = group.addoption
    add("--gesmock-target", metavar="URL", help="a server, or the URL of a graph or its list there")
    add("--gesmock-project-id", metavar="ID", help="the project (default: the URL's)")
    add("--gesmock-graph", metavar="NAME", help="the graph (default: the URL's)")
    add("--gesmock-timeout-s", type=float, default=30.0, metavar="S", help="for one answer")
    add("--gesmock-per-second", type=float, default=20.0, metavar="N", help="requests at most")
    add("--gesmock-cafile", metavar="FILE", help="the certificates to trust")
    add("--gesmock-insecure", action="store_true", help="trust any certificate")
    add("--gesmock-most", type=int, default=1000, metavar="N", help="jobs of the list to read")
    add("--gesmock-allow-writes", action="store_true", help="submit and cancel jobs too")
    add("--gesmock-allow-data-loss", action="store_true", help="even what can lose data")
    add("--gesmock-submit", default="vertex_query", metavar="OPERATION", help="what is submitted")
    add("--gesmock-body", metavar="JSON", help="its body (default: its page's example)")
    add("--gesmock-wait-s", type=float, default=60.0, metavar="S", help="for a job to end")


def session_of(config: pytest.Config) -> Session:
    """The session that the options ask for. Raises GesmockError."""

    def given(name: str) -> object:
        return config.getoption(f"gesmock_{name}")

    target = Target.of(
        str(given("target")),
        *(None if given(one) is None else str(given(one)) for one in ("project_id", "graph")),
        sign_in=SignIn.of(os.environ),
        timeout_s=config.getoption("gesmock_timeout_s"),
        per_second=config.getoption("gesmock_per_second"),
        cafile=config.getoption("gesmock_cafile"),
        insecure=config.getoption("gesmock_insecure"),
    )
    submission = None
    if given("allow_writes"):
        submit, body = config.getoption("gesmock_submit"), config.getoption("gesmock_body")
        submission = Submission.of(submit, body, config.getoption("gesmock_wait_s"))
        submission = submission.permitted(data_loss=bool(given("allow_data_loss")))
    return Session(Client(target), config.getoption("gesmock_most"), submit=submission)
