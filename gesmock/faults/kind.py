"""Kind: what every kind of fault is, and what a request, its answer and a list are to it."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, Protocol

from msgspec import Meta, Struct

from gesmock.model.messages import Reply
from gesmock.model.types import Edition

Phase = Literal["before", "after"]
"""Whether a fault comes before the operation, which is then not carried out, or after it."""

Memory = tuple[int, ...]
"""What a kind has to remember from one call to the next."""

ErrorStatus = Annotated[int, Meta(ge=400, le=599, description="an HTTP status from 400 to 599")]

PositiveSeconds = Annotated[
    float, Meta(gt=0, le=1e9, description="a number of seconds above 0, at most 1000000000")
]


BELOW_HTTP: Final = frozenset({"reset", "close", "hang", "garbage", "truncate"})
"""The kinds that only a server that owns its sockets can produce."""

UNREADABLE: Final = ("reset", "close", "hang", "garbage", "malformed", "truncate")
"""The kinds that leave the client without an answer it can read."""


class Call(Protocol):
    """A request, as far as a fault rule chooses by it. What takes time is asked for only then."""

    @property
    def operation(self) -> str:
        """Which operation it is for."""

    @property
    def graph(self) -> str:
        """Which graph it names."""

    @property
    def job_id(self) -> str | None:
        """Which job it names, if any."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers; their names are lower case."""

    def command(self) -> str | None:
        """The command of the job that it submits, or else names; None where there is none."""

    def edition(self) -> Edition:
        """The edition of its graph."""


class Case(Protocol):
    """A call that a fault has hit, and what can be done about it."""

    def carry_out(self, list_fault: "ListFault | None" = None) -> Reply:
        """Carry the operation out, and what *list fault* does to the list; the real answer."""

    def refuse(
        self, status: int, code: str | None, message: str | None, headers: Mapping[str, str]
    ) -> Reply:
        """The answer that refuses with *status*; the rest is as documented, where it is None."""

    def real_s(self, seconds: float) -> float:
        """How many real seconds the project's clock takes for *seconds*; 0 where it is frozen."""


class Rows(Protocol):
    """The rows of a list that is about to be read."""

    def insert(self, count: int) -> None:
        """Add *count* jobs as the newest."""

    def remove(self, count: int) -> None:
        """Take *count* jobs out, of those before the page where there are any."""

    def finish(self, count: int) -> None:
        """Let *count* jobs end well that are close to where the page begins."""

    def shrink(self, count: int) -> None:
        """Say that there are *count* jobs less than there are."""

    def repeat(self) -> None:
        """Show one row of the page twice."""

    def cap(self, limit: int) -> None:
        """Show *limit* rows at most."""


class Kind(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """One thing that can be made to go wrong.

    *phases* are those it can come in, the usual one first; *why* says why it has no others.
    """

    phases: ClassVar[tuple[Phase, ...]]
    why: ClassVar[str] = ""
    operations: ClassVar[tuple[str, ...]] = ()
    """The only ones it is for; none: it is for all."""

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.__struct_config__.tag)

    def suits(self, call: Call) -> bool:
        """Whether it can happen to *call*."""
        return not self.operations or call.operation in self.operations

    def judge(
        self, elapsed: int, draw: Callable[[], float], memory: Memory
    ) -> "tuple[Kind | None, Memory]":
        """What happens to a call, and what is to be remembered for the next.

        *elapsed* nanoseconds of the project's clock after it was armed; chance comes from *draw*.
        """
        del elapsed, draw
        return self, memory

    def within(self) -> "Iterator[tuple[str, Kind]]":
        """The faults that it leads to, each with the field that it is in."""
        return iter(())

    def rest(self, elapsed: int) -> "Kind | None":
        """What is left of it after *elapsed* nanoseconds, counted anew; None where it is over."""
        del elapsed
        return self


class Mishap(Kind, frozen=True):
    """What happens to one call, and is its answer's fate; of several, the first counts."""

    @abstractmethod
    def answer(self, case: Case, phase: Phase) -> Reply:
        """The answer to *case*."""

    def lasts_s(self) -> float:
        """How many seconds of the project's clock it takes."""
        return 0.0


class ListFault(Mishap, frozen=True):
    """What only the owner of the rows can do to somebody who reads a list page by page."""

    phases = ()
    why = "it comes just before the list is read"
    operations = ("list_jobs",)

    def answer(self, case: Case, phase: Phase) -> Reply:
        """The real answer."""
        del phase
        return case.carry_out(self)

    @abstractmethod
    def befall(self, rows: Rows) -> None:
        """Happen to *rows*."""
