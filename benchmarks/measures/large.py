"""What a list of 100,000 jobs costs: sent whole, page by page, and as a single page."""

from benchmarks import load
from benchmarks.bench import Bench, interleaved, progress
from benchmarks.lists import LARGE
from benchmarks.processes import Running
from benchmarks.targets import Target

PAGE = 1_000


def large(bench: Bench) -> None:
    """Note ``jobs100000``, the whole list, and ``walk100000``, in pages of 1,000 if a target pages.

    For gesmock, also note ``page_of_10`` and ``page_of_100000``: ten jobs out of 10 and out of
    100,000, for 16 clients.
    """
    few, jobs = bench.list_of(10), bench.list_of(LARGE)
    pages = range(LARGE // PAGE)

    def check(target: Target, server: Running) -> None:
        target.check(jobs, server)
        load.read(server.url + target.path(jobs))
        if target.pages:
            target.check_page(jobs, server, pages[-1], PAGE)

    targets = [target for target in bench.present() if target.largest >= LARGE]
    with bench.all_serving(targets, [few, jobs], check) as running:
        for target, server in progress("100,000 jobs", interleaved(bench.rounds, running)):
            for _ in range(5):  # it takes some 30 ms
                bench.note("jobs100000", target.name, load.read(server.url + target.path(jobs)))
            if target.pages:
                walk = [server.url + target.page_path(jobs, page, PAGE) for page in pages]
                bench.note("walk100000", target.name, load.read(*walk))
            if target.kind == "gesmock":
                for listed in (few, jobs):
                    sample = load.sample(server, target.page_path(listed, 0, 10), 16, bench.seconds)
                    bench.note(f"page_of_{listed.count}", target.name, sample)
