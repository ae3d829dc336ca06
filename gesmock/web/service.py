"""The service's routes: which method and path means which operation."""

import logging
from typing import Any, Final
from urllib.parse import quote

import flask
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed

from gesmock import shapes
from gesmock.errors import JobQueryFailed
from gesmock.exchange import NO_ENTRY, Operation, Request
from gesmock.fake import Fake
from gesmock.operations import handle
from gesmock.web import wire

ROUTES: Final[tuple[tuple[str, str, Operation], ...]] = (
    ("GET", "/ges/v1.0/<project_id>/graphs/<graph_name>/jobs/status", "list_jobs"),
)

log = logging.getLogger("gesmock.service")


def blueprint(fake: Fake) -> flask.Blueprint:
    """The service's operations, answered by *fake*."""
    service = flask.Blueprint("service", __name__)
    for method, rule, operation in ROUTES:
        service.add_url_rule(rule, operation, _view(fake, operation), methods=[method])
    return service


def _view(fake: Fake, operation: Operation) -> Any:
    def view(**args: str) -> flask.Response:
        return _answer(fake, wire.request_from(fake, flask.request, operation, args))

    return view


def refused(fake: Fake, error: HTTPException) -> flask.Response:
    """The answer where Flask refuses: no route matches (404, 405), or a bug is outside the core."""
    if isinstance(error, InternalServerError):
        log.error("gesmock crashed over %s %s", flask.request.method, flask.request.path)
        settings = fake.default.settings
        headers = {"X-Request-Id": NO_ENTRY, "X-Gesmock-Crash": "0"}
        return wire.response_to(shapes.refusal(JobQueryFailed(), settings, headers))
    allowed: tuple[str, ...] = ()
    if isinstance(error, MethodNotAllowed):
        allowed = tuple(sorted(error.valid_methods or ()))
    return _answer(fake, wire.request_from(fake, flask.request, None, None, allowed))


def preflight() -> flask.Response:
    """The answer to any OPTIONS of the service; flask-cors adds what a browser asks for."""
    response = flask.Response(status=204, headers={"X-Request-Id": NO_ENTRY})
    del response.headers["Content-Type"]
    return response


def _answer(fake: Fake, request: Request) -> flask.Response:
    reply = handle(fake, request)
    fault = reply.headers.get("X-Gesmock-Fault")
    told = f" {fault}" if fault else ""
    log.info("%s %s %s%s", request.method, quote(request.path), reply.status, told)
    return wire.response_to(reply)
