"""Signing in to the target: the headers that carry a token or an AK/SK signature."""

import time
from typing import Any, Final
from urllib.parse import unquote

from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError
from gesmock.remote.http import Headers
from gesmock.remote.target import Target

_SIGNATURE: Final = ("x-sdk-date", "x-sdk-content-sha256", "x-security-token")
"""What comes with a signature, beside ``Authorization``."""


class NotInstalled(GesmockError):
    """Signing with AK/SK needs an extra that is not installed."""


class Signer:
    """Adds credentials to requests. Raises NotInstalled.

    AK/SK signatures (SDK-HMAC-SHA256) are made by the vendor's SDK.
    """

    def __init__(self, target: Target) -> None:
        self._host, self._sign_in = target.authority, target.sign_in
        self._sdk_signer: Any = None
        if self._sign_in.scheme != "AK/SK":
            return
        try:
            from huaweicloudsdkcore.auth.credentials import BasicCredentials
            from huaweicloudsdkcore.signer.signer import Signer as SdkSigner
        except ImportError:
            raise NotInstalled(
                "signing with AK/SK needs the vendor's SDK: pip install 'gesmock[cloud]'"
            ) from None
        self._sdk_signer = SdkSigner(BasicCredentials(self._sign_in.ak, self._sign_in.sk))

    def signed(self, method: str, url: str, headers: Headers, body: bytes) -> Headers:
        """The *headers* of a request for *url* (path and query, as sent), with credentials.

        A token stays. A signature is replaced, since it was made for another host.
        """
        if self._sign_in.scheme == "none" or any(
            name.lower() == "x-auth-token" for name, _ in headers
        ):
            return headers
        unsigned = [header for header in headers if not self._is_signature(*header)]
        if self._sdk_signer is None:
            return [*unsigned, ("X-Auth-Token", self._sign_in.token)]
        return [*unsigned, *self._signature(method, url, unsigned, body)]

    def _is_signature(self, name: str, value: str) -> bool:
        """Whether a header signs the request, or is where a signature belongs."""
        if name.lower() == "authorization":
            return bool(self._sign_in.ak) or value.startswith("SDK-")
        return name.lower() in _SIGNATURE

    def _signature(self, method: str, url: str, headers: Headers, body: bytes) -> Headers:
        """The headers that sign this request.

        Of *headers*, they cover only ``Content-Type``: others may change on their way, or occur
        twice.
        """
        from huaweicloudsdkcore.sdk_request import SdkRequest

        path, _, query = url.partition("?")
        pairs = [part.partition("=") for part in query.split("&") if part]
        # Without a date, the SDK would call utcnow(), which is deprecated from Python 3.12 on.
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(real_time()))
        covered = {name.title(): value for name, value in headers if name.lower() == "content-type"}
        security_token = self._sign_in.security_token
        request = SdkRequest(
            method=method,
            host=self._host,
            resource_path=path,
            query_params=[(unquote(name), unquote(value)) for name, _, value in pairs],
            header_params={
                "X-Sdk-Date": date,
                **covered,
                **({"X-Security-Token": security_token} if security_token else {}),
            },
            body=body or None,
        )
        signed: dict[str, str] = self._sdk_signer.sign(request).header_params
        return [item for item in signed.items() if item[0] not in ("Host", "Content-Type")]
