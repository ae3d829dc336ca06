"""The jobs of one graph, against a plain list; and how little a change of them costs."""

import tracemalloc
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from gesmock import GesMock
from gesmock.model import job_store
from gesmock.model import rows as job_rows
from gesmock.model.clock import nanoseconds
from gesmock.model.errors import Conflict, NotFound
from gesmock.model.job_store import MUCH, JobStore
from gesmock.model.jobs import MOST_CHANGED, Job, JobRequest, Move
from gesmock.model.plans import Plan
from gesmock.model.rows import Page
from gesmock.model.timeline import NEVER, DeleteGraph, Effect, EraseJob, Timeline, Transition
from gesmock.model.types import JobStatus

S = nanoseconds(1)


def job(job_id: str, status: JobStatus = "success") -> Job:
    return Job(job_id, status, JobRequest("import_graph", "/", "{}"))


def jobs(count: int) -> list[Job]:
    return [job(f"{number}") for number in range(count)]


def timeline(name: Any = "normal", effect: Effect | None = None, **fields: Any) -> Timeline:
    line = Timeline.of(Plan(name=name, **fields), "success", "database", 0)
    return replace(line, effect=effect)


def settle(store: JobStore, seconds: float, most: int | None = None) -> list[Transition]:
    return store.settle(nanoseconds(seconds), "movie", 0.0, most)


def moves(store: JobStore, seconds: float, most: int | None = None) -> list[tuple[str, str]]:
    return [(each.job_id, each.status) for each in settle(store, seconds, most)]


def ids(store: JobStore) -> list[str]:
    return [each.job_id for each in store]


def add_older(
    store: JobStore, jobs: list[Job], timelines: dict[str, Timeline] | None = None
) -> None:
    store.add(store.prepare(jobs, timelines))


# --- A list -------------------------------------------------------------------------------------


@given(st.integers(0, 12), st.integers(0, 15), st.integers(0, 15))
def test_a_page_is_a_slice_of_the_list_in_either_order(count: int, offset: int, limit: int) -> None:
    listed = jobs(count)
    store = JobStore(listed)

    assert [*store.page(offset, limit)] == listed[offset : offset + limit]
    oldest_first = listed[::-1][offset : offset + limit]
    assert [*store.page(offset, limit, oldest_first=True)] == oldest_first


def test_submitted_jobs_come_first_and_added_ones_last() -> None:
    store = JobStore(jobs(2))

    store.submit(job("new"))
    add_older(store, [job("old"), job("older")])

    assert ids(store) == ["new", "0", "1", "old", "older"]


def test_the_same_page_is_returned_until_something_changes() -> None:
    store = JobStore(jobs(30))
    page = store.page(0, 5)
    assert store.page(0, 5) is page

    for offset in range(20):  # more than are remembered
        store.page(offset, 5)
    store.submit(job("new"))

    assert [*page] == jobs(5)
    assert [*store.page(0, 2)] == [job("new"), job("0")]


def test_an_id_that_is_taken_or_unknown_is_refused() -> None:
    store = JobStore(jobs(1))

    with pytest.raises(Conflict, match="a job with the id '0' already exists"):
        store.submit(job("0"))
    with pytest.raises(NotFound, match="no job has the id 'x'"):
        store.remove("x")


def test_prepared_jobs_can_be_added_until_others_are_or_an_id_is_taken() -> None:
    store = JobStore(jobs(1))
    first, second = store.prepare([job("a")]), store.prepare([job("b")])

    assert store.can_add(first)
    store.add(first)
    assert not store.can_add(second)
    again = store.prepare([job("c")])
    store.submit(job("c"))
    assert not store.can_add(again)


def test_a_removed_job_is_in_no_copy_until_it_is_added_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = JobStore(jobs(4))
    for job_id in ("0", "2"):
        store.remove(job_id)
    copy = store.copy()
    add_older(copy, [job("2")])

    assert (ids(store), ids(copy)) == (["1", "3"], ["1", "3", "2"])
    assert ("0" in copy, "2" in copy, "2" in store) == (False, True, False)


def test_a_copy_to_read_stays_as_it_is_and_makes_no_change_take_longer() -> None:
    store = JobStore(jobs(10_000))
    copy = store.copy(to_read=True)

    tracemalloc.start()
    store.submit(job("new"))
    assert tracemalloc.get_traced_memory()[1] < 200_000  # the ids alone take 300 kB
    tracemalloc.stop()
    store.remove("0")

    assert ids(copy) == [f"{number}" for number in range(10_000)]
    assert (copy.counts, len(copy.search([]))) == ({"success": 10_000}, 10_000)


class Model:
    """A store beside a plain list, newest first, of jobs and whether each is listed."""

    def __init__(self) -> None:
        self.store = JobStore()
        self.jobs: list[Job] = []
        self.hidden: set[str] = set()
        self.count = self.now = 0
        self.before: list[tuple[JobStore | Page, list[Job]]] = []

    def listed(self) -> list[Job]:
        return [each for each in self.jobs if each.job_id not in self.hidden]

    def _new(self) -> Job:
        self.count += 1
        return job(f"j{self.count}", "running")

    def _some(self, number: int) -> Job | None:
        return self.jobs[number % len(self.jobs)] if self.jobs else None

    def submit(self, number: int) -> None:
        new, hides = self._new(), number % 3 == 0
        line = Timeline.still("running", self.now)
        self.store.submit(new, replace(line, listed=self.now + S) if hides else None)
        self.jobs.insert(0, new)
        self.hidden |= {new.job_id} if hides else set()

    def older(self, number: int) -> None:
        new = [self._new() for _ in range(number)]
        add_older(self.store, new)
        self.jobs += new

    def move(self, number: int) -> None:
        chosen = self._some(number)
        if chosen is not None:
            moved = self.store.move(chosen.job_id, Move("failed"))
            self.jobs[self.jobs.index(chosen)] = moved
            assert moved == msgspec.structs.replace(chosen, status="failed")

    def remove(self, number: int) -> None:
        chosen = self._some(number)
        if chosen is not None:
            assert self.store.remove(chosen.job_id) == chosen
            self.jobs.remove(chosen)
            self.hidden.discard(chosen.job_id)

    def settle(self, _: int) -> None:
        self.now += S
        assert self.store.settle(self.now, "movie", 0.0) == []
        self.hidden.clear()

    def keep(self, number: int) -> None:
        self.store.keep(number)
        dropped = self.listed()[number:]
        self.jobs = [each for each in self.jobs if each not in dropped]

    def page(self, number: int) -> None:
        for offset, limit in ((0, len(self.jobs)), (number % 7, number)):
            page = self.store.page(offset, limit)
            self.before.append((page, self.listed()[offset : offset + limit]))

    def copy(self, _: int) -> None:
        self.before.append((self.store, self.listed()))
        self.store = self.store.copy()

    def check(self, offset: int, limit: int) -> None:
        store, window = self.store, slice(offset, offset + limit)
        assert (len(store), [*store]) == (len(self.listed()), self.listed())
        assert store.all_jobs() == self.jobs
        assert +store.counts == Counter(each.status for each in self.jobs)
        assert [store.job(each.job_id) for each in self.jobs] == self.jobs
        assert "x" not in store
        down, up = self.listed()[window], self.listed()[::-1][window]
        for page, expected in (
            (store.page(offset, limit), down),
            (store.page(offset, limit, oldest_first=True), up),
        ):
            assert (len(page), [*page]) == (len(expected), expected)
            assert b"".join(page.pieces()) == msgspec.json.encode(expected)[1:-1]
        for then, expected in self.before:
            assert [*then] == expected


EVERY_STEP = [("older", 9), ("page", 5), ("submit", 3), ("move", 2), ("remove", 1), ("copy", 0)]
EVERY_STEP += [("settle", 0), ("keep", 7), ("older", 6), ("page", 9), ("keep", 1), ("submit", 1)]
STEPS = ["submit", "submit", "older", "move", "remove", "remove", "settle", "keep", "page", "copy"]


@example(EVERY_STEP, 1, 3)
@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 40)), max_size=40),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_a_store_behaves_like_a_list_and_its_pages_and_copies_never_change(
    steps: list[tuple[str, int]], offset: int, limit: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (job_rows, job_store):
            patch.setattr(module, "SIZE", 4)
        patch.setattr(job_store, "_FEW", 1)
        model = Model()
        for step, number in steps:
            getattr(model, step)(number)
        model.check(offset, limit)


def test_many_hidden_jobs_are_listed_in_order_at_once() -> None:
    store = JobStore()
    hides = timeline("stuck_pending", never_listed_for_s=5)
    add_older(store, jobs(2_000), {f"{number}": hides for number in range(0, 2_000, 2)})
    assert len(store) == 1_000

    settle(store, 5)

    assert ids(store) == [f"{number}" for number in range(2_000)]


# --- The time -----------------------------------------------------------------------------------


def test_transitions_come_once_each_in_order_of_time() -> None:
    store = JobStore()
    store.submit(job("a", "pending"), timeline())
    store.submit(job("b", "pending"), timeline("fails_early"))

    assert store.next_change() == 2 * S
    assert settle(store, 5) == [
        Transition("movie", "a", "pending", "running", 2.0),
        Transition("movie", "b", "pending", "running", 2.0),
        Transition("movie", "b", "running", "failed", 3.0),
    ]
    assert moves(store, 100) == [("a", "success")]
    assert store.next_change() == NEVER


def test_jobs_that_share_a_timeline_change_in_the_order_of_submission() -> None:
    lines = (timeline(), timeline("fails_early"))
    store = JobStore()
    pending = [job(name, "pending") for name in "dcba"]
    add_older(store, pending, {each.job_id: lines[i % 2] for i, each in enumerate(pending)})
    copy = store.copy()

    assert moves(store, 2) == [(name, "running") for name in "abcd"]
    assert moves(store, 100) == [
        ("a", "failed"),
        ("c", "failed"),
        ("b", "success"),
        ("d", "success"),
    ]
    assert len(moves(copy, 100)) == 8
    assert store.next_change() == NEVER


def test_jobs_that_share_a_timeline_can_be_moved_and_removed_alone() -> None:
    line = timeline()
    store = JobStore()
    pending = [job(name, "pending") for name in "dcba"]
    add_older(store, pending, {each.job_id: line for each in pending})
    store.remove("d")
    store.move("c", Move("failed"))

    assert store.next_change() == 2 * S
    assert moves(store, 2) == [("a", "running"), ("b", "running")]
    store.remove("b")
    store.remove("a")
    assert store.next_change() == NEVER


def test_removed_jobs_do_not_stay_due() -> None:
    store = JobStore()
    store.submit(job("stays", "pending"), timeline())
    for number in range(1000):
        store.submit(job(f"{number}", "pending"), timeline())
        store.remove(f"{number}")

    assert len(store._due) < 100
    assert store.next_change() == 2 * S


def test_an_erased_job_has_no_transition_at_that_moment() -> None:
    store = JobStore()
    store.submit(job("a", "pending"), timeline(effect=EraseJob("b")))
    store.submit(job("b", "pending"), timeline())
    store.submit(job("c", "pending"), timeline())

    assert moves(store, 9) == [("a", "running"), ("b", "running"), ("c", "running")]
    assert moves(store, 10) == [("a", "success"), ("c", "success")]
    assert ids(store) == ["c", "a"]


def test_a_failed_export_erases_nothing() -> None:
    store = JobStore(jobs(1))
    store.submit(job("a", "pending"), timeline("fails_early", EraseJob("0")))
    store.submit(job("b", "pending"), timeline("instant", EraseJob("x")))

    settle(store, 100)

    assert len(store) == 3


def test_nothing_happens_after_the_graph_is_deleted() -> None:
    store = JobStore()
    for name, effect in (("a", None), ("b", DeleteGraph()), ("c", None)):
        store.submit(job(name, "pending"), timeline("normal", effect))

    changes = moves(store, 100)

    assert changes[-2:] == [("a", "success"), ("b", "success")]
    assert store.deleted


def test_an_erased_export_erases_nothing() -> None:
    store = JobStore(jobs(1))
    store.submit(job("a", "pending"), timeline(effect=EraseJob("b")))
    store.submit(job("b", "pending"), timeline(effect=EraseJob("0")))

    settle(store, 100)

    assert ids(store) == ["a", "0"]


def test_a_job_that_is_listed_late_removes_the_oldest() -> None:
    store = JobStore()
    store.submit(job("old", "pending"), timeline("slow"))
    store.submit(job("late", "pending"), timeline(never_listed_for_s=5))

    changes = moves(store, 1_000, most=1)

    assert changes == [("late", "running"), ("late", "success")]
    assert ids(store) == ["late"]
    assert "old" not in store


def test_what_is_due_is_counted_until_it_is_much() -> None:
    store = JobStore()
    add_older(store, jobs(900), {f"{number}": timeline() for number in range(900)})
    line = timeline()
    assert store.due(100 * S) == 900
    pending = [job(f"s{number}", "pending") for number in range(200)]
    add_older(store, pending, {each.job_id: line for each in pending})

    assert store.due(1 * S) <= MUCH
    assert store.due(2 * S) > MUCH


# --- Cost -------------------------------------------------------------------------


@pytest.mark.deep
def test_a_job_takes_little_more_than_its_row() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        ges = GesMock(generate=20_000)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    graph = ges.fake.default.graphs.get("movie")
    assert graph is not None

    size = sum(map(len, graph.page(0, len(graph)).pieces()))

    assert held <= 1.6 * size


def test_a_store_tells_which_jobs_have_changed() -> None:
    store = JobStore([job("0"), job("1", "running")])
    store.submit(job("new", "pending"), timeline())
    count = store.changed.count

    store.move("1", Move("success"))
    store.remove("0")
    settle(store, 2)
    store.move("1", Move("success"))

    assert store.changed.since(count) == ["0", "new", "1"]
    assert store.changed.since(store.changed.count) == []
    copy = store.copy()
    store.cancel("new", S, "stopped")
    assert store.changed.since(copy.changed.count) == ["new"]
    assert copy.changed.since(count) == ["0", "new", "1"]
    assert copy.changed.identity is store.changed.identity is not JobStore().changed.identity


def test_jobs_that_are_added_or_dropped_have_changed_until_they_are_too_many() -> None:
    store = JobStore(jobs(2))

    add_older(store, [job("old")])
    store.keep(1)

    assert sorted(store.changed.since(0) or ()) == ["1", "old"]
    add_older(store, [job(f"old{number}") for number in range(MOST_CHANGED)])
    assert store.changed.since(0) is None
    assert len(store.changed.since(3) or ()) == MOST_CHANGED


def test_a_change_of_status_touches_no_other_block(monkeypatch: pytest.MonkeyPatch) -> None:
    store = JobStore([job(f"{number}", "running") for number in range(20_000)])
    copy = store.copy()
    copy.move("7000", Move("failed"))

    pieces = zip(store.page(0, 20_000).pieces(), copy.page(0, 20_000).pieces(), strict=True)

    assert sum(before is not after for before, after in [*pieces][:-1]) == 1


def test_repeated_generating_leaves_only_what_is_due() -> None:
    ges = GesMock(clock={"frozen": True})
    for _ in range(100):
        ges.generate(1, plan="normal")

    store = ges.fake.default.graphs.get_or_new("movie")
    assert len(store) == 100
    assert len(store._due) <= 100
