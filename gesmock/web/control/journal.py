"""Control calls about the journal, and the verdict on the client."""

from typing import Annotated, Any

import flask
from msgspec import Meta, Struct, structs

from gesmock.fake.project import Project
from gesmock.journal.entries import Entry
from gesmock.journal.filters import Assertion, Count, EntryFilter
from gesmock.journal.observations import Observation
from gesmock.journal.verdict.findings import Code, Finding, VerdictConfig
from gesmock.model.types import GraphName, ListedStatus
from gesmock.web.control.api import Address, call


class JournalQuery(
    EntryFilter, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Which entries to list, and whether to wait for them.

    With *wait_s* (seconds, at most 60), waits until there are *times* such entries.
    """

    times: Count = 1
    wait_s: Annotated[float, Meta(ge=0, le=60)] = 0


class Entries(Struct, frozen=True, forbid_unknown_fields=True):
    """Journal entries, how many they are, and how many were *dropped* to make room.

    *count* is the number of the last request.
    """

    entries: list[Entry]
    total: int
    dropped: int
    count: int


class MatchingEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """The journal entries that match."""

    entries: list[Entry]


class ClearedEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """How many entries were removed."""

    cleared: int


class FindingsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Only findings of these *codes*, or of the families that they name."""

    codes: list[Code] = []


class FindingsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Findings, how many there are, and how many of them fail a strict test."""

    findings: list[Finding]
    total: int
    failing: int


class SeenQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The *graph* of the job, and the *statuses* the client must have seen, in this order."""

    graph: GraphName | None = None
    statuses: list[ListedStatus] | None = None


@call("GET", "journal", summary="List journal entries, or wait for them")
def list_entries(project: Project, query: JournalQuery) -> Entries:
    journal = project.journal
    if query.wait_s:
        entries = journal.wait(query, query.times, query.wait_s)
    else:
        entries = query.select(journal.snapshot())
    return Entries(entries, len(entries), journal.dropped, journal.count)


@call("DELETE", "journal", no_query=True, summary="Clear the journal")
def clear(project: Project) -> ClearedEntries:
    return ClearedEntries(project.journal.clear())


@call("POST", "journal/assert_called", summary="Assert that requests were made")
def assert_called(project: Project, body: Assertion) -> MatchingEntries:
    return MatchingEntries(body.check(project.journal.snapshot()))


@call("GET", "journal/har", no_query=True, summary="Export the journal as an HTTP archive")
def export_har(project: Project) -> dict[str, Any]:
    return project.journal.har(flask.request.scheme)


@call("GET", "findings", summary="List findings about the client")
def list_findings(project: Project, query: FindingsQuery) -> FindingsBody:
    findings = project.verdict.findings(query.codes)
    failing = project.verdict.failing()
    return FindingsBody(findings, len(findings), sum(each in failing for each in findings))


@call("GET", "report", no_query=True, summary="Report findings, coverage and jobs")
def report(project: Project) -> dict[str, Any]:
    return project.verdict.report()


@call(
    "GET",
    "seen/<path:job_id>",
    summary="Show which statuses a job went through, and which the client saw",
)
def show_seen(project: Project, job_id: str, query: SeenQuery) -> Observation:
    observation = project.verdict.observation(job_id, query.graph)
    if query.statuses is not None:
        observation.check(query.statuses)
    return observation


VerdictConfigBody = Annotated[dict[str, Any], VerdictConfig]


@call("GET", "verdict", no_query=True, summary="Read the verdict's config")
def read_config(project: Project) -> VerdictConfigBody:
    return structs.asdict(project.verdict.config)


@call("PATCH", "verdict", summary="Change the verdict's config")
def change_config(address: Address, body: VerdictConfigBody) -> VerdictConfigBody:
    VerdictConfig().changed(body)  # refused before a project is created
    return structs.asdict(address.open().verdict.change(body))
