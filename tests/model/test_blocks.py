"""Blocks of encoded rows, against a plain list; and how little is done to show a page of them."""

import tracemalloc
from collections import Counter
from typing import Any

import msgspec
import pytest
from conftest import Service
from hypothesis import given
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.model import replies as shapes
from gesmock.model import rows
from gesmock.model.blocks import Block, blocks_of
from gesmock.model.graph import Graph
from gesmock.model.jobs import Job, JobRequest, Move
from gesmock.model.listing import Listing, Page
from gesmock.model.messages import Encoded
from gesmock.model.settings import Settings
from gesmock.model.types import STATUSES, JobStatus


def job(number: int, status: JobStatus = "running") -> Job:
    return Job(f"j{number}", status, JobRequest("import_graph", f"/{number}", "{}"))


def jobs(count: int) -> list[Job]:
    return [job(number) for number in range(count)]


def text_of(page: Page) -> bytes:
    return b"".join(page.pieces())


# --- Rows ---------------------------------------------------------------------------------------


@given(
    st.text(min_size=1) | st.sampled_from(['","status":"failed","request":{', "\\", '\\"', '"']),
    st.sampled_from(STATUSES),
    st.sampled_from(STATUSES),
    st.text(),
)
def test_a_row_is_read_and_changed_as_if_it_were_decoded(
    job_id: str, status: JobStatus, to: JobStatus, text: str
) -> None:
    whole = Job(job_id, status, JobRequest(text, text, text))
    row = rows.encode(whole)

    opened = rows.opened(row)

    assert (opened.job_id, opened.status) == (job_id, status)
    assert opened.closed(to) == rows.encode(msgspec.structs.replace(whole, status=to))
    assert row.startswith(rows.begin(job_id))
    assert not row.startswith(rows.begin(f"{job_id}x"))
    assert [one for one in STATUSES if rows.showing(one) in row] == [status]


# --- A listing ----------------------------------------------------------------------------------


class Modelled:
    """A listing beside a dictionary of its rows by their numbers."""

    def __init__(self) -> None:
        self.listing = Listing()
        self.model: dict[int, bytes] = {}
        self.spare: dict[int, bytes] = {}
        self.newest = self.oldest = self.count = 0
        self.pages: list[tuple[Page, list[bytes]]] = []

    def row(self) -> bytes:
        self.count += 1
        return rows.encode(job(self.count))

    def listed(self) -> list[bytes]:
        return [self.model[number] for number in sorted(self.model, reverse=True)]

    def some(self, number: int) -> list[int]:
        return sorted(self.model)[number % 3 :: number % 3 + 1]

    def append(self, _: int) -> None:
        self.model[self.newest] = self.row()
        self.listing.append(self.newest, self.model[self.newest])
        self.newest += 1

    def add_older(self, count: int) -> None:
        numbers = range(self.oldest - 1, self.oldest - count - 1, -1)
        new = [self.row() for _ in numbers]
        self.listing.add_older(blocks_of(new, numbers, 4))
        self.model |= dict(zip(numbers, new, strict=True))
        self.oldest -= count

    def change(self, number: int) -> None:
        changed = {one: self.row() for one in self.some(number)}
        self.listing.change(changed)
        self.model |= changed

    def remove(self, number: int) -> None:
        some = self.some(number)
        self.listing.remove(some)
        self.spare |= {one: self.model.pop(one) for one in some}

    def insert(self, _: int) -> None:
        self.listing.insert(self.spare)
        self.model |= self.spare
        self.spare = {}

    def drop_oldest(self, number: int) -> None:
        count = min(number, len(self.model))
        expected = sorted(self.model)[:count]
        assert sorted(self.listing.drop_oldest(count)) == expected
        for one in expected:
            del self.model[one]

    def page(self, number: int) -> None:
        whole = self.listed()
        for offset, limit in ((0, len(whole)), (number % 7, number)):
            page = self.listing.page(offset, limit)
            self.pages.append((page, whole[offset : offset + limit]))
        assert text_of(self.listing.page(0, len(whole))) == b",".join(whole)

    def copy(self, _: int) -> None:
        copy, whole = self.listing, self.listed()
        self.listing = copy.copy()
        self.pages.append((copy.page(0, len(whole)), whole))

    def check(self, offset: int, limit: int) -> None:
        listing, model = self.listing, self.model
        window = slice(offset, offset + limit)
        down, up = self.listed()[window], self.listed()[::-1][window]
        assert (len(listing), listing.oldest) == (len(model), min(model, default=None))
        page = listing.page(offset, limit)
        assert (len(page), text_of(page)) == (len(down), b",".join(down))
        upwards = listing.page(offset, limit, oldest_first=True)
        assert (text_of(upwards), [*upwards]) == (b",".join(up), [*map(rows.decode, up)])
        numbers = sorted(model, reverse=True)[window]
        assert [*page.numbers()] == numbers
        assert [one for one, _ in upwards.numbered()] == sorted(model)[window]
        known = [*model, *self.spare, self.newest, self.oldest - 1]
        assert {one: listing.row(one) for one in known} == {one: model.get(one) for one in known}
        assert listing.rows(sorted(known)) == model
        held = [one for one in model if b'"url":"/1"' in model[one]]
        assert listing.holding(b'"url":"/1"') == max(held, default=None)
        for seen, then in self.pages:
            assert text_of(seen) == b",".join(then)


STEPS = [
    "append",
    "append",
    "add_older",
    "change",
    "insert",
    "remove",
    "drop_oldest",
    "page",
    "copy",
]


@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 40)), max_size=40),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_whatever_is_done_a_listing_is_a_list_and_its_pages_stay_what_they_were(
    steps: list[tuple[str, int]], offset: int, limit: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for room in ("blocks", "listing"):
            patch.setattr(f"gesmock.model.{room}.SIZE", 4)
        one = Modelled()
        for step, number in steps:
            getattr(one, step)(number)
        one.check(offset, limit)


def test_a_block_finds_what_its_rows_hold_in_either_form() -> None:
    block = Block([rows.encode(one) for one in jobs(5)], range(5, 0, -1))

    for _ in range(2):
        assert [block.holding(rows.begin(f"j{number}")) for number in (0, 3, 9)] == [0, 3, None]
        block.whole()


# --- How little is done -------------------------------------------------------------------------


class Work:
    """Counts what is encoded, decoded, and made one piece."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str] = Counter()
        for name in ("encode", "decode", "decode_all"):
            self._count(monkeypatch, rows, name)
        for name in ("piece", "whole", "rows"):
            self._count(monkeypatch, Block, name)

    def _count(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        whole = getattr(owner, name)

        def count(*args: Any) -> Any:
            self.counts[name] += not isinstance(args[0], str)  # an id, to find its row
            return whole(*args)

        monkeypatch.setattr(owner, name, count)


@pytest.fixture(scope="module")
def many() -> Graph:
    return Graph(jobs(20_000))


@pytest.mark.parametrize("offset", [0, 250, 256 * 40, 19_990])
def test_a_page_touches_two_blocks_at_most_and_encodes_nothing(
    many: Graph, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(monkeypatch)

    reply = shapes.job_list(many.page(offset, 10), Settings())

    assert isinstance(reply.payload, Encoded)
    assert set(work.counts) == {"piece"}
    assert work.counts["piece"] <= 2
    listed = msgspec.json.decode(shapes.encode(reply.payload), type=dict[str, Any])["jobs"]
    assert [one["jobId"] for one in listed] == [f"j{offset + n}" for n in range(10)]


def test_the_whole_list_is_handed_over_without_a_copy(many: Graph) -> None:
    first, second = (many.page(0, len(many)).pieces() for _ in range(2))

    assert len(first) <= 20_000 // 256 + 1
    assert all(one is other for one, other in zip(first[:-1], second[:-1], strict=True))


def test_a_change_of_status_encodes_no_other_row_and_a_copy_none(
    many: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.page(0, len(many)).pieces()
    work = Work(monkeypatch)

    copy = many.copy()
    assert not work.counts
    copy.move("j7000", Move("failed"))
    changed = dict(work.counts)
    pieces = copy.page(0, len(copy)).pieces()

    assert changed["rows"] == 1  # of the block that it stands in
    assert not work.counts["encode"]  # only the status is put in
    others = {id(one) for one in many.page(0, len(many)).pieces()[:-1]}
    assert sum(id(one) not in others for one in pieces[:-1]) == 1


def test_many_loose_blocks_are_made_one_piece_outside_the_lock(many: Graph) -> None:
    copy = many.copy()
    for number in range(0, 20_000, 500):
        copy.move(f"j{number}", Move("failed"))

    small = shapes.job_list(copy.page(0, 300), Settings())
    whole = shapes.job_list(copy.page(0, len(copy)), Settings())
    upwards = shapes.job_list(copy.page(0, 9000, oldest_first=True), Settings())

    assert not callable(small.payload)
    assert callable(whole.payload)
    assert callable(upwards.payload)
    encoded = whole.payload()
    assert encoded.length == len(shapes.encode(encoded))
    assert not callable(shapes.job_list(copy.page(0, len(copy)), Settings()).payload)


def test_an_encoded_list_says_its_length_over_wsgi(service: Service) -> None:
    service.begin(generate=600)

    response = service.list()

    assert response.content_length == len(response.get_data())
    assert len(response.json["jobs"]) == 600


def test_a_job_is_kept_in_little_more_than_its_row() -> None:
    state = {"graphs": {"movie": {"jobs": msgspec.to_builtins(jobs(20_000))}}}
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        ges = GesMock(fixture=state)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    graph = ges.fake.default.graphs.get("movie")
    assert graph is not None

    size = sum(map(len, graph.page(0, len(graph)).pieces()))

    assert held <= 2.3 * size


def test_the_rows_of_a_page_are_decoded_a_block_at_a_time(
    many: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(monkeypatch)

    assert len([*many]) == 20_000
    assert work.counts["decode_all"] <= 20_000 // 256 + 1
    assert work.counts["decode"] == 0
