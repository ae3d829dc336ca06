"""Checks: what has to hold of a target, each under a name, and the outcome of holding it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from gesmock.conformance.session import Session
from gesmock.contract.schemas import Contract

Fidelity = Literal["documented", "inferred"]
State = Literal["passed", "failed", "differs", "not seen"]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that has to hold.

    *says* is the rule, *source* the page it comes from; where it is inferred, a target that does
    otherwise only differs. *writes* tells whether it makes jobs.
    """

    name: str
    says: str
    source: str
    fidelity: Fidelity
    run: Callable[[Session, Contract], None]
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a *check*: it passed, failed, differs from what was inferred, or was not seen.

    *told* says why; it is empty where it passed.
    """

    check: Check
    state: State
    told: str = ""
    seconds: float = 0.0


class Checks:
    """A table of checks, in the order in which they are carried out."""

    def __init__(self) -> None:
        self.table: list[Check] = []

    def add(
        self, source: str, fidelity: Fidelity = "documented", *, writes: bool = False
    ) -> Callable[[Callable[[Session, Contract], None]], Callable[[Session, Contract], None]]:
        """Add a function as the check of its name; the first line of its docstring is the rule."""

        def added(
            run: Callable[[Session, Contract], None],
        ) -> Callable[[Session, Contract], None]:
            says = (run.__doc__ or "").partition("\n")[0]
            self.table.append(Check(run.__name__, says, source, fidelity, run, writes))
            return run

        return added


RELATION: Final = "a relation that holds whatever the jobs are"
