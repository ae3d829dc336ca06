"""Which calls an injection hits, what it answers with, and what is left of it."""

from threading import RLock
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesmock.documentation import error_codes
from gesmock.errors import InvalidInput, Unknown
from gesmock.faults import Error, FaultPlan, Injection
from gesmock.validation import read

NAMES = {"project_id": "p1", "graph_name": "movie"}


def injection(**fields: Any) -> Injection:
    return read(fields, Injection)


def new_plan(seed: int = 0) -> FaultPlan:
    return FaultPlan(seed, RLock())


def hits(calls: int, seed: int = 0, **fields: Any) -> list[int]:
    """The status of each of so many calls; 200 where none is injected."""
    plan = new_plan(seed)
    plan.arm(injection(**fields))
    fired = [plan.take("list_jobs") for _ in range(calls)]
    return [200 if one is None else one.fault.status for one in fired]


FAULT = {"kind": "error", "status": 503}


@pytest.mark.parametrize(
    ("fields", "statuses"),
    [
        ({"fault": FAULT}, [503] * 6),
        ({"fault": FAULT, "times": 2}, [503, 503, 200, 200, 200, 200]),
        ({"fault": FAULT, "after": 4}, [200, 200, 200, 200, 503, 503]),
        ({"fault": FAULT, "every": 3}, [200, 200, 503, 200, 200, 503]),
        ({"fault": FAULT, "after": 1, "every": 2, "times": 1}, [200, 200, 503, 200, 200, 200]),
        ({"fault": FAULT, "probability": 0}, [200] * 6),
        ({"fault": FAULT, "probability": 1, "times": 1}, [503] + [200] * 5),
        ({"script": [503, 503, "ok"]}, [503, 503, 200, 200, 200, 200]),
        ({"script": ["ok", {"kind": "error", "status": 401}], "after": 1}, [200, 200, 401, 200, 200, 200]),
        ({"operation": "list_jobs", "fault": FAULT, "times": 1}, [503] + [200] * 5),
    ],
)  # fmt: skip
def test_an_injection_hits_the_calls_it_says(fields: dict[str, Any], statuses: list[int]) -> None:
    assert hits(6, **fields) == statuses


def test_a_probability_hits_its_share_and_the_same_calls_for_the_same_seed() -> None:
    first = hits(2000, seed=7, fault=FAULT, probability=0.3)

    assert first == hits(2000, seed=7, fault=FAULT, probability=0.3)
    assert first != hits(2000, seed=8, fault=FAULT, probability=0.3)
    assert 500 < first.count(503) < 700


def test_the_first_injection_that_fires_wins_and_a_spent_one_gives_way() -> None:
    plan = new_plan()
    plan.arm(injection(fault={"kind": "error", "status": 401}, times=1))
    plan.arm(injection(fault={"kind": "error", "status": 500}, times=1))

    receipts = [plan.take("list_jobs") for _ in range(3)]

    assert [one and (one.fault.status, one.receipt) for one in receipts] == [
        (401, "f1#1"),
        (500, "f2#1"),
        None,
    ]


@given(
    st.builds(
        dict,
        fault=st.just(FAULT),
        after=st.integers(0, 4),
        times=st.integers(1, 5),
        every=st.just(1),
    )
    | st.builds(
        dict,
        script=st.lists(st.sampled_from([500, 503, "ok"]), min_size=1, max_size=5),
        after=st.integers(0, 4),
    ),
    st.integers(0, 8),
)
def test_what_is_left_hits_the_calls_that_the_whole_would_have_hit(
    fields: dict[str, Any], calls: int
) -> None:
    plan, expected = new_plan(), hits(calls + 10, **fields)[calls:]
    armed = plan.arm(injection(**fields))
    for _ in range(calls):
        plan.take("list_jobs")

    rest = armed.rest()

    left = [200] * 10 if rest is None else hits(10, **msgspec.to_builtins(rest))
    assert left == expected


def test_an_endless_injection_is_left_as_it_is() -> None:
    plan = new_plan()
    armed = plan.arm(injection(fault=FAULT, every=2))
    plan.take("list_jobs")

    assert armed.left is None
    assert armed.rest() == injection(fault=FAULT, every=2)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "$: an injection has either a fault or a script"),
        ({"fault": FAULT, "script": [503]}, "$: an injection has either a fault or a script"),
        ({"script": []}, "$.script: an empty list is not a list with something in it"),
        ({"script": [503], "times": 2}, "$: a script goes with operation and after only; it is met once"),
        ({"script": [200]}, "$.script[0]: 200 is not an HTTP status from 400 to 599 or ok or an object"),
        ({"operation": "list_job", "fault": FAULT}, "$.operation: 'list_job' is not one of list_jobs, show_job"),
        ({"fault": {"kind": "eror", "status": 503}}, "$.fault.kind: 'eror' is none of error"),
        ({"fault": {"kind": "error", "status": 200}}, "$.fault.status: 200 is not an HTTP status from 400 to 599"),
        ({"fault": {"kind": "error", "status": 500, "text": "x"}}, "$.fault.text: unknown key; known are kind, status, code, message, headers"),
        ({"fault": FAULT, "time": 2}, "$.time: unknown key; did you mean 'times'? known are operation, fault, script, after, every, times, probability"),
        ({"fault": FAULT, "times": 0}, "$.times: 0 is not an integer of at least 1"),
        ({"fault": FAULT, "probability": 1.5}, "$.probability: 1.5 is not a number from 0 to 1"),
        ({"fault": {**FAULT, "headers": {"a b": "c"}}}, "$.fault.headers['a b']: 'a b' is not a header name that a fault may set: those of framing are not"),
        ({"fault": {**FAULT, "headers": {"Content-Length": "3"}}}, "$.fault.headers.Content-Length: 'Content-Length' is not a header name that a fault may set: those of framing are not"),
        ({"fault": {**FAULT, "headers": {"X": "a\r\nY: b"}}}, "$.fault.headers.X: 'a\\r\\nY: b' is not one line of Latin-1 text"),
        ({"fault": {**FAULT, "headers": {"X": "a\n"}}}, "$.fault.headers.X: 'a\\n' is not one line of Latin-1 text"),
        ({"fault": {**FAULT, "headers": {"X": 3}}}, "$.fault.headers.X: 3 is not one line of Latin-1 text"),
    ],
)  # fmt: skip
def test_a_wrong_injection_is_refused_by_name(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        injection(**fields)

    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "GES.8005", "Parameter error!"),
        (401, "GES.8007", "Invalid token."),
        (403, "GES.8006", "Invalid resource access."),
        (404, "GES.8000", "Graph [p1-movie] does not exist, please check project_id and graph_name."),
        (500, "GES.8302", "Job query error."),
        (503, "GES.8602", "Engine service unavailable."),
        (429, "APIGW.0308", "The throttling threshold has been reached."),
        (405, "GES.8000", "Not found. Please check the input parameters."),
        (502, "APIGW.0201", "Backend unavailable."),
        (418, "GES.8005", "Parameter error!"),
        (599, "GES.8302", "Job query error."),
    ],
)  # fmt: skip
def test_a_status_has_the_documented_code_and_message(status: int, code: str, message: str) -> None:
    refusal = Error(status).refusal(NAMES)

    assert (refusal.status, refusal.code, refusal.message) == (status, code, message)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (Error(400, code="GES.8402"), "GES.8402", "Failed to run the algorithm."),
        (Error(400, code="GES.8007"), "GES.8007", "Invalid token."),
        (Error(400, code="GES.8003"), "GES.8003", "graph [movie] is not found"),
        (Error(400, code="GES.8182"), "GES.8182", "Vertex [id] does not have label [label]"),
        (Error(400, code="OWN.1"), "OWN.1", "Unknown error."),
        (Error(400, message="Own!"), "GES.8005", "Own!"),
        (Error(400, code="GES.8000", message=""), "GES.8000", ""),
    ],
)
def test_code_and_message_can_be_overridden_each(error: Error, code: str, message: str) -> None:
    refusal = error.refusal(NAMES)

    assert (refusal.code, refusal.message) == (code, message)


def test_every_documented_code_can_be_injected_by_name() -> None:
    for row in error_codes():
        message = Error(row.status, code=row.code).refusal(NAMES).message
        assert message
        assert "{" not in message


def test_an_unknown_id_is_refused_with_the_ids_there_are() -> None:
    plan = new_plan()
    with pytest.raises(Unknown, match="no injection has the id 'f9'; armed are: none"):
        plan.find("f9")
    plan.arm(injection(fault=FAULT))
    with pytest.raises(Unknown, match="armed are: f1"):
        plan.disarm("f9")


def test_an_injection_tells_its_counts() -> None:
    plan = new_plan()
    plan.arm(injection(operation="list_jobs", fault=FAULT, times=3))
    plan.take("list_jobs")

    [armed] = plan.armed()
    told = armed.as_json()

    assert (told["id"], told["calls"], told["fires"], told["left"]) == ("f1", 1, 1, 2)
    assert '"status":503' in str(armed)


@pytest.mark.parametrize(
    ("fields", "calls", "untried"),
    [
        ({"fault": FAULT}, 0, True),
        ({"fault": FAULT}, 1, False),
        ({"fault": FAULT, "after": 2}, 2, True),
        ({"fault": FAULT, "every": 3}, 2, True),
        ({"fault": FAULT, "every": 3, "probability": 0}, 3, False),
        ({"script": ["ok"]}, 0, True),
        ({"script": ["ok"]}, 1, False),
    ],
)
def test_an_injection_is_untried_until_a_request_comes_at_which_it_could_fire(
    fields: dict[str, Any], calls: int, *, untried: bool
) -> None:
    plan = new_plan()
    plan.arm(injection(**fields))
    for _ in range(calls):
        plan.take("list_jobs")

    assert bool(plan.untried()) is untried
