"""The OpenAPI documents, served beside the service: as JSON, and to browse."""

from typing import Final

import flask

from gesmock.fake.fake import Fake
from gesmock.model import replies as shapes
from gesmock.web import paths

SERVICE: Final = "/openapi.json"
CONTROL: Final = f"{paths.CONTROL}/openapi.json"
BROWSER: Final = "/docs"

NOT_INSTALLED: Final = """\
To browse the OpenAPI documents here, Swagger UI has to be installed: pip install 'gesmock[docs]'
The documents themselves are at /openapi.json and /_gesmock/openapi.json.
"""


def blueprint(fake: Fake) -> flask.Blueprint:
    """The document of the service, as the default project's settings read it now."""
    documents = flask.Blueprint("documents", __name__)

    @documents.get(SERVICE)
    def service() -> flask.Response:
        from gesmock.contract import service_document  # few ask for it

        project = fake.default
        document = service_document(project.settings, signed_in=bool(project.tokens))
        return flask.Response(shapes.encode(document), content_type="application/json")

    return documents


def browser(*, control: bool) -> flask.Blueprint:
    """Swagger UI over the documents, if it is installed; else what to install.

    Its assets come from the package, none from another site.
    """
    try:
        from flask_swagger_ui import get_swaggerui_blueprint
    except ImportError:
        return _without()
    urls = [{"url": SERVICE, "name": "the service"}]
    if control:
        urls.append({"url": CONTROL, "name": "the control API"})
    config = {"app_name": "gesmock", "urls": urls, "validatorUrl": None}
    found: flask.Blueprint = get_swaggerui_blueprint(BROWSER, SERVICE, config)
    return found


def _without() -> flask.Blueprint:
    nothing = flask.Blueprint("without_docs", __name__, url_prefix=BROWSER)

    @nothing.get("/")
    def told() -> flask.Response:
        return flask.Response(NOT_INSTALLED, 404, content_type="text/plain; charset=utf-8")

    return nothing
