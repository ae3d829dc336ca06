"""Redaction removes secrets from an exchange, wherever they are."""

import json
from typing import Any

import pytest

from gesmock.journal.redaction import Redaction, secrets_of
from gesmock.model.messages import Request


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [
        ({"x-auth-token": "t0k3n"}, {"t0k3n"}),
        ({"x-subject-token": "a", "accept": "*/*"}, {"a"}),
        ({"authorization": "Bearer abc.d_e=="}, {"Bearer abc.d_e==", "abc.d_e=="}),
        (
            {
                "authorization": "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, "
                "Signature=00ff"
            },
            {
                "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=00ff",
                "AK",
                "00ff",
            },
        ),
        ({"cookie": 'a=1; session="s"'}, {'a=1; session="s"', "1", "s"}),
        ({"x-api-key": "k", "apikey": "l"}, {"k", "l"}),
        ({"x-sdk-date": "d", "user-agent": "u", "content-type": "c"}, set()),
    ],
)
def test_headers_hold_secrets_under_known_names(headers: dict[str, str], secrets: set[str]) -> None:
    assert secrets_of(headers) == secrets


def redacted(body: Any = None, secrets: tuple[str, ...] = (), **fields: Any) -> Request:
    text = {} if body is None else json.dumps(body, separators=(",", ":")).encode()
    request = Request(
        **{"operation": None, "method": "GET", "path": "/", "epoch": 1, "body": text, **fields}
    )
    return Redaction(secrets).request(request)


def test_known_secrets_are_removed_everywhere() -> None:
    clean = redacted(
        {"name": "a s3cr3t!", "s3cr3t": 1, "number": 3},
        ("s3cr3t", "s3cr3t!"),
        path="/ges/s3cr3t",
        args={"graph_name": "s3cr3t"},
        query={"q": "s3cr3t", "s3cr3t": ""},
        headers={"x-mine": "is s3cr3t!"},
    )

    assert clean.path == "/ges/***"
    assert clean.args == {"graph_name": "***"}
    assert clean.query == {"q": "***", "***": ""}
    assert clean.headers == {"x-mine": "is ***"}
    assert json.loads(clean.body) == {"name": "a ***", "***": 1, "number": 3}


def test_values_with_secret_names_are_removed() -> None:
    clean = redacted(
        {"user": {"password": 'p"w'}, "userToken": "t", "token_type": 3, "name": "n"},
        query={"signature": "s", "ak": "a", "limit": "1"},
        headers={"x-auth-token": "masked by the entry"},
    )

    assert clean.query == {"signature": "***", "ak": "***", "limit": "1"}
    assert clean.headers == {"x-auth-token": "masked by the entry"}
    assert json.loads(clean.body) == {
        "user": {"password": "***"},
        "userToken": "***",
        "token_type": "***",
        "name": "n",
    }


def test_secrets_within_texts_are_removed() -> None:
    clean = redacted(
        {
            "tokens": ["s"],
            "password": {"value": "s"},
            "secretNumber": 918273,
            "inner": json.dumps({"password": "s", "a": 1}),
        },
        query={"back": "http://h/?a=1&token=s"},
        headers={"referer": "http://h/?token=s", "location": "/a?back=%2F%3Fpassword%3Ds"},
        path="/token=s/jobs",
    )

    assert json.loads(clean.body) == {
        **dict.fromkeys(("tokens", "password", "secretNumber"), "***"),
        "inner": '{"password":"***","a":1}',
    }
    assert clean.query == {"back": "http://h/?a=1&token=***"}
    assert clean.headers == {
        "referer": "http://h/?token=***",
        "location": "/a?back=%2F%3Fpassword%3D***",
    }
    assert clean.path == "/token=***"


def test_redacting_a_number_leaves_valid_json() -> None:
    clean = redacted({"a": 123456, "b": "123456"}, ("123456",))

    assert json.loads(clean.body) == {"a": 123456, "b": "***"}


def test_short_values_are_not_secrets() -> None:
    assert redacted(None, ("", "movie"), path="/movie").path == "/movie"


def test_a_missing_body_stays_missing() -> None:
    assert redacted().body == {}
