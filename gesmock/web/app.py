"""create_app: the fake as a Flask app, its documents with Swagger UI, the panel and the demo."""

import re
from base64 import b64encode
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, Unpack

import flask
import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from gesmock.fake.fake import Fake
from gesmock.fake.graphs import edition_of
from gesmock.fake.options import StartOptions
from gesmock.web import service
from gesmock.web.control import api
from gesmock.web.control.document import CALLS, served_names
from gesmock.web.gateway import cors
from gesmock.web.guard import CONTROL, DEMO, Guard, is_control, requested_path
from gesmock.web.service import request_headers

SERVICE_DOCUMENT: Final = "/openapi.json"
CONTROL_DOCUMENT: Final = f"{CONTROL}/openapi.json"
BROWSER: Final = "/docs"
PANEL: Final = f"{CONTROL}/"
INDEX: Final = "index.html"

_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""The system's MIME table may have others."""

_SCRIPT: Final = re.compile(b"<script>(.*?)</script>", re.DOTALL)
"""An inline script."""

NOT_INSTALLED: Final = f"""\
To browse the OpenAPI documents here, install Swagger UI: pip install 'gesmock[docs]'
The documents themselves are at {SERVICE_DOCUMENT} and {CONTROL_DOCUMENT}.
"""


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
    app.url_rule_class = api.MatchingRule
    app.extensions["gesmock"] = fake
    # By default, Flask redirects "//" and a missing slash; the service never redirects.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["path"] = api.AnyPath
    if control:
        calls = api.routes(CALLS).bind("")
        # Flask itself would make it a rule for some methods only.
        app.url_map.add(api.MatchingRule(f"{CONTROL}/<path:path>", endpoint="control"))
        app.view_functions["control"] = partial(api.answer, fake, calls)
        app.register_blueprint(_page(PANEL, f"{PANEL}panel/", Path(__file__).with_name("panel")))
    app.register_blueprint(service.blueprint(fake))
    app.register_blueprint(_documents(fake, control=control))
    app.register_blueprint(_demo())

    guard = guard or Guard()

    @app.before_request
    def answer_early() -> BaseResponse | None:
        path = requested_path(flask.request.environ)
        if is_control(path):  # whether or not there is such a call
            return api.guard_answer(guard) if control else None
        if control and path == "/" and _is_browser(flask.request):
            return flask.redirect(PANEL)
        return service.before_routes(fake)

    if control and guard.origins:

        @app.after_request
        def add_cors(response: flask.Response) -> flask.Response:
            if is_control(requested_path(flask.request.environ)):
                response.headers.extend(guard.cors(flask.request.headers.get("Origin")))
            return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> flask.Response:
        if control and is_control(requested_path(flask.request.environ)):
            return api.refuse(error)
        return service.refuse(fake, error)

    return app


def _is_browser(request: flask.Request) -> bool:
    """Whether a browser asks for a page, for which JSON would be no answer."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")


def _page(url: str, files_url: str, folder: Path) -> flask.Blueprint:
    """The page in *folder* at *url*; the files that it loads are below *files_url*."""
    page = flask.Blueprint(folder.name, __name__)

    @page.get(url)
    @page.get(f"{files_url}<name>")
    def file(name: str = "") -> BaseResponse:
        if name == INDEX:  # its links are relative to *url*
            return flask.redirect(url)
        name = name or INDEX
        type_ = _TYPES.get(Path(name).suffix)
        response = flask.send_from_directory(folder, name, mimetype=type_)
        response.headers.extend(_security_headers("default-src 'self'"))
        return response

    return page


def _demo() -> flask.Blueprint:
    """A small application that calls the service like any other client."""
    package = Path(__file__).parents[1]
    installed = package / "demo"  # in a checkout it is beside the package
    folder = installed if installed.is_dir() else package.parent / "demo"
    return _page(f"{DEMO}/", f"{DEMO}/", folder)


def _page_headers(page: flask.Response) -> dict[str, str]:
    """The headers that keep *page* out of frames, and let it load and run only what is its own."""
    scripts = [] if page.is_streamed else _SCRIPT.findall(page.get_data())
    hashes = "".join(f" 'sha256-{b64encode(sha256(text).digest()).decode()}'" for text in scripts)
    return _security_headers(
        f"default-src 'none'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'"
    )


def _security_headers(sources: str) -> dict[str, str]:
    """The headers that keep a page out of frames, and let it load from *sources* only."""
    policy = f"{sources}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _documents(fake: Fake, *, control: bool) -> flask.Blueprint:
    """The document of the service, and pages that show it and, with *control*, the control API's.

    The document follows the current settings, graphs and jobs of the default project. The pages are
    those of the installed Swagger UI, which loads nothing from another site, or say how to install
    it.
    """
    documents = flask.Blueprint("documents", __name__)

    @documents.after_request
    def add_headers(response: flask.Response) -> flask.Response:
        response.headers.update(cors(request_headers(), flask.request.method))
        if flask.request.path != SERVICE_DOCUMENT:
            response.headers.extend(_page_headers(response))
        return response

    @documents.get(SERVICE_DOCUMENT)
    def service() -> flask.Response:
        from gesmock.contract import service_document  # few ask for it

        project = fake.default
        with project.lock:
            settings, signed_in = project.settings, bool(project.tokens)
            editions = {edition_of(project.graphs.get(name), settings) for name in project.graphs}
            names = served_names(project)
        document = service_document(settings, signed_in=signed_in, editions=editions, names=names)
        return flask.Response(msgspec.json.encode(document), content_type="application/json")

    try:
        from flask_swagger_ui import get_swaggerui_blueprint
    except ImportError:

        @documents.get(f"{BROWSER}/")
        def not_installed() -> flask.Response:
            return flask.Response(NOT_INSTALLED, 404, content_type="text/plain; charset=utf-8")

        return documents
    urls = [{"url": SERVICE_DOCUMENT, "name": "the service"}]
    if control:
        urls.append({"url": CONTROL_DOCUMENT, "name": "the control API"})
    config = {"app_name": "gesmock", "urls": urls, "validatorUrl": None}
    documents.register_blueprint(get_swaggerui_blueprint(BROWSER, SERVICE_DOCUMENT, config))
    return documents
