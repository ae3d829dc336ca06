"""Memory that has to stay flat: over very many requests, and over very many idle connections."""

import socket
from contextlib import ExitStack
from time import perf_counter, sleep

from benchmarks import load, processes
from benchmarks.bench import Bench, progress
from benchmarks.processes import Running, StartFailed

REQUESTS = 1_000_000
CONNECTIONS = 2_000
_WARMING_UP = 30_000  # until the journal, which is bounded, is full


def endurance(bench: Bench) -> None:
    """``requests`` (at most a minute of them) and ``connections``, of gesmock."""
    processes.allow_many_files()
    for target in bench.present("gesmock"):
        try:
            with target.serving([bench.list_of(10)], bench.fresh_room()) as server:
                url = server.url + target.path(bench.list_of(10))
                limit_s = 5 if bench.quick else 60
                warm = _ask(url, _WARMING_UP, limit_s / 2)
                before_kb = server.memory_kb()
                asked = _ask(url, REQUESTS, limit_s)
                sample = {"warming_up": warm, "requests": asked, "before_kb": before_kb}
                bench.note("requests", target.name, sample | {"after_kb": server.memory_kb()})
            with target.serving([bench.list_of(10)], bench.fresh_room()) as server:
                bench.note("connections", target.name, _idle(server))
        except StartFailed as error:
            bench.failed["endurance"] = str(error)


def _ask(url: str, wanted: int, limit_s: float) -> int:
    """Send so many requests, or as many as there is time for; returns how many."""
    sent, began = 0, perf_counter()
    with_bar = progress(f"{wanted} requests at most", range(int(limit_s)))
    for _ in with_bar:
        if sent < wanted and perf_counter() - began < limit_s:
            sent += load.run(url, 16, 1).requests
    return sent


def _idle(server: Running) -> dict[str, float]:
    """Two waves of connections that say nothing: what is held before, during and behind them."""
    sample = {"before_kb": float(server.memory_kb())}
    for wave in ("first", "second"):
        with ExitStack() as stack:
            opened = 0
            for _ in range(CONNECTIONS):
                try:
                    one = socket.create_connection(("127.0.0.1", server.port), timeout=5)
                except OSError:
                    break
                stack.enter_context(one)
                opened += 1
            sleep(0.5)
            sample |= {f"{wave}_kb": server.memory_kb(), f"{wave}_open": opened}
        sleep(0.5)
        sample[f"{wave}_gone_kb"] = server.memory_kb()
    return sample
