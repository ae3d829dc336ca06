"""Arming: what the rules of a project have in common, be they for faults or for plans."""

from collections.abc import Iterator
from dataclasses import replace
from threading import RLock
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from gesmock.model.errors import NotFound


class RuleInForce(Protocol):
    """A rule in force: a dataclass with what it has done so far."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str:
        """What it is called."""

    @property
    def tried(self) -> bool:
        """Whether anything has come that it is for."""

    @property
    def given(self) -> object:
        """What is the same for one rule, and for no other."""


A = TypeVar("A", bound=RuleInForce)


class Rules(Generic[A]):
    """The rules of one kind of one project, in the order they were armed.

    Its methods may be called from any thread; *lock* is the project's.
    """

    noun: ClassVar[str]
    letter: ClassVar[str]
    """What a rule is called in a message, and what its ids begin with."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._armed: dict[str, A] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._armed)

    def _clear(self) -> None:
        self._armed.clear()
        self._count = 0

    def _next_id(self) -> str:
        self._count += 1
        return f"{self.letter}{self._count}"

    def disarm(self, rule: str | A) -> A:
        """Take *rule*, or the one with this id, out of force; NotFound where there is none."""
        with self._lock:
            return self._armed.pop(self._known(rule).id)

    def _known(self, rule: str | A) -> A:
        """*rule* itself, or the one with this id; NotFound where there is none."""
        name = getattr(rule, "id", rule)
        found = self._armed.get(name) if isinstance(name, str) else None
        # An id comes again after a reset; a rule of before is not the one it names now.
        if found is None or not (isinstance(rule, str) or found.given is rule.given):
            raise self._unknown(name)
        return found

    def disarm_all(self) -> int:
        """Take every rule out of force; how many there were."""
        with self._lock:
            count = len(self._armed)
            self._armed.clear()
            return count

    def find(self, id: str) -> A:
        """The rule *id*, as it is now; NotFound, naming the others, where there is none."""
        with self._lock:
            return self._seen(self._known(id))

    def _unknown(self, id: object) -> NotFound:
        known = ", ".join(self._armed) or "none"
        return NotFound(f"no {self.noun} has the id {id!r}; armed are: {known}")

    def armed(self) -> list[A]:
        """Every rule in force, as it is now; also the spent ones."""
        with self._lock:
            return [self._seen(armed) for armed in self._armed.values()]

    def _seen(self, armed: A) -> A:
        """*armed* as it is now, whatever becomes of it."""
        return replace(armed)

    def untried(self) -> list[A]:
        """The rules that nothing has come for yet."""
        return [armed for armed in self.armed() if not armed.tried]

    def __iter__(self) -> Iterator[A]:
        return iter(self.armed())
