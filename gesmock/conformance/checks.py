"""What a check is, and how it ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gesmock.conformance.probes import ProbedSession
from gesmock.remote.http import Unreachable
from gesmock.remote.session import CheckFailed, Skipped

State = Literal["passed", "failed", "deviation", "skipped"]


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """A function that raises CheckFailed or Skipped; the first line of its docstring is the rule.

    *source* is where the rule is documented. A target that breaks an *inferred* rule only deviates.
    Checks that make jobs have *writes*.
    """

    run: Callable[[ProbedSession], None]
    source: str
    inferred: bool = False
    writes: bool = False

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def rule(self) -> str:
        return (self.run.__doc__ or "").partition("\n")[0]

    @property
    def fidelity(self) -> Literal["documented", "inferred"]:
        return "inferred" if self.inferred else "documented"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a *check* ended; *detail* says why, unless it passed."""

    check: ServiceCheck
    state: State
    detail: str = ""
    seconds: float = 0.0


def check(
    source: str, *, inferred: bool = False, writes: bool = False
) -> Callable[[Callable[[ProbedSession], None]], ServiceCheck]:
    """Make a function a check; see ``ServiceCheck``."""
    return lambda run: ServiceCheck(run, source, inferred, writes)


def run_check(check: ServiceCheck, session: ProbedSession) -> Outcome:
    started = time.monotonic()
    state: State = "deviation" if check.inferred else "failed"
    detail: object = ""
    try:
        if check.writes:
            _ = session.submission  # raises Skipped where writing is not allowed
        check.run(session)
        state = "passed"
    except Skipped as error:
        state, detail = "skipped", error
    except (CheckFailed, Unreachable) as error:
        detail = error
    except RecursionError:
        detail = "an answer is nested too deeply"
    return Outcome(check, state, session.redact(detail), time.monotonic() - started)
