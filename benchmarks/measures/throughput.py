"""Requests a second for whole lists of 10 and 1,000 jobs."""

from benchmarks import load
from benchmarks.bench import Bench, interleaved, progress
from benchmarks.lists import SMALL
from benchmarks.processes import Running
from benchmarks.targets import Target

WORKS = (
    ("jobs10_clients16", 10, 16),
    ("jobs10_clients1", 10, 1),
    ("jobs1000_clients16", 1_000, 16),
)
"""Name, number of jobs, number of clients."""


def throughput(bench: Bench) -> None:
    """``jobs10_clients16``, ``jobs10_clients1`` and ``jobs1000_clients16``."""
    served = [bench.list_of(count) for count in SMALL]

    def check(target: Target, server: Running) -> None:
        for jobs in served:
            target.check(jobs, server)
        for jobs in served:
            _warm_up(server.url + target.path(jobs), 2 if bench.quick else 15)

    with bench.all_serving(bench.present(), served, check) as running:
        turns = [(work, *one) for work in WORKS for one in interleaved(bench.rounds, running)]
        for (work, count, clients), target, server in progress("throughput", turns):
            path = target.path(bench.list_of(count))
            bench.note(work, target.name, load.sample(server, path, clients, bench.seconds))


def _warm_up(url: str, seconds: int) -> None:
    """Ask until it gets no faster, at most so long: compilers at run time need many requests."""
    best, no_faster = 0.0, 0
    for _ in range(seconds):
        rps = load.run(url, 16, 1).rps
        no_faster = 0 if rps > 1.03 * best else no_faster + 1
        best = max(best, rps)
        if no_faster == 2:
            return
