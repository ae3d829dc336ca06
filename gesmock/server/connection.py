"""Connection: one client's requests, one after the other, and their answers in the same order."""

import logging
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from math import inf
from typing import Final

from gesmock.server.answers import CONTINUE, Answer, Block, connection_line
from gesmock.server.channels import Channel
from gesmock.server.deliveries import Delivering, Line, Parcel
from gesmock.server.heads import Head, Refused
from gesmock.server.incoming import Incoming
from gesmock.server.loop import READ, WRITE, Watch
from gesmock.server.outbox import Outbox
from gesmock.server.relay import Relay, make
from gesmock.server.shared import Shared
from gesmock.server.wsgi import Peers

log = logging.getLogger("gesmock.server")

_MOST_UNREAD: Final = 2**17  # of what a client sends before it has had its answer
_SMALL: Final = 2**14  # a body that is copied behind its head: one buffer is sent quicker than two
_LINGER_S: Final = 2.0


class Connection:
    """One client, at the other end of *channel*.

    It lives in the loop. What a worker makes for it comes back through the loop's calls, so that
    there is no lock.
    """

    __slots__ = (
        "_answering",
        "_channel",
        "_closed",
        "_epoch",
        "_heard_all",
        "_incoming",
        "_last",
        "_out",
        "_peers",
        "_relay",
        "_said_all",
        "_sending",
        "_shared",
        "_watch",
        "deadline",
    )

    def __init__(self, shared: Shared, channel: Channel, peers: Peers) -> None:
        self._shared, self._channel, self._peers = shared, channel, peers
        self._out = Outbox(channel)
        largest_body = partial(shared.application.largest_body, peers=peers)
        self._incoming = Incoming(shared.heads, shared.limits, largest_body)
        self._epoch = 0  # in which it began to come in
        self._answering = False  # in a worker
        self._relay: Relay | Delivering | None = None
        self._last = False  # the answer that is sent, or being made
        self._said_all = False
        self._sending = False
        self._heard_all = False
        self._closed = False
        self.deadline = shared.loop.now + shared.limits.idle_s
        shared.connections.add(self)
        self._watch = Watch(shared.loop, channel.fileno(), self._ready)

    def _ready(self, events: int) -> None:
        try:
            if events & WRITE:
                self._flush()
            else:
                self._receive()
        except OSError:  # the client has gone, and a reset tells that it has not read all
            self._peers.link.gave_up = True
            self.close()
        except Exception:
            log.exception("a connection failed")
            self.close()

    # --- What comes in ---

    def _receive(self) -> None:
        pending = True
        while pending and not self._closed:
            try:
                data = self._channel.receive()
            except BlockingIOError:
                return
            if data:
                self._take(data)
            else:
                self._heard_all = True  # or has gone: that cannot be told
                link = self._peers.link
                link.gave_up = bool(self._answering or self._out or self._relay)
                link.end(self._shared.loop.now)
                self._settle()
            pending = self._channel.pending()

    def _take(self, data: bytes) -> None:
        if self._last:  # whatever it is, nobody will answer it
            return
        shared, incoming = self._shared, self._incoming
        if incoming.in_body:
            self.deadline = shared.loop.now + shared.limits.body_s
        elif not incoming:
            self._epoch = shared.application.epoch()
            if not (self._answering or self._out):
                head = shared.heads.known(data)
                if head is not None:
                    self._answer(head, b"")
                    self._settle()
                    return
                if not data.isspace():  # with empty lines, no head begins
                    self.deadline = shared.loop.now + shared.limits.head_s
        incoming.add(data)
        self._advance()

    def _advance(self) -> None:
        """Answer what has come in, as far as it goes."""
        incoming = self._incoming
        try:
            while incoming and not (self._answering or self._out or self._last):
                request = incoming.next()
                if request is None:
                    break
                self._answer(*request)
        except Refused as refused:
            self._refuse(refused.status, refused.reason)
        if incoming.take_expectation():
            self._send([CONTINUE])
        self._settle()

    # --- What goes out ---

    def _answer(self, head: Head, body: bytes) -> None:
        application = self._shared.application
        link = self._peers.link
        link.heard_at = self._shared.loop.now
        answer = application.answer(head, body, self._epoch, link)
        if isinstance(answer, Answer):
            self._finish(head, self._epoch, answer)
            return
        self._answering = True
        self.deadline = inf
        call, epoch = self._shared.call, self._epoch
        if answer is not None:
            made = partial(self._made, head, epoch)
            self._shared.submit(partial(make, answer, call, made, self._fail))
            return
        deliver = partial(self._deliver, head, epoch)
        self._relay = Relay(call, self._send, self._end, self._fail, deliver)
        respond = partial(application.respond, head, body, self._peers, epoch)
        self._shared.submit(partial(self._relay.run, respond))

    def _made(self, head: Head, epoch: int, answer: Answer) -> None:
        self._answering = False
        self._finish(head, epoch, answer)

    def _finish(self, head: Head, epoch: int, answer: Answer) -> None:
        self._last = not head.keeps
        text = answer.head(connection_line(head, self._last))
        blocks = answer.blocks
        if answer.delivery is not None:
            self._deliver(head, epoch, Parcel(answer.delivery, [text, *blocks], self._last))
        elif len(blocks) == 1 and len(blocks[0]) <= _SMALL:
            self._send([text + blocks[0]])
        else:
            self._send([text, *blocks])

    def _end(self, blocks: Sequence[Block], closes: bool) -> None:  # noqa: FBT001 private
        self._answering, self._relay, self._last = False, None, closes
        self._send(blocks)

    def _deliver(self, head: Head, epoch: int, parcel: Parcel) -> None:
        if self._closed:
            return
        self._answering, self.deadline = True, inf
        overtaken = partial(self._shared.application.overtaken, head, epoch)
        line = Line(self._send, self._end, self._hang, self.close, self._channel)
        self._relay = Delivering(self._shared.deliveries, parcel, overtaken, line)
        self._relay.start()
        self._settle()

    def _hang(self) -> None:
        """As if all were said, but that nothing was, and that there is no hurry."""
        self._answering, self._last, self._said_all = False, True, True
        self._incoming.clear()
        self._settle()

    def _fail(self, begun: bool) -> None:  # noqa: FBT001 private
        if begun:  # the client has to see that it is not all
            self.close()
        else:
            self._refuse(500)

    def _refuse(self, status: int, reason: str = "") -> None:
        log.info("a client is refused: %d %s", status, reason or HTTPStatus(status).phrase)
        answer = self._shared.application.refuse(status, reason)
        self._incoming.clear()
        self._relay = None
        self._answering, self._last = False, True
        self._send([answer.head(b"Connection: close\r\n"), *answer.blocks])

    def _send(self, blocks: Sequence[Block]) -> None:
        """Have *blocks* sent at the end of the loop's turn.

        To send wakes up the client: one after the other, they would have the processor and its
        caches between any two answers, which then take a third longer.
        """
        if not self._closed:
            self._out.add(blocks)
            self._sending = True
            self._shared.loop.write_last(self._ready)

    def _flush(self) -> None:
        self._sending = False
        self._out.flush()
        self._await_the_client()
        if self._out:
            self._settle()
        else:
            if self._relay is not None:
                self._relay.taken()
            self._advance()

    def _await_the_client(self) -> None:
        limits, now = self._shared.limits, self._shared.loop.now
        if self._out:
            self.deadline = now + limits.write_s
        elif self._answering:
            self.deadline = inf
        elif self._incoming.in_body:
            self.deadline = now + limits.body_s
        else:
            self.deadline = now + (limits.head_s if self._incoming else limits.idle_s)

    # --- What to wait for ---

    def _settle(self) -> None:
        """Wait for what can happen next; close where nothing can."""
        if self._closed or self._sending:
            return
        if self._out:
            self._watch.listen(WRITE)
        elif self._answering:
            if self._heard_all or len(self._incoming) >= _MOST_UNREAD:
                # Whether the client goes is not heard from now on.
                idle_until = self._shared.loop.now + self._shared.limits.idle_s
                self.deadline = min(self.deadline, idle_until)
                self._watch.listen(0)
            else:
                self._watch.listen(READ)
        elif self._heard_all:
            self._channel.finish()
            self.close()
        else:
            if self._last and not self._said_all:
                # To close while the client is still sending would take the answer from it.
                self._said_all = True
                self._channel.finish()
                self.deadline = self._shared.loop.now + _LINGER_S
            self._watch.listen(READ)

    def turn_away(self) -> None:
        """There are too many: refuse this one, whatever it wants."""
        self._refuse(503)

    def expire(self) -> None:
        """The deadline has passed."""
        busy = self._out or self._answering or self._said_all
        if busy or not (self._incoming or self._incoming.in_body):
            self._peers.link.gave_up |= bool(self._out)
            self.close()
        else:
            self._refuse(408)

    def close(self) -> None:
        """Hang up, whatever is going on."""
        if self._closed:
            return
        self._closed = True
        self._peers.link.end(self._shared.loop.now)
        self._watch.end()
        self._shared.connections.discard(self)
        self._out.clear()
        self._incoming.clear()
        self._channel.close()
        relay, self._relay = self._relay, None
        if relay is not None:
            relay.hang_up()
