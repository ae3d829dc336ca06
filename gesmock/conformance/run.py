"""A run: every check held against a target, and how it reads the documentation."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gesmock.conformance import (
    checks_items,
    checks_jobs,
    checks_list,
    checks_refusals,
    checks_writes,
    readings,
)
from gesmock.conformance.checks import Check, Outcome
from gesmock.conformance.listed import Broken, NotApplicable
from gesmock.conformance.readings import Reading
from gesmock.conformance.session import Session
from gesmock.contract.schemas import Contract
from gesmock.remote.failures import Unreachable

CHECKS: Final[tuple[Check, ...]] = (
    *checks_list.CHECKS.table,
    *checks_items.CHECKS.table,
    *checks_jobs.CHECKS.table,
    *checks_writes.CHECKS.table,
    *checks_refusals.CHECKS.table,  # at last: some look at all that was answered
)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run against the graph at *target*: *asked* is how many requests it took."""

    target: str
    outcomes: tuple[Outcome, ...]
    readings: tuple[Reading, ...]
    asked: int
    seconds: float

    def count(self, state: str) -> int:
        """How many checks ended so."""
        return sum(one.state == state for one in self.outcomes)

    def good(self, *, strict: bool = False) -> bool:
        """Whether no check has failed; where *strict*, neither does the target differ."""
        return not (self.count("failed") or (strict and self.count("differs")))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that make gesmock answer alike, as far as they could be seen."""
        return readings.settings_of([*self.readings])

    @property
    def empty(self) -> bool:
        """Whether nothing was seen that is documented, be it right or wrong."""
        return not any(
            one.check.fidelity == "documented" and one.state != "not seen" for one in self.outcomes
        )


def run(session: Session, progress: Callable[[Outcome], None] = lambda _: None) -> Report:
    """The report of a run; *progress* hears of each outcome. Raises what ``Session.begin`` does."""
    began = time.monotonic()
    session.begin()
    contract = Contract(readings.shaping(session))
    outcomes = []
    for check in CHECKS:
        if check.writes and session.submit is None:
            continue
        outcomes.append(hold(check, session, contract))
        progress(outcomes[-1])
    found = tuple(readings.readings(session))
    target = session.target
    return Report(
        target=target.url + target.path(),
        outcomes=tuple(outcomes),
        readings=found,
        asked=session.client.asked,
        seconds=time.monotonic() - began,
    )


def hold(check: Check, session: Session, contract: Contract) -> Outcome:
    """The outcome of one *check*."""
    began = time.monotonic()
    worst = "failed" if check.fidelity == "documented" else "differs"

    def ended(state: str, error: object = "") -> Outcome:
        return Outcome(check, state, session.told(error), time.monotonic() - began)  # type: ignore[arg-type]

    try:
        if check.writes:
            _ = session.submission  # leave is given
        check.run(session, contract)
    except NotApplicable as error:
        return ended("not seen", error)
    except (Broken, Unreachable) as error:
        return ended(worst, error)
    except RecursionError:
        return ended(worst, "an answer is nested too deeply")
    return ended("passed")
