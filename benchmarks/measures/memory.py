"""The memory that 100,000 jobs take, and that serving them takes."""

from benchmarks import load
from benchmarks.bench import Bench, progress
from benchmarks.lists import LARGE
from benchmarks.processes import StartFailed
from benchmarks.targets.base import WrongAnswer

CLIENTS = 4


def memory(bench: Bench) -> None:
    """``memory``, in kB: what a target holds with ten jobs, and with 100,000 more.

    ``growth_kb`` is the peak above that while four clients at once read the whole list, for the
    first time and twice more; ``after_kb`` is what it holds then.
    """
    few, jobs = bench.list_of(10), bench.list_of(LARGE)
    for target in progress("memory", bench.for_long_lists()):
        try:
            with target.serving([few], bench.fresh_room()) as server:
                empty_kb = server.memory_kb()
            # It is ready when ten jobs are listed: nobody has asked for the long list yet.
            with target.serving([few, jobs], bench.fresh_room()) as server:
                start_peak_kb, held_kb = server.peak_kb(), server.memory_kb()
                server.forget_peak()
                for _ in range(3):
                    readers = [load.reader(server.url + target.path(jobs)) for _ in range(CLIENTS)]
                    for curl in readers:
                        curl.communicate(timeout=150)
                sample = {
                    "empty_kb": empty_kb,
                    "held_kb": held_kb,
                    "start_peak_kb": start_peak_kb,
                    "growth_kb": server.peak_kb() - held_kb,
                    "after_kb": server.memory_kb(),
                    "list_kb": jobs.size / 1024,
                }
                bench.note("memory", target.name, sample)
        except (StartFailed, WrongAnswer) as error:
            bench.failed[f"memory of {target.name}"] = str(error)
