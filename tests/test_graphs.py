"""The jobs of one graph, against a plain list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesmock.errors import Conflict, Unknown
from gesmock.graphs import Graph
from gesmock.jobs import Job, JobRequest


def job(name: str, status: str = "success") -> Job:
    return Job(name, status, JobRequest("import_graph", "/"))  # type: ignore[arg-type]


def jobs(count: int) -> list[Job]:
    return [job(str(number)) for number in range(count)]


@given(st.integers(0, 12), st.integers(0, 15), st.integers(0, 15))
def test_a_page_is_a_slice_of_the_list_in_either_order(count: int, offset: int, limit: int) -> None:
    listed = jobs(count)
    graph = Graph(listed)

    assert graph.page(offset, limit) == listed[offset : offset + limit]
    oldest_first = listed[::-1][offset : offset + limit]
    assert graph.page(offset, limit, oldest_first=True) == oldest_first


def test_a_submitted_job_is_the_newest() -> None:
    graph = Graph(jobs(2))

    graph.submit(job("new"))

    assert [one.job_id for one in graph] == ["new", "0", "1"]


def test_older_jobs_follow_in_a_new_graph() -> None:
    graph = Graph(jobs(2))

    grown = graph.with_older([job("old")])

    assert [one.job_id for one in grown] == ["0", "1", "old"]
    assert len(graph) == 2


def test_a_replaced_job_keeps_its_place() -> None:
    graph = Graph(jobs(3))

    graph.replace(job("1", "failed"))

    assert [one.status for one in graph] == ["success", "failed", "success"]


def test_a_removed_job_is_gone() -> None:
    graph = Graph(jobs(3))

    graph.remove("1")

    assert [one.job_id for one in graph] == ["0", "2"]
    assert "1" not in graph


def test_an_id_that_is_taken_or_unknown_is_refused() -> None:
    graph = Graph(jobs(1))

    with pytest.raises(Conflict, match="a job with the id '0' is there already"):
        graph.submit(job("0"))
    with pytest.raises(Unknown, match="no job has the id 'x'"):
        graph.remove("x")


def test_a_copy_is_of_its_own_and_tells_whether_the_original_has_changed() -> None:
    graph = Graph(jobs(1))
    copy = graph.copy()
    assert graph.unchanged_since(copy)

    graph.submit(job("new"))

    assert len(copy) == 1
    assert not graph.unchanged_since(copy)
