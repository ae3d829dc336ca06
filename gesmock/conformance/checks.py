"""What a check is, and how it ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gesmock.conformance.probes import ProbedSession
from gesmock.remote.http import Unreachable
from gesmock.remote.session import CheckFailed, Skipped

State = Literal["passed", "failed", "deviation", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCheck:
    """A row of ``checks.json``, and its function, which raises CheckFailed or Skipped.

    *source* is where the *rule* is documented; a target that breaks an inferred rule only deviates.
    With *writes*, it does more than read.
    """

    run: Callable[[ProbedSession], None]
    name: str
    rule: str
    source: str
    fidelity: Literal["documented", "inferred"] = "documented"
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a *check* ended; *detail* says why, unless it passed."""

    check: ServiceCheck
    state: State
    detail: str = ""
    seconds: float = 0.0


def run_check(check: ServiceCheck, session: ProbedSession) -> Outcome:
    started = time.monotonic()
    state: State = "deviation" if check.fidelity == "inferred" else "failed"
    detail: object = ""
    try:
        if check.writes:
            _ = session.submission  # raises Skipped if writing is not allowed
        check.run(session)
        state = "passed"
    except Skipped as error:
        state, detail = "skipped", error
    except (CheckFailed, Unreachable) as error:
        detail = error
    except RecursionError:
        detail = "an answer is nested too deeply"
    return Outcome(check, state, session.redact(detail), time.monotonic() - started)
