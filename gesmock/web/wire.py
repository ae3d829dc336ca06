"""Flask's request -> Request; Reply -> Flask's response."""

from typing import Any, Final

import flask
import msgspec
from werkzeug.exceptions import ClientDisconnected

from gesmock.fake import routes
from gesmock.fake.fake import Fake
from gesmock.model import replies, validation
from gesmock.model.messages import LARGEST_BODY, Reply, Request, is_long
from gesmock.web import site

LARGEST_DRAINED: Final = 64 * 2**20
_CHUNK: Final = 2**18
_FRAMING: Final = ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING")
"""Without either, there is no body (RFC 9112, 6.3)."""


def request_from(
    fake: Fake,
    request: flask.Request,
    allowed: tuple[str, ...] = (),
) -> Request:
    """The HTTP *request*, as the core sees it; its path has the *allowed* methods."""
    environ = request.environ
    query = {name: request.args[name] for name in request.args}
    operation, args, of_the_service = routes.match(request.method, request.path, query)
    headers = {name.lower(): value for name, value in request.headers}
    return Request(
        operation=operation,
        method=request.method,
        path=request.path,
        args=args,
        query=query,
        headers=headers,
        long=is_long([request.path, environ["QUERY_STRING"]], headers, headers.values()),
        body={} if operation is None or environ.keys().isdisjoint(_FRAMING) else _body(request),
        allowed=of_the_service or allowed,
        epoch=environ.get(site.EPOCH, fake.epochs.current),
    )


def _body(request: flask.Request) -> Any:
    """The JSON value that was sent: see ``Request``.

    A body that is too long is read on for a while: a client that is still sending would not see
    the answer.
    """
    body = bytearray()
    length = 0
    try:
        while length < LARGEST_DRAINED and (chunk := request.stream.read(_CHUNK)):
            length += len(chunk)
            if length <= LARGEST_BODY:
                body += chunk
    except (ClientDisconnected, OSError):  # such as a chunk that is none
        return None
    if length == 0:
        return {}
    return json_value(bytes(body)) if length <= LARGEST_BODY else None


def json_value(text: bytes) -> Any:
    """The JSON value of *text*; None where it is none, or nothing that could be listed again."""
    try:
        value = msgspec.json.decode(text)
        msgspec.json.encode(value)
    except (*validation.REFUSED, ValueError, OverflowError):
        return None
    return value


def response_to(reply: Reply) -> flask.Response:
    """*reply* as an HTTP response, its payload as JSON."""
    blocks = replies.blocks(reply.payload() if callable(reply.payload) else reply.payload)
    status = reply.status or 200  # one that never comes has none
    response = flask.Response(map(bytes, blocks), status, content_type="application/json")
    response.content_length = sum(map(len, blocks))
    response.headers.update(reply.headers)
    return response
