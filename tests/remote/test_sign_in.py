"""Requests are signed in with the headers that the vendor documents."""

import hashlib
import hmac
import sys
from datetime import UTC, datetime

import pytest

from gesmock.model.errors import GesmockError
from gesmock.remote import sign_in
from gesmock.remote.sign_in import Signer
from gesmock.remote.target import SignIn, Target

TOKEN = SignIn("secret-token")
KEYS = SignIn("", "AK", "SK", "temporary")
SIGNED = [
    ("Authorization", "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=b"),
    ("x-sdk-date", "20200101T000000Z"),
    ("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"),
    ("X-Security-Token", "theirs"),
]
OURS = ["Authorization: SDK-HMAC", "X-Sdk-Date: 2", "X-Security-Token: temporary"]


def signer(who: SignIn) -> Signer:
    return Signer(Target.of("http://10.0.0.7", "p", "g", sign_in=who))


@pytest.mark.parametrize(
    ("who", "headers", "sent"),
    [
        (SignIn(), SIGNED, [f"{name}: {value}" for name, value in SIGNED]),
        (SignIn(), [], []),
        (TOKEN, [], ["X-Auth-Token: secret-token"]),
        (TOKEN, SIGNED, ["X-Auth-Token: secret-token"]),
        (TOKEN, [("Authorization", "Basic YTpi")], ["Authorization: Basic YTpi", "X-Auth-Token"]),
        (TOKEN, [("x-auth-token", "theirs")], ["x-auth-token: theirs"]),
        (KEYS, [("x-auth-token", "theirs")], ["x-auth-token: theirs"]),
        (KEYS, [], OURS),
        (KEYS, SIGNED, OURS),
        (KEYS, [("authorization", "Basic YTpi")], OURS),
    ],
)
def test_a_request_without_a_token_is_signed_in(
    who: SignIn, headers: list[tuple[str, str]], sent: list[str]
) -> None:
    signed = signer(who).signed("GET", "/a", headers, b"")

    texts = sorted(f"{name}: {value}" for name, value in signed)
    assert len(texts) == len(sent)
    assert all(text.startswith(start) for text, start in zip(texts, sorted(sent), strict=True))


# --- Signatures ---------------------------------------------------------------------------------


def signature(path: str, query: str, content_type: str, payload: str) -> str:
    """The signature of a POST to 10.0.0.7, calculated as the API signing guide describes it."""
    headers = {"content-type": content_type, "host": "10.0.0.7", "x-sdk-date": "20260101T000000Z"}
    if payload == "UNSIGNED-PAYLOAD":
        headers["x-sdk-content-sha256"] = payload
    names = sorted(headers)
    lines = [f"{name}:{headers[name]}" for name in names]
    canonical = "\n".join(["POST", path, query, *lines, "", ";".join(names), payload])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"SDK-HMAC-SHA256\n20260101T000000Z\n{digest}"
    signature = hmac.new(b"SK", to_sign.encode(), "sha256").hexdigest()
    return f"SDK-HMAC-SHA256 Access=AK, SignedHeaders={';'.join(names)}, Signature={signature}"


@pytest.mark.parametrize(
    ("url", "body", "content_type", "covered"),
    [
        ("/ges?offset=2&limit=1", b"", "application/json", ("/ges/", "limit=1&offset=2")),
        ("/a%20b/%C3%A9/", b"{}", "application/json", ("/a%20b/%C3%A9/", "")),
        ("/a//b?k=2&k=1&&e", b"{}", "application/json", ("/a//b/", "e=&k=1&k=2")),
        ("/a?k=%2F~&k=%41", b"\xff", "application/json", ("/a/", "k=%2F~&k=A")),
        ("/a", b"\xff", "text/plain", ("/a/", "")),
    ],
)
def test_the_signature_is_the_documented_one(
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    body: bytes,
    content_type: str,
    covered: tuple[str, str],
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    monkeypatch.setattr(sign_in, "real_time", lambda: now)
    headers = [("content-type", content_type), ("accept", "*/*")]

    signed = dict(signer(SignIn("", "AK", "SK")).signed("POST", url, headers, body))

    is_json = content_type == "application/json"
    payload = hashlib.sha256(body).hexdigest() if is_json else "UNSIGNED-PAYLOAD"
    assert signed["Authorization"] == signature(*covered, content_type, payload)
    assert signed.keys() == {"content-type", "accept", "Authorization", "X-Sdk-Date"} | (
        set() if is_json else {"X-Sdk-Content-Sha256"}
    )


def test_aksk_needs_the_vendors_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huaweicloudsdkcore.auth.credentials", None)

    with pytest.raises(GesmockError, match=r"pip install 'gesmock\[cloud\]'"):
        signer(SignIn("", "a", "s"))
