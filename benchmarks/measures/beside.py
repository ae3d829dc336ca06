"""What ten jobs cost beside a rule or a stream that does not concern them."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from benchmarks import load, processes
from benchmarks.bench import Bench, interleaved, progress
from benchmarks.processes import Running
from benchmarks.targets.base import WrongAnswer


def beside(bench: Bench) -> None:
    """Note ``alone``, ``rule_elsewhere`` (for another operation) and ``events_open``.

    All in one process of gesmock.
    """
    jobs = bench.list_of(10)
    for target in bench.gesmock():
        with target.serving([jobs], bench.fresh_room()) as server:
            load.run(server.url + target.path(jobs), 16, 1)
            for work in progress("beside", interleaved(bench.rounds, _BESIDE)):
                with _BESIDE[work](server):
                    sample = load.sample(server, target.path(jobs), 16, bench.seconds)
                bench.note(work, target.name, sample)


@contextmanager
def _rule_elsewhere(server: Running) -> Iterator[None]:
    rule = json.dumps({"operation": "import_graph", "fault": 503}).encode()
    if processes.send(server.port, "POST", "/_gesmock/faults", rule) != 201:
        raise WrongAnswer("no fault rule was armed")
    yield
    processes.send(server.port, "DELETE", "/_gesmock/faults", b"")


@contextmanager
def _events_open(server: Running) -> Iterator[None]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as stream:
        head = f"GET /_gesmock/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
        stream.sendall(head.encode())
        status = stream.recv(4096).partition(b"\r\n")[0]
        if b" 200 " not in status:
            raise WrongAnswer(f"the stream of events began with {status!r}")
        stream.settimeout(None)
        with subprocess.Popen(["cat"], stdin=stream.fileno(), stdout=subprocess.DEVNULL) as reader:
            yield
            reader.terminate()


_BESIDE: Final[dict[str, Callable[[Running], AbstractContextManager[None]]]] = {
    "alone": lambda _: nullcontext(),
    "rule_elsewhere": _rule_elsewhere,
    "events_open": _events_open,
}
