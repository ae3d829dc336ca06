"""A run: carries out every check of a target, and probes what the documentation leaves open."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from gesmock.conformance import checks_jobs, checks_list, checks_refusals
from gesmock.conformance.checks import Outcome, ServiceCheck, State, run_check
from gesmock.conformance.probes import Probe, ProbedSession, probe, settings_of
from gesmock.remote.session import Submission
from gesmock.remote.target import Target

_FUNCTIONS: Final = vars(checks_list) | vars(checks_jobs) | vars(checks_refusals)

# The checks of refusals are the last rows: some look at all answers so far.
CHECKS: Final[tuple[ServiceCheck, ...]] = tuple(
    ServiceCheck(run=_FUNCTIONS[row["name"]], **row)
    for row in msgspec.json.decode(Path(__file__).with_name("checks.json").read_bytes())
)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run against the graph at *target*; *requests* is how many were sent."""

    target: str
    outcomes: tuple[Outcome, ...]
    probes: tuple[Probe, ...]
    requests: int
    seconds: float

    def count(self, *states: State) -> int:
        return sum(outcome.state in states for outcome in self.outcomes)

    def passed(self, *, strict: bool = False) -> bool:
        """Whether no check failed; *strict* counts deviations as failures."""
        return not (self.count("failed") or (strict and self.count("deviation")))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which gesmock answers the same way, as far as they were found."""
        return settings_of(self.probes)

    @property
    def empty(self) -> bool:
        """Whether all documented checks were skipped."""
        return all(it.check.fidelity == "inferred" or it.state == "skipped" for it in self.outcomes)


def open_session(
    target: Target,
    *,
    most: int,
    allow_writes: bool,
    allow_data_loss: bool,
    submit: str | None,
    body: str | None,
    wait_s: float,
) -> ProbedSession:
    """A session with *target*, which may submit jobs if *allow_writes*. Raises InvalidInput."""
    permitted = allow_data_loss or not allow_writes
    submission = Submission.of(submit, body, wait_s, data_loss=permitted)
    return ProbedSession(target, most, submit=submission if allow_writes else None)


def run(session: ProbedSession, progress: Callable[[Outcome], None] = lambda _: None) -> Report:
    """Run all checks and probes; calls *progress* after each check.

    Raises what ``Session.begin`` does.
    """
    started = time.monotonic()
    session.begin()
    outcomes = []
    for check in CHECKS:
        if session.submit is not None or not check.writes:
            outcomes.append(run_check(check, session))
            progress(outcomes[-1])
    return Report(
        target=session.target.url + session.target.path(),
        outcomes=tuple(outcomes),
        probes=tuple(probe(session)),
        requests=session.requests,
        seconds=time.monotonic() - started,
    )
