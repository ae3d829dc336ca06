"""Requests a second for whole lists of 10 and 1,000 jobs, and while a tenth of them fail."""

from dataclasses import replace

from benchmarks import load
from benchmarks.bench import Bench, interleaved, progress
from benchmarks.lists import SMALL
from benchmarks.load import Wrk
from benchmarks.processes import Running
from benchmarks.targets import Target
from benchmarks.targets.base import WrongAnswer

WORKS = (
    ("jobs10_clients16", 10, 16),
    ("jobs10_clients1", 10, 1),
    ("jobs1000_clients16", 1_000, 16),
)
"""Name, number of jobs, number of clients."""
FAILING = 0.1


def throughput(bench: Bench) -> None:
    """Note ``jobs10_clients16``, ``jobs10_clients1`` and ``jobs1000_clients16``."""
    served = [bench.list_of(count) for count in SMALL]

    def check(target: Target, server: Running) -> None:
        for jobs in served:
            target.check(jobs, server)
        for jobs in served:
            _warm_up(server.url + target.path(jobs))

    with bench.all_serving(bench.present(), served, check) as running:
        turns = [(work, *turn) for work in WORKS for turn in interleaved(bench.rounds, running)]
        for (work, count, clients), target, server in progress("throughput", turns):
            path = target.path(bench.list_of(count))
            bench.note(work, target.name, load.sample(server, path, clients, bench.seconds))


def failing(bench: Bench) -> None:
    """Note ``failing``: ten jobs, or a 503 with a probability of 0.1, for 16 clients."""
    few = replace(bench.list_of(10), failing=FAILING)

    def check(target: Target, server: Running) -> None:
        figures = _warm_up(server.url + target.path(few))
        share = figures.errors / figures.requests
        if abs(share - FAILING) > FAILING / 2:
            raise WrongAnswer(f"{target.name}: {share:.1%} failed, not {FAILING:.0%}")

    targets = [target for target in bench.present() if target.fails]
    with bench.all_serving(targets, [few], check) as running:
        for target, server in progress("failing", interleaved(bench.rounds, running)):
            sample = load.sample(server, target.path(few), 16, bench.seconds)
            bench.note("failing", target.name, sample)


def _warm_up(url: str) -> Wrk:
    """Ask until it gets no faster, for at most 20 s: just-in-time compilers need many requests."""
    best, no_faster = 0.0, 0
    for _ in range(20):
        figures = load.run(url, 16, 1)
        no_faster = 0 if figures.rps > 1.03 * best else no_faster + 1
        best = max(best, figures.rps)
        if no_faster == 4:
            break
    return figures
