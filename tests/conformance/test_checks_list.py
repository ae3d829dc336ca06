"""Of a list that lives, no check says that it is wrong: jobs come, go and end between requests."""

from typing import Any

import pytest
from liars import TRUTH, Asked, Lie, Said, jobs, lying, shown

from gesmock import GesMock
from gesmock.conformance import report
from gesmock.conformance.checks import run_check
from gesmock.conformance.probes import ProbedSession
from gesmock.conformance.run import CHECKS, Report, run
from gesmock.remote import session as session_module


def wrong(found: Report) -> list[str]:
    return [report.line(one) for one in found.outcomes if one.state in ("failed", "deviation")]


def list_fault(kind: str, **fields: Any) -> dict[str, Any]:
    count = fields.pop("count", 1)
    return {"operation": "list_jobs", "fault": {"kind": kind, "count": count}, **fields}


LIVES: dict[str, dict[str, Any]] = {
    "one comes at each request": {"faults": [list_fault("insert_jobs")]},
    "one goes at each request": {"faults": [list_fault("remove_jobs")], "generate": 300},
    "one ends at each request": {"faults": [list_fault("finish_jobs")], "generate": 300},
    "one comes and one goes": {
        "faults": [list_fault("insert_jobs", every=2), list_fault("remove_jobs", every=3)]
    },
    "many come": {"faults": [list_fault("insert_jobs", count=15, every=3)]},
    "many go": {"faults": [list_fault("remove_jobs", count=20, every=3)], "generate": 900},
    "all time passes": {"clock": {"frozen": True, "tick_s": 20}, "plans": [{"plan": "normal"}]},
    "the memory edition": {
        "settings": {"edition": "memory"},
        "faults": [list_fault("insert_jobs", every=2), list_fault("finish_jobs", every=3)],
    },
    "the oldest are first": {
        "settings": {"order": "oldest_first"},
        "faults": [list_fault("insert_jobs", every=2), list_fault("remove_jobs", every=3)],
    },
    "pages are short": {
        "settings": {"maximum_limit": 7},
        "faults": [list_fault("insert_jobs", every=2), list_fault("remove_jobs", every=3)],
    },
}


@pytest.mark.parametrize("life", LIVES)
def test_a_list_that_lives_is_never_wrong(ges: GesMock, life: str) -> None:
    found = run(lying(ges, TRUTH, **LIVES[life]))

    assert wrong(found) == []


@pytest.mark.parametrize("life", LIVES)
def test_nor_is_one_that_refuses_what_is_past_its_end(ges: GesMock, life: str) -> None:
    value = {"errorMessage": "Parameter error!", "errorCode": "GES.8005"}

    def refuses(asked: Asked, said: Said) -> Said | None:
        past = asked.listed and said.status == 200 and not said.value["jobs"]
        return Said(400, value) if past and int(asked.query.get("offset", 0)) else None

    found = run(lying(ges, Lie("", refuses), **LIVES[life]))

    assert [one.check.name for one in found.outcomes if one.state in ("failed", "deviation")] in (
        [],
        ["list_is_empty_past_its_end"],
    )
    [setting] = [one.value for one in found.probes if one.setting == "limit_over_maximum"]
    assert setting != "refuse"


@pytest.mark.parametrize("seed", range(8))
def test_whenever_something_happens_it_is_never_wrong_and_mostly_seen(
    ges: GesMock, seed: int
) -> None:
    kinds = ("insert_jobs", "remove_jobs", "finish_jobs")
    faults = [list_fault(kind, probability=0.05) for kind in kinds]

    found = run(lying(ges, TRUTH, faults=faults, seed=seed))

    assert wrong(found) == []
    assert found.count("passed") > 25


def outcome_of(name: str, session: ProbedSession) -> tuple[str, str]:
    [check] = [one for one in CHECKS if one.name == name]
    outcome = run_check(check, session)
    return outcome.state, outcome.detail.partition("\n")[0]


def test_what_always_changes_is_not_seen(ges: GesMock) -> None:
    for name in ("ids_are_stable", "limit_is_respected", "pages_add_up_to_the_list"):
        assert outcome_of(name, lying(ges, faults=[list_fault("insert_jobs")])) == (
            "skipped",
            "the list changes faster than it can be read",
        )


def test_a_listed_job_that_goes_is_not_missed(ges: GesMock) -> None:
    session = lying(ges, generate=1)
    _ = session.whole
    ges.remove_job(ges.jobs()[0])

    assert outcome_of("job_status_agrees_with_list", session) == (
        "skipped",
        "the listed jobs are gone",
    )


def test_a_job_that_is_listed_and_cannot_be_found_is(ges: GesMock) -> None:
    def unknown(asked: Asked, said: Said) -> Said | None:
        told = {"errorMessage": "can not find job, jobId is a", "errorCode": "GES.8301"}
        return None if asked.listed else Said(400, told)

    state, told = outcome_of("job_status_agrees_with_list", lying(ges, Lie("", unknown)))

    assert state == "failed"
    assert told.startswith("the list says ")


@pytest.mark.parametrize("name", ["results_are_stable", "results_are_paged"])
def test_a_result_that_goes_between_two_looks_is_not_told(ges: GesMock, name: str) -> None:
    seen: list[str] = []

    def once(asked: Asked, said: Said) -> Said | None:
        told = {"errorMessage": f"can not find job, jobId is {asked.path}", "errorCode": "GES.8301"}
        if asked.listed:
            return None
        seen.append(asked.path)
        again = seen.count(asked.path) > 1
        return Said(400, told) if again else None

    assert outcome_of(name, lying(ges, Lie("", once))) == (
        "skipped",
        "the job is gone",
    )


def test_a_service_that_fails_over_the_second_look_says_nothing_of_the_result(
    ges: GesMock,
) -> None:
    seen: list[str] = []

    def fails(asked: Asked, said: Said) -> Said | None:
        seen.append(asked.path)
        told = {"errorMessage": "Job query error.", "errorCode": "GES.8302"}
        return Said(500, told) if not asked.listed and seen.count(asked.path) > 1 else None

    state, told = outcome_of("results_are_stable", lying(ges, Lie("", fails)))

    assert state == "skipped"
    assert told.startswith("the second time it has no status: GET ")


def test_a_list_that_is_too_long_is_not_kept(ges: GesMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_LARGEST_STORED", 1000)
    session = lying(ges)

    session.page(limit=30)
    session.page(limit=1)

    assert [len(one.value["jobs"]) for one in session.replies] == [1]


def test_a_result_that_is_never_shown_does_not_stay(ges: GesMock) -> None:
    lie = Lie("", shown(lambda value, _: value.pop("status")))

    assert outcome_of("results_are_stable", lying(ges, lie)) == ("failed", "it has no status")


def test_without_rows_no_pages_of_them_are_told(ges: GesMock) -> None:
    for lie in (
        Lie("", shown(lambda value, _: value.update(data={"outputs": [1]}))),
        Lie("", shown(lambda value, _: value.update(data="none"))),
    ):
        assert outcome_of("results_are_paged", lying(ges, lie)) == (
            "skipped",
            "no job has a result with rows",
        )


def test_a_submitted_job_may_take_a_moment_until_it_is_shown_and_listed(ges: GesMock) -> None:
    looks: list[str] = []

    def late(asked: Asked, said: Said) -> Said | None:
        if asked.method == "POST":
            looks.append(said.value["jobId"])
        elif looks and looks[0] in asked.path and len(looks) < 3:
            looks.append("")
            return Said(400, {"errorMessage": "can not find job", "errorCode": "GES.8301"})
        return None

    session = lying(ges, Lie("", late))

    assert outcome_of("submitted_jobs_run_to_an_end", session) == ("passed", "")


def test_a_job_in_the_middle_of_a_long_list_is_not_looked_for(ges: GesMock) -> None:
    session = lying(ges, generate=40, faults=[list_fault("insert_jobs", count=30)])
    session.most = 10

    state, told = outcome_of("submitted_jobs_run_to_an_end", session)

    assert (state, told) == ("skipped", "it is neither among the first 10 jobs nor the last")


def test_two_words_for_a_good_end_are_one(ges: GesMock) -> None:
    other = {"success": "complete", "complete": "success"}
    lie = Lie("", jobs(lambda job: job.update(status=other.get(job["status"], job["status"]))))

    assert outcome_of("job_status_agrees_with_list", lying(ges, lie)) == ("passed", "")
