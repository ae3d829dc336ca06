"""Protocol: the server, which listens and accepts, and a connection, which answers its client."""

import errno
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf
from threading import Thread
from typing import TYPE_CHECKING, Final

from gesmock.model.clock import real_time
from gesmock.model.messages import ConnectionInfo, Delivery
from gesmock.model.secrets import Secrets
from gesmock.server.application import HEAD_ENDS, STATUS_LINES, Answer, Application, parts
from gesmock.server.in_flight import UNCOUNTED, BytesInFlight, Share
from gesmock.server.listener import open_listener, room
from gesmock.server.loop import READ, WRITE, Block, Loop, Timer, Transport, Workers, take
from gesmock.server.parser import BadRequest, Head, Limits, Parser

if TYPE_CHECKING:
    import ssl

log = logging.getLogger("gesmock.server")

_ACCEPTED_AT_ONCE: Final = 64  # before connected clients have their turn
_ACCEPT_AGAIN_S: Final = 0.1
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
MOST_UNREAD: Final = 2**17  # bytes that a client sends before it has its answer
_SMALL: Final = 2**14  # a body that is joined to its head: one buffer is sent quicker than two
_TOO_MANY: Final = "There are too many connections."
_TOO_MUCH: Final = "Too many bytes of other requests and answers are in flight."
_SHORTEST_IDLE_S: Final = 0.5  # before that, a request may be on its way
_LINGER_S: Final = 2.0


class HttpServer:
    """Serves an application at *host* and *port* (0: any free one) from a thread of its own.

    It is bound when it is made, and answers when ``start`` returns; with an *ssl_context*, over
    TLS. Raises CannotListen.
    """

    def __init__(
        self,
        application: Application,
        host: str,
        port: int,
        limits: Limits,
        ssl_context: "ssl.SSLContext | None" = None,
    ) -> None:
        self._socket = open_listener(host, port)
        self.host, self.port = self._address = self._socket.getsockname()[:2]
        self._transport: Callable[[socket.socket], Transport] = Transport
        if ssl_context is not None:
            from gesmock.server.tls import TlsTransport

            self._transport = partial(TlsTransport, ssl_context=ssl_context)
        self._secure = ssl_context is not None
        self.application, self.limits = application, limits
        self.most_connections = max(min(limits.connections, room() - limits.reserve), 1)
        self.loop = Loop()
        self.workers = Workers(self.most_connections + limits.reserve)
        self.in_flight = BytesInFlight(limits.in_flight)
        self.connections: set[Connection] = set()
        self.streaming: set[Connection] = set()  # with a stream, and no longer counted
        self.delivering: set[Connection] = set()  # with an answer on its way, step by step
        self.heads: dict[bytes, Head] = {}  # by their bytes: a client that polls repeats its own
        shortest_s = min(limits.head_s, limits.body_s, limits.idle_s, limits.write_s)
        self._expire_every_s = min(1.0, shortest_s / 4)
        self.loop.listen(self._socket.fileno(), READ, self._accept)
        self._thread = Thread(target=self.loop.run, name="gesmock", daemon=True)
        self._process = os.getpid()
        self._expire()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close all connections, and free the port; workers are not waited for.

        May be called again. The child of a fork only closes its copies of the sockets.
        """
        if self.is_copy:
            for connection in self.connections | self.streaming:
                connection.close_in_child()
            self.loop.close_in_child()
            self._socket.close()
            return
        if self._thread.is_alive():
            self.loop.stop()
            self._thread.join()
        for connection in self.connections | self.streaming:
            connection.close()
        self.loop.close()
        self._socket.close()
        self.workers.stop()

    @property
    def is_copy(self) -> bool:
        """Whether this is the child of a fork: the server runs in its parent."""
        return os.getpid() != self._process

    def hang_up_overtaken(self) -> None:
        """Hang up on clients whose answers a reset has made obsolete. Any thread may call this."""
        for connection in [*self.delivering]:
            self.loop.call_soon(connection.hang_up_if_overtaken)

    # --- In the loop ---

    def _accept(self, _events: int) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connected, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:  # the client has gone; or too many files: try again later
                if error.errno in (errno.EMFILE, errno.ENFILE) and self._evict():
                    return
                listen = partial(self.loop.listen, self._socket.fileno(), ready=self._accept)
                listen(0)
                self.loop.call_at(self.loop.now + _ACCEPT_AGAIN_S, partial(listen, READ))
                return
            if full := self.is_full:
                self._evict()
            self._connect(connected, address)
            if full:  # before the next one is evicted, connected clients have their turn
                return

    @property
    def is_full(self) -> bool:
        """Whether there is room only for requests that have priority."""
        return len(self.connections) >= self.most_connections

    def _evict(self) -> bool:
        """Close the connection that has been idle the longest; False if none is idle."""
        longest = max(self.connections, key=Connection.idle_s, default=None)
        if longest is None or longest.idle_s() <= 0:
            return False
        longest.close()
        return True

    def _connect(self, connected: socket.socket, address: tuple[str, int]) -> None:
        full = len(self.connections) >= self.most_connections + self.limits.reserve
        if full and self._secure:  # it would take a handshake to say so
            connected.close()
            return
        try:
            transport = self._transport(connected)
        except OSError:  # the client has gone
            connected.close()
            return
        peer = ConnectionInfo(address[:2], self.loop.now, self._address, secure=self._secure)
        connection = Connection(self, transport, peer)
        if full:
            connection.refuse(503, _TOO_MANY, public=True)

    def _expire(self) -> None:
        self.loop.call_at(self.loop.now + self._expire_every_s, self._expire)
        for connection in self.connections | self.streaming:
            if connection.deadline <= self.loop.now:
                connection.expire()


class Connection:
    """One client, behind its *transport*.

    All of it runs in the loop, and so needs no lock: workers hand their answers back with
    ``call_soon``.
    """

    def __init__(self, server: HttpServer, transport: Transport, peer: ConnectionInfo) -> None:
        self._server, self._transport, self._peer = server, transport, peer
        largest_body = partial(server.application.largest_body, connection=peer)
        self._parser = Parser(server.heads, server.limits, largest_body)
        self._epoch = 0  # in which the request began to come
        self._handshaking = True
        self._answering = False  # a worker makes the answer, or it is being delivered
        self._steps: Iterator[float] | None = None  # the remaining ones of a delivery
        self._timer: Timer | None = None  # of the next step
        self._overtaken: Callable[[], bool] | None = None  # whether a reset made it obsolete
        self._reserved = server.is_full  # it serves only requests that have priority
        self._share = Share(server.in_flight)
        self._closing = False  # after the answer that is being made or sent
        self._flush_due = self._closed = self._eof_written = self._eof_received = False
        limits = server.limits
        self.deadline = server.loop.now + (limits.head_s if peer.secure else limits.idle_s)
        server.connections.add(self)
        self._listen(READ)

    def _listen(self, events: int) -> None:
        self._events = events
        self._server.loop.listen(self._transport.fd, events, self._ready)

    def _ready(self, events: int) -> None:
        if self._closed:
            return
        try:
            if self._handshaking:
                event = self._transport.handshake()
                if event or self._events != READ:
                    self._listen(event or READ)
                if event:
                    return
                self._handshaking = False
                self.deadline = self._server.loop.now + self._server.limits.idle_s
            if events & WRITE:
                self._flush()
            elif received := self._transport.receive():
                self._take(received)
            else:
                self._eof_received = True  # it may still listen, or it may have gone
                unsent = self._transport.unsent
                self._peer.gave_up = self._answering or bool(unsent) or self._steps is not None
                self._peer.end(self._server.loop.now)
                self._settle()
        except BlockingIOError:
            pass
        except BadRequest as error:  # it speaks plain HTTP to a server with TLS
            self._handshaking = False
            self.refuse(error.status, error.reason, public=error.public)
        except OSError:  # the client has gone; a reset says that it has not read all
            self._peer.gave_up = True
            self.close()
        except Exception:
            log.exception("a connection failed")
            self.close()

    # --- What comes in ---

    def _take(self, received: bytes) -> None:
        if self._closing:  # nobody will answer it
            return
        server, parser = self._server, self._parser
        if parser.head is not None:
            later = self.deadline + len(received) / server.limits.body_rate
            self.deadline = min(later, server.loop.now + server.limits.body_s)
        elif not parser.received:
            self._epoch = server.application.epoch()
            if not (self._answering or self._transport.unsent or self._reserved):
                head = server.heads.get(received)
                if head is not None and head.length == 0:  # all of the request, as it often is
                    self._answer(head, b"")
                    return
                if not received.isspace():  # empty lines begin no head
                    self.deadline = server.loop.now + server.limits.head_s
        parser.received += received
        counted = parser.size > UNCOUNTED and not (self._answering or self._transport.unsent)
        if counted and not self._share.hold_request(parser.size):
            self.refuse(503, _TOO_MUCH, public=True)
        self._advance()

    def _advance(self) -> None:
        """Answer the requests that have come, up to one whose answer takes time."""
        parser, unsent = self._parser, self._transport.unsent
        try:
            while parser.received and not (self._answering or unsent or self._closing):
                request = parser.next_request()
                if self._reserved:
                    self._check_priority(parser.head if request is None else request[0])
                if request is None:
                    break
                self._answer(*request)
        except BadRequest as error:
            self.refuse(error.status, error.reason, public=error.public)
        if parser.expects_continue:
            parser.expects_continue = False
            self._send([_CONTINUE])
        self._settle()

    def _check_priority(self, head: Head | None) -> None:
        """Raise BadRequest if the request needs a connection that is not in reserve."""
        server = self._server
        if len(server.connections) <= server.most_connections:
            self._reserved = False  # others have gone
        elif head is not None and not server.application.has_priority(head):
            raise BadRequest(503, _TOO_MANY, public=True)

    # --- What goes out ---

    def _answer(self, head: Head, body: bytes) -> None:
        server, peer, epoch = self._server, self._peer, self._epoch
        peer.heard_at = server.loop.now
        answer = server.application.answer(head, body, epoch, peer)
        if isinstance(answer, Answer):
            self._finish(head, epoch, answer)
            return
        self._answering, self.deadline = True, inf
        try:
            server.workers.submit(partial(self._work, head, epoch, answer))
        except RuntimeError as error:
            log.warning("no thread could be started: %s", error)
            self.refuse(503, "No thread could be started")

    def _work(self, head: Head, epoch: int, make: Callable[[], Answer]) -> None:
        """Make an answer, in a worker."""
        answer = None
        try:
            answer = make()
        except Exception:
            log.exception("the application failed")
        self._server.loop.call_soon(self._finish_work, head, epoch, answer)

    def _finish_work(self, head: Head, epoch: int, answer: Answer | None) -> None:
        if self._closed:
            return
        self._answering = False
        if answer is None:
            self.refuse(500, "The application failed")
        else:
            self._finish(head, epoch, answer)

    def _finish(self, head: Head, epoch: int, answer: Answer) -> None:
        self._closing = not head.keep_alive
        end = HEAD_ENDS[head.version, self._closing]
        lines, body = STATUS_LINES[answer.status] + answer.headers, answer.blocks
        if answer.delivery is None and len(body) == 1 and len(body[0]) <= _SMALL:
            self._send([b"".join((lines, end, body[0]))])
        elif not self._share.hold_answer(body):
            self.refuse(503, _TOO_MUCH, public=True)
        elif answer.delivery is None:
            self._send([lines + end, *body])
        else:
            if answer.delivery.stream is not None:
                self._closing, end = True, HEAD_ENDS["1.1", True]
            self._answering, self.deadline = True, inf
            self._steps = self._deliver(answer.delivery, [lines + end, *body])
            self._overtaken = partial(self._server.application.overtaken, head, epoch)
            self._server.delivering.add(self)
            self._next_step()
            self._settle()

    def refuse(self, status: int, reason: str, *, public: bool = False) -> None:
        """Refuse the request, and close the connection. The client gets a *public* reason."""
        log.info("refused a request with %d: %s", status, Secrets().redact(reason))
        public_reason = reason if public else ""
        answer = self._server.application.refuse(status, public_reason, self._parser.head)
        self._parser.clear()
        self._answering, self._closing = False, True
        head = STATUS_LINES[answer.status] + answer.headers + HEAD_ENDS["1.1", True]
        self._send([head, *answer.blocks])

    def _send(self, blocks: Sequence[Block]) -> None:
        """Send *blocks* at the end of the loop's turn.

        Sending wakes up the client. If it happened between any two answers, the client would take
        the processor and its caches each time, and answers would take a third longer.
        """
        self._transport.unsent.extend(blocks)
        self._flush_due = True
        self._server.loop.writes.append(self._ready)

    def _flush(self) -> None:
        self._flush_due = False
        self._transport.flush()
        limits, now, parser = self._server.limits, self._server.loop.now, self._parser
        if self._transport.unsent:
            self.deadline = now + limits.write_s
        elif self._steps is not None:
            self.deadline = inf
            self._next_step()
        elif parser.head is not None:
            self.deadline = now + limits.body_s
        else:
            self.deadline = now + (limits.head_s if parser.received else limits.idle_s)
        if self._share.counts and not (self._transport.unsent or self._answering):
            self._share.clear()
        if parser.received:
            self._advance()
        else:
            self._settle()

    # --- Deliveries ---

    def _deliver(self, delivery: Delivery, blocks: Sequence[Block]) -> Iterator[float]:
        """Deliver *blocks*, the first of which is the head, as *delivery* says.

        Yields the times to wait for; 0: until the client has taken what was sent. They are read
        from the system, as the loop's ``now`` is when its turn began.
        """
        if streams := delivery.stream is not None:  # it no longer counts as a connection
            self._server.connections.discard(self)
            self._server.streaming.add(self)
        if streams or delivery.end == "hang":  # as if the answer were sent, but without a deadline
            self._answering, self._closing, self._eof_written = False, True, True
            self._parser.clear()
        if delivery.end == "hang":
            yield inf
        if delivery.delay_s > 0:
            yield real_time() + delivery.delay_s
        if delivery.end == "reset":
            yield from self._transport.acknowledgement()
            self._transport.reset_on_close()
            self.close()
            return
        body, closes = deque(blocks[1:]), True
        if delivery.end == "close":
            blocks = []
        elif delivery.raw is not None:
            blocks = [delivery.raw]
        elif delivery.after_bytes is not None:
            blocks = [blocks[0], *take(body, delivery.after_bytes)]
        else:
            closes = self._closing
            if streams or delivery.parts > 1:
                self._send(blocks[:1])
                yield 0
                for due_at, part in parts(delivery, body):
                    yield due_at
                    self._send(part)
                    yield 0
                blocks = []
        self._end_delivery()
        self._answering, self._closing, self._eof_written = False, closes, False
        self._send(blocks)

    def _next_step(self) -> None:
        self._timer = None
        self.hang_up_if_overtaken()
        if self._steps is not None and (until := next(self._steps, 0)):
            self._timer = self._server.loop.call_at(until, self._next_step)

    def hang_up_if_overtaken(self) -> None:
        """Hang up if a reset has made the answer on its way obsolete."""
        if self._overtaken is not None and self._overtaken():
            self._transport.write_eof()
            self.close()

    def _end_delivery(self) -> None:
        self._server.delivering.discard(self)
        self._steps = self._overtaken = None
        if self._timer is not None:
            self._server.loop.cancel(self._timer)
            self._timer = None

    # --- What to wait for ---

    def idle_s(self) -> float:
        """For how long it has been idle; 0 while a request comes in or is being answered."""
        if self._answering or self._steps is not None or self._flush_due or self._transport.unsent:
            return 0
        if self._closing:  # it only waits for the client's end
            return inf
        begun = self._parser.head or (self._parser.received and not self._reserved)
        idle_s = self._server.loop.now - self._peer.heard_at
        return 0 if begun or (idle_s < _SHORTEST_IDLE_S and not self._reserved) else idle_s

    def _settle(self) -> None:
        """Wait for what can happen next; close if nothing can."""
        if self._closed or self._flush_due:
            return
        events, now = READ, self._server.loop.now
        if self._transport.unsent:
            events = WRITE
        elif self._answering:
            if self._eof_received or len(self._parser.received) >= MOST_UNREAD:
                # From now on it is not noticed if the client goes.
                self.deadline = min(self.deadline, now + self._server.limits.idle_s)
                events = 0
        elif self._eof_received:
            self._transport.write_eof()
            self.close()
            return
        elif self._closing and not self._eof_written:
            # Closing while the client still sends would take the answer from it.
            self._eof_written = True
            self._transport.write_eof()
            self.deadline = now + _LINGER_S
        if events != self._events:
            self._listen(events)

    def expire(self) -> None:
        """Act on the passed deadline: refuse an incomplete request, or hang up."""
        unsent = bool(self._transport.unsent)
        busy = self._handshaking or self._answering or unsent or self._eof_written
        if not busy and (self._parser.received or self._parser.head is not None):
            self.refuse(408, "The rest of it did not come in time")
        else:
            self._peer.gave_up |= unsent
            self.close()

    def close(self) -> None:
        """Hang up, whatever is going on. May be called again."""
        if self._closed:
            return
        self._closed = True
        self._peer.end(self._server.loop.now)
        self._listen(0)
        self._server.connections.discard(self)
        self._server.streaming.discard(self)
        self._parser.clear()
        self._share.clear()
        self._transport.close()
        self._end_delivery()

    def close_in_child(self) -> None:
        """Close the copy that the child of a fork has; the parent's connection goes on."""
        self._transport.close()
