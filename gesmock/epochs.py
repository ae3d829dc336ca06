"""Epochs: what tells the requests of one test from the stragglers of the one before."""

from threading import Lock


class Epochs:
    """Numbers the epochs of a whole fake: each reset, of whichever world, begins one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.current = 1

    def begin(self) -> int:
        """Begin the next epoch; its number."""
        with self._lock:
            self.current += 1
            return self.current
