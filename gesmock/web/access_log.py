"""The log of what was asked and answered, a line each."""

import logging
from urllib.parse import quote

from gesmock.exchange import Reply, Request

log = logging.getLogger("gesmock.service")


def tell(request: Request, reply: Reply) -> None:
    """Log that *request* was answered by *reply*."""
    if log.isEnabledFor(logging.INFO):
        fault = reply.headers.get("X-Gesmock-Fault")
        told = f" {fault}" if fault else ""
        log.info("%s %s %s%s", request.method, quote(request.path), reply.status, told)
