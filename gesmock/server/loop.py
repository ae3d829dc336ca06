"""Loop: one thread that waits for many sockets, and for calls from other threads."""

import logging
import selectors
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from heapq import heapify, heappop, heappush
from threading import Lock
from typing import Any, Final

from gesmock.model.clock import real_time

log = logging.getLogger("gesmock.server")

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE


_LONGEST_S: Final = (
    3600.0  # that the system is asked to wait at once; it takes no more than 24 days
)
_MOST_CANCELLED: Final = 64

Ready = Callable[[int], None]
"""What is called with the events for which its socket is ready."""


class Timer:
    """A call that is to come; where it is cancelled, there is nothing to call."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None] | None) -> None:
        self.callback = callback


class Loop:
    """Waits for sockets, times, and calls; all that it calls, it calls from its one thread.

    ``run`` is that thread's; only ``call_soon``, ``call_late``, ``ring`` and ``stop`` may be called
    from any other. Bare selectors, as asyncio copies what a socket cannot take at once (Python
    3.11), and takes 60 ms to import.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._last: deque[Ready] = deque()
        self._times: list[tuple[float, int, Timer]] = []
        self._timed = self._cancelled = 0
        self._running = True
        self._waking = Lock()
        self._heard, self._bell = socket.socketpair()
        self._heard.settimeout(0)
        self._bell.settimeout(0)
        self._selector.register(self._heard, READ, self._hear)
        self.now = real_time()

    def watch(self, fd: int, events: int, ready: Ready) -> None:
        """From now on, call *ready* whenever the socket *fd* is ready for *events*."""
        self._selector.register(fd, events, ready)

    def change(self, fd: int, events: int, ready: Ready) -> None:
        """As ``watch``, of a socket that is watched."""
        self._selector.modify(fd, events, ready)

    def forget(self, fd: int) -> None:
        """Watch *fd* no longer."""
        self._selector.unregister(fd)

    def call_at(self, time: float, callback: Callable[[], None]) -> Timer:
        """Call back at *time* (of ``now``)."""
        timer = Timer(callback)
        self._timed += 1
        heappush(self._times, (time, self._timed, timer))
        return timer

    def cancel(self, timer: Timer) -> None:
        """Let nothing come of *timer*, of which nothing has come yet."""
        timer.callback = None
        self._cancelled += 1
        if self._cancelled > max(len(self._times) // 2, _MOST_CANCELLED):
            self._times = [time for time in self._times if time[2].callback is not None]
            heapify(self._times)
            self._cancelled = 0

    def write_last(self, ready: Ready) -> None:
        """Call *ready*, as for ``WRITE``, when all that is ready by now has had its turn."""
        self._last.append(ready)

    def call_soon(self, callback: Callable[..., None], *args: Any) -> None:
        """Call back in the loop's thread; from any thread. Nothing comes of it after ``stop``."""
        self._calls.append((callback, args))
        self.ring()

    def call_late(self, callback: Callable[..., None], *args: Any) -> None:
        """As ``call_soon``, but with whatever the loop comes to next."""
        self._calls.append((callback, args))

    def stop(self) -> None:
        """Let ``run`` return."""
        self._running = False
        self.ring()

    def ring(self) -> None:
        """Let the loop come to what it has been called for; from any thread."""
        with self._waking, suppress(OSError):  # full: it will be heard; closed: it has stopped
            self._bell.send(b"\0")

    def _hear(self, _events: int) -> None:
        self._heard.recv(4096)

    def run(self) -> None:
        """Wait and call until ``stop``."""
        while self._running:
            try:
                self._turn()
            except Exception:  # what it has not come to yet is there in the next turn
                log.exception("a callback failed")

    def _turn(self) -> None:
        timeout = None
        if self._calls or self._last:
            timeout = 0.0
        elif self._times:
            timeout = min(max(self._times[0][0] - real_time(), 0), _LONGEST_S)
        ready = self._selector.select(timeout)
        self.now = real_time()
        for key, events in ready:
            key.data(events)
        while self._calls:
            callback, args = self._calls.popleft()
            callback(*args)
        while self._times and self._times[0][0] <= self.now:
            due = heappop(self._times)[2]
            if due.callback is None:
                self._cancelled -= 1
            else:
                due.callback()
        for _ in range(len(self._last)):  # what these lead to is for the next turn: others wait
            self._last.popleft()(WRITE)

    def close(self) -> None:
        """Give back what the system has lent; ``call_soon`` comes to nothing from now on."""
        with self._waking:
            self._selector.close()  # each of these may be closed again
            self._heard.close()
            self._bell.close()


class Watch:
    """What *loop* listens for on a socket: at first, that there is something to read.

    It calls *ready*, in its thread, whenever the socket is ready for that.
    """

    __slots__ = ("_events", "_fd", "_loop", "_ready")

    def __init__(self, loop: Loop, fd: int, ready: Ready) -> None:
        self._loop, self._fd, self._ready = loop, fd, ready
        self._events = READ
        loop.watch(fd, READ, ready)

    def listen(self, events: int) -> None:
        """Listen for *events* from now on; 0: for none."""
        if events == self._events:
            return
        if not events:
            self._loop.forget(self._fd)
        elif self._events:
            self._loop.change(self._fd, events, self._ready)
        else:
            self._loop.watch(self._fd, events, self._ready)
        self._events = events

    def end(self) -> None:
        """Listen no more, and let go of *ready*.

        Whoever it belongs to, which mostly holds this watch, is then freed without the garbage
        collector: thousands of clients could come and go before that looks.
        """
        self.listen(0)
        self._ready = _nothing


def _nothing(_events: int) -> None:
    """What becomes of a socket whose watch has ended."""
