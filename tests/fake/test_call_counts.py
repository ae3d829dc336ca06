"""The work of a request, counted, so that a noisy machine cannot fail it.

It counts what makes lists slow: calls of Python functions, encodings, blocks, bytes copied. Lower a
bound that is far above the count; raise one only with a reason.
"""

import gc
import tracemalloc
from collections.abc import Callable
from cProfile import Profile
from unittest.mock import Mock

import msgspec
import pytest

from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model.listed_requests import without_secrets
from gesmock.model.messages import Encoded, Request

FEW, MANY = 10, 10_000

CALLS = 32
"""Calls of Python functions for a page of ten jobs, through ``handle``."""

CALLS_MORE = 5
"""How many more calls a page may take out of many jobs than out of few."""

JOBS_PER_CALL = 1000
"""The least number of jobs that each further call brings to a long list."""

ENCODINGS = 0
"""Encodings for a list, of any length, that was asked for before."""

JOBS_PER_BLOCK = 50
"""The least number of jobs in a block of a long list."""

COPIES = 0.01
"""The most memory that a long list may take beside what is held, in lengths of its answer."""


def listing(count: int) -> Fake:
    return Fake({"generate": count, "seed": 7, "graph_name": "g"})


@pytest.fixture(scope="module")
def few() -> Fake:
    return listing(FEW)


@pytest.fixture(scope="module")
def many() -> Fake:
    return listing(MANY)


def answer(fake: Fake, **query: str) -> Encoded:
    """A list as the gateway gets it."""
    args = {"project_id": fake.default.project_id, "graph_name": "g"}
    request = Request(
        operation="list_jobs",
        method="GET",
        path="/",
        epoch=fake.epochs.current,
        args=args,
        query=query,
    )
    payload = handle(fake, request).payload
    assert isinstance(payload, Encoded)
    return payload


def calls(work: Callable[[], object]) -> int:
    """How many Python functions *work* calls once it has run before."""
    work()
    profile = Profile(builtins=False)
    gc.disable()  # a collection that happens to come may call back into Python
    try:
        profile.runcall(work)
    finally:
        gc.enable()
    return sum(each.callcount for each in profile.getstats())


def test_a_page_takes_few_calls(few: Fake) -> None:
    assert calls(lambda: answer(few, limit="10")) <= CALLS


def test_a_page_out_of_many_jobs_takes_no_more_calls_than_out_of_few(few: Fake, many: Fake) -> None:
    out_of_few = calls(lambda: answer(few, limit="10"))
    out_of_many = calls(lambda: answer(many, limit="10"))

    assert abs(out_of_many - out_of_few) <= CALLS_MORE


def test_a_long_list_takes_few_calls_a_job(few: Fake, many: Fake) -> None:
    more = calls(lambda: answer(many)) - calls(lambda: answer(few))

    assert more * JOBS_PER_CALL <= MANY


def test_a_long_list_comes_in_large_blocks(many: Fake) -> None:
    assert len(answer(many).blocks) * JOBS_PER_BLOCK <= MANY


@pytest.mark.parametrize("query", [{"limit": "10"}, {}])
def test_what_was_listed_before_is_not_encoded_again(
    query: dict[str, str], many: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = Mock(wraps=msgspec.json.encode)
    monkeypatch.setattr(msgspec.json, "encode", encode)

    assert answer(many, **query).blocks
    assert encode.call_count <= ENCODINGS


def test_a_page_out_of_many_jobs_takes_no_memory_for_the_others(many: Fake) -> None:
    page = sum(map(len, answer(many, limit="10").blocks))

    assert peak(lambda: answer(many, limit="10")) < 2 * page + 8 * 1024


def test_a_long_list_is_not_copied(many: Fake) -> None:
    assert peak(lambda: answer(many)) < COPIES * sum(map(len, answer(many).blocks))


@pytest.mark.deep
@pytest.mark.parametrize("part", ["text", 1, [], {}])
def test_to_clean_a_body_takes_no_memory_for_what_can_hold_no_secret(part: object) -> None:
    body = {"parts": [part] * MANY}

    assert peak(lambda: without_secrets(body)) < 8 * MANY * 1.2  # a copy of the list


def peak(work: Callable[[], object]) -> int:
    """The most memory that *work* takes at once beyond what was taken before.

    It is the least of three: what other threads take meanwhile counts too.
    """
    work()
    gc.collect()
    tracemalloc.start()
    try:
        return min(_peak(work) for _ in range(3))
    finally:
        tracemalloc.stop()


def _peak(work: Callable[[], object]) -> int:
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    work()
    return tracemalloc.get_traced_memory()[1] - before
