"""``PORT PATH=FILE...``: gesmock's server, which answers in its loop with prepared bytes."""

import threading
from dataclasses import dataclass

from benchmarks.servers.bodies import port_and_bodies
from gesmock.model.messages import ConnectionInfo
from gesmock.server.application import Answer
from gesmock.server.parser import Head, Limits
from gesmock.server.protocol import HttpServer


@dataclass(frozen=True, slots=True)
class FixedBytes:
    """An application with an answer for each path."""

    answers: dict[str, Answer]

    def epoch(self) -> int:
        return 0

    def answer(self, head: Head, body: bytes, epoch: int, connection: ConnectionInfo) -> Answer:
        return self.answers[head.path]

    def overtaken(self, head: Head, epoch: int) -> bool:
        return False

    def has_priority(self, head: Head) -> bool:
        return False

    def refuse(self, status: int, reason: str, head: Head | None) -> Answer:
        return Answer(status, b"Content-Length: 0\r\n", [])

    def largest_body(self, head: Head, connection: ConnectionInfo) -> int:
        return 0


if __name__ == "__main__":
    port, bodies = port_and_bodies()
    answers = {
        path: Answer(200, b"Content-Length: %d\r\n" % len(body), [body])
        for path, body in bodies.items()
    }
    HttpServer(FixedBytes(answers), "127.0.0.1", port, Limits()).start()
    threading.Event().wait()
