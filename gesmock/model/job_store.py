"""JobStore: the jobs of one graph, as rows of its list, and how they change over time."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy as shallow_copy
from heapq import heapify, heappop, heappush
from itertools import accumulate
from operator import attrgetter, itemgetter
from typing import Any, Final

from msgspec import json, structs

from gesmock.model import job_kinds
from gesmock.model.clock import NANOSECONDS
from gesmock.model.errors import Conflict, NotFound, shortened
from gesmock.model.jobs import ChangedJobs, Job, Move
from gesmock.model.queries import Label
from gesmock.model.rows import SIZE, Block, Page, Part, decode, encode, in_status, parts
from gesmock.model.timeline import NEVER, Change, DeleteGraph, Due, EraseJob, Timeline, Transition
from gesmock.model.types import FINAL, Edition, JobStatus

_MOST_PAGES: Final = 16
_FEW: Final = 4  # rows of a block that are read or rewritten one by one
MUCH: Final = 1_000  # transitions, which take some five milliseconds


class JobStore:
    """The jobs of one graph, newest first.

    *edition* is the graph's own, if it has one; *labels* and *summary* describe vertices and edges
    that do not exist. *timelines* are by job id, and the jobs have the statuses of the age *now*; a
    job without a timeline keeps its status. The jobs get the highest numbers below *below*. Call
    ``settle`` before anything else: it carries out what is due. *deleted* tells whether a job has
    deleted the graph.
    """

    def __init__(
        self,
        jobs: Sequence[Job] = (),
        edition: Edition | None = None,
        timelines: Mapping[str, Timeline] | None = None,
        now: int = 0,
        below: int = 0,
    ) -> None:
        self.edition = edition
        self.labels: Mapping[str, Label] = {}
        self.summary: Mapping[str, Any] | None = None
        self.now = now
        self.deleted = False
        # Jobs are numbered from 0 on as they are submitted, and downwards from -1 as older ones
        # are added. A number is never used again.
        self._first, self._next = below - len(jobs), below
        numbers = [*range(below - 1, self._first - 1, -1)]  # each number is an object once
        self.changes = 0  # other than the statuses that time brings
        self.counts = Counter[JobStatus](map(attrgetter("status"), jobs))
        self.changed = ChangedJobs()
        self._shares = False  # the next two, with the store that was copied or with a copy
        # Each id is a new string: that of the job would keep the memory around it from being freed.
        ids = (job.job_id[:1] + job.job_id[1:] for job in jobs)
        self._numbers: dict[str, int] = dict(zip(ids, numbers, strict=True))
        self._hidden: dict[int, bytes] = {}  # rows that the list does not show yet
        self._timelines: dict[int, Timeline] = {}
        self._submitted = 0  # bytes of submitted jobs and labels, including some that were removed
        self._due: list[Due] = []  # a heap
        self._pages: dict[tuple[int, int, bool], Page] = {}
        listed: list[tuple[int, Job]] = []
        groups: dict[int, list[int]] = {}  # many jobs share a timeline
        for number, job in zip(numbers, jobs, strict=True):
            timeline = timelines.get(job.job_id) if timelines else None
            if timeline is not None:
                self._timelines[number] = timeline
                groups.setdefault(id(timeline), []).append(number)
            if timeline is None or timeline.listed <= now:
                listed.append((number, job))
            else:
                self._hidden[number] = encode(job)
        for group in groups.values():
            self._expect(self._timelines[group[0]], group, now)
        self._blocks = [  # oldest first
            Block.of([(number, encode(job)) for number, job in part]) for part in parts(listed)
        ]
        self._count()

    def copy(self, *, to_read: bool = False) -> "JobStore":
        """A copy. With *to_read*, it slows no change down, but may have newer ids and timelines."""
        self._shares |= not to_read
        copy = shallow_copy(self)
        copy._pages, copy.counts, copy.changed = {}, self.counts.copy(), self.changed.copy()
        copy._hidden, copy._due = self._hidden.copy(), self._due.copy()
        copy._blocks, copy._starts = self._blocks.copy(), self._starts.copy()
        return copy

    def without_jobs(self) -> "JobStore":
        """A graph like this one, but empty."""
        empty = JobStore(edition=self.edition, now=self.now)
        empty.labels, empty.summary = self.labels, self.summary
        return empty

    def _begin_change(self) -> None:
        """Count a change, and stop sharing ids and timelines before they are changed."""
        self.changes += 1
        if self._shares:
            self._numbers, self._timelines = self._numbers.copy(), self._timelines.copy()
            self._shares = False

    # --- Reading it ---

    def __len__(self) -> int:
        return self._starts[-1] - self._starts[0]

    def __iter__(self) -> Iterator[Job]:
        return iter(self.page(0, len(self)))

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._numbers

    def job(self, job_id: str) -> Job:
        """The job with this id, whether the list shows it or not; NotFound if there is none."""
        return decode(self.row(self._number(job_id)))

    def timeline(self, job_id: str) -> Timeline | None:
        number = self._numbers.get(job_id)
        return None if number is None else self._timelines.get(number)

    def timelines(self, page: Page) -> dict[int, Timeline]:
        """The timelines of the jobs of *page*, by number."""
        numbers = (n for block, begin, end in page.parts for n in block.numbers[begin:end])
        return {n: self._timelines[n] for n in numbers if n in self._timelines}

    def all_jobs(self) -> list[Job]:
        """Every job, including those that the list does not show yet."""
        hidden = [(number, decode(row)) for number, row in self._hidden.items()]
        numbered = [*self.page(0, len(self)).numbered(), *hidden]
        return [job for _, job in sorted(numbered, key=itemgetter(0), reverse=True)]

    def search(self, texts: Sequence[bytes]) -> list[int]:
        """The numbers of the jobs whose rows have all of *texts*, newest first.

        Those that the list does not show yet are included.
        """
        numbers = [n for n, row in self._hidden.items() if all(text in row for text in texts)]
        for block in reversed(self._blocks):
            numbers += block.matching(texts)
        return sorted(numbers, reverse=True)

    def planned(self, job: Job, edition: Edition) -> Job:
        """*job* with the rest of its plan, as visible in this *edition*."""
        timeline = job_kinds.visible(self.timeline(job.job_id), job, edition)
        return job if timeline is None else structs.replace(job, plan=timeline.remainder(self.now))

    def goes_through(self, status: JobStatus) -> str | None:
        """The id of the newest job that has *status*, or will have it; None if no job does."""
        shared = {id(line): (n, line) for n, line in sorted(self._timelines.items())}
        ahead = [n for n, line in shared.values() if line.goes_through(status, self.now)]
        numbers = [*ahead, *self.search([in_status(status)])[:1]]
        return decode(self.row(max(numbers))).job_id if numbers else None

    def oldest_has_ended(self) -> bool:
        """Whether the list has jobs, and the oldest has ended."""
        return any(job.status in FINAL for job in self.page(0, 1, oldest_first=True))

    def page(self, offset: int, limit: int, *, oldest_first: bool = False) -> Page:
        """At most *limit* jobs of the list from *offset* on; the same page until a change."""
        key = offset, limit, oldest_first
        if key not in self._pages:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            self._pages[key] = Page(
                self._parts(offset, limit, oldest_first=oldest_first), len(self), oldest_first
            )
        return self._pages[key]

    def _parts(self, offset: int, limit: int, *, oldest_first: bool) -> Sequence[Part]:
        zero, total = self._starts[0], len(self)
        low, high = min(offset, total), min(offset + limit, total)
        if not oldest_first:
            low, high = total - high, total - low
        if low == high:
            return ()
        first = bisect_right(self._starts, zero + low) - 1
        last = bisect_left(self._starts, zero + high) - 1
        parts = [(block, 0, len(block.numbers)) for block in self._blocks[first : last + 1]]
        block, begin, end = parts[-1]  # indexes in a block count from its newest row
        parts[-1] = block, begin + self._starts[last + 1] - zero - high, end
        block, begin, end = parts[0]
        parts[0] = block, begin, end - (zero + low - self._starts[first])
        return parts if oldest_first else parts[::-1]

    # --- Changing it ---

    def submit(self, job: Job, timeline: Timeline | None = None) -> None:
        """Add *job* as the newest; Conflict if its id is taken."""
        if job.job_id in self:
            raise Conflict(f"a job with the id {shortened(job.job_id)!r} already exists")
        self._begin_change()
        row, number = encode(job), self._next
        self._next += 1
        self._submitted += len(row)
        self._numbers[job.job_id] = number
        self.counts[job.status] += 1
        self.changed.add((job.job_id,))
        if timeline is not None and timeline.listed > self.now:
            self._hidden[number] = row
        else:
            self._append(number, row)
        if timeline is not None:
            self._set_timeline(number, timeline)
            self._take_effect(timeline, job.status)

    def has_room(self, size: int, most: int) -> bool:
        """Whether submitted jobs and labels have at most *most* bytes with *size* more."""
        if self._submitted + size > most:
            submitted = (block for block in self._blocks if block.numbers[0] >= 0)
            rows = [*self._hidden.values(), *(block.text for block in submitted)]
            self._submitted = sum(map(len, rows)) + len(json.encode(self.labels))
        return self._submitted + size <= most

    def put_label(self, label: Label) -> None:
        """Add *label*, or replace the one of this name."""
        self._submitted += len(json.encode(label))
        self.labels = {**self.labels, label.label: label}

    def _append(self, number: int, row: bytes) -> None:
        self._pages.clear()
        if self._blocks and len(self._blocks[-1].numbers) < SIZE:
            self._blocks[-1] = self._blocks[-1].with_newest(number, row)
            self._starts[-1] += 1
        else:
            self._blocks.append(Block.of([(number, row)]))
            self._starts.append(self._starts[-1] + 1)

    def prepare(
        self, jobs: Sequence[Job], timelines: Mapping[str, Timeline] | None = None, now: int = 0
    ) -> "JobStore":
        """Prepare *jobs*, older than all others, for ``add``.

        This is the part that takes long; it changes nothing, and needs no lock.
        """
        return JobStore(jobs, None, timelines, now, self._first)

    def can_add(self, older: "JobStore") -> bool:
        """Whether *older* can still be added: no older jobs were meanwhile, and no id is taken."""
        return older._next == self._first and not older._numbers.keys() & self._numbers.keys()

    def add(self, older: "JobStore") -> None:
        """Add the jobs of *older*, which this store has prepared and can add, after all others."""
        self._begin_change()
        self._pages.clear()
        self._first = older._first
        self._numbers |= older._numbers
        self.changed.add(older._numbers)
        self._timelines |= older._timelines
        self._hidden |= older._hidden
        self.counts += older.counts
        self._due += older._due
        heapify(self._due)
        self._blocks[:0] = older._blocks
        self._count()

    def move(self, job_id: str, move: Move) -> Job:
        """Set a job's status; its timeline resumes from there. Returns the updated job."""
        return self._change(job_id, self._timeline(job_id).moved(move, self.now))

    def cancel(self, job_id: str, delay: int, reason: str) -> None:
        """Let a job fail after *delay* nanoseconds, for this *reason*."""
        self._change(job_id, self._timeline(job_id).cancelled(self.now, delay, reason))

    def _timeline(self, job_id: str) -> Timeline:
        return self.timeline(job_id) or Timeline.still(self.job(job_id).status, self.now)

    def _change(self, job_id: str, timeline: Timeline) -> Job:
        number = self._number(job_id)
        self.changed.add((job_id,))
        self._set_timeline(number, timeline)
        job, status = self.job(job_id), timeline.at(self.now).status
        if job.status != status:
            job = self._with_status(job, status)
            self._edit({number: encode(job)})
        self._take_effect(timeline, status)
        return job

    def _with_status(self, job: Job, status: JobStatus) -> Job:
        self.counts[job.status] -= 1
        self.counts[status] += 1
        return Job(job.job_id, status, job.request)

    def remove(self, job_id: str) -> Job:
        """Remove a job; NotFound if there is none."""
        self._begin_change()
        job, number = self.job(job_id), self._number(job_id)
        self.changed.add((job_id,))
        del self._numbers[job_id]
        self._timelines.pop(number, None)
        self.counts[job.status] -= 1
        if self._hidden.pop(number, None) is None:
            self._edit({number: b""})
        return job

    def keep(self, most: int) -> None:
        """Remove the oldest jobs of the list until it has at most *most*."""
        while (surplus := len(self) - most) > 0:
            self._begin_change()
            self._pages.clear()
            block = self._blocks[0]
            remaining = max(len(block.numbers) - surplus, 0)
            removed = block.jobs(remaining, len(block.numbers))
            self.changed.add([job.job_id for job in removed])
            for number, job in zip(block.numbers[remaining:], removed, strict=True):
                del self._numbers[job.job_id]
                self._timelines.pop(number, None)
                self.counts[job.status] -= 1
            if remaining:
                self._blocks[0] = block.part(0, remaining)
                self._starts[0] += surplus
            else:
                del self._blocks[0], self._starts[0]

    # --- The time ---

    def next_change(self) -> int:
        """When the next job changes its status or is listed; NEVER if none will."""
        while self._due:
            time, _, timeline, numbers = self._due[0]
            if self._timelines.get(numbers[0]) is timeline:
                return time
            heappop(self._due)  # the first job was removed or moved
            self._expect(timeline, self._with_timeline(timeline, numbers), time - 1)
        return NEVER

    def _with_timeline(self, timeline: Timeline, numbers: Iterable[int]) -> list[int]:
        """Those of *numbers* whose jobs have this *timeline*."""
        return [number for number in numbers if self._timelines.get(number) is timeline]

    def _expect(self, timeline: Timeline, numbers: list[int], now: int) -> None:
        """Note when these jobs, if any, change next after *now*."""
        time = timeline.next_after(now)
        if numbers and time < NEVER:
            heappush(self._due, (time, id(timeline), timeline, numbers))

    def due(self, now: int) -> int:
        """How many jobs ``settle`` would change; beyond ``MUCH`` it stops counting."""
        total, indexes = 0, [0]  # in the heap: nothing below an entry that is not due is due
        while indexes and total <= MUCH:
            index = indexes.pop()
            if index < len(self._due) and self._due[index][0] <= now:
                total += len(self._due[index][3])
                indexes += (2 * index + 1, 2 * index + 2)
        return total

    def settle(
        self, now: int, graph: str, began: float, most: int | None = None
    ) -> list[Transition]:
        """Carry out what is due at the age *now*; at most *most* jobs stay listed.

        Returns the transitions of *graph*, its name, in order of time; *began* is when the age
        was 0, in seconds since 1970.
        """
        self.now = now
        return [
            transition
            for changes in self._batches(now, most)
            for transition in self._carry_out(changes, graph, began)
        ]

    def _batches(self, now: int, most: int | None) -> Iterator[list[Change]]:
        """What is due at *now*, in order; each batch is carried out before the next is made."""
        batch: list[Change] = []
        while (time := self.next_change()) <= now:
            changes: list[Change] = []
            while self._due and self._due[0][0] == time:
                _, _, timeline, numbers = heappop(self._due)
                numbers = self._with_timeline(timeline, numbers)
                self._expect(timeline, numbers, time)
                status = timeline.at(time).status
                changes += [(time, number, status, timeline) for number in numbers]
            changes.sort()  # in the order of submission; each number is there once
            for change in changes:
                _, number, _, timeline = change
                if self._timelines.get(number) is not timeline:
                    continue
                batch.append(change)
                if timeline.effect is not None:  # after it, others may be gone
                    yield batch
                    batch = []
                    if self.deleted:
                        return
            listing = any(timeline.listed == time for _, _, _, timeline in changes)
            if listing and most is not None and len(self) + len(self._hidden) > most:
                yield batch
                batch = []
                self.keep(most)
        yield batch

    def _carry_out(
        self, changes: Sequence[Change], graph: str, began: float
    ) -> Iterator[Transition]:
        jobs = self._jobs({number for _, number, _, _ in changes})
        edited: set[int] = set()
        for time, number, status, timeline in changes:
            job = jobs[number]
            if job.status != status:
                at = began + time / NANOSECONDS
                yield Transition(graph, job.job_id, job.status, status, at)
                jobs[number] = self._with_status(job, status)
                edited.add(number)
            if number in self._hidden and timeline.listed <= time:
                del self._hidden[number]
                edited.add(number)
        self._edit({number: encode(jobs[number]) for number in edited})
        self.changed.add([jobs[number].job_id for number in edited])
        for _, _, status, timeline in changes[-1:]:  # only the last can have an effect
            self._take_effect(timeline, status)

    def _take_effect(self, timeline: Timeline, status: JobStatus) -> None:
        if status not in ("success", "complete"):
            return
        match timeline.effect:
            case DeleteGraph():
                self.deleted = True
            case EraseJob(job_id) if job_id in self:
                self.remove(job_id)

    def _set_timeline(self, number: int, timeline: Timeline) -> None:
        """Let a job have this *timeline* from now on."""
        if self._timelines.get(number) is timeline:
            return
        self._begin_change()
        self._timelines[number] = timeline
        self._expect(timeline, [number], self.now)
        if len(self._due) > 2 * len(self._timelines) + 64:  # most are of removed or moved jobs
            self._due = [due for due in self._due if self._with_timeline(due[2], due[3])]
            heapify(self._due)

    # --- Rows by number ---

    def _number(self, job_id: str) -> int:
        number = self._numbers.get(job_id)
        if number is None:
            raise NotFound(f"no job has the id {shortened(job_id)!r}")
        return number

    def row(self, number: int) -> bytes:
        hidden = self._hidden.get(number)
        return self._blocks[self._index(number)].row(number) if hidden is None else hidden

    def _jobs(self, numbers: set[int]) -> dict[int, Job]:
        """The jobs with these numbers, and maybe more."""
        hidden = self._hidden.keys() & numbers
        jobs = {number: decode(self._hidden[number]) for number in hidden}
        for index, some in self._by_block(numbers - hidden):
            block = self._blocks[index]
            if len(some) <= _FEW:
                jobs.update((number, decode(block.row(number))) for number in some)
            else:
                jobs.update(zip(block.numbers, block.jobs(0, len(block.numbers)), strict=True))
        return jobs

    def _edit(self, edits: Mapping[int, bytes]) -> None:
        """Replace or insert the rows with these numbers; an empty one removes."""
        self._pages.clear()
        hidden = edits.keys() & self._hidden.keys()
        self._hidden.update((number, edits[number]) for number in hidden)
        resized = False
        for index, numbers in self._by_block(n for n in edits if n not in hidden):
            blocks = self._blocks[index : index + 1]
            there = blocks[0].numbers if blocks else ()
            if len(numbers) <= _FEW and all(edits[n] and n in there for n in numbers):
                for number in numbers:
                    self._blocks[index] = self._blocks[index].with_row(number, edits[number])
                continue
            rows = {number: row for block in blocks for number, row in block.rows()}
            rows.update((number, edits[number]) for number in numbers)
            remaining = [(n, row) for n, row in sorted(rows.items(), reverse=True) if row]
            self._blocks[index : index + 1] = map(Block.of, parts(remaining))
            resized = True
        if resized:
            self._count()

    def _by_block(self, numbers: Iterable[int]) -> Iterator[tuple[int, list[int]]]:
        """*numbers* by the block that has them, or would have them; the newest block first."""
        rising = sorted(numbers)
        while rising:
            index = self._index(rising[-1])
            start = bisect_left(rising, _oldest(self._blocks[index])) if index else 0
            yield index, rising[start:]
            del rising[start:]

    def _index(self, number: int) -> int:
        return max(bisect_right(self._blocks, number, key=_oldest) - 1, 0)

    def _count(self) -> None:
        # Of each block in the list, and its end; counted from any zero.
        self._starts = [*accumulate((len(block.numbers) for block in self._blocks), initial=0)]


def _oldest(block: Block) -> int:
    return block.numbers[-1]
