"""create_app: the fake as a Flask app."""

from typing import Unpack

import flask
from werkzeug.exceptions import HTTPException

from gesmock.fake.fake import Fake
from gesmock.fake.options import StartOptions
from gesmock.web import documents, service
from gesmock.web.control import api
from gesmock.web.control.document import CALLS
from gesmock.web.guard import Guard, is_control


def create_app(
    fake: Fake | None = None,
    *,
    control: bool = True,
    guard: Guard | None = None,
    **options: Unpack[StartOptions],
) -> flask.Flask:
    """The fake as a Flask app, for tests without a socket and for other WSGI servers.

    Serves *fake*, or a new one that begins with *options* (see ``StartOptions``); either is
    ``app.extensions["gesmock"]``. Without *control* there is no control API; *guard* says who may
    reach it (default: callers on this machine).
    """
    if fake is None:
        fake = Fake(options)
    elif options:
        raise TypeError(f"an existing fake takes no start options ({', '.join(options)})")
    app = flask.Flask("gesmock", static_folder=None)
    app.extensions["gesmock"] = fake
    # As Flask comes, it redirects "//" and a missing slash; the service never redirects.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    if control:
        app.register_blueprint(api.blueprint(fake, CALLS))
    app.register_blueprint(service.blueprint(fake))
    app.register_blueprint(documents.blueprint(fake, control=control))

    guard = guard or Guard()

    @app.before_request
    def first() -> flask.Response | None:
        if is_control(flask.request.path):  # whether or not there is such a call
            return api.refused(guard) if control else None
        return service.preflight()

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> flask.Response:
        if control and is_control(flask.request.path):
            return api.failed(error)
        return service.refused(fake, error)

    return app
