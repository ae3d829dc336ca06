"""The index knows where to look for an id, and forgets what is long gone."""

from hypothesis import given
from hypothesis import strategies as st

from gesmock.model import index
from gesmock.model.graph import Graph
from gesmock.model.index import Index, layers_of
from gesmock.model.jobs import Job, JobRequest


def there(_number: int) -> bool:
    return True


@given(st.integers(0, 30), st.integers(0, 30))
def test_an_id_is_found_under_its_number_whether_it_was_loaded_or_added(old: int, new: int) -> None:
    known = Index(layers_of([f"{number}" for number in range(-old, 0)], -old))
    for number in range(new):
        known.add(f"{number}", number, there)

    for number in range(-old, new):
        assert [*known.numbers(f"{number}")] == [number]
    assert [*known.numbers("x")] == []


def test_ids_that_are_added_one_by_one_come_to_few_layers() -> None:
    known = Index()
    for number in range(50_000):
        known.add(f"{number}", number, there)

    assert len(known._layers) <= 50_000 // (index._GROWING - index._TOP) + 1
    assert len(known._top) <= index._TOP
    for number in (0, 1023, 1024, 8191, 8192, 30_000, 49_999):
        assert [*known.numbers(f"{number}")] == [number]


def test_ids_that_come_a_few_at_a_time_come_to_few_layers() -> None:
    known = Index()
    for first in range(-3, -3003, -3):
        known.add_layers(layers_of([f"{number}" for number in range(first, first + 3)], first))

    assert len(known._layers) <= 12
    for number in (-1, -2, -1500, -3000):
        assert [*known.numbers(f"{number}")] == [number]


def test_a_copy_goes_its_own_way() -> None:
    known = Index(layers_of(["old"], -1))
    known.add("a", 0, there)
    copy = known.copy()
    copy.add("b", 1, there)

    assert [*copy.numbers("a"), *copy.numbers("old")] == [0, -1]
    assert [*known.numbers("b")] == []


def test_an_index_does_not_grow_with_jobs_that_are_gone() -> None:
    graph = Graph([Job("kept", "success", JobRequest("x", "/"))])
    for number in range(5_000):
        graph.submit(Job(f"{number}", "success", JobRequest("x", "/")))
        graph.remove(f"{number}")

    assert sum(len(layer.entries) for layer in graph._index._layers) <= 2 + len(
        graph._index._layers
    )
    assert "kept" in graph
    assert "4999" not in graph


def test_a_graph_that_drops_its_oldest_forgets_their_ids() -> None:
    graph = Graph()
    for number in range(30_000):
        graph.submit(Job(f"{number}", "success", JobRequest("x", "/")))
        graph.keep(100)

    assert len(graph._index._layers) <= 2
    assert [("29899" in graph), ("29900" in graph)] == [False, True]


def test_two_ids_that_look_alike_are_told_apart_by_their_rows() -> None:
    graph = Graph([Job(name, "success", JobRequest("x", "/")) for name in "abc"])
    (layer,) = graph._index._layers
    same = layer.entries[0] & index._HASH
    alike = type(layer.entries)("Q", [same | place for place in range(3)])
    graph._index._layers = [type(layer)(layer.first, layer.last, alike)]
    found = [name for name in "abc" if name in graph]

    assert len(found) == 1
    assert graph.job(found[0]).job_id == found[0]
