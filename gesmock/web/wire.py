"""Flask's request -> Request; Reply -> Flask's response."""

from typing import Final

import flask

from gesmock import shapes
from gesmock.exchange import Operation, Reply, Request
from gesmock.fake import Fake

EPOCH: Final = "gesmock.epoch"
"""Where our own server says in which epoch a connection was accepted."""


def request_from(
    fake: Fake,
    request: flask.Request,
    operation: Operation | None,
    args: dict[str, str] | None = None,
    allowed: tuple[str, ...] = (),
) -> Request:
    """The HTTP *request*, for *operation* with the *args* of its path, as the core sees it."""
    args = args or {}
    return Request(
        operation=operation,
        method=request.method,
        path=request.path,
        args=args,
        query={name: request.args[name] for name in request.args},
        headers={name.lower(): value for name, value in request.headers},
        allowed=allowed,
        epoch=request.environ.get(EPOCH, fake.epochs.current),
    )


def response_to(reply: Reply) -> flask.Response:
    """*reply* as an HTTP response, its payload as JSON."""
    response = flask.Response(
        shapes.encode(reply.payload), reply.status, content_type="application/json"
    )
    response.headers.update(reply.headers)
    return response
