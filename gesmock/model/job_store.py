"""JobStore: the jobs of one graph, as rows of its list, and what becomes of them when."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import accumulate
from operator import itemgetter
from typing import Final, NamedTuple

from msgspec import structs

from gesmock.model.clock import NANOSECONDS
from gesmock.model.errors import Conflict, NotFound
from gesmock.model.jobs import Job, Move
from gesmock.model.rows import SIZE, Block, Page, decode, encode, in_status, parts
from gesmock.model.timeline import NEVER, DeleteGraph, EraseJob, Timeline, Transition
from gesmock.model.types import Edition, JobStatus

_MOST_PAGES: Final = 16
_FEW: Final = 4  # rows of a block that are touched one by one
_MUCH: Final = 1_000  # transitions, which take some five milliseconds


class _Due(NamedTuple):
    """At *time*, the jobs with these *numbers* change, if *timeline* is theirs still.

    The *tie* is its id: so timelines themselves are never compared.
    """

    time: int
    tie: int
    timeline: Timeline
    numbers: tuple[int, ...]


class _Change(NamedTuple):
    """At *time*, a job has *status* by its *timeline*."""

    time: int
    number: int
    status: JobStatus
    timeline: Timeline


class Batch(NamedTuple):
    """Many jobs, made ready for ``JobStore.add``."""

    newest: int
    numbers: dict[str, int]
    blocks: list[Block]
    hidden: dict[int, bytes]
    timelines: dict[int, Timeline]
    due: list[_Due]


class JobStore:
    """The jobs of one graph, newest first.

    *edition* is the graph's own, if it has one. A job without a timeline keeps its status. Call
    ``settle`` before anything else: it carries out what is due at the age *now*. A graph that one
    of its jobs has deleted is *deleted*.
    """

    def __init__(self, jobs: Sequence[Job] = (), edition: Edition | None = None) -> None:
        self.edition = edition
        self.now = 0
        self.deleted = False
        # Jobs are numbered from 0 on as they are submitted, and downwards from -1 as older ones
        # are added. A number is never used again.
        self._first = self._next = 0
        self._numbers: dict[str, int] = {}
        self._blocks: list[Block] = []  # oldest first
        self._starts = [0]  # of each block in the list, and its end; counted from any zero
        self._hidden: dict[int, bytes] = {}  # rows that the list does not show yet
        self._pages: dict[tuple[int, int, bool], Page] = {}
        self._timelines: dict[int, Timeline] = {}
        self._due: list[_Due] = []  # a heap
        self.add(self.prepare(jobs))

    def copy(self) -> "JobStore":
        """A store of its own with the same jobs."""
        copy = JobStore(edition=self.edition)
        copy.now, copy._first, copy._next = self.now, self._first, self._next
        copy._numbers, copy._hidden = self._numbers.copy(), self._hidden.copy()
        copy._blocks, copy._starts = self._blocks.copy(), self._starts.copy()
        copy._timelines, copy._due = self._timelines.copy(), self._due.copy()
        return copy

    # --- Reading it ---

    def __len__(self) -> int:
        """How many jobs the list shows."""
        return self._starts[-1] - self._starts[0]

    def __iter__(self) -> Iterator[Job]:
        return iter(self.page(0, len(self)))

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._numbers

    def job(self, job_id: str) -> Job:
        """The job with this id, whether the list shows it or not; NotFound if there is none."""
        return decode(self._row(self._number(job_id)))

    def timeline(self, job_id: str) -> Timeline | None:
        """The timeline of a job, if it has one."""
        return self._timelines.get(self._numbers.get(job_id, NEVER))

    def timelines(self, page: Page) -> Mapping[int, Timeline]:
        """The timelines of the jobs on *page*, and maybe of more, by the jobs' numbers."""
        if len(page) > len(self._timelines):
            return self._timelines.copy()
        numbers = (n for block, begin, end in page.parts for n in block.numbers[begin:end])
        return {n: self._timelines[n] for n in numbers if n in self._timelines}

    def all_jobs(self) -> list[Job]:
        """Every job, those included that the list does not show yet."""
        return [job for _, job in self._numbered()]

    def exported(self) -> list[Job]:
        """Every job, with the plan that remains to it."""
        return [self._planned(number, job) for number, job in self._numbered()]

    def planned(self, job: Job) -> Job:
        """*job* with the plan that remains to it."""
        return self._planned(self._number(job.job_id), job)

    def _planned(self, number: int, job: Job) -> Job:
        timeline = self._timelines.get(number)
        return job if timeline is None else structs.replace(job, plan=timeline.remainder(self.now))

    def _numbered(self) -> list[tuple[int, Job]]:
        listed = self.page(0, len(self)).numbered()
        hidden = [(number, decode(row)) for number, row in self._hidden.items()]
        return sorted([*listed, *hidden], key=itemgetter(0), reverse=True)

    def goes_through(self, status: JobStatus) -> str | None:
        """The id of the newest job that has *status*, or will have it; None if no job does."""
        shared = {id(timeline): timeline for timeline in self._timelines.values()}
        leading = {
            key for key, timeline in shared.items() if timeline.goes_through(status, self.now)
        }
        numbers = [n for n, timeline in self._timelines.items() if id(timeline) in leading]
        text = in_status(status)
        block = next((block for block in reversed(self._blocks) if text in block.text), None)
        if block is not None:
            numbered = zip(block.numbers, block.rows(), strict=True)
            numbers.append(next(number for number, row in numbered if text in row))
        return decode(self._row(max(numbers))).job_id if numbers else None

    def page(self, offset: int, limit: int, *, oldest_first: bool = False) -> Page:
        """At most *limit* jobs of the list from *offset* on."""
        key = offset, limit, oldest_first
        page = self._pages.get(key)
        if page is None:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            page = self._pages[key] = self._cut(*key)
        return page

    def _cut(self, offset: int, limit: int, oldest_first: bool) -> Page:  # noqa: FBT001 private
        zero, total = self._starts[0], len(self)
        low, high = min(offset, total), min(offset + limit, total)
        if not oldest_first:
            low, high = total - high, total - low
        if low == high:
            return Page((), total, oldest_first)
        first = bisect_right(self._starts, zero + low) - 1
        last = bisect_left(self._starts, zero + high) - 1
        parts = [(block, 0, len(block)) for block in self._blocks[first : last + 1]]
        block, begin, end = parts[-1]  # indexes in a block count from its newest row
        parts[-1] = block, begin + self._starts[last + 1] - zero - high, end
        block, begin, end = parts[0]
        parts[0] = block, begin, end - (zero + low - self._starts[first])
        return Page(parts if oldest_first else parts[::-1], total, oldest_first)

    # --- Changing it ---

    def submit(self, job: Job, timeline: Timeline | None = None) -> None:
        """Add *job* as the newest; Conflict if its id is taken."""
        if job.job_id in self._numbers:
            raise Conflict(f"a job with the id {job.job_id!r} is there already")
        row, number = encode(job), self._next
        self._next += 1
        self._numbers[job.job_id] = number
        if timeline is not None and timeline.listed > self.now:
            self._hidden[number] = row
        else:
            self._append(number, row)
        if timeline is not None:
            self._follow(number, timeline)
            self._take_effect(timeline, job.status)

    def _append(self, number: int, row: bytes) -> None:
        self._pages.clear()
        if self._blocks and len(self._blocks[-1]) < SIZE:
            self._blocks[-1] = self._blocks[-1].with_newest(number, row)
            self._starts[-1] += 1
        else:
            self._blocks.append(Block.of([(number, row)]))
            self._starts.append(self._starts[-1] + 1)

    def prepare(
        self, jobs: Sequence[Job], timelines: Mapping[str, Timeline] | None = None, now: int = 0
    ) -> Batch:
        """What ``add`` needs to add *jobs*, newest first, after all others.

        This is the part that takes long; it changes nothing, and needs no lock. *timelines* are
        those of some of the jobs, by id.
        """
        newest = self._first - 1
        numbers = {job.job_id: newest - index for index, job in enumerate(jobs)}
        batch = Batch(newest, numbers, [], {}, {}, [])
        listed: list[tuple[int, Job]] = []
        groups: dict[int, list[int]] = {}  # many jobs share a timeline
        for number, job in zip(numbers.values(), jobs, strict=True):
            timeline = timelines.get(job.job_id) if timelines else None
            if timeline is None or timeline.listed <= now:
                listed.append((number, job))
            else:
                batch.hidden[number] = encode(job)
            if timeline is not None:
                batch.timelines[number] = timeline
                groups.setdefault(id(timeline), []).append(number)
        for part in parts(listed):
            batch.blocks.append(Block.of([(number, encode(job)) for number, job in part]))
        for group in groups.values():
            batch.due.extend(_due(batch.timelines[group[0]], tuple(group), now))
        return batch

    def takes(self, batch: Batch) -> bool:
        """Whether *batch* can be added still: no other has been since, and no id is taken."""
        free = self._numbers.keys().isdisjoint(batch.numbers)
        return free and batch.newest == self._first - 1

    def add(self, batch: Batch) -> None:
        """Add the jobs of *batch*, which this store takes, after all others."""
        self._pages.clear()
        self._first -= len(batch.numbers)
        self._numbers |= batch.numbers
        self._blocks[:0] = batch.blocks
        self._hidden |= batch.hidden
        self._timelines |= batch.timelines
        self._due += batch.due
        heapify(self._due)
        self._count()

    def move(self, job_id: str, move: Move) -> Job:
        """Move a job by hand, to go on along its timeline from there; returns it as it is then."""
        timeline = self._timeline(job_id).moved(move, self.now)
        job = self._change(job_id, timeline)
        self._take_effect(timeline, job.status)
        return job

    def cancel(self, job_id: str, delay: int, reason: str) -> None:
        """Let a job fail after *delay* nanoseconds, for this *reason*."""
        self._change(job_id, self._timeline(job_id).cancelled(self.now, delay, reason))

    def _timeline(self, job_id: str) -> Timeline:
        return self.timeline(job_id) or Timeline.still(self.job(job_id).status, self.now)

    def _change(self, job_id: str, timeline: Timeline) -> Job:
        number = self._number(job_id)
        self._follow(number, timeline)
        job, status = self.job(job_id), timeline.at(self.now).status
        if job.status != status:
            job = Job(job_id, status, job.request)
            self._put({number: job})
        return job

    def remove(self, job_id: str) -> Job:
        """Remove a job; NotFound if there is none."""
        job, number = self.job(job_id), self._numbers.pop(job_id)
        self._timelines.pop(number, None)
        if self._hidden.pop(number, None) is None:
            self._edit({number: b""})
        return job

    def keep(self, most: int) -> None:
        """Remove the oldest jobs of the list until it has at most *most*."""
        while (surplus := len(self) - most) > 0:
            self._pages.clear()
            block = self._blocks[0]
            remaining = max(len(block) - surplus, 0)
            removed = block.statuses(remaining, len(block))
            for number, row in zip(block.numbers[remaining:], removed, strict=True):
                del self._numbers[row.job_id]
                self._timelines.pop(number, None)
            if remaining:
                self._blocks[0] = block.part(0, remaining)
                self._starts[0] += surplus
            else:
                del self._blocks[0], self._starts[0]

    # --- The time ---

    def next_change(self) -> int:
        """When the next job changes its status or is listed; NEVER if none will."""
        while self._due:
            time, tie, timeline, numbers = self._due[0]
            if self._timelines.get(numbers[0]) is timeline:
                return time
            heappop(self._due)  # the first is gone, or has been moved
            current = (i for i, n in enumerate(numbers) if self._timelines.get(n) is timeline)
            index = next(current, None)
            if index is not None:
                heappush(self._due, _Due(time, tie, timeline, numbers[index:]))
        return NEVER

    def much_is_due(self, now: int) -> bool:
        """Whether ``settle`` would take more than a few milliseconds."""
        count, indexes = 0, [0]  # in the heap: below what is not due, nothing is
        while indexes and count <= _MUCH:
            index = indexes.pop()
            if index < len(self._due) and self._due[index].time <= now:
                count += len(self._due[index].numbers)
                indexes += (2 * index + 1, 2 * index + 2)
        return count > _MUCH

    def settle(
        self, now: int, graph: str, began: float, most: int | None = None
    ) -> list[Transition]:
        """Carry out what is due at the age *now*; at most *most* jobs stay listed.

        Returns the transitions in order of time, as those of *graph*; *began* is when the age
        was 0, in seconds since 1970.
        """
        self.now = now
        if self.next_change() > now:
            return []
        transitions: list[Transition] = []
        changes: list[_Change] = []
        while (time := self.next_change()) <= now:
            due = self._changes(time)
            for change in due:
                changes.append(change)
                if change.timeline.effect is not None:  # after it, others may be gone
                    transitions += self._carry_out(changes, graph, began)
                    changes = []
                    if self._timelines.get(change.number) is change.timeline:
                        self._take_effect(change.timeline, change.status)
                    if self.deleted:
                        return transitions
            listing = any(change.timeline.listed == time for change in due)
            if listing and most is not None and len(self) + len(self._hidden) > most:
                transitions += self._carry_out(changes, graph, began)
                changes = []
                self.keep(most)
        return transitions + self._carry_out(changes, graph, began)

    def _changes(self, time: int) -> list[_Change]:
        """What is due at *time*, in the order of submission; each job is expected again."""
        changes: list[_Change] = []
        while self._due and self._due[0].time == time:
            _, _, timeline, numbers = heappop(self._due)
            current = tuple([n for n in numbers if self._timelines.get(n) is timeline])
            if current:
                for due in _due(timeline, current, time):
                    heappush(self._due, due)
            status = timeline.at(time).status
            changes += [_Change(time, number, status, timeline) for number in current]
        changes.sort()  # a number is there once
        return changes

    def _carry_out(self, changes: Sequence[_Change], graph: str, began: float) -> list[Transition]:
        current = [each for each in changes if self._timelines.get(each.number) is each.timeline]
        rows = self._rows({change.number for change in current})
        jobs = {number: decode(row) for number, row in rows.items()}
        transitions: list[Transition] = []
        changed: dict[int, Job] = {}
        listed: set[int] = set()
        for time, number, status, timeline in current:
            job = changed.get(number) or jobs[number]
            if job.status != status:
                at = began + time / NANOSECONDS
                transitions.append(Transition(graph, job.job_id, job.status, status, at))
                changed[number] = Job(job.job_id, status, job.request)
            if timeline.listed == time:
                listed.add(number)
        self._put(changed)
        self._edit({number: self._hidden.pop(number) for number in listed & self._hidden.keys()})
        return transitions

    def _take_effect(self, timeline: Timeline, status: JobStatus) -> None:
        if status not in ("success", "complete"):
            return
        match timeline.effect:
            case DeleteGraph():
                self.deleted = True
            case EraseJob(job_id) if job_id in self._numbers:
                self.remove(job_id)

    def _follow(self, number: int, timeline: Timeline) -> None:
        """From now on, let a job have this *timeline*."""
        if self._timelines.get(number) is timeline:
            return
        self._timelines[number] = timeline
        for due in _due(timeline, (number,), self.now):
            heappush(self._due, due)
        if (
            len(self._due) > 4 * len(self._timelines) + 64
        ):  # most are of jobs that are gone or moved
            self._due = [
                due
                for due in self._due
                if any(self._timelines.get(n) is due.timeline for n in due.numbers)
            ]
            heapify(self._due)

    # --- Rows by number ---

    def _number(self, job_id: str) -> int:
        if job_id not in self._numbers:
            raise NotFound(f"no job has the id {job_id!r}")
        return self._numbers[job_id]

    def _row(self, number: int) -> bytes:
        hidden = self._hidden.get(number)
        return self._blocks[self._index(number)].row(number) if hidden is None else hidden

    def _rows(self, numbers: Collection[int]) -> dict[int, bytes]:
        rows = {number: self._hidden[number] for number in self._hidden.keys() & numbers}
        for index, some in self._by_block(numbers - rows.keys()):
            block = self._blocks[index]
            if len(some) <= _FEW:
                rows |= {number: block.row(number) for number in some}
            else:
                of_block = dict(zip(block.numbers, block.rows(), strict=True))
                rows |= {number: of_block[number] for number in some}
        return rows

    def _put(self, jobs: Mapping[int, Job]) -> None:
        """Replace the rows of *jobs*, by number."""
        rows = {number: encode(job) for number, job in jobs.items()}
        for number in self._hidden.keys() & rows.keys():
            self._hidden[number] = rows.pop(number)
        self._edit(rows)

    def _edit(self, edits: Mapping[int, bytes]) -> None:
        """Replace or insert the rows with these numbers in the list; an empty one removes."""
        self._pages.clear()
        resized = False
        for index, numbers in self._by_block(edits):
            blocks = self._blocks[index : index + 1]
            if blocks and len(numbers) <= _FEW and all(n in blocks[0].numbers for n in numbers):
                for number in numbers:
                    blocks[0] = blocks[0].with_row(number, edits[number])
                self._blocks[index : index + 1] = [block for block in blocks if block.numbers]
                resized = resized or not all(edits[number] for number in numbers)
                continue
            rows = {
                n: row
                for block in blocks
                for n, row in zip(block.numbers, block.rows(), strict=True)
            }
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
        self._starts = [*accumulate((len(block.numbers) for block in self._blocks), initial=0)]


def _due(timeline: Timeline, numbers: tuple[int, ...], now: int) -> list[_Due]:
    """What is due next after *now*, if anything is."""
    time = timeline.next_after(now)
    return [_Due(time, id(timeline), timeline, numbers)] if time < NEVER else []


def _oldest(block: Block) -> int:
    return block.numbers[-1]
