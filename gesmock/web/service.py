"""The service's routes: which method and path means which operation."""

import logging
from typing import Any, Final

import flask
from werkzeug.exceptions import MethodNotAllowed

from gesmock.exchange import Operation, Request
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


def unmatched(fake: Fake, error: Exception) -> flask.Response:
    """The answer where no route matches (404), or where the path has other methods (405)."""
    allowed: tuple[str, ...] = ()
    if isinstance(error, MethodNotAllowed):
        allowed = tuple(sorted(error.valid_methods or ()))
    return _answer(fake, wire.request_from(fake, flask.request, None, None, allowed))


def preflight() -> flask.Response:
    """The answer to any OPTIONS of the service; flask-cors adds what a browser asks for."""
    response = flask.Response(status=204)
    del response.headers["Content-Type"]
    return response


def _answer(fake: Fake, request: Request) -> flask.Response:
    reply = handle(fake, request)
    fault = reply.headers.get("X-Gesmock-Fault", "")
    log.info("%s %s %s %s", request.method, request.path, reply.status, fault)
    return wire.response_to(reply)
