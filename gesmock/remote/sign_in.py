"""The sign-in: who asks the target, and what a request carries that says so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import unquote

from gesmock.model.errors import GesmockError, InvalidInput

TOKEN: Final = "GESMOCK_TARGET_TOKEN"  # noqa: S105 a variable's name
AK: Final = "HUAWEICLOUD_SDK_AK"
SK: Final = "HUAWEICLOUD_SDK_SK"
SECURITY_TOKEN: Final = "HUAWEICLOUD_SDK_SECURITY_TOKEN"  # noqa: S105 a variable's name

UNSENDABLE: Final = re.compile(r"[^!-~]")
"""Of visible ASCII only, a value can stand in a header as it is, at its ends too."""

_SIGNED: Final = ("Content-Type", "X-Sdk-Date")
"""What is signed beside the host: no more, for others may change on their way, or stand twice."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who asks: by a *token*, or by the key pair *ak* and *sk*; by neither, nobody in particular.

    A temporary key pair has a *security_token* too. Raises InvalidInput, which does not show it,
    where one of them could not be sent.
    """

    token: str = field(default="", repr=False)
    ak: str = ""
    sk: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        named = ((TOKEN, self.token), (AK, self.ak), (SK, self.sk))
        for name, value in (*named, (SECURITY_TOKEN, self.security_token)):
            found = UNSENDABLE.search(value)
            if found is not None:
                place = f"character {found.start() + 1} of {len(value)}"
                raise InvalidInput.at(
                    name, f"{place} is a space, a line break, or no visible ASCII"
                )

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "SignIn":
        """Who the *environment* says asks; a token wins. Raises InvalidInput."""
        token = environment.get(TOKEN, "")
        if token:
            return cls(token)
        ak, sk = environment.get(AK, ""), environment.get(SK, "")
        if bool(ak) != bool(sk):
            raise InvalidInput.at(SK if ak else AK, f"is wanted beside {AK if ak else SK}")
        return cls("", ak, sk, environment.get(SECURITY_TOKEN, ""))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody is to be shown."""
        return tuple(filter(None, (self.token, self.ak, self.sk, self.security_token)))

    @property
    def how(self) -> str:
        """How it is done, in a word."""
        return "token" if self.token else "AK/SK" if self.ak else "none"


NOT_SIGNED_IN: Final = SignIn()


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
