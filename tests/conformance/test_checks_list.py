"""Checks of a list that changes between requests: jobs are added, removed, and end."""

from typing import Any

import pytest
from quirks import (
    PARAMETER_ERROR,
    Answer,
    Quirk,
    Request,
    answer_if,
    failed_checks,
    failures,
    job_list,
    number,
    session_with,
    state_and_detail,
)

from gesmock import GesMock
from gesmock.conformance.run import run
from gesmock.remote import session as session_module


def list_fault(kind: str, **fields: Any) -> dict[str, Any]:
    count = fields.pop("count", 1)
    return {"operation": "list_jobs", "fault": {"kind": kind, "count": count}, **fields}


ADD_AND_REMOVE = [list_fault("insert_jobs", every=2), list_fault("remove_jobs", every=3)]
ADD_AND_END = [list_fault("insert_jobs", every=2), list_fault("finish_jobs", every=3)]

CHANGING: dict[str, dict[str, Any]] = {
    "a job is added for each request": {"faults": [list_fault("insert_jobs")]},
    "a job is removed for each request": {"faults": [list_fault("remove_jobs")], "generate": 300},
    "a job ends for each request": {"faults": [list_fault("finish_jobs")], "generate": 300},
    "jobs are added and removed": {"faults": ADD_AND_REMOVE},
    "many are added": {"faults": [list_fault("insert_jobs", count=15, every=3)]},
    "many are removed": {
        "faults": [list_fault("remove_jobs", count=20, every=3)],
        "generate": 900,
    },
    "time passes": {"clock": {"frozen": True, "tick_s": 20}, "plans": [{"plan": "normal"}]},
    "memory edition": {"settings": {"edition": "memory"}, "faults": ADD_AND_END},
    "oldest first": {"settings": {"order": "oldest_first"}, "faults": ADD_AND_REMOVE},
    "short pages": {"settings": {"maximum_limit": 7}, "faults": ADD_AND_REMOVE},
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.deep if "generate" in options else ())
        for name, options in CHANGING.items()
    ],
)
def test_a_changing_list_fails_no_check(ges: GesMock, name: str) -> None:
    result = run(session_with(ges, **CHANGING[name]))

    assert failures(result) == []


@pytest.mark.parametrize(
    "name",
    [
        "a job is added for each request",
        *(pytest.param(name, marks=pytest.mark.deep) for name in [*CHANGING][1:]),
    ],
)
def test_a_changing_list_that_refuses_offsets_past_its_end_only_deviates(
    ges: GesMock, name: str
) -> None:
    def refuse_past_end(request: Request, answer: Answer) -> Answer | None:
        past = request.lists_jobs and answer.status == 200 and not answer.value["jobs"]
        return (
            Answer(400, PARAMETER_ERROR) if past and number(request.query.get("offset")) else None
        )

    result = run(session_with(ges, Quirk(refuse_past_end), **CHANGING[name]))

    assert failed_checks(result) in ([], ["list_is_empty_past_its_end"])
    [limit] = [probe.value for probe in result.probes if probe.setting == "limit_over_maximum"]
    assert limit != "refuse"


@pytest.mark.parametrize("seed", range(8))
def test_a_list_that_changes_now_and_then_passes_most_checks(ges: GesMock, seed: int) -> None:
    kinds = ("insert_jobs", "remove_jobs", "finish_jobs")
    faults = [list_fault(kind, probability=0.05) for kind in kinds]

    result = run(session_with(ges, faults=faults, seed=seed))

    assert failures(result) == []
    assert result.count("passed") > 25


@pytest.mark.parametrize(
    "name", ["ids_are_stable", "limit_is_respected", "pages_add_up_to_the_list"]
)
def test_a_list_that_always_changes_decides_nothing(ges: GesMock, name: str) -> None:
    session = session_with(ges, faults=[list_fault("insert_jobs")])

    assert state_and_detail(name, session) == (
        "skipped",
        "the list changes faster than it can be read",
    )


def test_a_total_that_leaves_out_a_job_fails(ges: GesMock) -> None:
    quirk = Quirk(job_list(lambda value, _: value.update(totalCount=30)))
    session = session_with(ges, quirk, generate=31)
    session.most = 30

    assert state_and_detail("total_is_the_number_of_jobs", session) == (
        "failed",
        "totalCount is 30, but another job follows",
    )


def test_a_refused_offset_past_the_end_only_deviates(ges: GesMock) -> None:
    quirk = Quirk(
        answer_if(lambda request: number(request.query.get("offset")) > 30, 400, PARAMETER_ERROR)
    )

    assert state_and_detail("list_is_empty_past_its_end", session_with(ges, quirk)) == (
        "deviation",
        "the offset is refused",
    )


def test_a_list_that_is_too_long_is_not_stored(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_LARGEST_STORED", 1000)
    session = session_with(ges)

    session.page(limit=30)
    session.page(limit=1)

    assert [len(reply.value["jobs"]) for reply in session.replies] == [1]
