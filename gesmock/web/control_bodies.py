"""What the control API takes and gives, beyond the structs of the fixture format."""

from typing import Annotated

from msgspec import Meta, Struct

from gesmock.exchange import Operation
from gesmock.faults import WeatherName
from gesmock.jobs import Job
from gesmock.names import GraphName
from gesmock.statuses import Edition, ListedStatus


class PlacedJob(Struct, frozen=True, forbid_unknown_fields=True):
    """A *job* and the *graph* it is in (default: the world's first)."""

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


class Weather(Struct, frozen=True, forbid_unknown_fields=True):
    """The *weather* that is to be; null: a fair one."""

    weather: WeatherName | None


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No query: what is meant is all there is."""


class EntryFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which journal entries are meant: those of *operation*, those answered with *status*.

    Where there is none, *wait_s* seconds are waited for one, at most a minute.
    """

    operation: Operation | None = None
    status: Annotated[int, Meta(ge=100, le=599)] | None = None
    wait_s: Annotated[float, Meta(ge=0, le=60)] = 0
