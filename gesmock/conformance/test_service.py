"""Every check as a test: ``pytest --pyargs gesmock.conformance --gesmock-target URL``."""

import pytest

from gesmock.conformance.run import CHECKS, ServiceCheck, run_check
from gesmock.contract.schemas import Contract
from gesmock.remote.session import Session


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_service(check: ServiceCheck, target_session: Session, contract: Contract) -> None:
    outcome = run_check(check, target_session, contract)
    if outcome.state == "failed":
        pytest.fail(f"{check.rule}\n{outcome.detail}", pytrace=False)
    if outcome.state == "deviation":
        pytest.xfail(f"deviates from an inferred rule: {outcome.detail}")
    if outcome.state == "skipped":
        pytest.skip(outcome.detail)
