"""What the control API takes and gives, beyond the structs of the fixture format."""

from typing import Annotated

from msgspec import Meta, Struct

from gesmock.faults import PresetName
from gesmock.journal.filters import Count, EntryFilter
from gesmock.journal.verdict.config import Code
from gesmock.model.jobs import Job
from gesmock.model.names import GraphName
from gesmock.model.types import Edition, ListedStatus


class PlacedJob(Struct, frozen=True, forbid_unknown_fields=True):
    """A *job* and the *graph* it is in (default: the project's first)."""

    job: Job
    graph: GraphName | None = None


class JobFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which jobs are meant: those of *graph*, those in *status*."""

    graph: GraphName | None = None
    status: ListedStatus | None = None


class InGraph(Struct, frozen=True, forbid_unknown_fields=True):
    """In which *graph* a job is, where several have one with its id."""

    graph: GraphName | None = None


class WantedJob(Struct, frozen=True, forbid_unknown_fields=True):
    """Which job is meant, and in which state.

    With a *status*, or *wait_s* seconds (at most a minute) in which it may come to it, the job is
    waited for: until it has this status (default: until it has ended).
    """

    graph: GraphName | None = None
    status: ListedStatus | None = None
    wait_s: Annotated[float, Meta(ge=0, le=60)] = 0


class GraphChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What a graph is to be; *edition* defaults to the one it has, or that of the settings."""

    edition: Edition | None = None


class PresetBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The *preset* that is to be; null: a fair one."""

    preset: PresetName | None


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No query: what is meant is all there is."""


class AwaitedEntries(
    EntryFilter, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Which journal entries are meant.

    Where there are fewer than *times*, *wait_s* seconds are waited for them, at most a minute.
    """

    times: Count = 1
    wait_s: Annotated[float, Meta(ge=0, le=60)] = 0


class WantedFindings(Struct, frozen=True, forbid_unknown_fields=True):
    """Only findings of these *codes*, or of the families that they name."""

    codes: list[Code] = []


class WantedSights(Struct, frozen=True, forbid_unknown_fields=True):
    """In which *graph* a job is, and as what the client was to be shown it, in this order."""

    graph: GraphName | None = None
    statuses: list[ListedStatus] | None = None
