"""Whom the conformance kit asks, how it signs in, and what it makes of those that are no service."""

import hashlib
import hmac
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import trustme

from gesmock import GesMock
from gesmock.conformance import sign_in
from gesmock.conformance.client import Client, Unreachable
from gesmock.conformance.run import run
from gesmock.conformance.session import NotApplicable, NotTheService, RefusedAtOnce, Session
from gesmock.conformance.target import SignIn, Target
from gesmock.errors import GesmockError, InvalidInput

PROJECT = "854d9316e71d4dc599c5f27ea323d445"


@contextmanager
def speaking(
    *answers: bytes, then: Callable[[socket.socket], object] | None = None
) -> Iterator[str]:
    """The URL of a server that has an answer for each connection, whatever it is asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                if over.is_set():
                    return
                connection.recv(65536)
                connection.sendall(answer)
                if then is not None:
                    then(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        while thread.is_alive():  # who waits for somebody is told that it is over
            socket.create_connection(listener.getsockname(), 1).close()
            thread.join(0.05)
        listener.close()


def session(url: str, timeout_s: float = 5, **options: Any) -> Session:
    return Session(Client(Target.of(url, PROJECT, "movie", timeout_s=timeout_s, **options)))


def told(url: str, timeout_s: float = 5) -> str:
    """Why nothing can be said about the server at *url*."""
    asked = session(url, timeout_s)
    with pytest.raises((Unreachable, NotTheService, RefusedAtOnce)) as error:
        run(asked)
    asked.client.close()
    return str(error.value)


def answer(body: bytes, kind: str = "application/json", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


# --- What is no service -------------------------------------------------------------------------


def test_a_page_of_a_web_server_is_told_as_what_it_is() -> None:
    page = b"<html><head><title>404 Not Found</title></head></html>"
    with speaking(answer(page, "text/html", "404 Not Found")) as url:
        assert told(url) == (
            f"this is not the service (text/html): GET /ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
            "?limit=1 was answered 404 '<html><head><title>404 Not Found</title></head></html>'"
        )


@pytest.mark.parametrize("body", [b'{"detail":"Not Found"}', b'{"jobs":{}}', b'{"totalCount":3}'])
def test_another_json_api_is_told_as_what_it_is(body: bytes) -> None:
    with speaking(answer(body)) as url:
        assert told(url).startswith("this is neither a job list nor a refusal: GET ")


@pytest.mark.parametrize("body", [b"[]", b'"ok"', b"", b"{"])
def test_what_is_no_object_is_not_the_service(body: bytes) -> None:
    with speaking(answer(body)) as url:
        assert told(url).startswith("this is not the service (application/json): GET ")


def test_a_redirection_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
    with speaking(moved) as url:
        assert "was answered 302 ''" in told(url)


def test_a_port_that_nobody_listens_at_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert told(f"http://127.0.0.1:{port}") == f"http://127.0.0.1:{port}: Connection refused"


def test_a_host_that_nobody_knows_is_told() -> None:
    assert told("http://nobody.invalid").startswith("http://nobody.invalid: ")


def test_who_hangs_up_is_told() -> None:
    with speaking(b"") as url:
        assert told(url) == f"{url}: it hung up without an answer"


def test_who_does_not_speak_http_is_told() -> None:
    with speaking(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        assert told(url) == f"{url}: it does not speak HTTP (BadStatusLine)"


def test_an_answer_that_is_cut_off_is_told() -> None:
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as url:
        assert told(url) == f"{url}: it does not speak HTTP (IncompleteRead)"


def test_who_does_not_answer_is_given_up() -> None:
    with speaking(b"", then=lambda one: bool(one.recv(1))) as url:
        assert told(url, 0.05) == f"{url}: no whole answer came in time"


def test_an_answer_that_comes_drop_by_drop_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        with suppress(OSError):  # the client has gone
            while True:
                connection.sendall(b"x")
                time.sleep(0.005)

    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", then=drip) as url:
        assert told(url, 0.1) == f"{url}: no whole answer came in time"


def test_a_refusal_at_once_is_told_in_its_words(ges: GesMock) -> None:
    ges.restart(tokens=["secret"])

    assert told(ges.url).endswith("?limit=1 is refused: 401 GES.8007 Invalid token.")


def test_a_connection_that_has_ended_meanwhile_is_made_anew() -> None:
    listed = answer(b'{"jobs":[],"totalCount":0,"result":"success"}')
    with speaking(listed, listed) as url:
        asked = session(url)

        assert [asked.begin().total, asked.begin().total] == [0, 0]

        asked.client.close()


def test_a_list_that_always_changes_cannot_be_compared() -> None:
    lists = [answer(b'{"jobs":[{"jobId":"%d"}],"totalCount":1}' % one) for one in range(20)]
    with speaking(*lists) as url:
        asked = session(url)

        with pytest.raises(NotApplicable, match="changes faster than it can be read"):
            asked.steady(lambda: None)

        asked.client.close()


# --- How it asks --------------------------------------------------------------------------------


def test_no_more_requests_are_sent_in_a_second_than_are_allowed(ges: GesMock) -> None:
    slept: list[float] = []
    client = Client(Target.of(ges.jobs_url(), per_second=0.1), sleep=slept.append)

    for _ in range(3):
        client.get("/jobs/status")
    client.close()

    assert [round(one, -1) for one in slept] == [0, 10, 20]  # nobody has slept in fact


def test_a_token_that_cannot_be_sent_is_told(ges: GesMock) -> None:
    asked = session(ges.url)

    with pytest.raises(Unreachable, match="Invalid header value"):
        asked.get("/jobs/status", token="two\nlines")

    asked.client.close()


def test_over_https_a_certificate_has_to_be_trusted() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with GesMock(ssl_context=context) as ges, authority.cert_pem.tempfile() as cafile:
        assert "CERTIFICATE_VERIFY_FAILED" in told(ges.url)
        for options in ({"cafile": cafile}, {"insecure": True}):
            client = Client(Target.of(ges.jobs_url(), **options))
            assert client.get("/jobs/status").status == 200
            client.close()


def test_a_certificate_file_that_is_none_is_told(ges: GesMock) -> None:
    asked = Session(Client(Target.of("https://127.0.0.1:1", PROJECT, "g", cafile="/nowhere")))

    with pytest.raises(Unreachable, match="No such file"):
        asked.begin()


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://h:80", ("http://h:80", "p", "g")),
        ("http://h:80/", ("http://h:80", "p", "g")),
        ("https://h/gateway/", ("https://h/gateway", "p", "g")),
        ("http://h/ges/v1.0/q/graphs/films", ("http://h", "p", "g")),
    ],
)
def test_a_target_is_a_url_with_or_without_its_graph(url: str, wanted: tuple[str, ...]) -> None:
    target = Target.of(url, "p", "g")

    assert (target.url, target.project_id, target.graph) == wanted


def test_a_url_of_a_list_names_project_and_graph() -> None:
    target = Target.of("http://h/x/ges/v1.0/q/graphs/films/jobs/status?limit=1")

    assert (target.url, target.project_id, target.graph) == ("http://h/x", "q", "films")
    assert target.path("/jobs") == "/ges/v1.0/q/graphs/films/jobs"


@pytest.mark.parametrize(
    ("url", "project", "graph", "message"),
    [
        ("10.0.0.7", "p", "g", "--target: '10.0.0.7' is not like http://10.0.0.7:80"),
        ("ftp://h", "p", "g", "--target: 'ftp://h' is not like http://10.0.0.7:80"),
        ("http://h:port", "p", "g", "--target: 'http://h:port': Port could not be cast"),
        ("http://h", None, "g", "--project-id: '' is not 1 to 64 letters or digits"),
        ("http://h", "a-b", "g", "--project-id: 'a-b' is not 1 to 64 letters or digits"),
        ("http://h", "p", None, "--graph: '' is not the name of a graph"),
        ("http://h/a b", "p", "g", "--target: 'http://h/a b' is not like http://10.0.0.7:80"),
        ("http://" + "h" * 64, "p", "g", "--target: 'http://hhhh"),
    ],
)
def test_a_target_that_is_none_is_told(
    url: str, project: str | None, graph: str | None, message: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        Target.of(url, project, graph)

    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "url", ["http://me:secret@h", "me:secret@h", "http://me:secret@h:port", "//secret@h/a"]
)
def test_a_user_in_the_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Target.of(url, "p", "g")

    assert str(error.value) == (
        "--target: has a user before its host, whom the service does not know; "
        "see GESMOCK_TARGET_TOKEN and HUAWEICLOUD_SDK_AK"
    )


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://H:80", "h"),
        ("http://h:443", "h:443"),
        ("https://h:443", "h"),
        ("https://h:8443/a@b", "h:8443"),
        ("http://[::1]:80", "[::1]"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://b\u00fccher", "xn--bcher-kva"),
    ],
)
def test_a_host_is_named_without_its_usual_port(url: str, authority: str) -> None:
    assert Target.of(url, "p", "g").authority == authority


# --- Who asks -----------------------------------------------------------------------------------


def test_the_environment_says_who_asks() -> None:
    keys = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}

    assert SignIn.of({}).how == "none"
    assert SignIn.of(keys).how == "AK/SK"
    assert SignIn.of({**keys, "GESMOCK_TARGET_TOKEN": "t"}).how == "token"
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_SK: is wanted beside"):
        SignIn.of({"HUAWEICLOUD_SDK_AK": "a"})
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_AK: is wanted beside"):
        SignIn.of({"HUAWEICLOUD_SDK_SK": "s"})


def test_secrets_are_not_shown() -> None:
    shown = repr(SignIn("token", "ak", "sk", "temporary"))

    assert shown == "SignIn(ak='ak')"


@pytest.mark.parametrize(
    "spoiled", ["s3cr3t\n", " s3cr3t", "s3cr3t\x7f", "s3\u00e9cr3t", "s3 cr3t"]
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


@pytest.mark.filterwarnings("ignore:datetime")  # the vendor's code asks for the time as of old
def test_a_request_is_signed_as_the_vendors_sdk_signs_it(ges: GesMock) -> None:
    who = SignIn("", "AK", "SK", "temporary")
    client = Client(Target.of(ges.jobs_url(), sign_in=who))

    client.get("/jobs/status", "limit=1&offset=%30")
    client.ask("POST", client.target.path("/action"), "action_id=import-graph", body={"a": 1})
    client.close()

    for entry in ges.journal:
        assert entry.headers["authorization"] == "***"
        assert entry.headers["x-security-token"] == "***"
        assert entry.headers["x-sdk-date"].endswith("Z")


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

    signer = sign_in.signer(SignIn("", "AK", "SK"))
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
        sign_in.signer(SignIn("", "a", "s"))
