"""How memory grows over a million requests, while 2,000 connections are idle."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

from benchmarks import load, processes
from benchmarks.bench import Bench
from benchmarks.processes import Running

REQUESTS = 1_000_000
CONNECTIONS = 2_000
_WARMING_UP = 30_000  # until the journal, which is bounded, is full


def endurance(bench: Bench) -> None:
    """Note ``endurance``: two waves of idle connections; with the second, a million requests."""
    processes.allow_many_files()
    few = bench.list_of(10)
    requests = REQUESTS // 10 if bench.quick else REQUESTS
    for target in bench.gesmock():
        with target.serving([few], bench.fresh_room()) as server:
            url = server.url + target.path(few)
            _ask(url, _WARMING_UP)
            with _idle(server):
                first_kb = server.memory_kb()
            with _idle(server) as idle:
                second_kb = server.memory_kb()
                seconds = _ask(url, requests)
                last_kb = server.memory_kb()
                still_open = sum(map(_is_open, idle))
            sample = {
                "requests": requests,
                "rps": requests / seconds,
                "still_open": still_open,  # the server closes connections idle for over a minute
                "wave_kb": second_kb - first_kb,
                "growth_kb": last_kb - second_kb,
            }
            bench.note("endurance", target.name, sample)


def _ask(url: str, count: int) -> float:
    """Send at least this many requests; returns the seconds that they took."""
    sent, began = 0, perf_counter()
    while sent < count:
        sent += load.run(url, 16, 1).requests
    return perf_counter() - began


@contextmanager
def _idle(server: Running) -> Iterator[list[socket.socket]]:
    """Connections that say nothing."""
    with ExitStack() as stack:
        idle = []
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
            connection.settimeout(0)
            idle.append(stack.enter_context(connection))
        # An answered request shows that the server has accepted all of them.
        processes.get(server.port, "/")
        yield idle


def _is_open(idle: socket.socket) -> bool:
    try:
        return idle.recv(1) != b""
    except BlockingIOError:
        return True
