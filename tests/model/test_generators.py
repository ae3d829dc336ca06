"""Generated jobs: the same seed the same bytes, in the documented forms."""

import re
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gesmock.fake.fixtures import read
from gesmock.model import documentation, generators
from gesmock.model.errors import InvalidInput
from gesmock.model.generators import Generator
from gesmock.model.jobs import Job
from gesmock.model.types import EDITION_STATUSES
from gesmock.model.validation import read as validated


def rows(count: int, seed: int = 7, graph: str = "movie", project: str = "p1") -> list[Job]:
    return [job for _, job in generators.jobs(project, graph, Generator(count=count), seed)]


@given(st.integers(0, 2**63 - 1), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=20)  # each seed has Faker make a vocabulary
def test_more_rows_do_not_change_the_first_ones(seed: int, few: int, more: int) -> None:
    assert rows(few + more, seed)[:few] == rows(few, seed)


def test_a_seed_makes_the_same_jobs_in_every_process() -> None:
    """Ids, commands and statuses do not depend on Faker's words."""
    facts = [(job.job_id, job.request.command, job.status) for job in rows(3)]

    assert facts == [
        ("1b32bbc7dbd2e7a34f3735948d8154df0236173629090", "batch_build_index", "success"),
        ("1e41c9a6985f741e5bd8a5b0135127620236173629090", "delete_by_file", "success"),
        ("022b4192004772d891abedddbf56faef0236173629090", "vertex_query", "success"),
    ]


def test_jobs_depend_on_the_seed_and_not_on_the_graph() -> None:
    ids = [job.job_id for job in rows(50)]

    assert {*ids}.isdisjoint(job.job_id for job in rows(50, seed=8))
    assert ids == [job.job_id for job in rows(50, graph="films")]


def test_ids_end_with_the_digits_of_one_instance() -> None:
    ids = [job.job_id for job in rows(200)]

    assert all(re.fullmatch(r"[0-9a-f]{32}[0-9]{9}9090", job_id) for job_id in ids)
    assert len({job_id[32:] for job_id in ids}) == 1
    assert len(set(ids)) == 200


def test_every_command_of_the_database_edition_appears() -> None:
    documented = {row.command for row in documentation.submissions() if row.edition != "memory"}

    assert {job.request.command for job in rows(2000)} == documented


def test_requests_are_compact_json_without_storage_keys_at_documented_urls() -> None:
    for job in rows(2000):
        raw = job.request.raw_request
        assert isinstance(raw, str)
        assert not raw or msgspec.json.encode(msgspec.json.decode(raw)).decode() == raw
        assert "obsParameters" not in raw
        assert "accessKey" not in raw
        assert re.match(r"/ges/v1\.0/p1/(graphs|hyg)/movie\b", job.request.url)
        assert "{" not in job.request.url


def test_imports_and_index_builds_are_normalised_as_on_the_page() -> None:
    page = read("page_example").graphs["ges_j60071198_hdfs_fdb"].jobs
    index, import_ = (_shape(job) for job in page[:2])

    for job in rows(500):
        if job.request.command == "batch_build_index":
            assert _shape(job) == index
            assert job.request.url.endswith("?action_id=batch-build&targetGraphName=movie")
        if job.request.command == "import_graph":
            assert [key for key in _shape(job) if key != "schemaPath"] == import_


def _shape(job: Job) -> list[str]:
    assert isinstance(job.request.raw_request, str)
    body = msgspec.json.decode(job.request.raw_request)
    return list(body) if "indices" not in body else list(body["indices"][0])


def test_finished_imports_succeed_and_finished_algorithms_complete() -> None:
    finished = [job for job in rows(500) if job.status in ("success", "complete")]
    words = {(job.request.command, job.status) for job in finished}

    assert ("import_graph", "success") in words
    assert ("execute_algorithm", "complete") in words
    assert ("import_graph", "complete") not in words
    assert ("hyg_algorithm", "success") not in words


def test_the_usual_mix_has_every_status() -> None:
    assert set(Counter(job.status for job in rows(2000))) == set(EDITION_STATUSES["database"])


def test_statuses_follow_their_weights() -> None:
    generator = Generator(count=2000, statuses={"failed": 3, "running": 1, "pending": 0})
    counts = Counter(job.status for _, job in generators.jobs("p1", "movie", generator, 1))

    assert set(counts) == {"failed", "running"}
    assert 2.5 < counts["failed"] / counts["running"] < 3.5


@pytest.mark.parametrize("graph", ["a b", "50%", "{x}", "ü", 'q"', "\\u0000"])
def test_odd_graph_names_are_escaped_where_they_appear(graph: str) -> None:
    for job in rows(200, graph=graph):
        assert " " not in job.request.url
        raw = job.request.raw_request
        if job.request.command == "import_graph" and isinstance(raw, str):
            assert msgspec.json.decode(raw)["graphName"] == graph


def test_submitted_jobs_never_have_the_ids_of_generated_ones() -> None:
    singles = {generators.job_id(7, number) for number in range(100)}

    assert len(singles) == 100
    assert singles.isdisjoint(job.job_id for job in rows(1000))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"failed": 0}, "statuses: at least one weight must be above 0"),
        (
            {"failed": 1e308, "success": 1e308},
            r"statuses\.failed: 1e\+308 is not a number from 0 to",
        ),
        ({"done": 1}, "'done' is none of pending, running"),
    ],
)
def test_wrong_weights_are_refused(weights: dict[str, float], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        validated({"count": 1, "statuses": weights}, Generator)
