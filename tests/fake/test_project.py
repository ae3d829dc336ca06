"""A project changes in whole steps, and goes back to its start in one."""

from contextlib import suppress
from typing import Any

import pytest
from conftest import match_args
from msgspec.structs import replace

from gesmock import GesMock
from gesmock.fake import handle
from gesmock.fake.fixtures import State
from gesmock.fake.options import Rows, Start
from gesmock.fake.project import Project
from gesmock.model.errors import Conflict, InvalidInput, NotFound
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.messages import Reply, Request
from gesmock.model.plans import Plan, Step
from gesmock.model.validation import read


def new_project(**state: Any) -> Project:
    return Project("p1", Start.of(read(state, State), "p1"), source=lambda: 1000.0)


def job(name: str) -> Job:
    return Job(name, "running", JobRequest("import_graph", "/"))


def test_a_project_without_a_graph_has_an_empty_one() -> None:
    assert {name: len(graph) for name, graph in new_project().graphs.copies().items()} == {
        "movie": 0
    }


def test_generators_fill_the_graph_they_name_or_else_the_first() -> None:
    project = new_project(generators=[{"count": 3}, {"graph": "films", "count": 2}, {"count": 1}])

    assert {name: len(graph) for name, graph in project.graphs.copies().items()} == {
        "movie": 4,
        "films": 2,
    }


def test_a_reset_brings_everything_back_and_says_what_it_cleared() -> None:
    project = new_project(
        generators=[{"count": 3}],
        settings={"limit_zero": "refuse"},
        faults=[{"fault": {"kind": "error", "status": 503}}],
        tokens=["t"],
    )
    before = project.state()
    project.graphs.add(job("new"))
    project.graphs.move("new", Move("failed"))
    project.configure({"limit_zero": "empty"})
    project.faults.disarm()

    cleared = project.reset()

    assert (cleared.epoch, cleared.jobs, cleared.faults, cleared.entries) == (2, 4, 0, 0)
    assert project.state() == before


def test_a_reset_is_the_same_twice() -> None:
    project = new_project(generators=[{"count": 3}])
    first = project.state()
    ids = project.graphs.new_job_id()

    project.reset()
    project.graphs.add(job("new"))
    project.reset()

    assert project.state() == first
    assert project.graphs.new_job_id() == ids


def test_a_reset_may_bring_another_start_state() -> None:
    project = new_project()

    project.reset(Start.of(read({"graphs": {"films": {}}}, State), "p1"))
    project.graphs.add(job("new"), "films")
    project.reset()

    assert {name: len(graph) for name, graph in project.graphs.copies().items()} == {"films": 0}


def test_a_reset_returns_to_the_state_that_was_loaded_last() -> None:
    project = new_project(clock={"now": 7, "frozen": True}, journal_size=5)

    project.load(read({"graphs": {"films": {}}, "verdict": {"poll_s": 9}}, State))
    project.graphs.add(job("new"), "others")
    project.clock.resume()
    project.reset()

    assert list(project.graphs) == ["films"]
    assert (project.clock.now, project.clock.frozen, project.journal.size) == (7, True, 5)
    assert project.verdict.config.poll_s == 9
    project.reset(Start.of(State(), "p1"))
    project.reset()
    assert list(project.graphs) == ["movie"]


def test_generating_twice_is_generating_more() -> None:
    twice, once = new_project(seed=7), new_project(seed=7)

    twice.generate(Generator(count=5))
    assert twice.generate(Generator(count=5)) == ("movie", 10)
    once.generate(Generator(count=10))

    assert twice.state() == once.state()


def test_removed_rows_do_not_return_and_loaded_ones_are_skipped() -> None:
    project = new_project()
    project.generate(Generator(count=3))
    project.graphs.remove(project.graphs.jobs()[0][1].job_id)
    project.generate(Generator(count=1))
    ids = [each.job_id for _, each in project.graphs.jobs()]

    project.load(project.state())
    project.generate(Generator(count=2))

    assert len({each.job_id for _, each in project.graphs.jobs()} | set(ids)) == 5


def test_generating_can_replace_the_jobs() -> None:
    project = new_project(generators=[{"count": 5, "seed": 1}])

    assert project.generate(Generator(count=2, seed=3, replace=True)) == ("movie", 2)


def test_a_job_added_while_jobs_are_generated_stays() -> None:
    project = new_project()

    def interrupted(jobs: Rows, count: int) -> Rows:
        yield from jobs
        project.graphs.add(job("new"))

    project.generate(Generator(count=3), interrupted)

    listed = [each.job_id for _, each in project.graphs.jobs()]
    assert listed[0] == "new"
    assert len(listed) == 4


def test_jobs_that_are_generated_twice_at_once_are_all_there() -> None:
    """The inner order takes the rows that the outer one generated, which then makes others."""
    project = new_project()
    nested: list[int] = []

    def interrupted(jobs: Rows, count: int) -> Rows:
        yield from jobs
        if not nested:
            nested.append(count)
            project.generate(Generator(count=2))

    assert project.generate(Generator(count=3), interrupted) == ("movie", 5)


def test_a_step_reads_the_clock_once() -> None:
    """The time that passes within a step changes nothing in it, however fast the clock is."""
    times = iter(range(10**9))
    project = Project("p1", source=lambda: next(times) / 100)
    plan = Plan(steps=[Step(0, "running"), Step(1, "success")], never_listed_for_s=1)

    for number in range(200):
        name = f"j{number}"
        project.graphs.add(replace(job(name), plan=plan))
        with suppress(Conflict):
            for _ in range(30):
                project.graphs.move(name, Move("failed" if number % 2 else "running"))
        graph = project.graphs.get("movie")
        assert graph is not None
        timeline = graph.timeline(name)
        assert timeline is not None
        assert sum(stage.status in ("success", "failed") for stage in timeline.stages) <= 1
    for _ in range(300):
        project.graphs.settle()
    assert len(project.graphs.get("movie") or ()) == 200


def test_what_a_reset_overtakes_leaves_no_trace() -> None:
    project = new_project()

    def overtaken(jobs: Rows, count: int) -> Rows:
        yield from jobs
        project.reset()

    with pytest.raises(Conflict, match="the project was reset meanwhile; nothing was changed"):
        project.generate(Generator(count=3), overtaken)
    assert project.graphs.jobs() == []


def test_a_load_that_a_reset_overtakes_changes_nothing() -> None:
    def overtaking(_: object) -> bool:
        project.reset()
        return True

    project = Project("p1", can_deliver=overtaking)
    state = read({"graphs": {"films": {}}, "faults": [{"fault": 503}]}, State)

    with pytest.raises(Conflict, match="the project was reset meanwhile; nothing was changed"):
        project.load(state)
    assert [*project.graphs.copies()] == ["movie"]
    assert not project.loaded


def test_jobs_are_chosen_by_graph_and_status() -> None:
    project = new_project()
    project.graphs.add(job("a"))
    project.graphs.add(job("b"), "films")
    project.graphs.move("b", Move("failed"))

    assert [each.job_id for _, each in project.graphs.jobs(status="failed")] == ["b"]
    assert [each.job_id for _, each in project.graphs.jobs("movie")] == ["a"]


def test_a_job_is_looked_up_in_every_graph() -> None:
    project = new_project()
    project.graphs.add(job("a"), "films")

    assert project.graphs.move("a", Move("failed"))[0] == "films"
    assert project.graphs.remove("a")[1].status == "failed"


def test_a_job_of_several_graphs_has_to_be_named_with_its_graph() -> None:
    project = new_project()
    project.graphs.add(job("a"), "films")
    project.graphs.add(job("a"), "songs")

    with pytest.raises(Conflict, match="several graphs have a job 'a'; say which: films, songs"):
        project.graphs.move("a", Move("failed"))
    assert project.graphs.move("a", Move("failed"), "songs")[0] == "songs"


def test_a_missing_job_is_refused() -> None:
    with pytest.raises(NotFound, match="no job has the id 'x' in any graph of project p1"):
        new_project().graphs.remove("x")
    with pytest.raises(NotFound, match="no job has the id 'x' in graph 'films' of project p1"):
        new_project().graphs.remove("x", "films")


def test_a_job_whose_id_is_taken_is_refused_and_makes_no_graph() -> None:
    project = new_project()
    project.graphs.add(job("a"))

    with pytest.raises(Conflict):
        project.graphs.add(job("a"))
    assert len(project.graphs.jobs()) == 1


def test_wrong_settings_change_nothing() -> None:
    project = new_project()

    with pytest.raises(InvalidInput):
        project.configure({"limit_zero": "refuse", "order": "?"})

    assert project.settings.limit_zero == "empty"


def test_findings_outlive_a_cleared_journal_and_are_counted_and_bounded() -> None:
    project = new_project()

    def record(path: str, crash: str | None = None) -> None:
        request = Request(operation=None, method="GET", path=path, epoch=1)
        handle._finish(project, 0.0, request, request, Reply(404, {}), None, crash, None)

    for number in range(200):
        record(f"/ges/{number}")
        record("/ges/0")
    record("/ges/\nx", "a traceback")

    project.journal.clear()

    findings = [str(each) for each in project.verdict.findings()]
    assert len(findings) == 101
    assert (
        findings[0]
        == "GM001 gesmock crashed: GET /ges/%0Ax answered 404; please report this bug (#401)\na traceback"
    )
    numbers = "(#1, #2, #4, #6, #8, ...)"
    assert findings[1] == (
        f"GM002 no operation serves this: GET /ges/0 answered 404 (201 times); check the URL "
        f"and method {numbers}"
    )
    assert (
        findings[2]
        == "GM002 no operation serves this: GET /ges/1 answered 404; check the URL and method (#3)"
    )
    project.reset()
    assert project.verdict.findings() == []


def test_a_state_is_exported_with_the_remainder_of_its_faults() -> None:
    project = new_project(
        faults=[{"fault": {"kind": "error", "status": 503}, "times": 2}, {"script": [500]}],
        tokens=["t"],
    )
    for _ in range(3):
        project.faults.match(*match_args())

    state = project.state(secrets=True)

    assert state.faults == []
    assert state.tokens_of("p1") == project.tokens


def test_a_generator_of_a_fixture_may_replace_the_jobs_of_its_graph() -> None:
    order = {"graph": "movies", "count": 3, "replace": True}

    assert len(GesMock(fixture="movies", generate=order).jobs("movies")) == 3


def test_the_edition_can_change_while_every_job_fits() -> None:
    project = new_project(settings={"edition": "memory"})

    assert project.configure({"edition": "database"}).edition == "database"


def test_time_does_not_change_the_state() -> None:
    now, order = [1000.0], {"count": 3, "plan": "normal", "statuses": {"running": 1}}
    state = read({"generators": [order], "clock": {"tick_s": 1}}, State)
    project = Project("p1", Start.of(state, "p1"), source=lambda: now[0])

    now[0] += 100
    project.tick()

    assert {each.status for _, each in project.graphs.jobs()} == {"success", "complete"}
    assert not project.changed
    project.graphs.add(job("new"))
    assert project.changed
