"""Nothing that gesmock writes or shows of a client has a secret that the client sent.

Each carrier is a place in a request and a name, and carries a secret of its own to a server and
through a proxy. Then everything that these two have kept is searched for all secrets.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
import requests

from gesmock import GesMock
from gesmock.remote.proxy import ProxyServer
from gesmock.remote.record import Recorder
from gesmock.remote.session import Session
from gesmock.remote.target import Target


@dataclass(frozen=True)
class Sent:
    """What a request carries; *parameters* are a part of its body."""

    after: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)


NAMES: Final = (
    *("token", "X-Auth-Token", "accessToken", "refresh_token", "ID_TOKEN", "tokens", "authtoken"),
    *("secret", "clientSecret", "CLIENT_SECRET", "password", "passwd", "passphrase", "db-pwd"),
    *("userPass", "newpassword", "PassWord", "accesskey", "secretKey", "API_KEY", "api-key"),
    *("private_key", "AWSAccessKeyId", "ak", "sk", "auth", "Authorization", "signature", "sig"),
    *("sessionId", "JSESSIONID", "session_cookie", "credentials", "jwt", "otp", "pin", "pin2"),
)


PLACES: Final[Mapping[str, Callable[[str, str], Sent]]] = {
    "header": lambda name, secret: Sent(headers={f"X-{name}": secret}),
    "query": lambda name, secret: Sent(query=f"{name}={secret}"),
    "body": lambda name, secret: Sent(parameters={"deep": [{name: secret}]}),
    "JSON in a string": lambda name, secret: Sent(parameters={"a": json.dumps({name: secret})}),
    "referer": lambda name, secret: Sent(headers={"Referer": f"http://h/?a=1&{name}={secret}#x"}),
    "named value": lambda name, secret: Sent(parameters={"a": [{"name": name, "value": secret}]}),
}
"""Where each of the names is tried."""

WORDS: Final = ("password", "userToken")

SPECIAL: Final[Mapping[str, Callable[[str, str], Sent]]] = {
    "key and value": lambda name, secret: Sent(parameters={"a": {"Key": name, "Value": secret}}),
    "value before its name": lambda name, secret: Sent(
        parameters={"a": {"value": {"is": secret}, "name": name}}
    ),
    "name and value in JSON in a string": lambda name, secret: Sent(
        parameters={"a": json.dumps([{"name": name, "value": secret}])}
    ),
    "name and value in JSON that is cut off": lambda name, secret: Sent(
        parameters={"a": json.dumps([{"name": name, "value": secret}])[:-3]}
    ),
    "percent-encoded name": lambda name, secret: Sent(
        query=f"%{ord(name[0]):x}{name[1:]}={secret}"
    ),
    "name encoded twice": lambda name, secret: Sent(
        query=f"%25{ord(name[0]):x}{name[1:]}={secret}"
    ),
    "name in brackets": lambda name, secret: Sent(query=f"user[{name}]={secret}"),
    "object": lambda name, secret: Sent(parameters={name: {"is": [secret]}}),
    "number": lambda name, secret: Sent(parameters={name: int(secret.encode().hex(), 16)}),
    "JSON in a query": lambda name, secret: Sent(
        query=urlencode({"q": json.dumps({name: secret})})
    ),
    "URL in a query": lambda name, secret: Sent(
        query=urlencode({"back": f"http://h/?{name}={secret}&b=1"})
    ),
    "URL in a URL in a query": lambda name, secret: Sent(
        query=urlencode({"back": "http://h/?" + urlencode({"x": f"http://i/?{name}={secret}"})})
    ),
    "URL in the referer": lambda name, secret: Sent(
        headers={"Referer": "http://h/?" + urlencode({"back": f"/?{name}={secret}"})}
    ),
    "JSON in the referer": lambda name, secret: Sent(
        headers={"Referer": "http://h/#" + quote(json.dumps({"a": {name: secret}}))}
    ),
    "form in a string": lambda name, secret: Sent(parameters={"a": f"a=1&{name}={secret}&b=2"}),
    "form in a header": lambda name, secret: Sent(headers={"X-Body": f"a=1&{name}={secret}"}),
    "line in a string": lambda name, secret: Sent(parameters={"a": f"x: 1\n{name}: {secret}\n"}),
    "JSON in JSON in a string": lambda name, secret: Sent(
        parameters={"a": json.dumps({"b": json.dumps({name: secret})})}
    ),
    "JSON that is cut off": lambda name, secret: Sent(
        parameters={"a": json.dumps({"x": 1, name: secret, "y": 2})[:-3]}
    ),
    "JSON in JSON that is cut off": lambda name, secret: Sent(
        parameters={"a": json.dumps({"x": json.dumps({name: secret}), "y": 2})[:-3]}
    ),
    "JSON with a key twice": lambda name, secret: Sent(
        parameters={"a": f'{{"{name}": "{secret}", "a": 1, "a": 2}}'}
    ),
    "JSON in a header": lambda name, secret: Sent(headers={"X-Body": json.dumps({name: secret})}),
    "path": lambda name, secret: Sent(after=f";{name}={secret}"),
    "path of no call": lambda name, secret: Sent(after=f"/{name}={secret}/x"),
    "full-width name in a query": lambda name, secret: Sent(query=f"{quote(wide(name))}={secret}"),
    "full-width name in a body": lambda name, secret: Sent(parameters={wide(name): secret}),
    "cookie": lambda name, secret: Sent(headers={"Cookie": f"theme=dark; {name}={secret}"}),
}
"""Where only WORDS are tried."""

URLS: Final[Mapping[str, Callable[[str], Sent]]] = {
    "referer": lambda url: Sent(headers={"Referer": url}),
    "header": lambda url: Sent(headers={"X-Proxy": f"via {url} and others"}),
    "query": lambda url: Sent(query=urlencode({"proxy": url})),
    "query, not encoded": lambda url: Sent(query=f"proxy={url}"),
    "body": lambda url: Sent(parameters={"proxy": url}),
    "JSON in a string": lambda url: Sent(parameters={"a": json.dumps({"proxy": url})}),
}
"""Where a URL with a password is tried."""


def wide(name: str) -> str:
    """*name* in full-width letters."""
    return "".join(chr(ord(char) + 0xFEE0) for char in name)


def carriers() -> Iterator[tuple[str, Sent, str]]:
    """The name of each carrier, what it sends, and the secret in it."""
    called = [
        *((f"{place}: {name}", PLACES[place], name) for place in PLACES for name in NAMES),
        *((f"{place}: {name}", SPECIAL[place], name) for place in SPECIAL for name in WORDS),
    ]
    for number, (text, sent, name) in enumerate(called):
        secret = f"planted{number:03}x"
        yield text, sent(name, secret), secret
    for number, (place, sent_url) in enumerate(URLS.items(), len(called)):
        secret = f"planted{number:03}x"
        yield f"password of a URL: {place}", sent_url(f"https://me:{secret}@h:8080/a?b=c"), secret


CARRIERS: Final = {text: (sent, secret) for text, sent, secret in carriers()}
HARMLESS: Final = (
    *("passenger", "monkey", "author", "signal", "spinning", "tokenizer", "key"),
    *("assign", "pinned"),
    *("secretary", "design", "obsession", "bypass", "compass", "passage", "keyboard", "keywords"),
    *("sort_key", "taskType", "hotkey", "skin", "opinion", "unsigned", "Sec-WebSocket-Key"),
)


class Log(logging.Handler):
    """Collects what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{record.getMessage()}\n"


def send(client: requests.Session, base: str, sent: Sent) -> None:
    """Submit an algorithm: its parameters may be anything."""
    url = f"{base}/ges/v1.0/p/hyg/g/algorithm{sent.after}{'?' * bool(sent.query)}{sent.query}"
    body = {"algorithmName": "louvain", "parameters": dict(sent.parameters)}
    client.post(url, json=body, headers=dict(sent.headers))


def control_output(base: str) -> str:
    """Everything that the control API at *base* shows of the clients."""
    control = ("journal", "journal/har", "findings?codes=GM", "report", "state")
    return "".join(requests.get(f"{base}/_gesmock/{path}").text for path in control)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Everything that a server, and a proxy in front of another, write and show of all carriers."""
    file = tmp_path_factory.mktemp("recorded") / "recorded.json"
    start: Any = {"project_id": "p", "generate": {"graph": "g", "count": 0}}
    logger, log = logging.getLogger("gesmock"), Log()
    logger.addHandler(log)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    outputs: dict[str, str] = {}
    names = {f"visible-{name}": Sent(query=f"{name}=visible-{name}") for name in HARMLESS}
    try:
        with (
            GesMock(**start) as behind,
            ProxyServer(Target.of(behind.jobs_url())) as proxy,
            requests.Session() as client,
        ):
            for sent, _ in CARRIERS.values():
                send(client, proxy.url, sent)
            outputs["proxy"] = control_output(proxy.url) + log.text
        log.text = ""
        with GesMock(**start) as ges, requests.Session() as client:
            for sent in (*(sent for sent, _ in CARRIERS.values()), *names.values()):
                send(client, ges.url, sent)
            outputs["serve"] = control_output(ges.url) + log.text + json.dumps(ges.state())
            with closing(Session(Target.of(ges.jobs_url()), most=1000)) as session:
                recorder = Recorder(session, file)
                assert len([*recorder.read()]) > 0
                outputs["recorded"] = recorder.fixture().decode()
            outputs["list"] = requests.get(ges.jobs_url(limit=1000)).text
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)
    return outputs


def test_there_are_many_carriers() -> None:
    assert len(CARRIERS) >= 126


@pytest.mark.parametrize("source", ["serve", "proxy", "recorded"])
def test_no_carrier_leaks(source: str, outputs: Mapping[str, str]) -> None:
    carriers = {secret: carrier for carrier, (_, secret) in CARRIERS.items()}
    carriers |= {str(int(secret.encode().hex(), 16)): carriers[secret] for secret in carriers}

    assert [carriers[secret] for secret in carriers if secret in outputs[source]] == []


@pytest.mark.parametrize("source", ["serve", "recorded"])
def test_what_only_looks_like_a_secret_is_visible(source: str, outputs: Mapping[str, str]) -> None:
    assert [name for name in HARMLESS if f"{name}=visible-{name}" not in outputs[source]] == []


def test_the_job_list_shows_what_was_sent_as_the_service_does(outputs: Mapping[str, str]) -> None:
    sent, secret = CARRIERS["body: password"]

    assert secret in json.dumps(sent.parameters)
    assert secret in outputs["list"]
