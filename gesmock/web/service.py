"""The service behind Flask, for other WSGI servers and the test client."""

import errno
from collections.abc import Iterator
from http.client import RemoteDisconnected
from threading import Event
from typing import Any, Final, NoReturn

import flask
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
)

from gesmock.fake import routes
from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model import replies
from gesmock.model.clock import real_time
from gesmock.model.errors import JOB_QUERY_FAILED, OVERTAKEN, GesmockError
from gesmock.model.messages import LARGEST_BODY, Delivery, Reply, Request
from gesmock.model.secrets import Secrets
from gesmock.server.wsgi import CONNECTION
from gesmock.web import gateway
from gesmock.web.guard import requested_path

_LARGEST_DRAINED: Final = 64 * 2**20
_CHUNK: Final = 2**18


class NeedsSocket(GesmockError, RuntimeError):
    """The fault that hit this request shows only over a socket of a started ``GesMock``."""


def blueprint(fake: Fake) -> flask.Blueprint:
    """One rule for everything below the service's paths; ``fake.routes`` knows them."""
    service = flask.Blueprint("service", __name__)

    @service.route(f"{routes.BELOW}<path:path>", methods=gateway.METHODS)
    def answer(path: str) -> flask.Response:
        del path
        return _answer(fake)

    return service


def before_routes(fake: Fake) -> flask.Response | None:
    """The answer to OPTIONS, or to a path that begins with two slashes: Flask has its own."""
    path = requested_path(flask.request.environ)
    is_ours = flask.request.method == "OPTIONS" or path.startswith("//")
    return _answer(fake) if is_ours else None


def refuse(fake: Fake, error: HTTPException) -> flask.Response:
    """The answer if Flask refuses: no route matches (404, 405), or other code failed (500)."""
    if isinstance(error, InternalServerError):
        over = Secrets().redact(f"{flask.request.method} {flask.request.path}")
        gateway.log.error("gesmock crashed on %s", over)
        crashed = {"X-Gesmock-Crash": "0"}
        return _response(replies.unjournaled(JOB_QUERY_FAILED, fake.default.settings, crashed))
    if isinstance(error, MethodNotAllowed) and not flask.request.path.startswith(routes.BELOW):
        return _answer(fake, tuple(sorted(error.valid_methods or ())))
    return _answer(fake)


def _answer(fake: Fake, allowed: tuple[str, ...] = ()) -> flask.Response:
    http, environ, since = flask.request, flask.request.environ, _came_at()
    query = environ["QUERY_STRING"]
    request = gateway.read_request(
        http.method,
        requested_path(environ),
        query,
        request_headers(),
        environ.get(gateway.EPOCH, fake.epochs.current),
        _body(),
        allowed,
    )
    reply = handle(fake, request, environ.get(CONNECTION))
    gateway.log_request(request.method, request.path, query, reply, since)
    if reply.delivery is None:
        return _response(reply)
    return _delivered(fake, request, reply, reply.delivery)


def _came_at() -> float:
    """When the request came in, as far as is known."""
    connection = flask.request.environ.get(CONNECTION)
    return real_time() if connection is None else float(connection.heard_at)


def request_headers() -> dict[str, str]:
    return {name.lower(): value for name, value in flask.request.headers}


def _body() -> bytes | None:
    """What was sent; None if it is too long or cut off.

    Much of a body that is too long is read all the same: a client that is still sending would not
    see the answer.
    """
    body, length = bytearray(), 0
    try:
        while length < _LARGEST_DRAINED and (chunk := flask.request.stream.read(_CHUNK)):
            length += len(chunk)
            if length <= LARGEST_BODY:
                body += chunk
    except (ClientDisconnected, OSError):  # such as a malformed chunk
        return None
    return bytes(body) if length <= LARGEST_BODY else None


def _response(reply: Reply) -> flask.Response:
    blocks = replies.blocks(reply)
    cors = gateway.cors(request_headers(), flask.request.method)
    headers = gateway.headers_of(reply, sum(map(len, blocks)), *cors)
    response = flask.Response(map(bytes, blocks), reply.status or 200, headers)
    if not blocks:  # Flask would name a type of it
        del response.headers["Content-Type"]
    return response


# --- Deliveries under other servers -------------------------------------------------------------


def _delivered(fake: Fake, request: Request, reply: Reply, delivery: Delivery) -> flask.Response:
    """*reply*, after the thread has slept for its delay; a 503 if the project is reset meanwhile.

    Flask's test client has no connection that could break. It raises what ``http.client`` would:
    ConnectionResetError for ``reset``, RemoteDisconnected for ``close``; for others, NeedsSocket.
    """
    if not _sleep(fake, request, real_time() + delivery.delay_s):
        project = fake.projects.get(request.args.get("project_id", ""), fake.default)
        return _response(replies.unjournaled(OVERTAKEN, project.settings))
    error = _error(delivery)
    if error is not None:
        return _Broken(error)
    response = _response(reply)
    if delivery.parts > 1:
        response.response = _dripping(fake, request, delivery, response.get_data())
    return response


def _sleep(fake: Fake, request: Request, until: float) -> bool:
    """Sleep *until* then; False, at once, if the project of *request* is reset."""
    woken = Event()
    fake.epochs.watchers.append(woken.set)
    try:
        while not fake.overtaken(request.args.get("project_id", ""), request.epoch):
            remaining_s = until - real_time()
            if remaining_s <= 0:
                return True
            woken.wait(remaining_s)
            woken.clear()
        return False
    finally:
        fake.epochs.watchers.remove(woken.set)


def _dripping(fake: Fake, request: Request, drip: Delivery, body: bytes) -> Iterator[bytes]:
    began, sent = real_time(), 0
    for after_s, size in drip.schedule(len(body)):
        if not _sleep(fake, request, began + after_s):  # the client has to see that it is not all
            raise ConnectionResetError(errno.ECONNRESET, OVERTAKEN.message)
        yield body[sent : sent + size]
        sent += size


def _error(delivery: Delivery) -> Exception | None:
    match delivery:
        case Delivery(end="reset"):
            return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        case Delivery(end="close"):
            return RemoteDisconnected("Remote end closed connection without response")
        case Delivery(end="hang"):
            kind = "hang"
        case Delivery(raw=bytes()):
            kind = "garbage"
        case Delivery(after_bytes=int()):
            kind = "truncate"
        case _:
            return None
    return NeedsSocket(
        f"a {kind!r} needs a connection, and there is none here: start the GesMock, and send the "
        "request to its url"
    )


class _Broken(flask.Response):
    """A response that raises *error* instead of being sent, past Flask's error handlers."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def __call__(self, *_: Any) -> NoReturn:
        raise self._error
