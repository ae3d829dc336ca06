"""An advance that changes much keeps nobody waiting, and shows one moment or the other."""

from collections.abc import Callable
from typing import Any

import pytest

from gesmock.fake.fake import Fake
from gesmock.fake.graphs import GraphChange
from gesmock.fake.project import Project
from gesmock.model.clock import LATEST, ClockChange, Timing
from gesmock.model.errors import Conflict, InvalidInput
from gesmock.model.job_store import MUCH, JobStore
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.plans import Plan
from gesmock.model.timeline import DeleteGraph, Timeline, Transition

MANY = 3_000
HOUR = ClockChange(advance_s=3600)


@pytest.fixture
def project() -> Project:
    """Many jobs that end at the same moment, and a few in another graph."""
    many = {"count": MANY, "statuses": {"running": 1}, "plan": "normal"}
    few = {**many, "graph": "few", "count": 3}
    return Fake({"clock": {"frozen": True}, "generate": [many, few]}).default


class Watch:
    """Counts the transitions that are made with the lock held, and calls *meanwhile* without."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project
        self.with_lock: list[int] = []
        self.without_lock: list[int] = []
        self.meanwhile: Callable[[], object] = lambda: None
        monkeypatch.setattr(JobStore, "settle", self._watched(JobStore.settle))

    def _watched(self, settle: Callable[..., list[Transition]]) -> Callable[..., list[Transition]]:
        def settle_and_count(store: JobStore, *args: Any) -> list[Transition]:
            transitions = settle(store, *args)
            lock: Any = self.project.lock
            if lock._is_owned():
                self.with_lock.append(len(transitions))
            else:
                self.without_lock.append(len(transitions))
                self.meanwhile()
            return transitions

        return settle_and_count


@pytest.fixture
def watch(project: Project, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(project, monkeypatch)


def statuses(project: Project) -> set[str]:
    return {job.status for _, job in project.graphs.jobs()}


def add(project: Project, job_id: str) -> None:
    project.graphs.add(Job(job_id, "pending", JobRequest("import_graph", "/"), "normal"))


def test_an_advance_makes_few_transitions_with_the_lock_held(
    project: Project, watch: Watch
) -> None:
    transitions = project.clock.change(HOUR)

    assert len(transitions) == sum(watch.without_lock) == MANY + 3
    assert sum(watch.with_lock) <= MUCH
    assert statuses(project) <= {"success", "complete"}


def test_until_all_is_done_the_time_and_the_jobs_stay_as_they_were(
    project: Project, watch: Watch
) -> None:
    before, moments = project.clock.now, set[tuple[float, frozenset[str]]]()
    watch.meanwhile = lambda: moments.add((project.clock.now, frozenset(statuses(project))))

    project.clock.change(HOUR)

    assert moments == {(before, frozenset({"running"}))}
    assert project.clock.now == before + 3600


def test_a_job_that_is_added_meanwhile_is_not_lost(project: Project, watch: Watch) -> None:
    names = ["first", "second"]
    watch.meanwhile = lambda: add(project, names.pop(0)) if names else None

    transitions = project.clock.change(HOUR)

    assert {"first", "second"} <= {each.job_id for each in transitions}
    assert len(project.graphs.jobs()) == MANY + 5
    assert statuses(project) <= {"success", "complete"}


def test_a_client_that_goes_on_changing_a_graph_does_not_keep_time_from_passing(
    project: Project, watch: Watch
) -> None:
    watch.meanwhile = lambda: add(project, f"new{len(watch.without_lock)}")

    project.clock.change(HOUR)

    assert statuses(project) <= {"success", "complete"}


def test_a_graph_that_one_of_its_jobs_deletes_is_gone_afterwards(
    project: Project, watch: Watch
) -> None:
    graph = project.graphs.get("few")
    assert graph is not None
    timeline = Timeline.of(Plan(), "success", "database", graph.now, DeleteGraph())
    request = JobRequest("delete_graph", "/")
    project.graphs.submit("last", request, "few", graph, timeline)

    project.clock.change(HOUR)

    assert [*project.graphs] == ["movie"]


def test_a_summary_that_is_set_meanwhile_stays(project: Project, watch: Watch) -> None:
    watch.meanwhile = lambda: project.graphs.make("movie", GraphChange(summary={"vertexNum": 7}))

    project.clock.change(HOUR)

    graph = project.graphs.get("movie")
    assert graph is not None
    assert graph.summary == {"vertexNum": 7}


def test_a_reset_meanwhile_wins(project: Project, watch: Watch) -> None:
    before = project.clock.now
    watch.meanwhile = project.reset

    with pytest.raises(Conflict, match="the project was reset meanwhile; nothing was changed"):
        project.clock.change(HOUR)

    assert statuses(project) == {"running"}
    assert project.clock.now - before < 3600


def test_an_advance_beyond_all_time_carries_nothing_out(project: Project, watch: Watch) -> None:
    project.time.reset(Timing(now=LATEST - 3000, frozen=True))

    with pytest.raises(InvalidInput, match="beyond the year 9999"):
        project.clock.change(HOUR)

    assert watch.without_lock == []
    assert statuses(project) == {"running"}
