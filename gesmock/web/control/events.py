"""The control call that follows what happens in a project."""

from collections.abc import Iterator
from typing import Final

import flask
from werkzeug import exceptions

from gesmock.model.clock import real_time
from gesmock.model.errors import NotFound
from gesmock.server.wsgi import CONNECTION, EVENT_STREAM
from gesmock.web.control.api import Address, call

MOST_STREAMS: Final = 64
"""How many clients may follow the projects of a fake."""

SILENCE_S: Final = 15.0
"""After so long, a comment keeps forwarders from closing the connection."""

_ELSEWHERE: Final = "only gesmock's own server sends events: that of gesmock serve and of GesMock"
_TOO_MANY: Final = f"{MOST_STREAMS} streams of events are open, the most there may be; close some"


@call("GET", "events", summary="Follow what happens, as server-sent events")
def follow(address: Address) -> flask.Response:
    request, streams = flask.request, address.fake.streams
    if CONNECTION not in request.environ:
        raise exceptions.NotImplemented(_ELSEWHERE)
    address.project()
    stream = _events(address, request.headers.get("Last-Event-ID", ""))
    streams.add(stream)
    if len(streams) > MOST_STREAMS:
        raise exceptions.ServiceUnavailable(_TOO_MANY)
    headers = {"Cache-Control": "no-store"}
    return flask.Response(stream, headers=headers, content_type=EVENT_STREAM)


def _events(address: Address, event_id: str) -> Iterator[bytes]:
    """The events after the one with this id, as far as there are any, whenever it is asked.

    It runs in the loop of the server, and so does not wait for the project's lock. It ends when the
    project is dropped.
    """
    sent_at = real_time()
    while True:
        try:
            project = address.project()
        except NotFound:
            return
        text = b""
        if project.lock.acquire(blocking=False):
            try:
                project.feed.look(project.epoch)
                text, event_id = project.feed.after(event_id), project.feed.last_id
            finally:
                project.lock.release()
        if not text and real_time() >= sent_at + SILENCE_S:
            text = b":\n\n"
        if text:
            sent_at = real_time()
        yield text
