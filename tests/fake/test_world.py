"""A project changes in whole steps, and goes back to its start in one."""

from contextlib import suppress
from typing import Any

import pytest
from conftest import asked
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


def project(**state: Any) -> Project:
    return Project("p1", read(state, State), source=lambda: 1000.0)


def job(name: str) -> Job:
    return Job(name, "running", JobRequest("import_graph", "/"))


def test_a_project_without_a_graph_has_an_empty_one() -> None:
    assert {name: len(graph) for name, graph in project().graphs.copies().items()} == {"movie": 0}


def test_generators_fill_the_graph_they_name_or_else_the_first() -> None:
    made = project(generators=[{"count": 3}, {"graph": "films", "count": 2}, {"count": 1}])

    assert {name: len(graph) for name, graph in made.graphs.copies().items()} == {
        "movie": 4,
        "films": 2,
    }


def test_a_reset_brings_everything_back_and_says_what_it_cleared() -> None:
    made = project(
        generators=[{"count": 3}],
        settings={"limit_zero": "refuse"},
        faults=[{"fault": {"kind": "error", "status": 503}}],
        tokens=["t"],
    )
    before = made.state()
    made.graphs.add(job("new"))
    made.graphs.move("new", Move("failed"))
    made.configure({"limit_zero": "empty"})
    made.faults.disarm()

    cleared = made.reset()

    assert (cleared.epoch, cleared.jobs, cleared.faults, cleared.entries) == (2, 4, 0, 0)
    assert made.state() == before


def test_a_reset_is_the_same_twice() -> None:
    made = project(generators=[{"count": 3}])
    first = made.state()
    ids = made.graphs.new_job_id()

    made.reset()
    made.graphs.add(job("new"))
    made.reset()

    assert made.state() == first
    assert made.graphs.new_job_id() == ids


def test_a_restart_makes_another_start_state() -> None:
    made = project()

    start = Start.of(read({"graphs": {"films": {}}}, State))
    made.restart(start, start.graphs("p1"))
    made.graphs.add(job("new"), "films")
    made.reset()

    assert {name: len(graph) for name, graph in made.graphs.copies().items()} == {"films": 0}


def test_a_loaded_state_does_not_outlive_a_reset() -> None:
    made = project()

    made.load(read({"graphs": {"films": {}}}, State))
    assert list(made.graphs) == ["films"]
    made.reset()

    assert list(made.graphs) == ["movie"]


def test_generating_twice_is_generating_more() -> None:
    twice, once = project(seed=7), project(seed=7)

    twice.generate(Generator(count=5))
    assert twice.generate(Generator(count=5)) == ("movie", 10)
    once.generate(Generator(count=10))

    assert twice.state() == once.state()


def test_rows_that_are_removed_do_not_come_again_and_those_that_are_loaded_are_passed_over() -> (
    None
):
    made = project()
    made.generate(Generator(count=3))
    made.graphs.remove(made.graphs.jobs()[0][1].job_id)
    made.generate(Generator(count=1))
    ids = [one.job_id for _, one in made.graphs.jobs()]

    made.load(made.state())
    made.generate(Generator(count=2))

    assert len({one.job_id for _, one in made.graphs.jobs()} | set(ids)) == 5


def test_generating_can_replace_what_is_there() -> None:
    made = project(generators=[{"count": 5, "seed": 1}])

    assert made.generate(Generator(count=2, seed=3, replace=True)) == ("movie", 2)


def test_a_job_that_comes_while_jobs_are_generated_is_kept() -> None:
    made = project()

    def interrupted(jobs: Rows, count: int) -> Rows:
        yield from jobs
        made.graphs.add(job("new"))

    made.generate(Generator(count=3), interrupted)

    listed = [one.job_id for _, one in made.graphs.jobs()]
    assert listed[0] == "new"
    assert len(listed) == 4


def test_jobs_that_are_generated_twice_at_once_are_all_there() -> None:
    """The inner order takes the rows that the outer one has made, which then makes others."""
    made = project()
    nested: list[int] = []

    def interrupted(jobs: Rows, count: int) -> Rows:
        yield from jobs
        if not nested:
            nested.append(count)
            made.generate(Generator(count=2))

    assert made.generate(Generator(count=3), interrupted) == ("movie", 5)


def test_a_step_reads_the_clock_once() -> None:
    """The time that goes by within a step changes nothing in it, however fast the clock is."""
    times = iter(range(10**9))
    made = Project("p1", source=lambda: next(times) / 100)
    plan = Plan(steps=[Step(0, "running"), Step(1, "success")], never_listed_for_s=1)

    for number in range(200):
        name = f"j{number}"
        made.graphs.add(replace(job(name), plan=plan))
        with suppress(Conflict):
            for _ in range(30):
                made.graphs.move(name, Move("failed" if number % 2 else "running"))
        graph = made.graphs.get("movie")
        assert graph is not None
        timeline = graph.timeline(name)
        assert timeline is not None
        assert sum(stage.status in ("success", "failed") for stage in timeline.stages) <= 1
    for _ in range(300):
        made.graphs.settle()
    assert len(made.graphs.get("movie") or ()) == 200


def test_what_a_reset_overtakes_leaves_no_trace() -> None:
    made = project()

    def overtaken(jobs: Rows, count: int) -> Rows:
        yield from jobs
        made.reset()

    with pytest.raises(Conflict, match="the project was reset meanwhile; nothing was changed"):
        made.generate(Generator(count=3), overtaken)
    assert made.graphs.jobs() == []


def test_jobs_are_chosen_by_graph_and_status() -> None:
    made = project()
    made.graphs.add(job("a"))
    made.graphs.add(job("b"), "films")
    made.graphs.move("b", Move("failed"))

    assert [one.job_id for _, one in made.graphs.jobs(status="failed")] == ["b"]
    assert [one.job_id for _, one in made.graphs.jobs("movie")] == ["a"]


def test_a_job_is_found_in_whichever_graph_it_is() -> None:
    made = project()
    made.graphs.add(job("a"), "films")

    assert made.graphs.move("a", Move("failed"))[0] == "films"
    assert made.graphs.remove("a")[1].status == "failed"


def test_a_job_of_several_graphs_has_to_be_named_with_its_graph() -> None:
    made = project()
    made.graphs.add(job("a"), "films")
    made.graphs.add(job("a"), "songs")

    with pytest.raises(Conflict, match="several graphs have a job 'a'; say which: films, songs"):
        made.graphs.move("a", Move("failed"))
    assert made.graphs.move("a", Move("failed"), "songs")[0] == "songs"


def test_a_missing_job_is_refused() -> None:
    with pytest.raises(NotFound, match="no job has the id 'x' in any graph of project p1"):
        project().graphs.remove("x")
    with pytest.raises(NotFound, match="no job has the id 'x' in graph 'films' of project p1"):
        project().graphs.remove("x", "films")


def test_a_job_whose_id_is_taken_is_refused_and_makes_no_graph() -> None:
    made = project()
    made.graphs.add(job("a"))

    with pytest.raises(Conflict):
        made.graphs.add(job("a"))
    assert len(made.graphs.jobs()) == 1


def test_wrong_settings_change_nothing() -> None:
    made = project()

    with pytest.raises(InvalidInput):
        made.configure({"limit_zero": "refuse", "order": "?"})

    assert made.settings.limit_zero == "empty"


def test_findings_outlive_a_cleared_journal_and_are_counted_and_bounded() -> None:
    made = project()

    def record(path: str, crash: str | None = None) -> None:
        request = Request(operation=None, method="GET", path=path, epoch=1)
        handle._finish(made, 0.0, request, request, Reply(404, {}), None, crash, None)

    for number in range(200):
        record(f"/ges/{number}")
        record("/ges/0")
    record("/ges/\nx", "a traceback")

    made.journal.clear()

    findings = [str(one) for one in made.verdict.findings()]
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
    made.reset()
    assert made.verdict.findings() == []


def test_a_state_is_exported_with_what_is_left_of_its_faults() -> None:
    made = project(
        faults=[{"fault": {"kind": "error", "status": 503}, "times": 2}, {"script": [500]}],
        tokens=["t"],
    )
    for _ in range(3):
        made.faults.match(*asked())

    state = made.state()

    assert state.faults == []
    assert state.tokens_of("p1") == made.tokens


def test_a_generator_of_a_fixture_may_replace_the_jobs_of_its_graph() -> None:
    order = {"graph": "movies", "count": 3, "replace": True}

    assert len(GesMock(fixture="movies", generate=order).jobs("movies")) == 3
