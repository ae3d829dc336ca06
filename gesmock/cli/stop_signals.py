"""How a process hears that it is to stop."""

import signal
import socket
import sys


def exit_on_signals() -> None:
    """Let SIGINT and SIGTERM end the process at once, with status 0: it has not begun to serve."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


class StopSignals:
    """Catches SIGINT and SIGTERM from the moment it is made; ``wait`` returns once one has come.

    A handler that sets an Event could deadlock: it runs in the thread that waits for it, which may
    hold the Event's lock. So the interpreter writes a byte to a socket instead.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)  # noqa: FBT003 it has no name
        signal.set_wakeup_fd(self._writer.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Wait for a signal."""
        self._reader.recv(1)
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()
