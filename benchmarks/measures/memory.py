"""The memory that gesmock takes to hold 100,000 jobs, and to serve them."""

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.lists import LARGE

CLIENTS = 4


def memory(bench: Bench) -> None:
    """Note ``memory``: ``held_kb``, with lists of 10 and of 100,000 jobs.

    ``held_of_list`` is the part of the long list, as a ratio to its bytes. ``growth_kb`` is the
    peak above ``held_kb`` while four clients at once read the long list, three times.
    """
    few, jobs = bench.list_of(10), bench.list_of(LARGE)
    for target in bench.gesmock():
        with target.serving([few], bench.fresh_room()) as server:
            empty_kb = server.memory_kb()
        # It is ready once it lists ten jobs: nobody has asked for the long list yet.
        with target.serving([few, jobs], bench.fresh_room()) as server:
            held_kb = server.memory_kb()
            server.forget_peak()
            for _ in range(3):
                readers = [load.reader([server.url + target.path(jobs)]) for _ in range(CLIENTS)]
                for curl in readers:
                    curl.communicate(timeout=150)
            sample = {
                "held_kb": held_kb,
                "held_of_list": (held_kb - empty_kb) * 1024 / jobs.size,
                "growth_kb": server.peak_kb() - held_kb,
            }
            bench.note("memory", target.name, sample)
