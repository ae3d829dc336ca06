"""Waiters: threads and asyncio tasks that wait until something may have changed."""

from contextlib import suppress
from threading import Condition, RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future


class Waiters:
    """Those who wait for a change of what *lock* guards. Hold it in every call except ``pause``.

    A thread calls ``wait``. A task asks for the ``next_change``, and then, with the lock released,
    awaits ``pause``, which blocks no thread.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._condition = Condition(lock)
        self._futures: set[Future[None]] = set()
        self.count = 0
        """How many wait."""

    def wait(self, timeout_s: float) -> None:
        """Wait for the next change, at most *timeout_s* real seconds; the lock is free then."""
        self.count += 1
        try:
            self._condition.wait(timeout_s)
        finally:
            self.count -= 1

    def next_change(self) -> "Future[None]":
        """A future of the running loop, which the next change completes."""
        from asyncio import get_running_loop  # a loop is running, so asyncio is imported already

        future = get_running_loop().create_future()
        self._futures.add(future)
        self.count += 1
        return future

    async def pause(self, future: "Future[None]", timeout_s: float) -> None:
        """Wait for *future*, at most *timeout_s* real seconds."""
        from asyncio import wait

        try:
            await wait([future], timeout=timeout_s)
        finally:
            with self._lock:
                self._futures.discard(future)
                self.count -= 1

    def notify_all(self) -> None:
        """Wake them all."""
        self._condition.notify_all()
        for future in self._futures:
            with suppress(RuntimeError):  # its loop was closed
                future.get_loop().call_soon_threadsafe(future.set_result, None)
        self._futures.clear()
