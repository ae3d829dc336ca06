"""From the start of a process to its first good answer."""

from benchmarks.bench import Bench, interleaved, progress
from benchmarks.lists import LARGE
from benchmarks.processes import StartFailed
from benchmarks.targets.base import WrongAnswer


def start(bench: Bench) -> None:
    """``start`` with ten jobs, for everyone; ``start100000`` for gesmock both ways."""
    few = bench.list_of(10)
    compared = ("gesmock", "pytest-httpserver", "WireMock") if bench.quick else ()
    turns = [("start", target, few) for target in bench.present(*compared)]
    turns += [
        ("start100000", target, bench.list_of(LARGE))
        for target in bench.present()
        if target.kind == "gesmock"
    ]
    for work, target, jobs in progress("starts", interleaved(min(bench.rounds, 3), turns)):
        try:
            with target.serving([jobs], bench.fresh_room()) as server:
                bench.note(work, target.name, {"seconds": server.started_in_s})
        except (StartFailed, WrongAnswer) as error:
            bench.failed[f"start of {target.name}"] = str(error)
