"""The TLS context of a server, from its certificate's files."""

import ssl

from gesmock.model.errors import InvalidInput


def tls_context(cert: str, key: str | None = None) -> ssl.SSLContext:
    """A context with the certificate chain in the PEM file *cert*.

    Its key is in the file *key*, by default also in *cert*, and has no password. Raises
    InvalidInput.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, password="")
    except OSError as error:
        files = cert if key is None else f"{cert}, {key}"
        reason = error.strerror
        if isinstance(error, ssl.SSLError):
            reason = "no certificate with its key, both in PEM without a password"
        raise InvalidInput.at("", f"{files}: {reason}") from None
    return context
