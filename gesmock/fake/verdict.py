"""Verdict: what is wrong with the client of one project, as it is now; ``ges.verdict``."""

from collections.abc import Collection, Mapping, Sequence
from threading import RLock
from typing import Any

import msgspec

from gesmock.fake.graphs import Graphs
from gesmock.faults import FaultRules
from gesmock.journal.coverage import Coverage
from gesmock.journal.entries import Entry, Record
from gesmock.journal.journal import Journal
from gesmock.journal.observations import Observation, Sightings, Span
from gesmock.journal.verdict import judge
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.findings import Finding
from gesmock.journal.verdict.incidents import Incidents
from gesmock.journal.verdict.traffic import Traffic
from gesmock.model import validation
from gesmock.model.clock import NANOSECONDS
from gesmock.model.errors import NotFound
from gesmock.model.rules import PlanRules


class Verdict:
    """The verdict on the client of one project.

    *config* is what the client is judged by; *coverage*, which answers of which operations were met
    since the project was opened: a reset keeps it. Methods may be called from any thread.
    """

    def __init__(
        self, journal: Journal, graphs: Graphs, faults: FaultRules, plans: PlanRules, lock: RLock
    ) -> None:
        self._journal, self._graphs = journal, graphs
        self._faults, self._plans, self._lock = faults, plans, lock
        self._incidents = Incidents()
        self.config = VerdictConfig()
        self.coverage = Coverage()

    def reset(self, config: VerdictConfig) -> None:
        """Forget what was noticed, but for the coverage."""
        self._incidents.clear()
        self.config = config

    def note(self, record: Record) -> None:
        """Take a new *record* of the journal into account; the lock is held."""
        request = record.request
        connection = None if record.fired is None else record.connection
        self.coverage.met[request.operation, record.status, connection] += 1
        if record.crash is not None or request.operation is None:
            self._incidents.note(record.entry)

    def configure(self, **changes: Any) -> VerdictConfig:
        """Change the configuration by name, such as ``poll_s=2``. Raises InvalidInput."""
        return self.change(validation.read_python(changes, dict[str, Any], "config"), "config")

    def change(self, changes: Mapping[str, Any], path: str = "$") -> VerdictConfig:
        """The same; InvalidInput names what is wrong below *path*, and nothing has changed."""
        with self._lock:
            self.config = self.config.changed(changes, path)
            return self.config

    def findings(self, codes: Collection[str] = ()) -> list[Finding]:
        """What is wrong; only findings of these *codes* and families, if there are any."""
        with self._lock:
            snapshot, config = self._journal.snapshot(), self.config
            faults = {str(rule): rule.calls for rule in self._faults.untried()}
            noticed = [*self._incidents.findings(faults, map(str, self._plans.untried()))]
        traffic = Traffic(
            (record.entry for record in snapshot.records),
            dropped=snapshot.dropped,
            client_header=config.client_header,
        )
        return judge(traffic, config, codes, noticed)

    def failing(self) -> list[Finding]:
        """The findings that fail a strict test."""
        return self.findings(self.config.fail_on) if self.config.fail_on else []

    def observation(self, job_id: str, graph: str | None = None) -> Observation:
        """What the job *job_id* went through, and what the client was shown of it.

        Raises NotFound if there never was such a job; Conflict if several graphs have one and
        *graph* does not say which is meant, or if entries that were dropped may have shown it.
        """
        snapshot = self._journal.snapshot()
        entries = [record.entry for record in snapshot.records]
        name = self._graph_of(job_id, graph, entries)
        sightings = Sightings(entries, snapshot.dropped).all_of(name, job_id)
        return Observation(job_id, name, self._went_through(name, job_id), sightings)

    def report(self) -> dict[str, Any]:
        """All findings, the coverage, and the observations of all jobs, as JSON."""
        sightings = Sightings(self._journal, 0)
        report: dict[str, Any] = msgspec.to_builtins(
            {
                "findings": self.findings(("GM", "GM9")),
                "failing": len(self.failing()),
                "config": msgspec.structs.asdict(self.config),
                "coverage": self.coverage.report(),
                "seen": [
                    Observation(
                        job_id,
                        graph,
                        self._went_through(graph, job_id),
                        sightings.of(graph, job_id),
                    )
                    for graph, job_id in sightings
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
