"""Feed: what happens in a project, as events that can be followed."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec
from msgspec.structs import replace

from gesmock.fake.clock import read_clock
from gesmock.fake.graphs import Graphs
from gesmock.fake.verdict import Verdict
from gesmock.faults import FaultRules
from gesmock.journal.entries import entries_of
from gesmock.journal.journal import Journal
from gesmock.model import messages
from gesmock.model.clock import real_time
from gesmock.model.job_store import JobStore
from gesmock.model.jobs import MOST_CHANGED
from gesmock.model.rules import PlanRules
from gesmock.model.types import by_status

FINDINGS_EVERY_S: Final = 1.0

MOST_REQUESTS: Final = 200
"""At most this many requests of a batch become events."""

LARGEST_BATCH: Final = 2**18
"""At most this many bytes of jobs are in a batch, and as many of requests."""

LARGEST_LOG: Final = 2**20
"""How many bytes of events are kept for clients that reconnect."""

_ID: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)

_encode = msgspec.json.encode
_Event = tuple[str, bytes]  # a name, and JSON
_Changes = tuple[object, int]  # of the jobs of a graph: their identity and count


class Feed:
    """The last events of one project, as the text of an event stream.

    Nothing notifies it: ``look`` compares counts of changes with those of the last look. Hold the
    project's lock during every call.
    """

    def __init__(
        self,
        graphs: Graphs,
        journal: Journal,
        faults: FaultRules,
        plans: PlanRules,
        verdict: Verdict,
    ) -> None:
        self._graphs, self._journal, self._verdict = graphs, journal, verdict
        self._faults, self._plans, self._time = faults, plans, graphs.time
        self._epoch = 0
        self._number = round(real_time() * 1e6)  # higher than those of an earlier server
        self._log: deque[bytes] = deque()
        self._size = 0
        self._look_at = 0.0

    @property
    def last_id(self) -> str:
        """The id of the last event."""
        return f"{self._epoch}-{self._number}"

    def after(self, event_id: str) -> bytes:
        """The events after the one with this id.

        Without an id, these are events that describe the present state. If the id is of another
        epoch, or too old, a ``reset`` comes before those.
        """
        match = _ID.fullmatch(event_id)
        if match is not None and int(match[1]) == self._epoch:
            missed = self._number - int(match[2])
            if 0 <= missed <= len(self._log):
                return b"".join([*islice(reversed(self._log), missed)][::-1])
        events = [*self._present()]
        if event_id:
            events.insert(0, ("reset", _encode({"epoch": self._epoch})))
        return b"".join(self._text(*event) for event in events)

    def look(self, epoch: int) -> None:
        """Log what has happened since the last look, at most once in 100 ms.

        *epoch* is the project's.
        """
        now = real_time()
        if epoch != self._epoch:
            self._begin(epoch)
        elif now < self._look_at:
            return
        else:
            events = [
                *self._clock_events(),
                *self._job_events(),
                *self._request_events(),
                *self._fault_events(),
                *self._finding_events(now),
            ]
            for name, body in events:
                self._add(name, body)
        self._look_at = now + messages.LOOK_EVERY_S

    def report(self, file: str, error: str | None) -> None:
        """Log that the fixture *file* was reloaded, or the *error* that prevented it."""
        self._add("fixture", _encode({"file": file, "error": error}))

    def _add(self, name: str, body: bytes) -> None:
        self._number += 1
        text = self._text(name, body)
        self._log.append(text)
        self._size += len(text)
        while self._size > LARGEST_LOG:
            self._size -= len(self._log.popleft())

    def _text(self, name: str, body: bytes) -> bytes:
        head = f"id: {self.last_id}\nevent: {name}\ndata: "
        return b"%b%b\n\n" % (head.encode(), body)

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._log.clear()
        self._size = 0
        self._clock_changes = self._time.changes
        self._is_behind = False
        self._graph_resets, self._changes = self._graphs.resets, self._graph_changes()
        self._requests = self._journal.count
        self._fault_changes = self._faults.changes
        self._judged, self._findings_due, self._findings_at = self._to_judge(), False, 0.0

    # --- The events, in the order in which they come ---

    def _present(self) -> Iterator[_Event]:
        yield "clock", self._clock()
        for name, graph in self._graphs.unsettled().items():
            yield "counts", self._counts(name, graph)
        yield "faults", self._fault_total()

    def _clock_events(self) -> Iterator[_Event]:
        before, self._clock_changes = self._clock_changes, self._time.changes
        if before != self._clock_changes:
            yield "clock", self._clock()

    def _clock(self) -> bytes:
        return _encode(read_clock(self._graphs))

    def _job_events(self) -> Iterator[_Event]:
        """The jobs that changed, if they are few, and the counts of their graphs.

        If much is due, it is left to the next request. Until then the counts are sent once, still
        unchanged, so that clients make that request.
        """
        was_behind, self._is_behind = self._is_behind, not self._graphs.settle_little()
        graphs = self._graphs.unsettled()
        if self._is_behind:
            names = [] if was_behind else [*graphs]
        else:
            before, self._changes = self._changes, self._graph_changes()
            resets, self._graph_resets = self._graph_resets, self._graphs.resets
            every = {**before, **self._changes}
            if resets != self._graph_resets:
                names = [*every]
            else:
                names = [name for name in every if before.get(name) != self._changes.get(name)]
                yield from self._jobs({name: before.get(name) for name in names})
        for name in names:
            yield "counts", self._counts(name, graphs.get(name))

    def _graph_changes(self) -> dict[str, _Changes]:
        graphs = self._graphs.unsettled()
        return {name: (each.changed.identity, each.changed.count) for name, each in graphs.items()}

    def _jobs(self, before: Mapping[str, _Changes | None]) -> Sequence[_Event]:
        """The jobs of these graphs that changed since *before*; none, if they are many."""
        events: list[_Event] = []
        for name, changes in before.items():
            graph = self._graphs.unsettled().get(name)
            if graph is None:
                return ()
            identity, count = changes or (graph.changed.identity, 0)
            job_ids = graph.changed.since(count) if identity is graph.changed.identity else None
            if job_ids is None or len(events) + len(job_ids) > MOST_CHANGED:
                return ()
            events += [("job", self._job(job_id, name, graph)) for job_id in job_ids]
        return events if sum(len(body) for _, body in events) <= LARGEST_BATCH else ()

    def _job(self, job_id: str, name: str, graph: JobStore) -> bytes:
        if job_id not in graph:
            return _encode({"graph": name, "job_id": job_id, "removed": True})
        return _encode(self._graphs.describe(graph.job(job_id), name))

    def _counts(self, name: str, graph: JobStore | None) -> bytes:
        counts = {} if graph is None else by_status(graph.counts)
        return _encode({"graph": name, "total": sum(counts.values()), "counts": counts})

    def _request_events(self) -> Iterator[_Event]:
        before, self._requests = self._requests, self._journal.count
        if before == self._requests:
            return
        records = self._journal.snapshot(max(before, self._requests - MOST_REQUESTS)).records
        entries: list[bytes] = []
        room = LARGEST_BATCH
        for each in entries_of(reversed(records)):
            entry = _encode(replace(each, body=None, statuses=None))
            room -= len(entry)
            if room < 0:
                break
            entries.append(entry)
        dropped = self._requests - before - len(entries)
        for entry in reversed(entries):
            yield "request", b'{"dropped":%d,%b' % (dropped, entry[1:]) if dropped else entry
            dropped = 0

    def _fault_events(self) -> Iterator[_Event]:
        before, self._fault_changes = self._fault_changes, self._faults.changes
        if before != self._fault_changes:
            yield "faults", self._fault_total()

    def _fault_total(self) -> bytes:
        return _encode({"total": len(self._faults)})

    def _finding_events(self, now: float) -> Iterator[_Event]:
        before, self._judged = self._judged, self._to_judge()
        self._findings_due |= before != self._judged
        if self._findings_due and now >= self._findings_at + FINDINGS_EVERY_S:
            self._findings_due, self._findings_at = False, now
            yield "findings", b"{}"

    def _to_judge(self) -> tuple[object, ...]:
        """What the findings depend on."""
        journal, verdict = self._journal, self._verdict
        rules = self._faults.changes, self._plans.changes
        return journal.count, len(journal), *rules, verdict.config
