"""Deliveries: answers that reach their clients late, bit by bit, cut off, or not at all."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Final, NamedTuple

from gesmock.model.clock import real_time
from gesmock.model.messages import Delivery
from gesmock.server.answers import Block
from gesmock.server.channels import Channel
from gesmock.server.loop import Loop, Timer

_LOOK_S: Final = 0.01
_OWED_S: Final = 5.0
"""How often, and how long, to look whether a client that is to be reset has got the rest of the
answers before: a reset would take it away."""

_TAKEN: Final = -1.0
"""Waited for, in the place of a time: that the client has taken what was sent."""


class Line(NamedTuple):
    """A connection that waits for an answer, and what can be done on it.

    *send* some blocks, upon which ``Delivering.taken`` is called; *end* the answer with some, and
    say whether the connection ends, too; *hang*: send nothing more, and only hear whether the
    client goes; *close*: hang up.
    """

    send: Callable[[Sequence[Block]], None]
    end: Callable[[Sequence[Block], bool], None]
    hang: Callable[[], None]
    close: Callable[[], None]
    channel: Channel

    def reset(self) -> None:
        """Leave the client at once, with a reset."""
        self.channel.reset()
        self.close()

    def abandon(self) -> None:
        """End the answer where it is, and the connection with it."""
        self.channel.finish()
        self.close()


class Parcel(NamedTuple):
    """An answer and its *delivery*: the *blocks* of its head and body, the head being the first.

    *closes* tells whether the connection ends with it where all goes well.
    """

    delivery: Delivery
    blocks: Sequence[Block]
    closes: bool


class Deliveries:
    """The answers of one server that are on their way to their clients."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.under_way: set[Delivering] = set()

    def release(self) -> None:
        """From any thread: abandon all that has been overtaken."""
        if self.under_way:
            self.loop.call_soon(self._release)

    def _release(self) -> None:
        for one in list(self.under_way):
            one.release()


class Delivering:
    """An answer on its way to its client, as its *parcel* says. It lives in the loop.

    What it waits for is a timer, or the client: nobody else is held up. *overtaken* tells whether
    it is of the past by now: then its client gets no more of it.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        parcel: Parcel,
        overtaken: Callable[[], bool],
        line: Line,
    ) -> None:
        self._deliveries, self._overtaken, self._line = deliveries, overtaken, line
        self._steps: Iterator[float] = _steps(parcel, line)
        self._timer: Timer | None = None
        self._sending = False

    def start(self) -> None:
        """Do what is to be done by now."""
        self._deliveries.under_way.add(self)
        self._go_on()

    def taken(self) -> None:
        """The client has taken all that was sent."""
        if self._sending:
            self._sending = False
            self._go_on()

    def release(self) -> None:
        """Abandon it, if it is under way and has been overtaken."""
        if self in self._deliveries.under_way and self._overtaken():
            self.hang_up()
            self._line.abandon()

    def hang_up(self) -> None:
        """There is nothing more to do: the client has gone."""
        self._deliveries.under_way.discard(self)
        self._steps = iter(())
        if self._timer is not None:
            self._deliveries.loop.cancel(self._timer)
            self._timer = None

    def _go_on(self) -> None:
        until = next(self._steps, None)
        if until is None:
            self.hang_up()
        elif until == _TAKEN:
            self._sending = True
        elif until < inf:
            self._timer = self._deliveries.loop.call_at(until, self._due)
        self.release()

    def _due(self) -> None:
        self._timer = None
        self.release()
        self._go_on()


def _steps(parcel: Parcel, line: Line) -> Iterator[float]:
    """What is done for a *parcel*; yields the times, or what else, to wait for in between.

    The loop's time is that at which its turn began, before some of it may have been asked for.
    """
    delivery, closes = parcel.delivery, True
    head, body = parcel.blocks[:1], deque(parcel.blocks[1:])
    if delivery.end == "hang":  # a delay would put nothing off
        line.hang()
        yield inf
        return
    if delivery.delay_s > 0:
        yield real_time() + delivery.delay_s
    if delivery.end == "reset":
        until = real_time() + _OWED_S
        while line.channel.owes() and real_time() < until:
            yield real_time() + _LOOK_S
        line.reset()
    elif delivery.end == "close":
        line.end([], closes)
    elif delivery.raw is not None:
        line.end([delivery.raw], closes)
    elif delivery.after_bytes is not None:
        line.end([*head, *_front(body, delivery.after_bytes)], closes)
    elif delivery.parts > 1:
        line.send(head)
        yield _TAKEN
        begun = real_time()
        for after_s, size in delivery.schedule(sum(map(len, body))):
            yield begun + after_s
            line.send(_front(body, size))
            yield _TAKEN
        line.end([], parcel.closes)
    else:
        line.end(parcel.blocks, parcel.closes)


def _front(blocks: deque[Block], length: int) -> list[Block]:
    """The first *length* bytes of *blocks*, taken off them."""
    front: list[Block] = []
    while blocks and length > 0:
        block = blocks.popleft()
        if len(block) > length:
            rest = memoryview(block)
            block = rest[:length]
            blocks.appendleft(rest[length:])
        front.append(block)
        length -= len(block)
    return front
