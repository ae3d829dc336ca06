"""The time that the list of 100,000 jobs takes."""

from benchmarks import load
from benchmarks.bench import Bench, interleaved, progress
from benchmarks.lists import LARGE
from benchmarks.processes import Running
from benchmarks.targets import Target


def large(bench: Bench) -> None:
    """``jobs100000`` from everyone who serves so much, and ``paged100000``.

    The latter is the list out of that which a target pages.
    """
    jobs = bench.list_of(LARGE)

    def check(target: Target, server: Running) -> None:
        target.check(jobs, server)
        load.read(server.url + target.path(jobs))

    with bench.all_serving(bench.for_long_lists(), [jobs], check) as running:
        for target, server in progress("the longest list", interleaved(bench.rounds, running)):
            paths = {"jobs100000": target.path(jobs)}
            if target.pages:
                paths["paged100000"] = target.whole_path(jobs)
            for work, path in paths.items():
                seconds, size = load.read(server.url + path)
                bench.note(work, target.name, {"seconds": seconds, "bytes": size})
