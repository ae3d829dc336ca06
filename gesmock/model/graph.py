"""Graph: the jobs of one graph, in the order of their submission, and their lives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from msgspec import structs

from gesmock.model import rows
from gesmock.model.blocks import SIZE
from gesmock.model.clock import VirtualTime
from gesmock.model.cohort import Cohort
from gesmock.model.errors import Conflict, NotFound
from gesmock.model.index import Index
from gesmock.model.jobs import Job, Move
from gesmock.model.listing import Listing, Page
from gesmock.model.lives import Change, Event, Lives
from gesmock.model.timeline import Life
from gesmock.model.types import Edition, JobStatus

FEW: Final = 64
_MUCH: Final = 1_000  # events, which take some five milliseconds
"""So many lives are put one by one: each group of them is looked at whenever the time is."""


class Graph:
    """The jobs of one graph. Iterating it, and every list of jobs here, goes newest first.

    *edition* is its own one, where it has one. A job without a life keeps its status. Whoever asks
    for jobs has called ``settle`` before: all is as it was then, at the age *now*. Jobs are kept as
    the rows that the list shows. A copy costs as much as the jobs that came one by one and are
    alive; the rest is shared.
    """

    def __init__(self, jobs: Sequence[Job] = (), edition: Edition | None = None) -> None:
        self.edition = edition
        # Jobs are numbered in the order of their submission from 0 on, older ones that come later
        # downwards; a number stays with its job, and never comes again.
        self._first = self._next = 0
        self._listed = Listing()
        self._unlisted = Listing()
        self._index = Index()
        self._lives = Lives()
        self.now = 0
        if jobs:
            self.add_older(jobs)

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[Job]:
        return iter(self.page(0, len(self)))

    def __contains__(self, job_id: object) -> bool:
        return isinstance(job_id, str) and self._find(job_id) is not None

    def page(self, offset: int, limit: int, *, oldest_first: bool = False) -> Page:
        """At most *limit* jobs from position *offset* on."""
        return self._listed.page(offset, limit, oldest_first=oldest_first)

    def copy(self) -> "Graph":
        """A graph of its own with the same jobs."""
        twin = Graph(edition=self.edition)
        twin._first, twin._next, twin.now = self._first, self._next, self.now
        twin._listed, twin._unlisted = self._listed.copy(), self._unlisted.copy()
        twin._index, twin._lives = self._index.copy(), self._lives.copy()
        return twin

    def job(self, job_id: str) -> Job:
        """The job *job_id*, listed or not; NotFound where there is none."""
        return rows.decode(self._known(job_id)[1])

    def life(self, job_id: str) -> Life | None:
        """The life of the job *job_id*, if it has one."""
        found = self._find(job_id)
        return None if found is None else self.life_of(found[0])

    def life_of(self, number: int) -> Life | None:
        """The life of the job with this *number*, if it has one."""
        return self._lives.get(number)

    def lives_on(self, page: Page) -> Callable[[int], Life | None]:
        """``life_of`` as it is now, for the jobs of *page*; it needs no lock."""
        if len(page) > SIZE:
            return self._lives.copy().get
        return {number: self._lives.get(number) for number in page.numbers()}.get

    def all_jobs(self) -> list[Job]:
        """Every job, newest first; those that the list does not show yet where they will stand."""
        return [job for _, job in self._numbered()]

    def _numbered(self) -> list[tuple[int, Job]]:
        listed = self._listed.page(0, len(self._listed)).numbered()
        if not len(self._unlisted):
            return [*listed]
        hidden = self._unlisted.page(0, len(self._unlisted)).numbered()
        return sorted([*listed, *hidden], key=lambda one: -one[0])

    def goes_through(self, status: JobStatus) -> str | None:
        """The newest job that has this *status*, or will come to it by its plan; else None."""
        text = rows.showing(status)
        shown = (listing.holding(text) for listing in (self._listed, self._unlisted))
        found = [number for number in shown if number is not None]
        seen: dict[int, bool] = {}  # many share a life
        for number, life in self._lives:
            if id(life) not in seen:
                seen[id(life)] = life.goes_through(status, self.now)
            if seen[id(life)]:
                found.append(number)
        return self._ids([max(found)])[0] if found else None

    def exported(self) -> list[Job]:
        """Every job, each with what is left of its plan, if anything is."""
        return [self._planned(number, job) for number, job in self._numbered()]

    def planned(self, job: Job) -> Job:
        """*job*, with what is left of its plan, if anything is."""
        return self._planned(self._known(job.job_id)[0], job)

    def _planned(self, number: int, job: Job) -> Job:
        life = self._lives.get(number)
        return job if life is None else structs.replace(job, plan=life.rest(self.now))

    # --- What changes it ---

    def submit(self, job: Job, life: Life | None = None) -> None:
        """Add *job* as the newest, to live *life*; Conflict where its id is taken."""
        if job.job_id in self:
            raise Conflict(f"a job with the id {job.job_id!r} is there already")
        row, number = rows.encode(job), self._next
        self._next += 1
        self._index.add(job.job_id, number, self._is_there)
        if life is not None:
            self._lives.put(number, life, self.now)
        hidden = life is not None and life.listed > self.now
        (self._unlisted if hidden else self._listed).append(number, row)

    def add_older(
        self, jobs: Sequence[Job], lives: Mapping[str, Life] | None = None, now: int = 0
    ) -> None:
        """Add *jobs*, newest first, behind all that are here; their ids must be new.

        *lives* are those of the ones that are alive, by their ids, as they are *now*.
        """
        self.add(self.cohort(jobs, lives, now))

    def cohort(
        self, jobs: Sequence[Job], lives: Mapping[str, Life] | None = None, now: int = 0
    ) -> Cohort:
        """What ``add_older`` would add: the long part of it, which changes nothing."""
        return Cohort.of(jobs, self._first - 1, lives, now)

    def has_room_for(self, cohort: Cohort) -> bool:
        """Whether *cohort* can be added still: no others have been added like that since."""
        return cohort.last == self._first - 1

    def add(self, cohort: Cohort) -> None:
        """Add *cohort*, which there is room for; its ids must be new."""
        self._first = cohort.first
        self._listed.add_older(cohort.listed)
        self._unlisted.add_older(cohort.hidden)
        self._index.add_layers(cohort.layers)
        together = cohort.together
        if together is not None and len(together.lives) > FEW:
            self._lives.put_together(together)
        elif together is not None:
            for number, life in together.lives.items():
                self._lives.put(number, life, together.now)

    @property
    def submitted(self) -> int:
        """How many jobs have been submitted to it, whether they are still here or not."""
        return self._next

    def newcomers(self, submitted: int) -> list[str]:
        """The ids of those that have been submitted since there were so many."""
        return self._ids(range(submitted, self._next))

    def enliven(self, job_id: str, life: Life) -> None:
        """From now on, the job *job_id* lives *life*, which lists it no later than before."""
        number, row = self._known(job_id)
        self._lives.put(number, life, self.now)
        status = life.at(self.now).status
        before = rows.opened(row)
        if before.status != status:
            self._change({number: before.closed(status)})

    def move(self, job_id: str, move: Move) -> Life:
        """Move the job *job_id* by hand; its life, along which it then goes on from there."""
        moved = self._life(job_id).moved(move, self.now)
        self.enliven(job_id, moved)
        return moved

    def cancel(self, job_id: str, delay: int, reason: str) -> None:
        """Let the job *job_id* fail after *delay* nanoseconds, with *reason*."""
        self.enliven(job_id, self._life(job_id).cancelled(self.now, delay, reason))

    def _life(self, job_id: str) -> Life:
        return self.life(job_id) or Life.still(self.job(job_id).status, self.now)

    def settle(self, now: int, most: int | None = None) -> Iterator[list[Change]]:
        """Let all come to be that is due *now*; at most *most* jobs stay listed.

        Yields the changes of statuses, some at a time, in the order of their time.
        """
        self.now = now
        for events in self._lives.settle(now):
            new = sum(event.status is None for event in events)
            if new and most is not None and len(self._listed) + new > most:
                for _, alike in groupby(events, key=lambda event: event.status is None):
                    # What has been dropped meanwhile changes no more.
                    there = [event for event in alike if self._is_there(event.number)]
                    yield self._come_to_be(there)
                    self.keep(most)
            else:
                yield self._come_to_be(events)

    def _come_to_be(self, events: Sequence[Event]) -> list[Change]:
        """Carry *events* out; those that list jobs after the others, which is all the same."""
        found = self._rows(sorted({one.number for one in events if one.status is not None}))
        before = {number: rows.opened(row) for number, row in found.items()}
        now: dict[int, JobStatus] = {}
        changes = []
        for one in events:
            if one.status is not None:
                row = before[one.number]
                was = now.get(one.number, row.status)
                changes.append(Change(one.time, row.job_id, was, one.status, one.life))
                now[one.number] = one.status
        self._change({number: before[number].closed(status) for number, status in now.items()})
        if new := sorted(event.number for event in events if event.status is None):
            shown = self._unlisted.rows(new)
            self._unlisted.remove(new)
            self._listed.insert(shown)
        return changes

    def much_is_due(self, time: VirtualTime) -> bool:
        """Whether it would take more than some milliseconds to ``settle``."""
        return bool(self._lives) and self._lives.much_is_due(time.age(), _MUCH)

    def next_change(self) -> int:
        """When the next job changes its status or is listed; ``NEVER`` where none will."""
        return self._lives.next_change()

    def remove(self, job_id: str) -> Job:
        """Take the job *job_id* out; NotFound where there is none."""
        number, row = self._known(job_id)
        listed = self._listed.row(number) is not None
        (self._listed if listed else self._unlisted).remove([number])
        self._lives.forget([number])
        return rows.decode(row)

    def keep(self, most: int) -> None:
        """Drop the oldest jobs, so that *most* are listed at most."""
        surplus = len(self._listed) - most
        if surplus > 0:
            self._lives.forget(self._listed.drop_oldest(surplus))
            ends = (self._listed.oldest, self._unlisted.oldest)
            oldest = min((end for end in ends if end is not None), default=self._next)
            self._index.forget_below(oldest)
            self._lives.forget_below(oldest)

    def _change(self, changed: Mapping[int, bytes]) -> None:
        """Show other rows of the jobs with these numbers."""
        if not len(self._unlisted):
            self._listed.change(changed)
            return
        hidden = self._unlisted.rows(sorted(changed)).keys()
        self._unlisted.change({one: row for one, row in changed.items() if one in hidden})
        self._listed.change({one: row for one, row in changed.items() if one not in hidden})

    # --- Where a job is ---

    def _row(self, number: int) -> bytes | None:
        return self._listed.row(number) or self._unlisted.row(number)

    def _is_there(self, number: int) -> bool:
        return self._row(number) is not None

    def _rows(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """The rows of the jobs with these *numbers*, which rise, as far as they are here."""
        return {**self._listed.rows(numbers), **self._unlisted.rows(numbers)}

    def _ids(self, numbers: Sequence[int]) -> list[str]:
        return [rows.opened(row).job_id for row in self._rows(numbers).values()]

    def _find(self, job_id: str) -> tuple[int, bytes] | None:
        """The number and the row of the job *job_id*; None where there is none."""
        begin: bytes | None = None
        for number in self._index.numbers(job_id):
            row = self._row(number)
            if row is not None and row.startswith(begin := begin or rows.begin(job_id)):
                return number, row
        return None

    def _known(self, job_id: str) -> tuple[int, bytes]:
        found = self._find(job_id)
        if found is None:
            raise NotFound(f"no job has the id {job_id!r}")
        return found
