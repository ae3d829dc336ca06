"""Loop: one thread that waits for many sockets, for timers, and for calls from other threads."""

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

_LONGEST_WAIT_S: Final = 3600.0  # epoll takes no more than 24 days
_MOST_CANCELLED: Final = 64


class Timer:
    """A call to come; without a callback it is cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None] | None) -> None:
        self.callback = callback


class Loop:
    """Runs callbacks in one thread, that of ``run``.

    Other threads may call ``call_soon`` and ``stop`` only. This is not asyncio, which copies what a
    socket does not take at once (Python 3.11), and takes 60 ms to import.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._writes: deque[Callable[[int], None]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._timer_number = self._cancelled = 0
        self._running = True
        self._waking = Lock()
        self._wakeup, self._waker = socket.socketpair()
        self._wakeup.settimeout(0)
        self._waker.settimeout(0)
        self._selector.register(self._wakeup, READ, lambda _: self._wakeup.recv(4096))
        self.now = real_time()

    def watch(self, fd: int, ready: Callable[[int], None]) -> "Watch":
        """Call *ready* with the events whenever the socket *fd* is ready; at first, to be read."""
        return Watch(self._selector, fd, ready)

    def call_at(self, time: float, callback: Callable[[], None]) -> Timer:
        """Call back at *time* (as in ``now``)."""
        timer = Timer(callback)
        self._timer_number += 1
        heappush(self._timers, (time, self._timer_number, timer))
        return timer

    def cancel(self, timer: Timer) -> None:
        """Cancel a timer that is not due yet."""
        timer.callback = None
        self._cancelled += 1
        if self._cancelled > max(len(self._timers) // 2, _MOST_CANCELLED):
            self._timers = [entry for entry in self._timers if entry[2].callback is not None]
            heapify(self._timers)
            self._cancelled = 0

    def write_later(self, ready: Callable[[int], None]) -> None:
        """Call *ready* for ``WRITE`` once all sockets that are ready now have had their turn."""
        self._writes.append(ready)

    def call_soon(self, callback: Callable[..., None], *args: Any) -> None:
        """Call back in the loop's thread, unless it is stopped before; from any thread."""
        self._calls.append((callback, args))
        self._wake()

    def stop(self) -> None:
        """Let ``run`` return."""
        self._running = False
        self._wake()

    def _wake(self) -> None:
        with self._waking, suppress(OSError):  # full: it wakes anyway; closed: it has stopped
            self._waker.send(b"\0")

    def run(self) -> None:
        """Wait and call until ``stop``."""
        while self._running:
            try:
                self._turn()
            except Exception:  # whatever it has not called yet, the next turn calls
                log.exception("a callback failed")

    def _turn(self) -> None:
        timeout = None
        if self._calls or self._writes:
            timeout = 0.0
        elif self._timers:
            timeout = min(max(self._timers[0][0] - real_time(), 0), _LONGEST_WAIT_S)
        ready = self._selector.select(timeout)
        self.now = real_time()
        for key, events in ready:
            key.data(events)
        while self._calls:
            callback, args = self._calls.popleft()
            callback(*args)
        while self._timers and self._timers[0][0] <= self.now:
            due = heappop(self._timers)[2].callback
            if due is None:
                self._cancelled -= 1
            else:
                due()
        for _ in range(len(self._writes)):  # what these append is for the next turn: others wait
            self._writes.popleft()(WRITE)

    def close(self) -> None:
        """Free the sockets; nothing is called any more. May be called again."""
        with self._waking:
            self._selector.close()
            self._wakeup.close()
            self._waker.close()


class Watch:
    """The events of a socket for which the loop calls back."""

    __slots__ = ("_events", "_fd", "_ready", "_selector")

    def __init__(
        self, selector: selectors.BaseSelector, fd: int, ready: Callable[[int], None]
    ) -> None:
        self._selector, self._fd, self._ready = selector, fd, ready
        self._events = 0
        self.listen(READ)

    def listen(self, events: int) -> None:
        """Change the events; 0: none."""
        if events == self._events:
            return
        if not events:
            self._selector.unregister(self._fd)
        elif self._events:
            self._selector.modify(self._fd, events, self._ready)
        else:
            self._selector.register(self._fd, events, self._ready)
        self._events = events

    def end(self) -> None:
        """Listen no more.

        This drops the callback, so that its owner, which holds this watch, is freed without the
        garbage collector: thousands of clients could come and go before that runs.
        """
        self.listen(0)
        del self._ready
