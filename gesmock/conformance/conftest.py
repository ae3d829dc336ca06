"""What the tests of the kit share: a session against the target."""

import pytest

from gesmock.conformance import options, readings
from gesmock.conformance.session import Session
from gesmock.contract.schemas import Contract
from gesmock.model.errors import GesmockError


@pytest.fixture(scope="session")
def target_session(request: pytest.FixtureRequest) -> Session:
    """The session; where nothing can be said about the target, no test passes."""
    if not request.config.getoption("gesmock_target", None):
        # Known only where the kit is asked for by its name.
        told = "pytest --pyargs gesmock.conformance --gesmock-target URL says which server is meant"
        pytest.fail(told, pytrace=False)
    try:
        session = options.session_of(request.config)
        request.addfinalizer(session.client.close)  # noqa: PT021 also where it does not begin
        session.begin()
    except GesmockError as error:
        pytest.fail(str(error), pytrace=False)
    return session


@pytest.fixture(scope="session")
def contract(target_session: Session) -> Contract:
    """The contract, as the target reads it."""
    return Contract(readings.shaping(target_session))
