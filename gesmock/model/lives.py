"""Lives: those of the jobs of one graph, by the jobs' numbers, and what is due next.

Nothing polls: a heap tells which jobs have changed, and for those that came together a list.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from msgspec import Struct

from gesmock.model.timeline import NEVER, Life
from gesmock.model.types import JobStatus


class Event(Struct, frozen=True, gc=False):
    """At *time*, a job gets another *status*; with None, the list begins to show it."""

    time: int
    number: int
    status: JobStatus | None
    life: Life


class Change(Struct, frozen=True, gc=False):
    """At *time*, the job *job_id*, which lives *life*, went over from *was* to *status*."""

    time: int
    job_id: str
    was: JobStatus
    status: JobStatus
    life: Life


class _Due(NamedTuple):
    """At *time*, the jobs with these *numbers* come to a *status* of their common life."""

    time: int
    status: JobStatus | None
    life: Life
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class Together:
    """The lives of many jobs that come together, with all that is due; never changed."""

    now: int
    last: int
    lives: Mapping[int, Life]
    due: Sequence[_Due]

    @classmethod
    def of(cls, lives: Mapping[int, Life], now: int) -> "Together":
        """*lives*, by the numbers of their jobs, as they are *now*; several jobs may share one."""
        shared: dict[int, tuple[Life, list[int]]] = {}
        for number in sorted(lives):
            shared.setdefault(id(lives[number]), (lives[number], []))[1].append(number)
        due: list[_Due] = []
        for life, numbers in shared.values():
            time = life.change_after(now)
            while time < NEVER:
                due.append(_Due(time, life.at(time).status, life, numbers))
                time = life.change_after(time)
            if life.listed > now:
                due.append(_Due(life.listed, None, life, numbers))
        last = max(lives, default=0)
        return cls(now, last, lives, sorted(due, key=lambda one: (one.time, one.numbers[0])))


class _Course:
    """How far it has come with those that came together, in one graph."""

    __slots__ = ("group", "of", "place")

    def __init__(self, of: Together, group: int = 0, place: int = 0) -> None:
        self.of = of
        self.group = group
        self.place = place

    def next(self, others: Mapping[int, Life | None]) -> int:
        """When what is due next is; the jobs in *others* are gone or live otherwise."""
        due = self.of.due
        while self.group < len(due):
            numbers = due[self.group].numbers
            while self.place < len(numbers) and numbers[self.place] in others:
                self.place += 1
            if self.place < len(numbers):
                return due[self.group].time
            self.group, self.place = self.group + 1, 0
        return NEVER

    def due(self, now: int, most: int) -> int:
        """How many may be due by *now*; not counted beyond *most*."""
        found = 0
        for group in range(self.group, len(self.of.due)):
            if self.of.due[group].time > now or found > most:
                break
            found += len(self.of.due[group].numbers)
        return found

    def take(self, time: int, others: Mapping[int, Life | None]) -> list[Event]:
        """What comes to be at *time*, in the order of submission."""
        events: list[Event] = []
        groups = 0
        while self.next(others) == time:
            _, status, life, numbers = self.of.due[self.group]
            rest = numbers[self.place :] if self.place else numbers
            if others:
                rest = [number for number in rest if number not in others]
            events += [Event(time, number, status, life) for number in rest]
            self.group, self.place, groups = self.group + 1, 0, groups + 1
        if groups > 1:
            events.sort(key=_number)
        return events


def _number(event: Event) -> int:
    return event.number


class Lives:
    """The lives of a graph's jobs, by their numbers; those that no life is known of never change.

    A copy costs as much as the jobs that came one by one; those that came together are shared.
    """

    def __init__(self) -> None:
        self._of: dict[int, Life | None] = {}  # None: it came together with others, and is gone
        self._due: list[tuple[int, int, int, Life, bool]] = []
        self._count = 0
        self._courses: list[_Course] = []

    def copy(self) -> "Lives":
        """Lives of their own that go on as these."""
        twin = Lives()
        twin._of, twin._due, twin._count = self._of.copy(), self._due.copy(), self._count
        twin._courses = [_Course(one.of, one.group, one.place) for one in self._courses]
        return twin

    def get(self, number: int) -> Life | None:
        """The life of the job with this *number*, if it has one."""
        if number in self._of:
            return self._of[number]
        lives = (course.of.lives.get(number) for course in self._courses)
        return next((life for life in lives if life is not None), None)

    def __bool__(self) -> bool:
        """Whether anything may be due, now or later."""
        return bool(self._due or self._courses)

    def __iter__(self) -> Iterator[tuple[int, Life]]:
        for number, own in self._of.items():
            if own is not None:
                yield number, own
        for course in self._courses:
            for number, life in course.of.lives.items():
                if number not in self._of:
                    yield number, life

    def put(self, number: int, life: Life, now: int) -> None:
        """From *now* on, *life* is that of this job, whatever it was before."""
        if self.get(number) is life:
            return
        self._of[number] = life
        self._expect(number, life, life.change_after(now))
        if life.listed > now:
            self._expect(number, life, life.listed, listing=True)
        self._drop_stale()

    def put_together(self, together: Together) -> None:
        """Add the lives of new jobs."""
        self._courses.append(_Course(together))

    def forget(self, numbers: Iterable[int]) -> None:
        """These jobs are gone."""
        if not (self._of or self._courses):
            return
        for number in numbers:
            if any(number in course.of.lives for course in self._courses):
                self._of[number] = None
            else:
                self._of.pop(number, None)
        self._drop_stale()

    def forget_below(self, number: int) -> None:
        """The jobs below this *number* are gone."""
        kept = [course for course in self._courses if course.of.last >= number]
        if len(kept) < len(self._courses):
            self._courses = kept
            self._of = {
                one: life for one, life in self._of.items() if life is not None or one >= number
            }

    def _drop_stale(self) -> None:
        if len(self._due) > 4 * len(self._of) + 64:  # most are of jobs that are gone or moved
            self._due = [due for due in self._due if self._of.get(due[1]) is due[3]]
            heapify(self._due)

    def next_change(self) -> int:
        """When the next of the jobs changes its status or is listed; NEVER where none will."""
        due = self._due
        if not due and not self._courses:
            return NEVER
        while due and self._of.get(due[0][1]) is not due[0][3]:
            heappop(due)  # of a job that is gone, or that was moved
        soonest = due[0][0] if due else NEVER
        for course in self._courses:
            soonest = min(soonest, course.next(self._of))
        return soonest

    def much_is_due(self, now: int, most: int) -> bool:
        """Whether more than *most* events may be due by *now*."""
        found = sum(course.due(now, most) for course in self._courses)
        left = [0]  # places in the heap: what lies below one that is not due is not due either
        while left and found <= most:
            place = left.pop()
            if place < len(self._due) and self._due[place][0] <= now:
                found += 1
                left += (2 * place + 1, 2 * place + 2)
        return found > most

    def settle(self, now: int) -> Iterator[list[Event]]:
        """All that has come to be until *now*, in the order of its time; each event comes once.

        An event of a life that has an effect on others comes alone: what is due later may depend
        on it.
        """
        events: list[Event] = []
        while (time := self.next_change()) <= now:
            for course in self._courses:
                events += course.take(time, self._of)
            while self._due and self._due[0][0] == time:
                _, number, _, life, listing = heappop(self._due)
                if self._of.get(number) is not life:
                    continue
                status = None if listing else life.at(time).status
                event = Event(time, number, status, life)
                if not listing:
                    self._expect(number, life, life.change_after(time))
                if life.effect is None:
                    events.append(event)
                    continue
                if events:
                    yield events
                yield [event]
                events = []
        if events:
            yield events

    def _expect(self, number: int, life: Life, time: int, *, listing: bool = False) -> None:
        if time < NEVER:
            self._count += 1
            heappush(self._due, (time, number, self._count, life, listing))
