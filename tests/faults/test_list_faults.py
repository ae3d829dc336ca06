"""What list faults do to a client that reads a list page by page."""

import json
from typing import Any

import pytest
from conftest import Asker, text_of

from gesmock.faults import KINDS, kinds
from gesmock.model import rows
from gesmock.model.jobs import Job
from gesmock.model.types import FINAL


def page(asker: Asker, offset: int = 0, limit: int = 100) -> Any:
    """The body of a page."""
    reply = asker.ask(query={"offset": f"{offset}", "limit": f"{limit}"})
    assert reply.status == 200
    return json.loads(text_of(reply))


def ids(body: Any) -> list[str]:
    return [job["jobId"] for job in body["jobs"]]


def two_pages(asker: Asker) -> tuple[list[str], list[str]]:
    """The ids on the first two pages of ten."""
    return ids(page(asker, 0, 10)), ids(page(asker, 10, 10))


def list_fault(kind: str, **fields: Any) -> dict[str, Any]:
    """A fault rule of the list fault between the first page and the second."""
    return {"fault": {"kind": kind, **fields}, "after": 1, "times": 1}


EDITIONS = pytest.mark.parametrize("edition", ["database", "memory"])


def asker_of(edition: str, *faults: Any, **options: Any) -> Asker:
    settings = {"edition": edition, **options.pop("settings", {})}
    return Asker(*faults, settings=settings, **{"generate": 30, **options})


@pytest.mark.parametrize(
    "kind", [name for name, kind in KINDS.items() if issubclass(kind, kinds.ListFault)]
)
def test_every_list_fault_changes_a_page(kind: str) -> None:
    fields = {"cap_limit": {"limit": 4}}.get(kind, {})
    jobs = {"count": 30, "statuses": {"running": 1}, "plan": "slow"}
    asker = asker_of("database", list_fault(kind, **fields), generate=jobs)

    assert page(asker) != page(asker)


@EDITIONS
def test_inserted_jobs_make_rows_appear_twice(edition: str) -> None:
    asker = asker_of(edition, list_fault("insert_jobs", count=2))
    before = ids(page(asker_of(edition)))

    first, second = two_pages(asker)

    assert (first, second) == (before[:10], before[8:18])
    now = page(asker)
    assert ids(now)[2:] == before
    assert {job["status"] for job in now["jobs"][:2]} == {"success"}


@EDITIONS
def test_removed_jobs_make_rows_disappear(edition: str) -> None:
    asker = asker_of(edition, list_fault("remove_jobs", count=2))
    before = ids(page(asker_of(edition)))

    first, second = two_pages(asker)

    assert (first, second) == (before[:10], before[12:22])
    removed = set(before) - set(ids(page(asker)))
    assert len(removed) == 2
    assert removed <= set(before[:10])


def test_on_the_first_page_any_jobs_are_removed_but_no_more_than_exist() -> None:
    asker = Asker({"fault": {"kind": "remove_jobs", "count": 2}}, generate=3)

    assert [len(ids(page(asker))) for _ in range(3)] == [1, 0, 0]


@EDITIONS
def test_finished_jobs_differ_from_what_the_client_was_shown(edition: str) -> None:
    jobs = {"count": 30, "statuses": {"running": 1}, "plan": "slow"}
    asker = asker_of(edition, list_fault("finish_jobs", count=3), generate=jobs)

    statuses = [[job["status"] for job in page(asker, 0, 30)["jobs"]] for _ in range(2)]

    assert statuses[0].count("running") == 30
    assert statuses[1].count("running") == 27
    asker.advance(10_000)
    assert all(job["status"] in FINAL for job in page(asker)["jobs"])


def test_nothing_happens_if_no_job_is_unfinished() -> None:
    jobs = {"count": 3, "statuses": {"failed": 1}}
    asker = Asker({"fault": {"kind": "finish_jobs"}}, generate=jobs)

    assert [job["status"] for job in page(asker)["jobs"]] == ["failed"] * 3


def test_the_total_shrinks_by_the_count() -> None:
    asker = Asker(list_fault("shrink_total", count=4), generate=30)

    totals = [page(asker, offset, 10)["totalCount"] for offset in (0, 10, 20)]

    assert totals == [30, 26, 30]


def test_a_list_without_a_total_is_not_hit_by_shrink_total() -> None:
    fault = {"kind": "shrink_total", "count": 1}
    asker = asker_of(
        "memory",
        {"fault": fault},
        {"operation": "list_jobs", "script": [fault, 503]},
    )

    assert asker.statuses(3) == [200, 503, 200]
    shrinks, scripted = asker.project.faults.armed()
    assert (shrinks.calls, scripted.calls, scripted.fires) == (0, 2, 1)


@EDITIONS
@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_a_row_of_the_page_is_repeated(edition: str, order: str) -> None:
    settings, jobs = {"order": order}, {"count": 2000}
    asker = asker_of(edition, list_fault("repeat_row"), generate=jobs, settings=settings)
    before = ids(page(asker, 100, 1000))

    listed = ids(page(asker, 100, 1000))

    [twice] = {job_id for job_id in listed if listed.count(job_id) > 1}
    assert listed.index(twice) == before.index(twice)
    at = before.index(twice)
    assert listed == [*before[: at + 1], *before[at:]]
    assert ids(page(asker, 100, 1000)) == before


def test_an_empty_page_has_no_row_to_repeat() -> None:
    asker = Asker({"fault": {"kind": "repeat_row"}}, generate=0)

    assert page(asker)["jobs"] == []


@EDITIONS
def test_a_limit_is_capped_silently(edition: str) -> None:
    asker = asker_of(edition, list_fault("cap_limit", limit=4))
    before = ids(page(asker_of(edition)))

    assert two_pages(asker) == (before[:10], before[10:14])
    assert ids(page(asker, 0, 2)) == before[:2]


def test_a_list_fault_leaves_a_receipt_and_is_seeded() -> None:
    def remaining_ids(seed: int) -> Any:
        asker = Asker(
            list_fault("remove_jobs", count=5), generate={"count": 300, "seed": 1}, seed=seed
        )
        replies = [asker.ask(query={"offset": "200"}) for _ in range(2)]
        assert replies[1].headers["X-Gesmock-Fault"] == "f1#1"
        return ids(page(asker, 0, 300))

    assert remaining_ids(1) == remaining_ids(1)
    assert remaining_ids(1) != remaining_ids(2)


def test_a_list_fault_on_a_refused_list_changes_nothing() -> None:
    asker = Asker({"fault": {"kind": "insert_jobs"}})

    refused = asker.ask(query={"limit": "x"})
    unknown = asker.ask(graph_name="nothing")

    assert (refused.status, unknown.status) == (400, 400)
    assert len(asker.project.graphs.jobs()) == 3


def test_jobs_can_be_inserted_beside_one_with_a_plan() -> None:
    asker = Asker({"fault": {"kind": "insert_jobs"}, "times": 1}, plans={"plan": "slow"})
    asker.submit()

    assert [job["status"] for job in page(asker)["jobs"]][:2] == ["success", "pending"]


@pytest.mark.deep
@pytest.mark.parametrize("kind", ["insert_jobs", "remove_jobs", "finish_jobs", "repeat_row"])
def test_no_list_fault_looks_at_every_job(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = {"count": 20_000, "statuses": {"running": 1}}
    asker = Asker({"fault": {"kind": kind}, "after": 1}, generate=jobs)
    page(asker, 10_000, 10)
    decoded: list[int] = []
    decode_all = rows._decode_all

    def counted(text: bytes) -> list[Job]:
        jobs = decode_all(text)
        decoded.append(len(jobs))
        return jobs

    monkeypatch.setattr(rows, "_decode_all", counted)
    page(asker, 10_000, 10)

    assert sum(decoded) <= 500 + 2 * 10  # and the statuses of two pages
