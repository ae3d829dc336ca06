"""The job that fails shows the reason of its failure; one that nothing would show is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import PROJECT, Service

from gesmock import GesMock
from gesmock.fake.options import Start, states
from gesmock.model.errors import Conflict, GesmockError, InvalidInput
from gesmock.model.job_kinds import CANCELLED

FAILS = {"name": "fails_early", "fail_reason": "disk full"}
RANK = '{"algorithmName":"pagerank"}'
WORDS = "in the database edition only failed algorithms show a fail_reason"


@pytest.fixture
def ges() -> GesMock:
    """A fake without a socket, whose clock is frozen."""
    return GesMock(clock={"frozen": True})


def ask(ges: GesMock, path: str) -> Any:
    return ges.app.test_client().get(f"/ges/v1.0/{PROJECT}/graphs/{path}").get_json()


def job(command: str = "import_graph", **fields: Any) -> dict[str, Any]:
    return {
        "jobId": "j",
        "status": "pending",
        "request": {"command": command, "url": "/"},
        **fields,
    }


Setting = Callable[[GesMock], object]
SETTINGS: dict[str, Setting] = {
    "add_job": lambda ges: ges.add_job(plan=FAILS),
    "move_job": lambda ges: ges.move_job(
        ges.add_job(status="running"), "failed", fail_reason="disk full"
    ),
    "generate": lambda ges: ges.generate(1, statuses={"pending": 1}, seed=5, plan=FAILS),
    "load a job": lambda ges: ges.load({"graphs": {"g": {"jobs": [job(plan=FAILS)]}}}),
    "load a plan rule": lambda ges: ges.load(
        {"plans": [{"command": "import_graph", "plan": FAILS}]}
    ),
    "arm a plan rule": lambda ges: ges.plans.arm(command="import_graph", plan=FAILS),
    "arm one for a graph": lambda ges: ges.plans.arm(
        {"command": "clear_graph", "plan": FAILS, "graph": "movie"}
    ),
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_a_reason_that_no_answer_shows_is_refused_where_it_is_set(
    ges: GesMock, setting: Setting
) -> None:
    with pytest.raises(GesmockError, match=WORDS):
        setting(ges)

    assert [each.status for each in ges.jobs() if each.status != "running"] == []
    assert len(ges.plans) == 0


def test_the_errors_of_a_state_name_every_such_reason() -> None:
    graphs = {
        "g": {"jobs": [job(), job(jobId="k", plan=FAILS)]},
        "m": {"jobs": [job(plan=FAILS)], "edition": "memory"},
        "n": {"jobs": [job(plan="slow")]},
    }
    rules = [
        {"command": "import_graph", "plan": FAILS, "graph": graph} for graph in ("g", "m", "new")
    ]
    rules += [{"plan": FAILS}, {"command": "clear_graph", "plan": FAILS}, {"plan": "slow"}]
    [[name, state]] = states({"fixture": {"graphs": graphs, "plans": rules}}).items()

    with pytest.raises(InvalidInput) as refused:
        Start.of(state, name)

    assert [error.path for error in refused.value.errors] == [
        "$.graphs.g.jobs[1].plan.fail_reason",
        "$.plans[0].plan.fail_reason",
        "$.plans[2].plan.fail_reason",
    ]


def test_the_memory_edition_lists_the_reason_of_any_job(ges: GesMock) -> None:
    ges.configure(edition="memory")
    ges.plans.arm(command="clear_graph", plan=FAILS)
    ges.add_job(plan=FAILS)

    ges.clock.advance(10)

    [listed] = ask(ges, "movie/jobs/status")["jobs"]
    assert listed["failReason"] == "disk full"


def test_a_plan_rule_may_be_for_a_graph_of_the_memory_edition(ges: GesMock) -> None:
    ges.add_graph("films", "memory")

    ges.plans.arm(command="import_graph", plan=FAILS)
    ges.plans.arm(command="import_graph", plan=FAILS, graph="films")
    with pytest.raises(Conflict):
        ges.plans.arm(command="import_graph", plan=FAILS, graph="movie")

    assert len(ges.plans) == 2


def test_an_algorithm_of_the_database_edition_shows_its_reason(ges: GesMock) -> None:
    ges.plans.arm(command="execute_algorithm", plan=FAILS)
    ges.plans.arm(plan=FAILS)  # which may be used by an algorithm
    ges.add_job(job_id="a", command="execute_algorithm", raw_request=RANK, plan=FAILS)

    ges.clock.advance(10)

    message = ask(ges, "movie/jobs/a/status")["errorMessage"]
    assert message == "Running algorithm [pagerank] error: disk full"


def test_generated_jobs_may_have_a_reason_if_one_of_them_shows_it(ges: GesMock) -> None:
    assert ges.generate(50, statuses={"pending": 1}, plan=FAILS) == 50
    assert ges.generate(2, statuses={"success": 1}, plan=FAILS) == 52


@pytest.mark.parametrize("status", ["success", "complete", "partiallyFailed"])
def test_a_job_that_ends_otherwise_has_no_reason(ges: GesMock, status: Any) -> None:
    ges.configure(edition="memory")
    running = ges.add_job(status="running")

    with pytest.raises(InvalidInput, match=rf"fail_reason: a job that is {status} shows none"):
        ges.move_job(running, status, fail_reason="disk full")
    assert ges.move_job(running, "running", fail_reason="disk full").status == "running"


def test_a_reason_that_no_answer_shows_is_refused_over_http(service: Service) -> None:
    service.begin()

    refused = service.control("POST", "jobs", {"job": job(plan=FAILS)})
    rule = service.control("POST", "plans", {"command": "import_graph", "plan": FAILS})

    assert (refused.status_code, rule.status_code) == (409, 409)
    assert refused.json["error"] == f"job 'j': {WORDS}"
    assert rule.json["error"] == f"the plan of import_graph: {WORDS}"


def test_a_state_lacks_the_reasons_that_are_no_longer_shown(ges: GesMock) -> None:
    ges.configure(edition="memory")
    ges.plans.arm(command="import_graph", plan=FAILS)
    ges.add_job(plan=FAILS)
    ges.configure(edition="database")

    state = ges.state()
    ges.load(state)

    assert ges.state() == state
    assert "fail_reason" not in str(state)


def test_a_cancelled_job_is_exported_and_loaded(ges: GesMock) -> None:
    ges.add_job(job_id="h", command="hyg_sync", status="pending")
    ges.app.test_client().delete(f"/ges/v1.0/{PROJECT}/hyg/movie/jobs/h")

    state = ges.state()
    ges.load(state)

    assert ges.job("h").status == "failed"
    assert CANCELLED not in str(state)
