"""What a request carries, so that the target knows who asks."""

from typing import Any, Final, Protocol
from urllib.parse import unquote

from gesmock.conformance.target import SignIn
from gesmock.errors import GesmockError

_SIGNED: Final = ("Content-Type", "X-Sdk-Date")
"""What is signed beside the host: no more, for others may change on their way, or stand twice."""


class NotInstalled(GesmockError):
    """What is wanted needs an extra that is not installed."""


class Signer(Protocol):
    """Knows who asks."""

    def headers(
        self, method: str, host: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> dict[str, str]:
        """The headers that say so, for this request.

        *path* and *query* are as they are sent; *host* is what ``Host`` says.
        """


def signer(sign_in: SignIn) -> Signer:
    """The signer of *sign_in*. Raises NotInstalled."""
    if sign_in.ak:
        return _Signed(sign_in)
    return _Token(sign_in.token)


class _Token:
    def __init__(self, token: str) -> None:
        self._headers = {"X-Auth-Token": token} if token else {}

    def headers(self, *_: object) -> dict[str, str]:
        return self._headers


class _Signed:
    """Signs as the vendor's SDK does (SDK-HMAC-SHA256), by the vendor's code."""

    def __init__(self, sign_in: SignIn) -> None:
        try:
            from huaweicloudsdkcore.auth.credentials import BasicCredentials
            from huaweicloudsdkcore.signer.signer import Signer as SdkSigner
        except ImportError:
            raise NotInstalled(
                "to sign with AK/SK, the vendor's SDK is wanted: pip install 'gesmock[cloud]'"
            ) from None
        self._security_token = sign_in.security_token
        self._signer = SdkSigner(BasicCredentials(sign_in.ak, sign_in.sk))

    def headers(
        self, method: str, host: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> dict[str, str]:
        from huaweicloudsdkcore.sdk_request import SdkRequest

        added: dict[str, str] = {}
        if self._security_token:
            added["X-Security-Token"] = self._security_token
        given = {name.title(): value for name, value in headers.items()}
        signed: dict[str, str] = {name: given[name] for name in _SIGNED if name in given}
        request = SdkRequest(
            method=method,
            host=host,
            resource_path=path,
            query_params=[_pair(part) for part in query.split("&") if part],
            header_params={**signed, **added},
            body=body or None,
        )
        made: dict[str, Any] = self._signer.sign(request).header_params
        return {name: value for name, value in made.items() if name not in ("Host", "Content-Type")}


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return unquote(name), unquote(value)
