"""A client of the target: signs in, keeps to a rate, and asks again if the target is busy."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

from gesmock.model import validation
from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.model.secrets import Secrets
from gesmock.remote.http import SAFE_METHODS, ConnectionPool, HeaderLines
from gesmock.remote.target import Target

NOT_JSON: Final = object()
"""Stands for a body that is not JSON."""

EXCERPT: Final = 200
"""How many characters of a body a message quotes."""

_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
)
_SEARCHED: Final = 100_000  # bytes of a body in which secrets are masked before it is quoted

_WAIT_S: Final = 1.0  # without a usable Retry-After
_LONGEST_WAIT_S: Final = 60.0  # for one answer
_PATIENCE_S: Final = 300.0  # for all answers together
_TRAILER_S: Final = 1.0

_SIGNATURE: Final = ("x-sdk-date", "x-sdk-content-sha256", "x-security-token")
"""The headers of a signature, besides ``Authorization``."""


@dataclass(frozen=True, slots=True)
class ServerReply:
    """The answer to *request* (method, path and query, as sent).

    Header names are lower case. *value* is the body as JSON, or NOT_JSON. ``str`` quotes the
    answer on one line, without the *secrets* of the request.
    """

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    value: Any = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        secrets = Secrets(self.secrets)
        text = secrets.mask(self.body[:_SEARCHED].decode(errors="replace"))
        excerpt = text if len(text) <= EXCERPT else text[:EXCERPT] + "..."
        location = secrets.mask(self.headers.get("location", ""))[:EXCERPT]
        to = f", to {location!r}," if location else ""
        decoded = unquote(self.request)
        masked = secrets.mask(decoded)
        request = self.request if masked == decoded else masked  # its path may contain a secret
        return f"{request} was answered {self.status}{to} {excerpt!r}"

    @property
    def fields(self) -> dict[str, Any]:
        """The body; empty if it is not an object."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def code(self) -> str | None:
        """The errorCode of a refusal in the service's shape; None for any other answer.

        A list may have the keys of a refusal too, left blank (ges_03_0471).
        """
        code, message = self.fields.get("errorCode"), self.fields.get("errorMessage")
        if isinstance(code, str) and isinstance(message, str) and message:
            return code or None
        return None

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def json_error(self) -> str:
        """Where and why the body is not JSON; empty if it is."""
        try:
            validation.parse(self.body)
        except InvalidInput as error:
            return str(error)
        return ""


class Client:
    """Sends requests to *target*, from one thread. Its replies do not show the *secrets*.

    After a 429, or a 503 to a safe method, it waits for ``Retry-After`` and asks again, up to
    *retries* times. Raises Unreachable, NotInstalled, and InvalidInput for a bad certificate file.
    """

    def __init__(
        self, target: Target, sleep: Callable[[float], None] = time.sleep, *, retries: int = 1
    ) -> None:
        self.target = target
        self.secrets = target.sign_in.secrets
        self.requests = 0
        self._sleep = sleep
        self._retries = retries
        self._patience_s = _PATIENCE_S
        self._signer = Signer(target)
        self._next = 0.0
        self._pool = ConnectionPool(target)

    def get(self, path: str, query: str = "", **options: Any) -> ServerReply:
        """``ask`` with GET, for *path* below the graph."""
        return self.ask("GET", self.target.path(path), query, **options)

    def ask(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        body: object = None,
        token: str | None = None,
    ) -> ServerReply:
        """Send a request for *path* and *query*, as they are; *body* is sent as JSON.

        *token* replaces the target's credentials; with an empty one, none are sent.
        """
        content = b"" if body is None else json.dumps(body).encode()
        url = self.target.prefix + path + (f"?{query}" if query else "")
        retries = self._retries
        while True:
            headers: HeaderLines = [*_HEADERS, *([("X-Auth-Token", token)] if token else [])]
            if token is None:
                headers = self._signer.signed(method, url, headers, content)
            self._keep_rate()
            reply = self.send(method, url, content, headers)
            wait_s = _wait_s(reply, method) if retries else None
            if wait_s is None or wait_s > min(_LONGEST_WAIT_S, self._patience_s):
                return reply
            retries -= 1
            self._patience_s -= wait_s
            self._sleep(wait_s)

    def trailer_of_head(self, path: str, query: str) -> bytes:
        """The bytes after the head of the answer to a HEAD of *path*; there should be none.

        The server is asked to close the connection. If it does not, reading ends after a second.
        """
        url = f"{self.target.prefix}{self.target.path(path)}?{query}"
        headers = self._signer.signed("HEAD", url, [*_HEADERS, ("Connection", "close")], b"")
        self._keep_rate()
        deadline = real_time() + self.target.timeout_s
        with closing(self._pool.connect(deadline)) as connection:
            reply = connection.exchange("HEAD", url, headers, None, deadline)
            trailer = reply.head.split(b"\r\n\r\n", reply.heads)[-1]
            until = min(real_time() + _TRAILER_S, deadline)
            with suppress(OSError):
                while block := connection.receive(until):
                    trailer += block
        return trailer

    def send(self, method: str, url: str, content: bytes, headers: HeaderLines) -> ServerReply:
        body = content if content or method not in SAFE_METHODS else None
        answer = self._pool.exchange(method, url, headers, body)
        named = {name.lower(): value for name, value in answer.headers}
        text, request = bytes(answer.body), f"{method} {url}"
        return ServerReply(request, answer.status, named, text, json_value(text), self.secrets)

    def close(self) -> None:
        self._pool.close()

    def _keep_rate(self) -> None:
        self.requests += 1
        if self.target.per_second:
            now = time.monotonic()
            self._sleep(max(self._next - now, 0.0))
            self._next = max(self._next, now) + 1 / self.target.per_second


def _wait_s(reply: ServerReply, method: str) -> float | None:
    """How long to wait before asking again; None to take *reply* as it is.

    A call that may have made a job is repeated only after a 429, with which it has not.
    """
    if reply.status != 429 and not (reply.status == 503 and method in SAFE_METHODS):
        return None
    after = reply.headers.get("retry-after", "").strip()
    if after.isascii() and after.isdecimal():
        return float(after[:10])
    try:
        until = parsedate_to_datetime(after).timestamp()
        return max(until - parsedate_to_datetime(reply.headers["date"]).timestamp(), 0.0)
    except (ValueError, KeyError, OverflowError):
        return _WAIT_S


def json_value(body: bytes) -> Any:
    """*body* as JSON (UTF-8 and without NaN: RFC 8259), or NOT_JSON."""
    try:
        return msgspec.json.decode(body)
    except validation.REFUSED:
        return NOT_JSON


def quoted(text: str) -> str:
    """*text* as one segment of a path."""
    return quote(text, safe="")


# --- Signing in ---------------------------------------------------------------------------------


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

    def signed(self, method: str, url: str, headers: HeaderLines, body: bytes) -> HeaderLines:
        """The *headers* of a request for *url* (path and query, as sent), with credentials.

        A token among them stays. A signature is replaced, since it was made for another host.
        """
        has_token = any(name.lower() == "x-auth-token" for name, _ in headers)
        if has_token or self._sign_in.scheme == "none":
            return headers
        unsigned = [header for header in headers if not self._is_signature(*header)]
        if self._sdk_signer is None:
            return [*unsigned, ("X-Auth-Token", self._sign_in.token)]
        return [*unsigned, *self._signature(method, url, unsigned, body)]

    def _is_signature(self, name: str, value: str) -> bool:
        """Whether a header is part of a signature, or ours will replace it."""
        if name.lower() == "authorization":
            return bool(self._sign_in.ak) or value.startswith("SDK-")
        return name.lower() in _SIGNATURE

    def _signature(self, method: str, url: str, headers: HeaderLines, body: bytes) -> HeaderLines:
        from huaweicloudsdkcore.sdk_request import SdkRequest

        path, _, query = url.partition("?")
        pairs = [part.partition("=") for part in query.split("&") if part]
        # Without a date, the SDK would call utcnow(), which is deprecated from Python 3.12 on.
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(real_time()))
        # No other header is covered: it may change on its way, or occur twice.
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
