"""Pages beside the service: its OpenAPI document, and Swagger UI over both documents."""

from typing import Final

import flask
import msgspec

from gesmock.fake.fake import Fake
from gesmock.web.gateway import CORS
from gesmock.web.guard import CONTROL

SERVICE_DOCUMENT: Final = "/openapi.json"
CONTROL_DOCUMENT: Final = f"{CONTROL}/openapi.json"
BROWSER: Final = "/docs"

NOT_INSTALLED: Final = f"""\
To browse the OpenAPI documents here, install Swagger UI: pip install 'gesmock[docs]'
The documents themselves are at {SERVICE_DOCUMENT} and {CONTROL_DOCUMENT}.
"""


def blueprint(fake: Fake, *, control: bool) -> flask.Blueprint:
    """The document of the service, and pages that show it and, with *control*, the control API's.

    The document is by the present settings of the default project. The pages are those of the
    installed Swagger UI, which loads nothing from another site, or say how to install it.
    """
    documents = flask.Blueprint("documents", __name__)

    @documents.after_request
    def finished(response: flask.Response) -> flask.Response:
        response.headers.extend(CORS)
        return response

    @documents.get(SERVICE_DOCUMENT)
    def service() -> flask.Response:
        from gesmock.contract import service_document  # few ask for it

        project = fake.default
        document = service_document(project.settings, signed_in=bool(project.tokens))
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
