"""Changes: how those who wait for a job learn that something has changed."""

from threading import Condition, RLock

from gesmock.model.errors import Conflict


class Changes:
    """Whoever waits for a change holds *lock*; it is free while they wait."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._told = Condition(lock)
        self._ended = False
        self._interrupts = 0

    def tell(self) -> None:
        """Something has changed: wake all who wait."""
        with self._lock:
            self._told.notify_all()

    def end(self) -> None:
        """Let nobody wait any longer, now or later: what they wait for is of the past."""
        with self._lock:
            self._ended = True
            self.tell()

    def interrupt(self) -> None:
        """Let those who wait now wait no longer."""
        with self._lock:
            self._interrupts += 1
            self.tell()

    def wait(self, timeout_s: float) -> None:
        """Wait for a change, at most *timeout_s* real seconds.

        Raises Conflict where there is nothing to wait for any more.
        """
        interrupts = self._interrupts
        self._told.wait(timeout_s)
        if self._ended:
            raise Conflict("the project was reset meanwhile")
        if self._interrupts != interrupts:
            raise Conflict("the server was stopped meanwhile")
