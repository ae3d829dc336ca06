"""Workers: a few threads for what takes long or waits."""

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread, current_thread
from typing import Final

from gesmock.model.clock import real_time

log = logging.getLogger("gesmock.server")

FEW: Final = 1
"""More threads than this would only fight for the interpreter, as long as none of them waits.

Two, with the same requests for Flask, take 1.6 times as long as one.
"""

STUCK_S: Final = 0.01
"""How long a job may wait while none begins, before another thread is hired for it."""

_IDLE_S: Final = 10.0


class Workers:
    """Carries out jobs in threads: in few, and in more where all of them are held up.

    Jobs begin in the order in which they come. *most* is how many threads there may be.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = Condition()
        self._threads: set[Thread] = set()
        self._idle = 0
        self._begun_at = 0.0
        self._stopped = False

    def submit(self, job: Callable[[], None]) -> None:
        """Have *job* done."""
        with self._changed:
            self._jobs.append(job)
            if len(self._jobs) <= self._idle:
                self._changed.notify()
            elif len(self._threads) < FEW:
                self._hire()

    @property
    def waiting(self) -> int:
        """How many jobs have not begun."""
        return len(self._jobs)

    def relieve(self) -> None:
        """Hire a thread for each job that waits, where none has begun for a while."""
        with self._changed:
            if self._jobs and real_time() - self._begun_at >= STUCK_S:
                for _ in range(min(len(self._jobs), self._most - len(self._threads))):
                    self._hire()

    def stop(self, timeout_s: float) -> None:
        """Let the threads end; wait for them, at most so long."""
        until = real_time() + timeout_s
        with self._changed:
            self._stopped = True
            self._jobs.clear()
            self._changed.notify_all()
            left = list(self._threads)
        for thread in left:
            thread.join(max(until - real_time(), 0))

    def _hire(self) -> None:
        """Another thread, if the system has one; else ``relieve`` is to try again."""
        thread = Thread(target=self._work, name=self._name, daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            self._threads.discard(thread)
            log.warning("no worker could be hired: %s", error)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:
                log.exception("a job failed")
            del job  # else what it holds, such as a long body, would stay until the next comes

    def _next(self) -> Callable[[], None] | None:
        """The next job, as soon as there is one; None where this thread is not needed any more."""
        with self._changed:
            if self._jobs or self._idle < FEW:  # else it was hired for some that waited
                self._idle += 1
                self._changed.wait_for(lambda: self._jobs or self._stopped, _IDLE_S)
                self._idle -= 1
            if self._jobs:
                self._begun_at = real_time()
                return self._jobs.popleft()
            self._threads.discard(current_thread())
            return None
