"""Signing in to the target: by token or by AK/SK, and the headers that do it."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import unquote

from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError, InvalidInput

TOKEN: Final = "GESMOCK_TARGET_TOKEN"  # noqa: S105 a variable's name
AK: Final = "HUAWEICLOUD_SDK_AK"
SK: Final = "HUAWEICLOUD_SDK_SK"
SECURITY_TOKEN: Final = "HUAWEICLOUD_SDK_SECURITY_TOKEN"  # noqa: S105 a variable's name

UNSENDABLE: Final = re.compile(r"[^!-~]")
"""A header can carry visible ASCII as it is, at its ends too."""


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
        named = ((TOKEN, self.token), (AK, self.ak), (SK, self.sk))
        for name, value in (*named, (SECURITY_TOKEN, self.security_token)):
            match = UNSENDABLE.search(value)
            if match is not None:
                position = f"character {match.start() + 1} of {len(value)}"
                why = f"{position} is a space, a line break, or not visible ASCII"
                raise InvalidInput.at(name, why)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "SignIn":
        """The credentials in *environment*; a token takes precedence. Raises InvalidInput."""
        token = environment.get(TOKEN, "")
        if token:
            return cls(token)
        ak, sk = environment.get(AK, ""), environment.get(SK, "")
        if bool(ak) != bool(sk):
            raise InvalidInput.at(SK if ak else AK, f"is required with {AK if ak else SK}")
        return cls("", ak, sk, environment.get(SECURITY_TOKEN, ""))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return tuple(filter(None, (self.token, self.ak, self.sk, self.security_token)))

    @property
    def scheme(self) -> Literal["token", "AK/SK", "none"]:
        """What requests are signed in with."""
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
        self._sdk_signer = _sdk_signer(sign_in) if sign_in.ak else None

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
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(real_time()))
        token = self._sign_in.security_token
        signed = {"X-Security-Token": token} if token else {}
        signed["X-Sdk-Date"] = titled.get("X-Sdk-Date", now)
        if "Content-Type" in titled:
            signed["Content-Type"] = titled["Content-Type"]
        request = SdkRequest(
            method=method,
            host=host,
            resource_path=path,
            query_params=[_pair(part) for part in query.split("&") if part],
            header_params=signed,
            body=body or None,
        )
        result: dict[str, str] = self._sdk_signer.sign(request).header_params
        return {
            name: value for name, value in result.items() if name not in ("Host", "Content-Type")
        }


def _sdk_signer(sign_in: SignIn) -> Any:
    try:
        from huaweicloudsdkcore.auth.credentials import BasicCredentials
        from huaweicloudsdkcore.signer.signer import Signer as SdkSigner
    except ImportError:
        raise NotInstalled(
            "signing with AK/SK needs the vendor's SDK: pip install 'gesmock[cloud]'"
        ) from None
    return SdkSigner(BasicCredentials(sign_in.ak, sign_in.sk))


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return unquote(name), unquote(value)
