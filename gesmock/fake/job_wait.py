"""JobWait: waits until a job has an expected status, in a thread or in a coroutine."""

from collections.abc import Collection
from threading import RLock

from gesmock.fake.graphs import Graphs
from gesmock.model.clock import real_time
from gesmock.model.errors import Conflict, NotFound, TimedOut, shortened
from gesmock.model.jobs import Job
from gesmock.model.types import FINAL, JobStatus


class JobWait:
    """Waits until the job *job_id* has one of *statuses*; *lock* is the project's.

    Raises TimedOut, which names the job's last status, after *timeout_s* real seconds, or as soon
    as the job has ended with another status or is gone; Conflict if the project is reset, or the
    server stopped, meanwhile; NotFound if there is no such job.
    """

    def __init__(
        self,
        graphs: Graphs,
        lock: RLock,
        job_id: str,
        statuses: Collection[JobStatus],
        timeout_s: float,
        graph: str | None,
    ) -> None:
        self._graphs, self._lock = graphs, lock
        self._statuses, self._timeout_s = statuses, timeout_s
        self._until = real_time() + timeout_s
        with lock:
            self._interrupts = graphs.interrupts
            self.graph, self.job = graphs.find(job_id, graph)

    def finish(self) -> tuple[str, Job]:
        """The graph of the job, and the job, as soon as it has the status."""
        with self._lock:
            while not self._look():
                self._graphs.waiters.wait(self._pause_s())
            return self.graph, self.job

    async def finish_async(self) -> tuple[str, Job]:
        """``finish`` in a coroutine: the event loop goes on, and the task may be cancelled."""
        waiters = self._graphs.waiters
        while True:
            with self._lock:
                if self._look():
                    return self.graph, self.job
                change, pause_s = waiters.next_change(), self._pause_s()
            await waiters.pause(change, pause_s)

    def _look(self) -> bool:
        """Look up the job, and return whether it has the status; the lock is held."""
        graphs, job_id = self._graphs, self.job.job_id
        name = repr(shortened(job_id))
        if self._interrupts != graphs.interrupts:
            raise Conflict(f"{graphs.interrupt_reason}; job {name} was {self.job.status}")
        try:
            self.job = graphs.find(job_id, self.graph)[1]
        except NotFound:
            raise TimedOut(f"job {name} is gone; it was {self.job.status} before") from None
        expected = " or ".join(self._statuses)
        if self.job.status in self._statuses:
            return True
        if self.job.status in FINAL:
            raise TimedOut(f"job {name} is {self.job.status}, which is final; expected {expected}")
        if self._until <= real_time():
            hint = "; the clock is frozen" if graphs.time.frozen else ""
            still = f"job {name} is still {self.job.status} after {self._timeout_s:g} s"
            raise TimedOut(f"{still}; expected {expected}{hint}")
        return False

    def _pause_s(self) -> float:
        """How many real seconds may pass before the next look."""
        time = self._graphs.time
        real_s = time.real_seconds(self._graphs.next_change_of(self.graph) - time.age())
        remaining_s = self._until - real_time()
        return max(remaining_s if real_s is None else min(remaining_s, real_s), 0)
