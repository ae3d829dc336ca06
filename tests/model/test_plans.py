"""Plans: the named ones, and steps of their own."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesmock.model.errors import InvalidInput
from gesmock.model.plans import AnyPlan, Plan, PlanName, plan_of
from gesmock.model.validation import read

NORMAL = [
    (0, "pending", 0),
    (2, "running", 0),
    (4, "running", 25),
    (6, "running", 50),
    (8, "running", 75),
]


def stages(plan: Any, edition: Any = "database", finished: Any = "success") -> list[Any]:
    return list(plan_of(read(plan, AnyPlan)).stages(finished, edition))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("normal", [*NORMAL, (10, "success", 100)]),
        ("never_listed_for_s", [*NORMAL, (10, "success", 100)]),
        ("stuck_pending", [(0, "pending", 0)]),
        ("stuck_at_99", [*[(at, status, done * 99 // 100) for at, status, done in NORMAL], (10, "running", 99)]),
        ("fails_late", [*[(at, status, done * 95 // 100) for at, status, done in NORMAL], (10, "failed", 100)]),
        ("partial", [*NORMAL, (10, "failed", 100)]),
    ],
)  # fmt: skip
def test_a_named_plan_has_its_stages(name: str, expected: list[Any]) -> None:
    assert stages(name) == expected


def test_an_instant_job_ends_at_once_and_a_slow_one_after_ten_minutes() -> None:
    assert stages("instant")[-1] == (0, "success", 100)
    assert stages("slow")[-1] == (600, "success", 100)


def test_fails_early_fails_at_little_progress() -> None:
    assert stages("fails_early")[-1] == (3, "failed", 100)
    assert stages("fails_early")[-2][2] < 10


def test_a_partial_failure_has_its_own_status_in_the_memory_edition() -> None:
    assert stages("partial", "memory")[-1] == (10, "partiallyFailed", 100)


@pytest.mark.parametrize(
    ("plan", "at"),
    [
        ({"name": "normal", "pending_s": 5}, [0, 5, 7, 9, 11, 13]),
        ({"running_s": 4}, [0, 2, 3, 4, 5, 6]),
        ({"name": "slow", "pending_s": 0, "running_s": 0}, [0] * 6),
    ],
)
def test_the_times_of_a_named_plan_can_be_changed(plan: Any, at: list[float]) -> None:
    assert [stage[0] for stage in stages(plan)] == at


def test_the_status_of_success_is_that_of_the_plan_or_else_of_the_command() -> None:
    assert stages("instant", finished="complete")[-1][1] == "complete"
    assert stages({"name": "instant", "finished": "complete"})[-1][1] == "complete"


def test_a_plan_can_have_steps_of_its_own() -> None:
    steps = [
        {"after_s": 1, "status": "running", "progress": 7},
        {"after_s": 2, "status": "running"},
        {"after_s": 3, "status": "finished"},
    ]

    assert stages({"steps": steps}) == [
        (0, "pending", 0),
        (1, "running", 7),
        (2, "running", 0),
        (3, "success", 100),
    ]


def test_steps_can_be_pending() -> None:
    steps = [{"after_s": 0, "status": "pending"}, {"after_s": 5, "status": "pending"}]

    assert stages({"steps": steps}) == [(0, "pending", 0), (5, "pending", 0)]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("fails_lat", "$: 'fails_lat' is not valid; did you mean 'fails_late'?"),
        ("quick", "$: expected one of fails_early, fails_late, instant, never_listed_for_s, normal"),
        ({"name": "quick"}, "$.name: 'quick' is not one of fails_early"),
        ({"steps": []}, "$.steps: must not be empty"),
        ({"steps": [{"after_s": -1, "status": "running"}]}, "$.steps[0].after_s: expected a number"),
        ({"steps": [{"after_s": 0, "status": "done"}]}, "$.steps[0].status: 'done' is not one of pending"),
        ({"steps": [{"after_s": 0, "status": "running", "progress": 101}]}, "expected an integer from 0 to 100, got 101"),
        ({"pending_s": -1}, "$.pending_s: expected a number from 0"),
        ({"name": "normal", "steps": [{"after_s": 0, "status": "running"}]}, "a plan has its own steps, or a name"),
        ({"steps": [{"after_s": 2, "status": "running"}, {"after_s": 1, "status": "failed"}]}, "steps: 1.0 s comes after a step at 2.0 s, but is earlier; after_s counts from the submission"),
        ({"steps": [{"after_s": 0, "status": "finished"}, {"after_s": 1, "status": "failed"}]}, "steps: failed cannot follow finished"),
        ({"steps": [{"after_s": 0, "status": "running"}, {"after_s": 1, "status": "pending"}]}, "steps: pending cannot follow running"),
        ({"name": "stuck_pending", "running_s": 1}, "stuck_pending takes neither pending_s nor running_s"),
        ({"finished": "partiallyFailed"}, "$.finished: 'partiallyFailed' is not one of complete, success"),
        ({"finished": "running"}, "$.finished: 'running' is not one of complete, success"),
    ],
)  # fmt: skip
def test_a_wrong_plan_is_refused_and_the_field_is_named(plan: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(plan, AnyPlan)  # type: ignore[arg-type]

    assert words in str(caught.value)


@given(
    st.sampled_from(get_args(PlanName)),
    st.sampled_from(["database", "memory"]),
    st.none() | st.floats(0, 1e6),
    st.none() | st.floats(0, 1e6),
)
def test_every_plan_starts_at_once_and_moves_forward(
    name: PlanName, edition: Any, pending_s: float | None, running_s: float | None
) -> None:
    own: dict[str, Any] = (
        {} if name == "stuck_pending" else {"pending_s": pending_s, "running_s": running_s}
    )
    plan = Plan(name=name, **own)
    result = list(plan.stages("success", edition))

    assert result[0][0] == 0
    assert [at for at, _, _ in result] == sorted(at for at, _, _ in result)
    assert all(0 <= progress <= 100 for _, _, progress in result)
    assert sum(status in ("success", "failed", "partiallyFailed") for _, status, _ in result) <= 1
