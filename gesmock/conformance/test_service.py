"""Every check of the kit as a test: ``pytest --pyargs gesmock.conformance``.

``--gesmock-target URL`` says which server is held against the contract.
"""

import pytest

from gesmock.conformance.checks import Check
from gesmock.conformance.run import CHECKS, hold
from gesmock.conformance.session import Session
from gesmock.contract.schemas import Contract


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_service(check: Check, target_session: Session, contract: Contract) -> None:
    outcome = hold(check, target_session, contract)
    if outcome.state == "failed":
        pytest.fail(f"{check.says}\n{outcome.told}", pytrace=False)
    if outcome.state == "differs":
        pytest.xfail(f"inferred, and otherwise: {outcome.told}")
    if outcome.state == "not seen":
        pytest.skip(outcome.told)
