"""The longest request while gesmock has other work to do."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from time import sleep

from benchmarks import lists, load, processes
from benchmarks.bench import Bench, interleaved, progress
from benchmarks.lists import LARGE, JobList
from benchmarks.processes import Running
from benchmarks.targets.gesmock import Gesmock

STEPS_A_SECOND = 1_000
_MOVING = f"/ges/v1.0/{lists.PROJECT}/graphs/moving/jobs/status?limit=10"


class _Moving(Gesmock):
    """gesmock with a graph whose jobs end one after the other; its clock is frozen at first."""

    fixture: Path

    def command(self, lists: Sequence[JobList], port: int, room: Path) -> list[str]:
        serve = [sys.executable, "-m", "gesmock", "serve", str(self.fixture)]
        return [*serve, "--frozen", "--port", str(port)]

    def ready_path(self, lists: Sequence[JobList]) -> str:
        return _MOVING


def busy(bench: Bench) -> None:
    """Note ``quiet``, ``due_steps`` and ``generating``: 16 clients ask for ten jobs meanwhile."""
    if not bench.gesmock():
        return
    seconds = 4
    target = _Moving(None)
    target.fixture = lists.make_moving(bench.room, STEPS_A_SECOND * seconds, seconds).resolve()
    works: dict[str, Callable[[Running], None]] = {
        "quiet": lambda _: None,
        "due_steps": _run_clock,
        "generating": _generate,
    }
    for work in progress("the longest request", interleaved(bench.rounds, works)):
        with target.serving([], bench.fresh_room()) as server:
            load.run(server.url + _MOVING, 16, 1)
            other = Thread(target=works[work], args=(server,))
            other.start()
            sample = load.sample(server, _MOVING, 16, seconds)
            other.join()
            bench.note(work, "gesmock", sample | {"ended": _ended(server)})


def _run_clock(server: Running) -> None:
    processes.send(server.port, "PATCH", "/_gesmock/clock", b'{"frozen": false}')


def _generate(server: Running) -> None:
    sleep(0.5)
    order = {"graph": "other", "count": LARGE, "seed": lists.SEED, "replace": True}
    path = "/_gesmock/generate"
    for _ in range(2):
        processes.send(server.port, "POST", path, json.dumps(order).encode())


def _ended(server: Running) -> int:
    """How many jobs have ended: none if the clock has stayed frozen."""
    _, body = processes.get(server.port, _MOVING.partition("?")[0])
    return sum(job["status"] in ("success", "complete") for job in json.loads(body)["jobs"])
