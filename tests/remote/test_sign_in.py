"""Who asks the target: as the environment says, in headers that the vendor's guide documents."""

import hashlib
import hmac
import sys

import pytest

from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.remote.sign_in import Signer, SignIn


def test_the_environment_says_who_asks() -> None:
    keys = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}

    assert SignIn.of({}).scheme == "none"
    assert SignIn.of(keys).scheme == "AK/SK"
    assert SignIn.of({**keys, "GESMOCK_TARGET_TOKEN": "t"}).scheme == "token"
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_SK: is required with"):
        SignIn.of({"HUAWEICLOUD_SDK_AK": "a"})
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_AK: is required with"):
        SignIn.of({"HUAWEICLOUD_SDK_SK": "s"})


def test_secrets_are_not_shown() -> None:
    shown = repr(SignIn("token", "ak", "sk", "temporary"))

    assert shown == "SignIn(ak='ak')"


@pytest.mark.parametrize(
    "spoiled", ["s3cr3t\n", " s3cr3t", "s3\u200bcr3t", "s3cr3t\x7f", "s3\u00e9cr3t", "s3 cr3t"]
)
@pytest.mark.parametrize(
    "name",
    [
        "GESMOCK_TARGET_TOKEN",
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    ],
)
def test_what_could_not_be_sent_is_refused_and_not_shown(name: str, spoiled: str) -> None:
    keys = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}

    with pytest.raises(InvalidInput) as error:
        SignIn.of({**keys, name: spoiled})

    assert str(error.value).startswith(f"{name}: character ")
    assert "cr3t" not in str(error.value)


# --- Signatures ---------------------------------------------------------------------------------


def signature(path: str, query: str, kind: str, payload: str) -> str:
    """What is signed of a POST to 10.0.0.7, as the API signing guide says; its signature."""
    named = {"content-type": kind, "host": "10.0.0.7", "x-sdk-date": "20260101T000000Z"}
    if payload == "UNSIGNED-PAYLOAD":
        named["x-sdk-content-sha256"] = payload
    names = sorted(named)
    lines = [f"{name}:{named[name]}" for name in names]
    canonical = "\n".join(["POST", path, query, *lines, "", ";".join(names), payload])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"SDK-HMAC-SHA256\n20260101T000000Z\n{digest}"
    found = hmac.new(b"SK", to_sign.encode(), "sha256").hexdigest()
    return f"SDK-HMAC-SHA256 Access=AK, SignedHeaders={';'.join(names)}, Signature={found}"


@pytest.mark.parametrize(
    ("path", "query", "body", "kind", "signed"),
    [
        ("/ges", "offset=2&limit=1", b"", "application/json", ("/ges/", "limit=1&offset=2")),
        ("/a%20b/%C3%A9/", "", b"{}", "application/json", ("/a%20b/%C3%A9/", "")),
        ("/a//b", "k=2&k=1&&e", b"{}", "application/json", ("/a//b/", "e=&k=1&k=2")),
        ("/a", "k=%2F~&k=%41", b"\xff", "application/json", ("/a/", "k=%2F~&k=A")),
        ("/a", "", b"\xff", "text/plain", ("/a/", "")),
    ],
)
def test_the_signature_is_the_documented_one(
    path: str, query: str, body: bytes, kind: str, signed: tuple[str, str]
) -> None:
    given = {"content-type": kind, "x-sdk-date": "20260101T000000Z", "accept": "*/*"}

    signer = Signer(SignIn("", "AK", "SK"))
    headers = signer.headers("POST", "10.0.0.7", path, query, given, body)

    plain = kind == "application/json"
    payload = hashlib.sha256(body).hexdigest() if plain else "UNSIGNED-PAYLOAD"
    assert headers["Authorization"] == signature(*signed, kind, payload)
    assert headers.keys() == {"Authorization", "X-Sdk-Date"} | (
        set() if plain else {"X-Sdk-Content-Sha256"}
    )


def test_without_the_vendors_sdk_what_to_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huaweicloudsdkcore.auth.credentials", None)

    with pytest.raises(GesmockError, match=r"pip install 'gesmock\[cloud\]'"):
        Signer(SignIn("", "a", "s"))
