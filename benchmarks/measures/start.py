"""From the start of a process to its first good answer."""

from benchmarks.bench import FAILURES, Bench, interleaved, progress
from benchmarks.lists import LARGE


def start(bench: Bench) -> None:
    """Note ``start``, with ten jobs, of every target, and ``start100000`` of gesmock."""
    few, many = bench.list_of(10), bench.list_of(LARGE)
    turns = [("start", target, few) for target in bench.present()]
    turns += [("start100000", target, many) for target in bench.gesmock()]
    for work, target, jobs in progress("starts", interleaved(bench.rounds, turns)):
        try:
            with target.serving([jobs], bench.fresh_room()) as server:
                bench.note(work, target.name, {"seconds": server.started_in_s})
        except FAILURES as error:
            bench.failed[f"start of {target.name}"] = str(error)
