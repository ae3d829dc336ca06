"""Every check as a test: ``pytest --pyargs gesmock.conformance --gesmock-target URL``."""

import pytest

from gesmock.conformance import options
from gesmock.conformance.checks import ServiceCheck, run_check
from gesmock.conformance.probes import ProbedSession
from gesmock.conformance.run import CHECKS
from gesmock.model.errors import GesmockError


@pytest.fixture(scope="module")
def target_session(request: pytest.FixtureRequest) -> ProbedSession:
    """The session; all tests fail if the target cannot be checked."""
    if not request.config.getoption("gesmock_target", None):
        # The option exists only if the command line names the package.
        usage = "run: pytest --pyargs gesmock.conformance --gesmock-target URL"
        pytest.fail(usage, pytrace=False)
    try:
        session = options.session_of(request.config)
        request.addfinalizer(session.close)  # noqa: PT021 also if begin() fails
        session.begin()
    except GesmockError as error:
        pytest.fail(str(error), pytrace=False)
    return session


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_service(
    check: ServiceCheck, target_session: ProbedSession, request: pytest.FixtureRequest
) -> None:
    outcome = run_check(check, target_session)
    strict = request.config.getoption("gesmock_strict", None)
    if outcome.state == "failed" or (strict and outcome.state == "deviation"):
        pytest.fail(f"{check.rule}\n{outcome.detail}", pytrace=False)
    if outcome.state == "deviation":
        pytest.xfail(f"deviates from an inferred rule: {outcome.detail}")
    if outcome.state == "skipped":
        pytest.skip(outcome.detail)
