"""Loop: one thread that waits for sockets and timers.

Transports are its sockets, which never block; workers are threads for what would block it.
"""

import logging
import select
import selectors
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from heapq import heapify, heappop, heappush
from itertools import count, islice
from math import inf
from queue import SimpleQueue
from threading import Lock, Semaphore, Thread
from typing import Any, Final

from gesmock.model.clock import real_time

log = logging.getLogger("gesmock.server")

READ: Final = 1
WRITE: Final = 4
"""EPOLLIN and EPOLLOUT."""

_RECEIVED_AT_ONCE: Final = 2**16
_BLOCKS_AT_ONCE: Final = 64  # in one system call, which takes up to 1024
_LINGER_ZERO: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_POLL_S: Final = 0.01
_LONGEST_UNACKNOWLEDGED_S: Final = 5.0
_LONGEST_WAIT_S: Final = 3600.0  # epoll takes no more than 24 days

Block = bytes | memoryview

Timer = tuple[float, int, Callable[[], None]]
"""When to call back; the number keeps callbacks of one time in order."""


class SelectorPoller:
    """Stands in for ``select.epoll`` where the system has none."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.unregister, self.close = self._selector.unregister, self._selector.close

    def register(self, fd: int, events: int) -> None:
        reads = events == READ
        self._selector.register(fd, selectors.EVENT_READ if reads else selectors.EVENT_WRITE)

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        return [(key.fd, key.events) for key, _ in self._selector.select(timeout)]


_POLLER: Final[Callable[[], Any]] = getattr(select, "epoll", SelectorPoller)


class Loop:
    """Runs callbacks in one thread, that of ``run``.

    Other threads may call ``call_soon`` and ``stop`` only. This is not asyncio, which copies what a
    socket does not take at once (Python 3.11), and takes 60 ms to import.
    """

    def __init__(self, poller: Callable[[], Any] = _POLLER) -> None:
        self._poller = poller()
        self._listeners: dict[int, tuple[int, Callable[[int], object]]] = {}
        self._calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self.writes: deque[Callable[[int], None]] = deque()
        """Called once with ``WRITE`` when all sockets that are ready now have had their turn."""
        self._timers: list[Timer] = []
        self._timer_numbers = count()
        self._running = True
        self._waking = Lock()
        self._wakeup, self._waker = socket.socketpair()
        self._wakeup.settimeout(0)
        self._waker.settimeout(0)
        self.listen(self._wakeup.fileno(), READ, lambda _: self._wakeup.recv(4096))
        self.now = real_time()

    def listen(self, fd: int, events: int, ready: Callable[[int], object]) -> None:
        """Call *ready* with *events*, READ or WRITE, whenever the socket *fd* is ready for them.

        With 0 for *events*, stop calling it. Only the loop refers to *ready*, so its owner is freed
        then. Thousands of clients could come and go before the garbage collector freed one.
        """
        if self._listeners.pop(fd, None) is not None:
            self._poller.unregister(fd)
        if events:
            self._poller.register(fd, events)
            self._listeners[fd] = events, ready

    def call_at(self, time: float, callback: Callable[[], None]) -> Timer:
        """Call back at *time*, on the clock of ``now``."""
        timer = (time, next(self._timer_numbers), callback)
        heappush(self._timers, timer)
        return timer

    def cancel(self, timer: Timer) -> None:
        """Cancel a timer that is not due yet."""
        self._timers.remove(timer)
        heapify(self._timers)

    def call_soon(self, callback: Callable[..., None], *args: Any) -> None:
        """Call back in the loop's thread, unless it is stopped first. Any thread may call this."""
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
            except Exception:  # the next turn makes the calls that are still due
                log.exception("a callback failed")

    def _turn(self) -> None:
        timeout = 0.0
        if not (self._calls or self.writes):
            due_at = self._timers[0][0] if self._timers else inf
            timeout = min(max(due_at - real_time(), 0), _LONGEST_WAIT_S)
        polled = self._poller.poll(timeout)
        self.now = real_time()
        for fd, _ in polled:
            if fd in self._listeners:  # else an earlier callback has closed it
                events, ready = self._listeners[fd]
                ready(events)
        while self._calls:
            callback, args = self._calls.popleft()
            callback(*args)
        while self._timers and self._timers[0][0] <= self.now:
            heappop(self._timers)[2]()
        for _ in range(len(self.writes)):  # what these append is for the next turn: others wait
            self.writes.popleft()(WRITE)

    def close(self) -> None:
        """Free the sockets; nothing is called any more. May be called again."""
        with self._waking:
            self.close_in_child()

    def close_in_child(self) -> None:
        """``close`` for the child of a fork, where a copied lock may be locked forever."""
        self._poller.close()
        self._wakeup.close()
        self._waker.close()


class Transport:
    """A client's socket, and what waits to be sent: blocks, neither copied nor joined.

    ``receive`` raises BlockingIOError instead of blocking; it, ``flush`` and ``handshake`` raise
    another OSError if the client has gone.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0)
        self._socket = connected
        self.fd = connected.fileno()
        self.unsent: deque[Block] = deque()
        """What ``flush`` is to send."""

    def handshake(self) -> int:
        """Go on with the handshake. Returns the event to wait for before the next call; 0: done."""
        return 0  # only TLS has one

    def receive(self) -> bytes:
        """The bytes that have come; none at the end of the stream."""
        return self._socket.recv(_RECEIVED_AT_ONCE)

    def flush(self) -> None:
        """Send as much as the client takes now."""
        unsent = self.unsent
        if not unsent:
            return
        try:
            if len(unsent) == 1:  # as most often: this is quicker
                sent = self._send(unsent[0])
            else:
                sent = self._send_several([*islice(unsent, _BLOCKS_AT_ONCE)])
        except BlockingIOError:
            return
        while unsent and sent >= len(unsent[0]):
            sent -= len(unsent.popleft())
        if sent:
            unsent[0] = memoryview(unsent[0])[sent:]

    def _send(self, block: Block) -> int:
        return self._socket.send(block)

    def _send_several(self, blocks: Sequence[Block]) -> int:
        return self._socket.sendmsg(blocks)

    def write_eof(self) -> None:
        """Tell the client that nothing more comes; what it sends can still be received."""
        with suppress(OSError):  # the client has gone
            self._socket.shutdown(socket.SHUT_WR)

    def acknowledgement(self) -> Iterator[float]:
        """The times at which to look again, until the client's system has all that was sent.

        It is not waited for longer than 5 s.
        """
        until = real_time() + _LONGEST_UNACKNOWLEDGED_S
        while self.unacknowledged() and real_time() < until:
            yield real_time() + _POLL_S

    def unacknowledged(self) -> bool:
        """Whether the client's system may lack some of what was sent; False if ours cannot tell."""
        count = bytearray(4)
        with suppress(OSError, ImportError):
            from fcntl import ioctl  # not on Windows
            from termios import TIOCOUTQ

            ioctl(self._socket, TIOCOUTQ, count)
        return any(count)

    def reset_on_close(self) -> None:
        """Let ``close`` send a reset (TCP RST)."""
        with suppress(OSError):  # the client has gone
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)

    def close(self) -> None:
        """Close the socket, and forget what is unsent."""
        self.unsent.clear()
        self._socket.close()


def take(blocks: deque[Block], length: int) -> list[Block]:
    """Remove the first *length* bytes, or as many as there are, from *blocks*."""
    front: list[Block] = []
    while blocks and length > 0:
        block = blocks.popleft()
        if len(block) > length:
            view = memoryview(block)
            block = view[:length]
            blocks.appendleft(view[length:])
        front.append(block)
        length -= len(block)
    return front


class Workers:
    """Up to *most* threads, for jobs that would block the loop.

    They are daemon threads. Those of ``concurrent.futures`` would keep a process that ends without
    calling ``stop`` alive until their jobs are done.
    """

    def __init__(self, most: int) -> None:
        self._most, self._started = most, 0
        self._idle = Semaphore(0)
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def submit(self, job: Callable[[], None]) -> None:
        """Run *job*, which must not raise. Raises RuntimeError if no thread can be started."""
        if not self._idle.acquire(blocking=False) and self._started < self._most:
            Thread(target=self._work, name="gesmock-worker", daemon=True).start()
            self._started += 1
        self._jobs.put(job)

    def _work(self) -> None:
        while job := self._jobs.get():
            job()
            del job  # or it would hold its connection until the next one
            self._idle.release()

    def stop(self) -> None:
        """Let each thread end after its job, without waiting for it. May be called again."""
        for _ in range(self._started):
            self._jobs.put(None)
