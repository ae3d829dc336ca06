"""Epochs: what tells the requests of one test from the stragglers of the one before."""

from collections.abc import Callable
from threading import Lock

from msgspec import Struct


class Cleared(Struct, frozen=True):
    """What a reset has cleared, and the *epoch* that it began."""

    epoch: int
    jobs: int
    faults: int
    entries: int


class Epochs:
    """Numbers the epochs of a whole fake: each reset, of whichever project, begins one.

    Its methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._watching: tuple[Callable[[], None], ...] = ()
        self.current = 1

    def begin(self) -> int:
        """Begin the next epoch; its number."""
        with self._lock:
            self.current += 1
            return self.current

    def watch(self, told: Callable[[], None]) -> None:
        """From now on, call *told* whenever a project has been reset, in the thread that did it."""
        with self._lock:
            self._watching = (*self._watching, told)

    def unwatch(self, told: Callable[[], None]) -> None:
        """Call *told* no longer."""
        with self._lock:
            self._watching = tuple(one for one in self._watching if one != told)

    def tell(self) -> None:
        """Tell all who watch that a project has been reset."""
        for told in self._watching:
            told()
