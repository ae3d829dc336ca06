"""Pages beside the service: its OpenAPI document, and Swagger UI over both documents."""

from typing import Final

import flask

from gesmock.fake.fake import Fake
from gesmock.model import replies
from gesmock.web.guard import CONTROL

SERVICE_DOCUMENT: Final = "/openapi.json"
CONTROL_DOCUMENT: Final = f"{CONTROL}/openapi.json"
BROWSER: Final = "/docs"

NOT_INSTALLED: Final = f"""\
To browse the OpenAPI documents here, install Swagger UI: pip install 'gesmock[docs]'
The documents themselves are at {SERVICE_DOCUMENT} and {CONTROL_DOCUMENT}.
"""


def blueprint(fake: Fake) -> flask.Blueprint:
    """The document of the service, by the present settings of the default project."""
    documents = flask.Blueprint("documents", __name__)

    @documents.get(SERVICE_DOCUMENT)
    def service() -> flask.Response:
        from gesmock.contract import service_document  # few ask for it

        project = fake.default
        document = service_document(project.settings, signed_in=bool(project.tokens))
        return flask.Response(replies.encode(document), content_type="application/json")

    return documents


def browser(*, control: bool) -> flask.Blueprint:
    """Swagger UI over the documents, from the installed package; else a page on how to install it.

    Nothing is loaded from another site.
    """
    try:
        from flask_swagger_ui import get_swaggerui_blueprint
    except ImportError:
        return _not_installed()
    urls = [{"url": SERVICE_DOCUMENT, "name": "the service"}]
    if control:
        urls.append({"url": CONTROL_DOCUMENT, "name": "the control API"})
    config = {"app_name": "gesmock", "urls": urls, "validatorUrl": None}
    pages: flask.Blueprint = get_swaggerui_blueprint(BROWSER, SERVICE_DOCUMENT, config)
    return pages


def _not_installed() -> flask.Blueprint:
    pages = flask.Blueprint("no_documents", __name__, url_prefix=BROWSER)

    @pages.get("/")
    def not_installed() -> flask.Response:
        return flask.Response(NOT_INSTALLED, 404, content_type="text/plain; charset=utf-8")

    return pages
