"""Graph: the jobs of one graph, in the order of their submission, and their lives."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from gesmock.errors import Conflict, Unknown
from gesmock.jobs import Job, Move
from gesmock.lives import Event, Life, Lives
from gesmock.statuses import Edition, JobStatus


class Graph:
    """The jobs of one graph. Iterating it, and every list of jobs here, goes newest first.

    *edition* is its own one, where it has one. A job without a life keeps its status. Whoever asks
    for jobs has called ``settle`` before: all is as it was then, at the age *now*. A copy costs as
    much as the jobs that are alive; the rest is shared until one of the two is changed.
    """

    def __init__(self, jobs: Sequence[Job] = (), edition: Edition | None = None) -> None:
        self.edition = edition
        self._jobs = list(reversed(jobs))  # oldest first: the newest are appended
        # Jobs are numbered in the order of their submission, older ones that come later downwards;
        # a number stays with its job, whatever is removed.
        self._numbers = list(range(len(jobs)))
        self._number_of = {job.job_id: place for place, job in enumerate(self._jobs)}
        self._loaded = self._next = len(jobs)
        self._first = 0
        self._unlisted: dict[str, Job] = {}
        self._lives = Lives()
        self.now = 0
        self._shared = False

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return reversed(self._jobs)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._number_of

    def page(self, offset: int, limit: int, *, oldest_first: bool = False) -> list[Job]:
        """At most *limit* jobs from position *offset* on."""
        if oldest_first:
            return self._jobs[offset : offset + limit]
        end = max(len(self._jobs) - offset, 0)
        return self._jobs[max(end - limit, 0) : end][::-1]

    def copy(self) -> "Graph":
        """A graph of its own with the same jobs."""
        twin = Graph(edition=self.edition)
        twin._jobs, twin._numbers, twin._number_of = self._jobs, self._numbers, self._number_of
        twin._loaded, twin._first, twin._next = self._loaded, self._first, self._next
        twin._lives, twin.now = self._lives.copy(), self.now
        twin._unlisted = self._unlisted.copy()
        twin._shared = self._shared = True
        return twin

    def job(self, job_id: str) -> Job:
        """The job *job_id*, listed or not; Unknown where there is none."""
        if job_id in self._unlisted:
            return self._unlisted[job_id]
        return self._jobs[self._place(job_id)]

    def life(self, job_id: str) -> Life | None:
        """The life of the job *job_id*, if it has one."""
        return self._lives.get(job_id)

    def place_before_start(self, job_id: str) -> int:
        """The how-manieth a job without a life is, from the newest one that was there at first."""
        return self._loaded - self._number_of[job_id]

    def all_jobs(self) -> list[Job]:
        """Every job, newest first; those that the list does not show yet where they will stand."""
        jobs = self._jobs.copy()
        for added, (job_id, job) in enumerate(self._unlisted_in_order()):
            jobs.insert(bisect_left(self._numbers, self._number_of[job_id]) + added, job)
        return jobs[::-1]

    def _unlisted_in_order(self) -> list[tuple[str, Job]]:
        return sorted(self._unlisted.items(), key=lambda one: self._number_of[one[0]])

    def goes_through(self, status: JobStatus) -> str | None:
        """A job that has this *status*, or will come to it by its plan; None where none does."""
        for job in self.all_jobs():
            life = self._lives.get(job.job_id)
            if job.status == status or (life is not None and life.goes_through(status, self.now)):
                return job.job_id
        return None

    def exported(self) -> list[Job]:
        """Every job, each with what is left of its plan, if anything is."""
        return [self.planned(job) for job in self.all_jobs()]

    def planned(self, job: Job) -> Job:
        """*job*, with what is left of its plan, if anything is."""
        life = self._lives.get(job.job_id)
        return job if life is None else structs.replace(job, plan=life.rest(self.now))

    # --- What changes it ---

    def submit(self, job: Job, life: Life | None = None) -> None:
        """Add *job* as the newest, to live *life*; Conflict where its id is taken."""
        if job.job_id in self._number_of:
            raise Conflict(f"a job with the id {job.job_id!r} is there already")
        self._unshare()
        number = self._number_of[job.job_id] = self._next
        self._next += 1
        if life is not None:
            self._lives.put(job.job_id, life, self.now)
        if life is not None and life.listed > self.now:
            self._unlisted[job.job_id] = job
        else:
            self._jobs.append(job)
            self._numbers.append(number)

    def add_older(
        self, jobs: Sequence[Job], lives: Mapping[str, Life] | None = None, now: int = 0
    ) -> None:
        """Add *jobs*, newest first, behind all that are here; their ids must be new.

        *lives* are those of the ones that are alive, by their ids, as they are *now*.
        """
        self._unshare()
        self._first -= len(jobs)
        numbers = range(self._first, self._first + len(jobs))
        oldest_first = jobs[::-1]
        ids = [job.job_id for job in oldest_first]
        self._number_of.update(zip(ids, numbers, strict=True))
        hidden = {job_id for job_id, life in (lives or {}).items() if life.listed > now}
        self._unlisted.update((job.job_id, job) for job in oldest_first if job.job_id in hidden)
        if hidden:
            kept = [
                pair
                for pair in zip(numbers, oldest_first, strict=True)
                if pair[1].job_id not in hidden
            ]
            self._numbers[:0] = [number for number, _ in kept]
            self._jobs[:0] = [job for _, job in kept]
        else:
            self._numbers[:0] = numbers
            self._jobs[:0] = oldest_first
        if lives:
            self._lives.put_all({job_id: lives[job_id] for job_id in ids if job_id in lives}, now)

    def enliven(self, job_id: str, life: Life) -> None:
        """From now on, the job *job_id* lives *life*."""
        job = self.job(job_id)
        self._lives.put(job_id, life, self.now)
        if life.listed > self.now and job_id not in self._unlisted:
            self._unshare()
            self._take_out(job_id)
            self._unlisted[job_id] = job
        self._show(job_id, life.at(self.now).status)

    def move(self, job_id: str, move: Move) -> Life:
        """Move the job *job_id* by hand; its life, along which it then goes on from there."""
        moved = self._life(job_id).moved(move, self.now)
        self.enliven(job_id, moved)
        return moved

    def cancel(self, job_id: str, delay: int, reason: str) -> None:
        """Let the job *job_id* fail after *delay* nanoseconds, with *reason*."""
        self.enliven(job_id, self._life(job_id).cancelled(self.now, delay, reason))

    def _life(self, job_id: str) -> Life:
        return self._lives.get(job_id) or Life.still(self.job(job_id).status, self.now)

    def settle(self, now: int) -> Iterator[tuple[Event, Job]]:
        """Let all come to be that is due *now*; the events, each with the job before it."""
        self.now = now
        for event in self._lives.settle(now):
            before = self.job(event.job_id)
            if event.status is None:
                self._list(event.job_id)
            else:
                self._show(event.job_id, event.status)
            yield event, before

    def next_change(self) -> int:
        """When the next job changes its status or is listed; ``NEVER`` where none will."""
        return self._lives.next_change()

    def remove(self, job_id: str) -> Job:
        """Take the job *job_id* out; Unknown where there is none."""
        job = self.job(job_id)
        self._unshare()
        if self._unlisted.pop(job_id, None) is None:
            self._take_out(job_id)
        del self._number_of[job_id]
        self._lives.forget(job_id)
        return job

    def keep(self, most: int) -> None:
        """Drop the oldest jobs, so that *most* are listed at most."""
        dropped = self._jobs[: max(len(self._jobs) - most, 0)]
        if dropped:
            self._unshare()
            del self._jobs[: len(dropped)], self._numbers[: len(dropped)]
            for job in dropped:
                del self._number_of[job.job_id]
                self._lives.forget(job.job_id)

    def _show(self, job_id: str, status: JobStatus) -> None:
        job = self.job(job_id)
        if job.status == status:
            return
        changed = structs.replace(job, status=status)
        if job_id in self._unlisted:
            self._unlisted[job_id] = changed
            return
        self._unshare()
        self._jobs[self._place(job_id)] = changed

    def _list(self, job_id: str) -> None:
        """Show the job where it would stand if it had been shown from the start."""
        self._unshare()
        number = self._number_of[job_id]
        self._jobs.insert(bisect_left(self._numbers, number), self._unlisted.pop(job_id))
        insort(self._numbers, number)

    def _take_out(self, job_id: str) -> None:
        place = self._place(job_id)
        del self._jobs[place], self._numbers[place]

    def _place(self, job_id: str) -> int:
        try:
            return bisect_left(self._numbers, self._number_of[job_id])
        except KeyError:
            raise Unknown(f"no job has the id {job_id!r}") from None

    def _unshare(self) -> None:
        if self._shared:
            self._jobs, self._numbers = self._jobs.copy(), self._numbers.copy()
            self._number_of = self._number_of.copy()
            self._shared = False
