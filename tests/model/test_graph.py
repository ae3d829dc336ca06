"""The jobs of one graph, against a plain list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesmock.model.errors import Conflict, NotFound
from gesmock.model.graph import Graph
from gesmock.model.jobs import Job, JobRequest, Move


def job(name: str, status: str = "success") -> Job:
    return Job(name, status, JobRequest("import_graph", "/"))  # type: ignore[arg-type]


def jobs(count: int) -> list[Job]:
    return [job(str(number)) for number in range(count)]


@given(st.integers(0, 12), st.integers(0, 15), st.integers(0, 15))
def test_a_page_is_a_slice_of_the_list_in_either_order(count: int, offset: int, limit: int) -> None:
    listed = jobs(count)
    graph = Graph(listed)

    assert [*graph.page(offset, limit)] == listed[offset : offset + limit]
    oldest_first = listed[::-1][offset : offset + limit]
    assert [*graph.page(offset, limit, oldest_first=True)] == oldest_first


def test_a_submitted_job_is_the_newest() -> None:
    graph = Graph(jobs(2))

    graph.submit(job("new"))

    assert [one.job_id for one in graph] == ["new", "0", "1"]


def test_older_jobs_follow() -> None:
    graph = Graph(jobs(2))

    graph.add_older([job("old"), job("older")])

    assert [one.job_id for one in graph] == ["0", "1", "old", "older"]


def test_a_replaced_job_keeps_its_place() -> None:
    graph = Graph(jobs(3))

    graph.move("1", Move("failed"))

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
    with pytest.raises(NotFound, match="no job has the id 'x'"):
        graph.remove("x")


class Model:
    """A graph as a plain list, newest first."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def place(self, job_id: str) -> int:
        return next(place for place, one in enumerate(self.jobs) if one.job_id == job_id)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["submit", "older", "replace", "remove", "copy"]), st.integers(0, 9)
        )
    )
)
def test_whatever_is_done_a_graph_is_a_list_and_its_copies_stay_what_they_were(
    steps: list[tuple[str, int]],
) -> None:
    graph, model, count = Graph(), Model(), 0
    copies: list[tuple[Graph, list[Job]]] = []
    for step, number in steps:
        known = [one.job_id for one in model.jobs]
        if step == "submit":
            count += 1
            graph.submit(job(f"n{count}"))
            model.jobs.insert(0, job(f"n{count}"))
        elif step == "older":
            older = [job(f"o{count}-{index}") for index in range(number % 3)]
            count += 1
            graph.add_older(older)
            model.jobs += older
        elif step == "copy":
            copies.append((graph.copy(), [*model.jobs]))
        elif known:
            job_id = known[number % len(known)]
            if step == "replace":
                graph.move(job_id, Move("failed"))
                model.jobs[model.place(job_id)] = job(job_id, "failed")
            else:
                graph.remove(job_id)
                del model.jobs[model.place(job_id)]

    assert [*graph] == model.jobs
    assert [graph.job(one.job_id) for one in model.jobs] == model.jobs
    assert all([*copy] == then for copy, then in copies)
