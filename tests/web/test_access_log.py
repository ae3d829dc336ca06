"""Each request is told of in a line; many of them, where that is wanted, in one record."""

import logging

import pytest
from conftest import until

from gesmock.model.messages import Reply, Request
from gesmock.web import access_log

REQUEST = Request(operation="list_jobs", method="GET", path="/ges/ü", epoch=0)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "gesmock.service")
    return caplog


def test_a_line_has_the_method_the_path_as_it_was_sent_the_status_and_the_fault(
    lines: pytest.LogCaptureFixture,
) -> None:
    access_log.tell(REQUEST, Reply(200, {}))
    access_log.tell(REQUEST, Reply(503, {}, {"X-Gesmock-Fault": "f1#1"}))

    assert lines.messages == ["GET /ges/%C3%BC 200", "GET /ges/%C3%BC 503 f1#1"]


def test_many_lines_are_one_record_and_none_is_lost_at_the_end(
    lines: pytest.LogCaptureFixture,
) -> None:
    with access_log.together(wait_s=60):
        for status in range(400, 500):
            access_log.tell(REQUEST, Reply(status, {}))
        assert len(lines.messages) == 1
    access_log.tell(REQUEST, Reply(200, {}))

    told = [int(line.split()[2]) for message in lines.messages for line in message.splitlines()]
    assert told == [*range(400, 500), 200]
    assert len(lines.messages) == 3


def test_a_line_waits_for_others_for_a_moment_only(lines: pytest.LogCaptureFixture) -> None:
    with access_log.together(wait_s=0.001):
        for count in (1, 2):
            access_log.tell(REQUEST, Reply(200, {}))
            until(lambda: len(lines.messages) == count)  # noqa: B023 it is called at once


def test_nothing_is_told_that_nobody_wants_to_hear(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "gesmock.service")
    with access_log.together(wait_s=60):
        access_log.tell(REQUEST, Reply(200, {}))

    assert caplog.messages == []
