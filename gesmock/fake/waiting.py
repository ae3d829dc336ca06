"""How threads wait: for a job to change its status, and for a project to be reset."""

from collections.abc import Callable
from threading import Condition, Lock, RLock

from gesmock.model.errors import Conflict


class Changes:
    """Wakes the threads that wait for a job to change.

    They hold the project's *lock*, which is free while they wait.
    """

    def __init__(self, lock: RLock) -> None:
        self._changed = Condition(lock)
        self._interrupts = 0
        self._reason = ""

    def notify(self) -> None:
        """Wake every thread that waits: something has changed."""
        with self._changed:
            self._changed.notify_all()

    def interrupt(self, reason: str) -> None:
        """Raise Conflict, with this *reason*, in every thread that waits."""
        with self._changed:
            self._interrupts += 1
            self._reason = reason
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> None:
        """Wait for a change, for at most *timeout_s* real seconds.

        Raises Conflict if the waiting is interrupted.
        """
        interrupts = self._interrupts
        self._changed.wait(timeout_s)
        if self._interrupts != interrupts:
            raise Conflict(self._reason)


class Epochs:
    """Numbers the epochs of a fake: each reset of any of its projects begins one.

    A request of an earlier epoch than its project's comes from the test before. Methods may be
    called from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._watching: tuple[Callable[[], None], ...] = ()
        self.current = 1

    def begin(self) -> int:
        """Begin the next epoch; returns its number."""
        with self._lock:
            self.current += 1
            return self.current

    def watch(self, callback: Callable[[], None]) -> None:
        """Call *callback* after each reset, in the thread that reset, until ``unwatch``."""
        with self._lock:
            self._watching = (*self._watching, callback)

    def unwatch(self, callback: Callable[[], None]) -> None:
        """Call *callback* no longer."""
        with self._lock:
            self._watching = tuple(each for each in self._watching if each != callback)

    def announce(self) -> None:
        """Call everybody who watches."""
        for callback in self._watching:
            callback()
