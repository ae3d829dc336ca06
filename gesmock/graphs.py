"""Graph: the jobs of one graph, in the order of their submission."""

from collections.abc import Iterator, Sequence

from gesmock.errors import Conflict, Unknown
from gesmock.jobs import Job


class Graph:
    """The jobs of one graph. Iterating it, and every list of jobs here, goes newest first.

    A copy costs nothing until one of the two is changed: they share what they hold till then.
    """

    def __init__(self, jobs: Sequence[Job] = ()) -> None:
        self._jobs = list(reversed(jobs))  # oldest first: the newest are appended
        self._places = {job.job_id: place for place, job in enumerate(self._jobs)}
        self._first = 0  # the place of the oldest; older ones that are added later go below it
        self._shared = False

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return reversed(self._jobs)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._places

    def page(self, offset: int, limit: int, *, oldest_first: bool = False) -> list[Job]:
        """At most *limit* jobs from position *offset* on."""
        if oldest_first:
            return self._jobs[offset : offset + limit]
        end = max(len(self._jobs) - offset, 0)
        return self._jobs[max(end - limit, 0) : end][::-1]

    def copy(self) -> "Graph":
        """A graph of its own with the same jobs."""
        twin = Graph()
        twin._jobs, twin._places, twin._first = self._jobs, self._places, self._first
        twin._shared = self._shared = True
        return twin

    def job(self, job_id: str) -> Job:
        """The job *job_id*; Unknown where there is none."""
        return self._jobs[self._index(job_id)]

    def submit(self, job: Job) -> None:
        """Add *job* as the newest; Conflict where its id is taken."""
        if job.job_id in self._places:
            raise Conflict(f"a job with the id {job.job_id!r} is there already")
        self._unshare()
        self._places[job.job_id] = self._first + len(self._jobs)
        self._jobs.append(job)

    def add_older(self, jobs: Sequence[Job]) -> None:
        """Add *jobs*, newest first, behind all that are here; their ids must be new."""
        self._unshare()
        self._first -= len(jobs)
        self._jobs[:0] = reversed(jobs)
        self._places.update(
            (job.job_id, self._first + index) for index, job in enumerate(reversed(jobs))
        )

    def replace(self, job: Job) -> None:
        """Put *job* in the place of the one with its id."""
        index = self._index(job.job_id)
        self._unshare()
        self._jobs[index] = job

    def remove(self, job_id: str) -> Job:
        """Take the job *job_id* out; Unknown where there is none."""
        index = self._index(job_id)
        self._unshare()
        job = self._jobs.pop(index)
        self._first = 0
        self._places = {job.job_id: place for place, job in enumerate(self._jobs)}
        return job

    def _index(self, job_id: str) -> int:
        try:
            return self._places[job_id] - self._first
        except KeyError:
            raise Unknown(f"no job has the id {job_id!r}") from None

    def _unshare(self) -> None:
        if self._shared:
            self._jobs, self._places = self._jobs.copy(), self._places.copy()
            self._shared = False
