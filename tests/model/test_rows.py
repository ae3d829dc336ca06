"""Encoded rows in blocks, and what a page of them costs."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from conftest import CHARACTERS, Service
from hypothesis import given
from hypothesis import strategies as st

from gesmock.model import replies, rows
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.messages import Encoded
from gesmock.model.rows import Block
from gesmock.model.settings import Settings
from gesmock.model.types import STATUSES, JobStatus

COUNT = 20_000


def jobs(count: int) -> list[Job]:
    request = JobRequest("import_graph", "/", "{}")
    return [Job(f"j{number}", "running", request) for number in range(count)]


@given(
    st.text(CHARACTERS, min_size=1)
    | st.sampled_from(['","status":"failed","request":{', "\\", '\\"', '"']),
    st.sampled_from(STATUSES),
    st.text(CHARACTERS),
)
def test_a_row_contains_its_job_and_no_other_status(
    job_id: str, status: JobStatus, text: str
) -> None:
    job = Job(job_id, status, JobRequest(text, text, text))
    row = rows.encode(job)

    assert row == msgspec.json.encode(job) + b","
    assert rows.decode(row) == job
    assert [each for each in STATUSES if rows.in_status(each) in row] == [status]


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=9), st.data())
def test_a_block_is_a_list_of_rows(texts: list[bytes], data: st.DataObject) -> None:
    numbers = range(len(texts), 0, -1)
    block = Block.of([*zip(numbers, texts, strict=True)])
    index = data.draw(st.integers(0, len(texts) - 1))
    end = data.draw(st.integers(index + 1, len(texts)))

    edited = block.with_newest(99, b"newest,")
    assert [*edited.rows()] == [(99, b"newest,"), *zip(numbers, texts, strict=True)]
    assert [(number, edited.row(number)) for number in edited.numbers] == [*edited.rows()]
    changed = block.with_row(numbers[index], b"new row,")
    assert [row for _, row in changed.rows()] == [*texts[:index], b"new row,", *texts[index + 1 :]]
    assert [*block.part(index, end).rows()] == [*block.rows()][index:end]


def test_a_text_across_two_rows_is_in_neither() -> None:
    block = Block.of([(2, b"a,"), (1, b"b,")])

    assert [*block.matching([b"a,b"])] == []
    assert [*block.matching([b"b", b","])] == [1]


@given(st.lists(st.text("ab,", max_size=5), min_size=1, max_size=9), st.data())
def test_a_block_finds_the_rows_that_have_every_text(texts: list[str], data: st.DataObject) -> None:
    rows = [(number, f"{text},".encode()) for number, text in enumerate(texts)]
    block = Block.of(rows[1:]).with_newest(*rows[0]) if rows[1:] else Block.of(rows)
    searched = data.draw(st.lists(st.sampled_from([b"a", b"b", b"ab", b"a,b", b",,"]), max_size=3))

    expected = [number for number, row in rows if all(text in row for text in searched)]

    assert [*block.matching(searched)] == expected


# --- Cost -------------------------------------------------------------------------


class Work:
    """Counts what is encoded, decoded, and cut out of blocks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str] = Counter()
        for name in ("_encode", "_decode", "_decode_all"):
            self._count(monkeypatch, rows, name)
        for name in ("piece", "rows"):
            self._count(monkeypatch, Block, name)

    def _count(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        whole = getattr(owner, name)

        def count(*args: Any) -> Any:
            self.counts[name] += 1
            return whole(*args)

        monkeypatch.setattr(owner, name, count)


@pytest.fixture(scope="module")
def many() -> JobStore:
    return JobStore(jobs(COUNT))


@pytest.mark.parametrize("offset", [0, 250, 256 * 40, 19_990])
def test_a_page_touches_two_blocks_at_most_and_encodes_nothing(
    many: JobStore, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(monkeypatch)

    reply = replies.job_list(many.page(offset, 10), Settings())

    assert isinstance(reply.payload, Encoded)
    assert set(work.counts) == {"piece", "_decode_all"}
    assert work.counts["_decode_all"] <= 2
    listed = msgspec.json.decode(b"".join(reply.payload.blocks), type=dict[str, Any])["jobs"]
    assert [each["jobId"] for each in listed] == [f"j{offset + n}" for n in range(10)]


@pytest.mark.parametrize("query", ["q=import", "status=running", "q=none", "status=failed", ""])
def test_only_the_jobs_of_a_page_are_decoded_whatever_is_searched_for(
    service: Service, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.begin(generate={"count": 5_000, "statuses": {"running": 1}})
    work = Work(monkeypatch)

    page = service.control("GET", f"jobs?limit=10&{query}").json

    assert page["counts"] == {"running": 5_000}
    assert work.counts == ({"_decode": 10, "piece": 10} if page["total"] else {})


def test_the_whole_list_is_not_copied(many: JobStore) -> None:
    first, second = (many.page(0, COUNT).pieces() for _ in range(2))

    assert len(first) <= COUNT // 256 + 1
    assert all(piece is same for piece, same in zip(first[:-1], second[:-1], strict=True))


def test_a_long_list_is_reversed_outside_the_lock(many: JobStore) -> None:
    short = replies.job_list(many.page(0, 300, oldest_first=True), Settings())
    long = replies.job_list(many.page(0, 9000, oldest_first=True), Settings())

    assert not callable(short.payload)
    assert callable(long.payload)
    assert msgspec.json.decode(b"".join(long.payload().blocks))["totalCount"] == COUNT


def test_an_encoded_list_has_a_content_length(service: Service) -> None:
    service.begin(generate=600)

    response = service.list()

    assert response.content_length == len(response.get_data())
    assert len(response.json["jobs"]) == 600


def test_the_rows_of_a_page_are_decoded_a_block_at_a_time(
    many: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(monkeypatch)

    assert len([*many]) == COUNT
    assert work.counts["_decode_all"] <= COUNT // 256 + 1
    assert work.counts["_decode"] == 0
