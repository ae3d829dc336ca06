"""The service behind Flask, for other WSGI servers and the test client."""

import flask
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed

from gesmock.fake import routes
from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.model import replies
from gesmock.model.errors import JobQueryFailed
from gesmock.model.messages import NO_ENTRY, Request
from gesmock.server.wsgi import CONNECTION
from gesmock.web import access_log, cors, deliveries, wire

log = access_log.log


def blueprint(fake: Fake) -> flask.Blueprint:
    """One rule for everything below the service's paths; ``fake.routes`` knows them."""
    service = flask.Blueprint("service", __name__)

    @service.route(f"{routes.BELOW}<path:path>", methods=cors.METHODS)
    def answer(path: str) -> flask.Response:
        del path
        return _answer(fake, wire.request_from(fake, flask.request))

    return service


def refused(fake: Fake, error: HTTPException) -> flask.Response:
    """The answer where Flask refuses: no route matches (404, 405), or a bug is outside the core."""
    if isinstance(error, InternalServerError):
        log.error("gesmock crashed over %s %s", flask.request.method, flask.request.path)
        settings = fake.default.settings
        headers = {"X-Request-Id": NO_ENTRY, "X-Gesmock-Crash": "0"}
        return wire.response_to(replies.refusal(JobQueryFailed(), settings, headers))
    allowed: tuple[str, ...] = ()
    if isinstance(error, MethodNotAllowed) and not routes.is_service_path(flask.request.path):
        allowed = tuple(sorted(error.valid_methods or ()))
    return _answer(fake, wire.request_from(fake, flask.request, allowed))


def preflight() -> flask.Response:
    """The answer to any OPTIONS of the service."""
    asked = [
        flask.request.headers.get(f"Access-Control-Request-{what}")
        for what in ("Method", "Headers")
    ]
    headers = {"X-Request-Id": NO_ENTRY, **cors.preflight(*asked)}
    response = flask.Response(status=204, headers=headers)
    del response.headers["Content-Type"]
    return response


def _answer(fake: Fake, request: Request) -> flask.Response:
    reply = handle(fake, request, flask.request.environ.get(CONNECTION))
    access_log.tell(request, reply)
    return deliveries.response_to(fake, request, reply)
