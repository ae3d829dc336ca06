"""Clock: the only place of the core that reads the time."""

import time
from collections.abc import Callable


class Clock:
    """Seconds since 1970, UTC, as one world sees them.

    *source* is asked for the time; tests hand in their own.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source

    def now(self) -> float:
        """The world's time, in seconds since 1970."""
        return self._source()
