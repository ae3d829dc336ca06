"""What ten jobs cost out of few and out of many, where a target really pages."""

from benchmarks import load
from benchmarks.bench import Bench, interleaved, progress
from benchmarks.lists import LARGE, SMALL
from benchmarks.processes import Running
from benchmarks.targets import Target


def paging(bench: Bench) -> None:
    """``page_of_10`` and ``page_of_100000``: ten jobs of either, from one process, 16 clients."""
    served = [bench.list_of(SMALL[0]), bench.list_of(LARGE)]
    targets = [target for target in bench.for_long_lists() if target.pages]

    def check(target: Target, server: Running) -> None:
        for jobs in served:
            target.check_page(jobs, server)
        load.run(server.url + target.page_path(served[0]), 16, 1)

    with bench.all_serving(targets, served, check) as running:
        turns = [(one, jobs) for one in running for jobs in served]
        for (target, server), jobs in progress("pages", interleaved(bench.rounds, turns)):
            told = load.sample(server, target.page_path(jobs), 16, bench.seconds)
            bench.note(f"page_of_{jobs.count}", target.name, told)
