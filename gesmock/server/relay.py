"""Relay: the way from a worker, in which an application answers, to the loop."""

import logging
from collections.abc import Callable
from contextlib import closing
from threading import Semaphore
from typing import Final

from gesmock.server.answers import Answer, Block
from gesmock.server.application import Later
from gesmock.server.deliveries import Parcel
from gesmock.server.wsgi import Response

log = logging.getLogger("gesmock.server")

_AT_A_TIME: Final = 2**20


def make(
    later: Later,
    call: Callable[..., None],
    made: Callable[[Answer], None],
    fail: Callable[[bool], None],
) -> None:
    """In the worker: make an answer, and *call* back in the loop with it."""
    try:
        answer = later()
    except Exception:
        log.exception("an answer could not be made")
        call(fail, False)  # noqa: FBT003 it has not begun
    else:
        call(made, answer)


class Relay:
    """Brings what an application yields to the loop, never much of it at a time.

    There, where *call* calls, *send* is called with some blocks, and has to have ``taken`` called
    once they are sent; *end* is called with the last blocks and whether the connection must close;
    *fail* with whether the answer had begun. Where it is not brought to the client at once and
    whole, *deliver* is called instead.
    """

    def __init__(
        self,
        call: Callable[..., None],
        send: Callable[[list[Block]], None],
        end: Callable[[list[Block], bool], None],
        fail: Callable[[bool], None],
        deliver: Callable[[Parcel], None],
    ) -> None:
        self._call, self._send, self._end, self._fail = call, send, end, fail
        self._deliver = deliver
        self._room = Semaphore(0)
        self._gone = False

    def run(self, respond: Callable[[], Response]) -> None:
        """In the worker: bring over what *respond* answers."""
        begun = False
        held: list[Block] = []
        size = 0
        try:
            response = respond()
            with closing(response.blocks()) as blocks:
                for block in blocks:
                    held.append(block)
                    size += len(block)
                    if size >= _AT_A_TIME and response.delivery is None:
                        begun = True
                        self._call(self._send, held)
                        self._room.acquire()
                        if self._gone:
                            return
                        held, size = [], 0
        except Exception:
            log.exception("the application failed")
            self._call(self._fail, begun)
            return
        if response.delivery is None:
            self._call(self._end, held, response.closes)
        else:
            self._call(self._deliver, Parcel(response.delivery, held, response.closes))

    def taken(self) -> None:
        """In the loop: the client has taken all that was sent."""
        self._room.release()

    def hang_up(self) -> None:
        """In the loop: the client has gone."""
        self._gone = True
        self._room.release()
