"""Deliveries, where the server is not ours: a thread sleeps until it is time to answer."""

import errno
from collections.abc import Callable, Iterator
from functools import partial
from http.client import RemoteDisconnected
from threading import Event
from typing import Any, NoReturn

import flask

from gesmock.fake.fake import Fake
from gesmock.model import replies
from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError, Overtaken
from gesmock.model.messages import NO_ENTRY, Delivery, Reply, Request
from gesmock.server.wsgi import DELIVER
from gesmock.web import wire


class NeedsSocket(GesmockError, RuntimeError):
    """What was to happen to an answer can only be seen over a socket of a started ``GesMock``."""


def response_to(fake: Fake, request: Request, reply: Reply) -> flask.Response:
    """*reply* to *request* as a response, which is brought to the client as its delivery says.

    Our own server does that itself, without a thread. Under any other the thread sleeps, and
    answers 503 where the project is reset meanwhile. Flask's test client, to which no connection
    can break, is told as a client of Python's ``http.client`` would be: by ConnectionResetError for
    ``reset``, RemoteDisconnected for ``close``; and by NeedsSocket for the other manners.
    """
    if reply.delivery is None:
        return wire.response_to(reply)
    deliver: Callable[[Delivery], None] | None = flask.request.environ.get(DELIVER)
    if deliver is not None:
        deliver(reply.delivery)
        return wire.response_to(reply)
    asleep = _Sleeper(fake, request)
    if not asleep.until(real_time() + reply.delivery.delay_s):
        project = fake.find(request.args.get("project_id", "")) or fake.default
        headers = {"X-Request-Id": NO_ENTRY}
        return wire.response_to(replies.refusal(Overtaken(), project.settings, headers))
    response = wire.response_to(reply)
    broken = _breaks(reply.delivery)
    if broken is not None:
        return _Broken(broken)
    if reply.delivery.parts > 1:
        response.response = _dripping(reply.delivery, response.get_data(), asleep)
    return response


def _breaks(delivery: Delivery) -> str | None:
    """The kind of fault that a client without a connection cannot see."""
    if delivery.end != "keep":
        return delivery.end
    if delivery.raw is not None:
        return "garbage"
    return None if delivery.after_bytes is None else "truncate"


class _Sleeper:
    """Who sleeps, unless the project that answers *request* is reset."""

    def __init__(self, fake: Fake, request: Request) -> None:
        self._epochs = fake.epochs
        project_id = request.args.get("project_id", "")
        self._overtaken = partial(fake.overtaken, project_id, request.epoch)

    def until(self, time: float) -> bool:
        """Whether it is *time* now; False, and at once, where the project has been reset."""
        told = Event()
        self._epochs.watch(told.set)
        try:
            while not self._overtaken():
                left_s = time - real_time()
                if left_s <= 0:
                    return True
                told.wait(left_s)
                told.clear()
            return False
        finally:
            self._epochs.unwatch(told.set)


def _dripping(drip: Delivery, body: bytes, asleep: _Sleeper) -> Iterator[bytes]:
    begun, sent = real_time(), 0
    for after_s, size in drip.schedule(len(body)):
        if not asleep.until(begun + after_s):  # the client has to see that it is not all
            raise ConnectionResetError(errno.ECONNRESET, str(Overtaken()))
        yield body[sent : sent + size]
        sent += size


class _Broken(flask.Response):
    """An answer that never comes, because of a fault of this *kind*."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def __call__(self, *_: Any) -> NoReturn:
        """Raise, instead of answering."""
        if self._kind == "reset":
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        if self._kind == "close":
            raise RemoteDisconnected("Remote end closed connection without response")
        raise NeedsSocket(
            f"a {self._kind!r} happens to a connection, of which there is none here: start the "
            "GesMock, and send the request to its url"
        )
