"""Ticks: how requests move the clock of their project, where it is told to tick (``tick_s``)."""

from gesmock.fake.graphs import Graphs
from gesmock.model.clock import Clock


class Ticks:
    """What has to be known from one tick to the next. The project's lock is held."""

    def __init__(self) -> None:
        self._submitted = False  # since the last one
        self._held = False  # just before a job changed its status

    def submitted(self) -> None:
        """A job has been submitted."""
        self._submitted = True

    def tick(self, clock: Clock, graphs: Graphs) -> None:
        """Let the ``tick_s`` of *clock*, which ticks, go by for a request.

        A tick stops where a job changes its status, and once just before that after a job has been
        submitted: each status is there for at least one request. Where a running clock has gone on
        from just before it to beyond it, there is no tick.
        """
        came = graphs.settle()
        change = clock.age() if came and self._held else graphs.next_change()
        self._held = self._submitted and not self._held
        if change is not None and self._held:
            change -= 1
        self._submitted = False
        clock.tick(change)
        graphs.changes.tell()
