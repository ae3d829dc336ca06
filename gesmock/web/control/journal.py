"""Control calls about what happened: the journal, the verdict on the client, and events."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import flask
from msgspec import Meta, Struct, field, structs
from werkzeug import exceptions

from gesmock.fake.project import Project
from gesmock.journal.entries import AnsweredEntry, Entry, Record
from gesmock.journal.filters import Assertion, Count, EntryFilter
from gesmock.journal.observations import Observation
from gesmock.journal.verdict.findings import Code, Finding, VerdictConfig
from gesmock.model.clock import real_time
from gesmock.model.errors import NotFound
from gesmock.model.types import GraphName, ListedStatus
from gesmock.server.wsgi import CONNECTION, EVENT_STREAM
from gesmock.web.control.api import (
    LIMIT,
    LONGEST_WAIT_S,
    Address,
    Cursor,
    Limit,
    PageQuery,
    call,
    numbered_page,
    page_of,
)

MOST_STREAMS: Final = 64
"""How many streams of a fake may be open."""

SILENCE_S: Final = 15.0
"""After this long without an event, a comment keeps forwarders from closing the connection."""

_ELSEWHERE: Final = "only gesmock's own server sends events: that of gesmock serve and of GesMock"
_TOO_MANY: Final = f"{MOST_STREAMS} streams of events are open, as many as there may be; close one"


class JournalQuery(
    EntryFilter, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Which entries to list, and whether to wait for them.

    With *wait_s* (seconds, at most 60), waits until there are *times* such entries. At most *limit*
    are listed, the oldest first, from *cursor* on: the *next* of the page before. With *before*,
    those with a lower number than that, the newest first. *bodies*: with the bodies of the answers,
    which may be long.
    """

    times: Count = 1
    before: Annotated[int, Meta(ge=1)] | None = None
    limit: Limit = LIMIT
    cursor: Cursor | None = None
    wait_s: Annotated[float, Meta(ge=0, le=LONGEST_WAIT_S)] = 0
    bodies: bool = True


class Entries(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of journal entries, how many there are, and how many were *dropped* to make room.

    *count* is the number of the last request, *next* the cursor of the next page.
    """

    entries: list[AnsweredEntry]
    total: int
    dropped: int
    count: int
    next: int | None


class MatchingEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the journal entries that match, how many do, and the cursor of the *next* page."""

    entries: list[Entry]
    total: int
    next: int | None


class ClearedEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """How many entries were removed."""

    cleared: int


class FindingsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Only findings of these *codes*, or of the families that they name.

    At most *limit* of them, those from *cursor* on: the *next* of the page before.
    """

    codes: list[Code] = field(default_factory=list)


class FindingsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of findings, how many there are, and how many of them fail a strict test.

    *next* is the cursor of the next page.
    """

    findings: list[Finding]
    total: int
    failing: int
    next: int | None


class SeenQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """The *graph* of the job, and the *statuses* that the client must have seen, in this order.

    At most *limit* observations are listed, from *cursor* on: the *next* of the page before.
    """

    graph: GraphName | None = None
    statuses: list[ListedStatus] | None = None


class ObservationPage(Observation, frozen=True, kw_only=True):
    """What a job went through, and a page of what the client was shown of it.

    *total* is how many observations there are, *next* the cursor of the next page.
    """

    total: int
    next: int | None


@call("GET", "journal", summary="List journal entries, or wait for them")
def list_entries(project: Project, query: JournalQuery) -> Entries:
    journal, matching = project.journal, list[Entry | Record]()
    if query.wait_s:
        matching += journal.wait(query, query.times, query.wait_s)
    elif query.matches_all:
        matching += journal.snapshot().records  # only those of the page are made entries
    else:
        matching += query.select(journal.snapshot())
    limit, cursor = query.limit, query.cursor
    if (before := query.before) is None:
        page, following = page_of(matching, limit, cursor, lambda entry: entry.number)
    else:
        older = [entry for entry in reversed(matching) if entry.number < before]
        page, following = page_of(older, limit, cursor, lambda entry: before - entry.number)
        page = page[::-1]
    listed = [each.entry if isinstance(each, Record) else each for each in page]
    entries = journal.answered(listed, bodies=query.bodies)[:: 1 if before is None else -1]
    return Entries(entries, len(matching), journal.dropped, journal.count, following)


@call("DELETE", "journal", summary="Clear the journal")
def clear(project: Project) -> ClearedEntries:
    return ClearedEntries(project.journal.clear())


@call("POST", "journal/assert_called", summary="Assert that requests were made")
def assert_called(project: Project, query: PageQuery, body: Assertion) -> MatchingEntries:
    matching = body.check(project.journal.snapshot())
    page, following = page_of(matching, query.limit, query.cursor, lambda entry: entry.number)
    return MatchingEntries([*page], len(matching), following)


@call("GET", "journal/har", summary="Export the journal as an HTTP archive")
def export_har(project: Project) -> dict[str, Any]:
    return project.journal.har(flask.request.scheme)


@call("GET", "findings", summary="List findings about the client")
def list_findings(project: Project, query: FindingsQuery) -> FindingsBody:
    findings, config = project.verdict.findings(query.codes), project.verdict.config
    failing = config.codes(config.fail_on) if config.fail_on else []
    failed = sum(each.code in failing for each in findings)
    page, total, following = numbered_page(findings, query)
    return FindingsBody(page, total, failed, following)


@call("GET", "report", summary="Report findings, coverage and jobs")
def report(project: Project) -> dict[str, Any]:
    return project.verdict.report()


@call(
    "GET",
    "seen/<path:job_id>",
    summary="Show which statuses a job went through, and which the client saw",
)
def show_seen(project: Project, job_id: str, query: SeenQuery) -> ObservationPage:
    observation = project.verdict.observation(job_id, query.graph)
    if query.statuses is not None:
        observation.check(query.statuses)
    observed, total, following = numbered_page(observation.observed, query)
    fields = structs.asdict(observation) | {"observed": tuple(observed)}
    return ObservationPage(**fields, total=total, next=following)


VerdictConfigBody = Annotated[dict[str, Any], VerdictConfig]


@call("GET", "verdict", summary="Read the verdict's config")
def read_config(project: Project) -> VerdictConfigBody:
    return structs.asdict(project.verdict.config)


@call("PATCH", "verdict", summary="Change the verdict's config")
def change_config(address: Address, body: VerdictConfigBody) -> VerdictConfigBody:
    VerdictConfig().changed(body)  # refused before a project is created
    return structs.asdict(address.open().verdict.change(body))


@call("GET", "events", summary="Follow what happens, as server-sent events")
def follow(address: Address) -> flask.Response:
    request, streams = flask.request, address.fake.streams
    if CONNECTION not in request.environ:
        raise exceptions.NotImplemented(_ELSEWHERE)
    address.project()
    stream = _events(address, request.headers.get("Last-Event-ID", ""))
    streams.add(stream)
    if len(streams) > MOST_STREAMS:
        raise exceptions.ServiceUnavailable(_TOO_MANY)
    headers = {"Cache-Control": "no-store"}
    return flask.Response(stream, headers=headers, content_type=EVENT_STREAM)


def _events(address: Address, event_id: str) -> Iterator[bytes]:
    """The events after the one with this id, in parts; a part is empty if nothing has happened.

    It runs in the server's loop, so it does not wait for the project's lock. It ends when the
    project is dropped.
    """
    sent_at = real_time()
    while True:
        try:
            project = address.project()
        except NotFound:
            return
        text = b""
        if project.lock.acquire(blocking=False):
            try:
                project.feed.look(project.epoch)
                text, event_id = project.feed.after(event_id), project.feed.last_id
            finally:
                project.lock.release()
        if not text and real_time() >= sent_at + SILENCE_S:
            text = b":\n\n"
        if text:
            sent_at = real_time()
        yield text
