"""Signing in to the target: by token or by AK/SK, and the headers that do it."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import unquote

from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError, InvalidInput

UNSENDABLE: Final = re.compile(r"[^!-~]")
"""A header can carry visible ASCII as it is, at its ends too."""

_VARIABLES: Final = {
    "token": "GESMOCK_TARGET_TOKEN",
    "ak": "HUAWEICLOUD_SDK_AK",
    "sk": "HUAWEICLOUD_SDK_SK",
    "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
}
"""The environment variable of each credential."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Credentials: a *token*, a key pair *ak* and *sk*, or nothing for anonymous requests.

    A temporary key pair has a *security_token* too. Raises InvalidInput, without showing the
    value, where a header cannot carry it.
    """

    token: str = field(default="", repr=False)
    ak: str = ""
    sk: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, variable in _VARIABLES.items():
            value = getattr(self, name)
            if match := UNSENDABLE.search(value):
                position = f"character {match.start() + 1} of {len(value)}"
                why = f"{position} is a space, a line break, or not visible ASCII"
                raise InvalidInput.at(variable, why)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "SignIn":
        """The credentials in *environment*; a token takes precedence. Raises InvalidInput."""
        values = {name: environment.get(variable, "") for name, variable in _VARIABLES.items()}
        if values["token"]:
            return cls(values["token"])
        for name, other in (("ak", "sk"), ("sk", "ak")):
            if values[other] and not values[name]:
                raise InvalidInput.at(_VARIABLES[name], f"is required with {_VARIABLES[other]}")
        return cls(**values)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.token, self.ak, self.sk, self.security_token)))

    @property
    def scheme(self) -> Literal["token", "AK/SK", "none"]:
        return "token" if self.token else "AK/SK" if self.ak else "none"


ANONYMOUS: Final = SignIn()


class NotInstalled(GesmockError):
    """Signing with AK/SK needs an extra that is not installed."""


class Signer:
    """Makes the headers that sign a request in. Raises NotInstalled.

    AK/SK signatures (SDK-HMAC-SHA256) are made by the vendor's SDK.
    """

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._sdk_signer: Any = None
        if sign_in.scheme != "AK/SK":
            return
        try:
            from huaweicloudsdkcore.auth.credentials import BasicCredentials
            from huaweicloudsdkcore.signer.signer import Signer as SdkSigner
        except ImportError:
            raise NotInstalled(
                "signing with AK/SK needs the vendor's SDK: pip install 'gesmock[cloud]'"
            ) from None
        self._sdk_signer = SdkSigner(BasicCredentials(sign_in.ak, sign_in.sk))

    def headers(
        self, method: str, host: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> dict[str, str]:
        """The headers to add to this request: *path* and *query* as sent, *host* as in ``Host``.

        Of *headers*, a signature covers only ``Content-Type`` and ``X-Sdk-Date``: others may
        change on their way, or occur twice.
        """
        if self._sdk_signer is None:
            return {"X-Auth-Token": self._sign_in.token} if self._sign_in.token else {}
        from huaweicloudsdkcore.sdk_request import SdkRequest

        titled = {name.title(): value for name, value in headers.items()}
        # Without a date, the SDK would call utcnow(), which is deprecated from Python 3.12 on.
        signed = {"X-Sdk-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(real_time()))}
        signed |= {name: titled[name] for name in ("X-Sdk-Date", "Content-Type") if name in titled}
        if self._sign_in.security_token:
            signed["X-Security-Token"] = self._sign_in.security_token
        pairs = [part.partition("=") for part in query.split("&") if part]
        request = SdkRequest(
            method=method,
            host=host,
            resource_path=path,
            query_params=[(unquote(name), unquote(value)) for name, _, value in pairs],
            header_params=signed,
            body=body or None,
        )
        result: dict[str, str] = self._sdk_signer.sign(request).header_params
        return {name: result[name] for name in result if name not in ("Host", "Content-Type")}
