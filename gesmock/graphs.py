"""Graph: the jobs of one graph, in the order of their submission."""

from collections.abc import Iterable, Iterator, Sequence

from gesmock.errors import Conflict, Unknown
from gesmock.jobs import Job


class Graph:
    """The jobs of one graph. Iterating it, and every list of jobs here, goes newest first."""

    def __init__(self, jobs: Sequence[Job] = ()) -> None:
        self._ids = [job.job_id for job in reversed(jobs)]  # oldest first: the newest are appended
        self._jobs = {job.job_id: job for job in jobs}
        self._changes = 0

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Job]:
        return map(self._jobs.__getitem__, reversed(self._ids))

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._jobs

    def page(self, offset: int, limit: int, *, oldest_first: bool = False) -> list[Job]:
        """At most *limit* jobs from position *offset* on."""
        if oldest_first:
            ids = self._ids[offset : offset + limit]
        else:
            end = max(len(self._ids) - offset, 0)
            ids = self._ids[max(end - limit, 0) : end][::-1]
        return [self._jobs[job_id] for job_id in ids]

    def copy(self) -> "Graph":
        """A graph of its own with the same jobs."""
        twin = Graph()
        twin._ids, twin._jobs, twin._changes = self._ids.copy(), self._jobs.copy(), self._changes
        return twin

    def unchanged_since(self, copy: "Graph") -> bool:
        """Whether it still is what it was when *copy* was made of it."""
        return self._changes == copy._changes  # noqa: SLF001 one of its own kind

    def job(self, job_id: str) -> Job:
        """The job *job_id*; Unknown where there is none."""
        try:
            return self._jobs[job_id]
        except KeyError:
            raise Unknown(f"no job has the id {job_id!r}") from None

    def submit(self, job: Job) -> None:
        """Add *job* as the newest; Conflict where its id is taken."""
        if job.job_id in self._jobs:
            raise Conflict(f"a job with the id {job.job_id!r} is there already")
        self._changes += 1
        self._ids.append(job.job_id)
        self._jobs[job.job_id] = job

    def with_older(self, jobs: Iterable[Job]) -> "Graph":
        """A new graph: these jobs, followed by *jobs* as older ones."""
        return Graph([*self, *jobs])

    def replace(self, job: Job) -> None:
        """Put *job* in the place of the one with its id."""
        self._changes += 1
        self._jobs[job.job_id] = job

    def remove(self, job_id: str) -> Job:
        """Take the job *job_id* out; Unknown where there is none."""
        job = self.job(job_id)
        self._changes += 1
        del self._jobs[job_id]
        self._ids.remove(job_id)
        return job
