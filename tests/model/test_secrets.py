"""Secrets are masked by name and by value, plain or escaped."""

import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesmock.model.secrets import Secrets, is_secret, is_storage_key, secrets_in

TOKEN = "MIIF/abc+def=="
NAMELESS = Secrets()

SECRETS = """
token X-Auth-Token userToken USER_TOKEN usertoken tokens token2 token_type xauthtoken idtoken t%6Fken
t%256Fken ｔｏｋｅｎ user[token] myoldtoken accesstokensecret password passwords dbpassword passwd pwd
passphrase passphrases userPass user_credentials Cookie JSESSIONID sessionId Signature sig otp pin jwt userJWTs OTPs PINs
x-auth proxy-authorization authorizationheader api_key API-Key apikeys therapikey private_key
privateRsaKey user-ak
"""
HARMLESS = """
skin task taskType limit edgesetPath graphName offline compass key sort_key hotkey monkey passenger
author signal unsigned spinning tokenizer secretary obsession aks api_version Sec-WebSocket-Key
"""


@pytest.mark.parametrize(
    "name", ["accessKey", "secret_key", "AK", "s-k", "obsParameters", "security.token", "ｓｋ"]
)
def test_storage_keys_are_secrets(name: str) -> None:
    assert is_storage_key(name)
    assert is_secret(name)


@pytest.mark.parametrize("name", [*SECRETS.split(), f"Token{300 * '_x'}"])
def test_other_secrets_are_not_storage_keys(name: str) -> None:
    assert is_secret(name)
    assert not is_storage_key(name)


@pytest.mark.parametrize("name", ["", *HARMLESS.split()])
def test_other_names_are_not_secrets(name: str) -> None:
    assert not is_secret(name)


def test_no_long_name_is_remembered() -> None:
    names = [f"{number}{'x' * 2**20}" for number in range(20)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(len(names)):
            assert not is_secret(names[number])
            assert not is_storage_key(names[number])
            names[number] = ""
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert grown < 2**20


def wholly(form: Callable[[int], str]) -> Callable[[str], str]:
    return lambda text: "".join(form(ord(char)) for char in text)


def json_text(text: str) -> str:
    return json.dumps(text)[1:-1]


WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": json_text,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "PHP's JSON": lambda text: json_text(text).replace("/", "\\/"),
    "Gson's JSON": lambda text: "".join(
        f"\\u{ord(char):04x}" if char in "=+<>&'" else char for char in json_text(text)
    ),
    "a URL": lambda text: quote(text, safe=""),
    "a path": quote,
    "a URL in lower case": wholly(
        lambda code: (
            chr(code) if chr(code).isalnum() and code < 128 else quote(chr(code), "").lower()
        )
    ),
    "a form": lambda text: urlencode({"": text})[1:],
}


@pytest.mark.parametrize("written", WRITTEN)
def test_a_known_secret_is_masked_however_it_is_written(written: str) -> None:
    secret = f"two words {TOKEN}"
    text = f"before {WRITTEN[written](secret)} behind"

    assert Secrets((secret,)).mask(text) == "before *** behind"


@given(
    secret=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\%*"), min_size=4
    ),
    written=st.sampled_from([*WRITTEN]),
    around=st.sampled_from(["", "%41", "\\u0041", "&amp;", "a", " "]),
)
def test_a_known_secret_is_masked_next_to_escapes(secret: str, written: str, around: str) -> None:
    text = WRITTEN[written](secret)

    assert Secrets((secret,)).mask(f"<{around}{text}{around}>") == f"<{around}***{around}>"


def test_a_secret_that_is_escaped_twice_is_not_masked() -> None:
    text = json_text(json_text('a"bcd'))

    assert Secrets(('a"bcd',)).mask(text) == text


@pytest.mark.parametrize(
    "secret",
    ["a%3Db!", "%" + 20 * "25" + "41bc", "a\\u003d\\/b", "a\\\\b", "tab\tand\nline"],
)
@pytest.mark.parametrize("written", ["plain", "JSON", "Gson's JSON", "a URL"])
def test_a_secret_may_look_like_an_escape(secret: str, written: str) -> None:
    assert Secrets((secret,)).mask(WRITTEN[written](secret)) == "***"


@pytest.mark.parametrize(
    ("secrets", "text", "masked"),
    [
        (("abcdef", "cdefgh"), "xabcdefghx", "x***x"),
        (("s3cr3t", "s3cr3t!"), "s3cr3t!s3cr3t", "******"),
        (("sec", ""), "sec", "sec"),
        (("päss😀",), "p%C3%A4ss%F0%9F%98%80 p\\u00e4ss\\ud83d\\ude00", "*** ***"),
        (("s3cr3t",), "&unknown; %zz \\q s3cr3t", "&unknown; %zz \\q ***"),
    ],
)
def test_only_known_secrets_are_masked(secrets: tuple[str, ...], text: str, masked: str) -> None:
    assert Secrets(secrets).mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("/a?limit=1&password=NEW&b=2", "/a?limit=1&password=***&b=2"),
        ("http://h/?token=a%26b", "http://h/?token=***"),
        (
            "back=http%3A%2F%2Fh%2F%3Ftoken%3DNEW%26x%3D1",
            "back=http%3A%2F%2Fh%2F%3Ftoken%3D***%26x%3D1",
        ),
        ("access%5Ftoken=NEW", "access%5Ftoken=***"),
        ("secretKey\\u003dNEW\\u0026a\\u003d1", "secretKey=***&a=1"),
        ("user = me, password = 'N W'", "user = me, password = '***'"),
        ('a token="N\\"W" b', 'a token="***" b'),
        ("token=", "token="),
        ('{"a":1,"secretKey":"NE\\"W","b":"x...', '{"a":1,"secretKey":"***","b":"x...'),
        ('{"secretKey" : "NEW', '{"secretKey" : "***'),
        (
            "%22n%22%3A1%2C%22secretNumber%22%3A918273%2C%22",
            "%22n%22%3A1%2C%22secretNumber%22%3A***%2C%22",
        ),
        ("{'password': 'NEW', 'a': 1}", "{'password': '***', 'a': 1}"),
        ('{\\"pwd\\":\\"NEW\\",\\"a\\":1', '{"pwd":"***","a":1'),
        ('{"x":"{\\"n\\": 1, \\"pwd\\": \\"NEW', '{"x":"{"n": 1, "pwd": "***'),
        ('[{"name": "pwd", "value": "NEW"}, {', '[{"name": "pwd", "value": "***"}, {'),
        ("Authorization: Bearer NEW\nHost: h", "Authorization: ***\nHost: h"),
        ("host is token:443", "host is token:443"),
        ("http://me:NEW@h:1/a?b=c", "http://me:***@h:1/a?b=c"),
        ("to http://me@h/ and a@b:c", "to http://me@h/ and a@b:c"),
        ("user[pwd]=NEW&user[name]=a", "user[pwd]=***&user[name]=a"),
        ("%2570wd=NEW", "%2570wd=***"),
        ("a=%257B%2522pwd%2522%253A%2522NEW%2522%257D", "a=%7B%22pwd%22%3A%22***%22%7D"),
        ("a=1%2B1 100% %zz \\q &key=K", "a=1%2B1 100% %zz \\q &key=K"),
        ("%7B%22pwd%22%3A%22NEW%22", "%7B%22pwd%22%3A%22***%22"),
        ('x {"tokens": ["N","E"], "a":1', 'x {"tokens": ***'),
        ('x {"tokens": [ ], "a":1', 'x {"tokens": [ ], "a":1'),
        ('x {"secretNumber": 918273, "a": 1', 'x {"secretNumber": ***, "a": 1'),
        ('x {"token": null, "sk": "", "ak": false', 'x {"token": null, "sk": "", "ak": false'),
        ('{"token":"NEW","token":"OLD"}', '{"token":"***","token":"***"}'),
        ('{"a":"\\ud800","pwd":"NEW"}', '{"a":"\\ud800","pwd":"***"}'),
        ("Content-Type: a/b; charset=utf-8", "Content-Type: a/b; charset=utf-8"),
    ],
)
def test_a_value_named_like_a_secret_is_masked_in_a_text(text: str, masked: str) -> None:
    assert NAMELESS.redact(text) == masked


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ({"tokens": ["a"], "b": ["c"]}, {"tokens": "***", "b": ["c"]}),
        ({"password": {"value": "a"}}, {"password": "***"}),
        ({"secretNumber": 918273, "n": 1}, {"secretNumber": "***", "n": 1}),
        (
            {"token": None, "sk": "", "ak": True, "pwd": []},
            {"token": None, "sk": "", "ak": True, "pwd": []},
        ),
        ([{"deep": [[{"sk": "a"}]]}], [{"deep": [[{"sk": "***"}]]}]),
        ({f"a{TOKEN}": 1, "n": 123456}, {"a***": 1, "n": 123456}),
        ("x?token=a", "x?token=***"),
        (7, 7),
    ],
)
def test_a_value_named_like_a_secret_is_masked(value: Any, masked: Any) -> None:
    secrets = Secrets((TOKEN, "123456"))

    assert secrets.redact_value(value) == masked
    assert secrets.redact_value(masked) == masked


def test_json_inside_texts_is_masked() -> None:
    inner = json.dumps({"password": "NEW", "a": TOKEN.replace("F", "é")})
    value = {"inner": json.dumps({"inner": inner})}

    masked = Secrets((TOKEN.replace("F", "é"),)).redact_value(value)

    assert json.loads(json.loads(masked["inner"])["inner"]) == {"password": "***", "a": "***"}


@pytest.mark.parametrize("text", ['{ "a": 1e5 }', '{"a":"\\u00e9"}', "[1, 2]", '"a"', "[", "{}"])
def test_json_without_secrets_is_unchanged(text: str) -> None:
    assert Secrets((TOKEN,)).redact(text) == text


def test_a_deeply_nested_secret_is_masked() -> None:
    text = "[" * 100_000 + '{"password":"NEW"}' + "]" * 100_000

    assert "NEW" not in NAMELESS.redact(text)


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        ({"password": "PW", "a": "b"}, {"PW"}),
        ({"obsParameters": [{"accessKey": "AK", "region": ["R", 5]}]}, {"AK", "R"}),
        ({"a": json.dumps({"token": {"value": "T"}})}, {"T"}),
        ({"secretNumber": 918273, "tokenLimit": 2000, "isSecret": False}, {"918273"}),
        (["token", None, 918273], set()),
    ],
)
def test_the_secrets_in_a_value_are_found_by_name(value: Any, secrets: set[str]) -> None:
    assert {*secrets_in(value)} == secrets


@pytest.mark.parametrize(
    "text", ["%25" * 20_000 + "41", "\\" * 50_000, '"' * 50_000, "a" * 50_000, "://a:" * 10_000]
)
def test_a_text_that_was_made_to_be_slow_is_redacted_fast(text: str) -> None:
    began = time.thread_time()

    NAMELESS.redact(f"pwd {text} =")

    assert time.thread_time() - began < 1


def test_what_is_hidden_behind_too_many_escapes_is_masked_whole() -> None:
    text = "password=NEW"
    for _ in range(6):
        text = "".join(f"%{ord(char):x}" for char in text)

    assert NAMELESS.redact(f"a={text}") == "a=***"


@pytest.mark.parametrize(("around", "is_visible"), [(4, True), (5, False)])
def test_json_inside_more_than_four_texts_is_masked_whole(around: int, is_visible: bool) -> None:
    text = '{"password":"NEW","a":"visible"}'
    for _ in range(around):
        text = json.dumps({"in": text})

    redacted = NAMELESS.redact(text)

    assert ("NEW" in redacted, "***" in redacted) == (False, True)
    assert ("visible" in redacted) is is_visible


def test_names_of_any_case_name_their_values() -> None:
    pairs = [{"Key": "pwd", "Value": 7}, {"NAME": "pin", "VALUE": [1]}, {"name": "a", "value": 1}]

    assert NAMELESS.redact_value(pairs) == [
        {"Key": "pwd", "Value": "***"},
        {"NAME": "pin", "VALUE": "***"},
        {"name": "a", "value": 1},
    ]
