"""Verdict: what is wrong with the client of one project, as it is now; ``ges.verdict``."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from threading import RLock
from typing import Any, Final

import msgspec
from msgspec import Struct

from gesmock.fake import routes
from gesmock.fake.graphs import Graphs, edition_of
from gesmock.faults import ArmedRule, FaultRules
from gesmock.journal.coverage import Coverage
from gesmock.journal.entries import Entry, Record, entries_of, other_plane
from gesmock.journal.filters import count_of_entries
from gesmock.journal.journal import Journal
from gesmock.journal.observations import Observation, Span, sightings
from gesmock.journal.verdict import judge
from gesmock.journal.verdict.findings import MOST_ENTRIES, Finding, VerdictConfig, finding, times
from gesmock.journal.verdict.traffic import Traffic
from gesmock.model import validation
from gesmock.model.clock import NANOSECONDS
from gesmock.model.errors import Conflict, NotFound
from gesmock.model.rules import PlanRules

MOST_URLS: Final = 100
MOST_CRASHES: Final = 10
"""A client that makes up URLs without end must not fill the memory."""


class _Unmatched(Struct):
    """A request that no operation serves: the first as *text*, what to do, and how many came."""

    text: str
    hint: str
    numbers: list[int] = []
    count: int = 0


class Verdict:
    """The verdict on the client of one project; ``ges.findings()`` has the findings of all.

    The client is judged by *config*. *coverage* counts the answers that each operation has given
    since the project was opened; a reset keeps it. Methods may be called from any thread.
    """

    def __init__(
        self, journal: Journal, graphs: Graphs, faults: FaultRules, plans: PlanRules, lock: RLock
    ) -> None:
        self._journal, self._graphs = journal, graphs
        self._faults, self._plans, self._lock = faults, plans, lock
        self.coverage = Coverage()
        self.reset(VerdictConfig())

    def reset(self, config: VerdictConfig) -> None:
        """Judge by *config*, and forget everything noticed but the coverage."""
        self.config = config
        self._crashes: list[Finding] = []
        self._unmatched: dict[tuple[object, ...], _Unmatched] = {}  # by request

    def note(self, record: Record) -> str | None:
        """Take the *record* of a crash or of an unmatched request into account; hold the lock.

        Returns what to do about an unmatched request, which is worked out once for each URL.
        """
        entry = record.entry
        if entry.crash and len(self._crashes) < MOST_CRASHES:
            message = f"gesmock crashed: {entry}; please report this bug"
            self._crashes.append(finding("GM001", message, [entry], entry.crash))
        elif entry.unmatched:
            key = entry.method, entry.path, entry.status, entry.query.get("action_id")
            if key not in self._unmatched and len(self._unmatched) < MOST_URLS:
                self._unmatched[key] = _Unmatched(
                    f"{entry.request_line} answered {entry.status}", self._hint(entry)
                )
            if unmatched := self._unmatched.get(key):
                unmatched.count += 1
                if unmatched.count <= MOST_ENTRIES:
                    unmatched.numbers.append(entry.number)
                return unmatched.hint
        return None

    def _hint(self, entry: Entry) -> str:
        """What to do about an unmatched request."""
        if plane := other_plane(entry.path):
            return f"it is a call of {plane}, and gesmock serves the service plane only"
        match = routes.match(entry.method, entry.path, entry.query)
        if match.operation is None:
            route = routes.nearest(entry.method, entry.path, entry.query)
            return "check the URL and method" if route is None else f"did you mean {route}?"
        edition = edition_of(self._graphs.get(match.args["graph_name"]), self._graphs.settings)
        return (
            f"{match.operation} is not part of the {edition} edition; check the graph's edition, "
            "or allow both with strict_edition=False"
        )

    def configure(self, **changes: Any) -> VerdictConfig:
        """Change the configuration by name, such as ``poll_s=2``. Raises InvalidInput."""
        return self.change(validation.read_python(changes, dict[str, Any], "config"), "config")

    def change(self, changes: Mapping[str, Any], path: str = "$") -> VerdictConfig:
        """Make *changes*; InvalidInput, with nothing changed, names what is wrong below *path*."""
        with self._lock:
            self.config = self.config.changed(changes, path)
            return self.config

    def findings(self, codes: Collection[str] = ()) -> list[Finding]:
        """What is wrong in this project; only these *codes* and families, if any are named."""
        with self._lock:
            snapshot, config = self._journal.snapshot(), self.config
            noticed = [*self._noticed()]
        traffic = Traffic(
            entries_of(snapshot.records),
            dropped=snapshot.dropped,
            client_header=config.client_header,
        )
        return judge(traffic, config, codes, noticed)

    def _noticed(self) -> Iterator[Finding]:
        """Crashes and unmatched requests, which outlive the journal's entries, and unused rules."""
        yield from self._crashes
        for request in self._unmatched.values():
            counted = f"{request.text}{times(request.count)}"
            message = f"no operation serves this: {counted}; {request.hint}"
            yield finding("GM002", message, request.numbers)
        for rule in self._faults.untried():
            yield finding("GM003", f"fault rule never fired; {_matched(rule)}")
        for plan in self._plans.untried():
            yield finding("GM004", f"plan rule was never used, as no job reached it: {plan}")
        for rule in self._faults.not_used_up():
            unused = "it never fired"
            if rule.unused is not None:
                unused = f"it has {_counted(rule.unused, 'use')} left"
            yield finding("GM005", f"fault rule must be used up, but {unused}; {_matched(rule)}")

    def failing(self) -> list[Finding]:
        """The findings of this project that fail a strict test."""
        return self.findings(self.config.fail_on) if self.config.fail_on else []

    def observation(self, job_id: str, graph: str | None = None) -> Observation:
        """What the job *job_id* went through, and what the client was shown of it.

        Raises NotFound if there never was such a job; Conflict if several graphs have one and
        *graph* does not say which is meant, or if entries that were dropped may have shown it.
        """
        snapshot = self._journal.snapshot()
        entries = [record.entry for record in snapshot.records]
        name = self._graph_of(job_id, graph, entries)
        job = name, job_id
        submitted = any((entry.args.get("graph_name"), entry.job_id) == job for entry in entries)
        if snapshot.dropped and not submitted:
            raise Conflict(
                f"cannot tell what was shown of job {job_id!r}: the journal dropped "
                f"{count_of_entries(snapshot.dropped)}; raise journal_size"
            )
        observed = sightings(entries).get(job, ())
        return Observation(job_id, name, self._went_through(name, job_id), tuple(observed))

    def report(self) -> dict[str, Any]:
        """All findings, the coverage, and the observations of all jobs, as JSON."""
        report: dict[str, Any] = msgspec.to_builtins(
            {
                "findings": self.findings(("GM", "GM9")),
                "failing": len(self.failing()),
                "config": msgspec.structs.asdict(self.config),
                "coverage": self.coverage.report(),
                "seen": [
                    Observation(job_id, graph, self._went_through(graph, job_id), tuple(observed))
                    for (graph, job_id), observed in sightings(self._journal[:]).items()
                ],
                "dropped": self._journal.dropped,
            }
        )
        return report

    def _graph_of(self, job_id: str, graph: str | None, entries: Sequence[Entry]) -> str:
        """The graph that the job is in, or was in when the journal last heard of it."""
        try:
            return self._graphs.find(job_id, graph)[0]
        except NotFound:
            for entry in reversed(entries):
                name = entry.args.get("graph_name", "")
                named = entry.job_id == job_id or job_id in (entry.statuses or ())
                if named and graph in (None, name):
                    return name
            raise

    def _went_through(self, graph: str, job_id: str) -> tuple[Span, ...]:
        """The statuses of the job until now; none if it is gone."""
        with self._lock:
            jobs = self._graphs.get(graph)
            if jobs is None or job_id not in jobs:
                return ()
            timeline = jobs.timeline(job_id)
            if timeline is None:
                return (Span(jobs.job(job_id).status, None),)
            stages = [stage for stage in timeline.stages if stage.time <= jobs.now]
            began = self._graphs.time.at(0)
        spans: list[Span] = []
        for stage, later in zip(stages, (*stages[1:], None), strict=True):
            if spans and spans[-1].status == stage.status:
                continue
            # A job that was moved by hand had its first status for an unknown time.
            timed = later is None or later.time > stage.time
            spans.append(Span(stage.status, began + stage.time / NANOSECONDS if timed else None))
        return tuple(spans)


def _matched(rule: ArmedRule) -> str:
    return f"it matched {_counted(rule.calls, 'request')}: {rule}"


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'s' * (count != 1)}"
