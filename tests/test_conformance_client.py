"""Whom the conformance kit asks, how it signs in, and what it makes of those that are no service."""

import hashlib
import hmac
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import trustme

from gesmock import GesMock, documentation
from gesmock.conformance import connection, sign_in
from gesmock.conformance.client import Client
from gesmock.conformance.connection import Silent, Unreachable
from gesmock.conformance.listed import NotApplicable
from gesmock.conformance.run import run
from gesmock.conformance.session import NotTheService, RefusedAtOnce, Session
from gesmock.conformance.target import SignIn, Target
from gesmock.errors import GesmockError

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


def told(url: str, timeout_s: float = 5, **options: Any) -> str:
    """Why nothing can be said about the server at *url*."""
    asked = session(url, timeout_s, **options)
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


@pytest.mark.parametrize("body", [b"[]", b'"ok"'])
def test_what_is_no_object_is_not_the_service(body: bytes) -> None:
    with speaking(answer(body)) as url:
        assert told(url).startswith("this is not the service (application/json): GET ")


def test_a_body_that_is_no_json_says_why() -> None:
    with speaking(answer(b"{")) as url:
        assert told(url).startswith(
            "this is not the service (application/json; line 1 column 2: broken JSON: Expecting"
        )


def test_a_redirection_is_not_followed_and_says_where_to() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://h/login\r\nContent-Length: 0\r\n\r\n"
    with speaking(moved) as url:
        assert told(url).startswith("it leads elsewhere: GET ")
        assert "was answered 302, to 'https://h/login', ''" in told_again(moved)


def told_again(said: bytes) -> str:
    with speaking(said) as url:
        return told(url)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "it hung up without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "it does not speak HTTP (BadStatusLine)"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, "it does not speak HTTP (HTTPException)"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
            "its answer was cut off: 99 of 100 bytes are missing",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            "its answer was cut off",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}\r\n",
            "its answer was cut off",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n{}",
            "its Content-Length is 'ten', no number",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
            "its Content-Length is '-1', no number",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "its answer has several Content-Lengths: 2, 3",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 268435457\r\n\r\n{}",
            "its answer has 268435457 bytes; more than 268435456 are not read",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
            f"its answer has {'9' * 30} bytes; more than 268435456 are not read",
        ),
    ],
)
def test_an_answer_that_is_none_says_why(said: bytes, why: str) -> None:
    with speaking(said) as url:
        assert told(url) == f"{url}: {why}"


def test_an_answer_without_an_end_is_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LARGEST", 1000)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def endless(one: socket.socket) -> None:
        with suppress(OSError):  # the client has gone
            while True:
                one.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")

    monkeypatch.setattr(connection, "_PART", 1024)
    with speaking(head, then=endless) as url:
        assert told(url) == f"{url}: its answer goes on; more than 1000 bytes are not read"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(113, "No route to host"), "No route to host"),
        (ValueError("a\nb\x1b"), "a\\nb\\x1b"),
    ],
)
def test_what_else_may_go_wrong_is_told_in_a_line(error: Exception, why: str) -> None:
    assert connection.reason(error) == why


@pytest.mark.parametrize("comes", [True, False])
def test_a_connection_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, *, comes: bool
) -> None:
    listed = answer(b'{"jobs":[],"totalCount":0,"result":"success"}')
    connect = socket.create_connection

    def late(*place: Any) -> socket.socket:
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join()  # until the time is over
        if comes:
            return connect(*place)
        raise TimeoutError

    with speaking(listed) as url, monkeypatch.context() as patched:
        patched.setattr(socket, "create_connection", late)
        assert told(url, 0.02) == f"{url}: no whole answer came in 0.02 s"


def test_a_port_that_nobody_listens_at_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    where = f"http://127.0.0.1:{port}"
    assert told(where) == f"{where}: nobody listens there (connection refused)"


def test_a_host_that_nobody_knows_is_told() -> None:
    assert told("http://nobody.invalid") == (
        "http://nobody.invalid: there is no host of this name, as far as can be told here"
    )


def test_who_does_not_answer_is_given_up() -> None:
    with speaking(b"", then=lambda one: bool(one.recv(1))) as url:
        assert told(url, 0.05) == f"{url}: no whole answer came in 0.05 s"


@pytest.mark.parametrize("head", [b"Content-Length: 9999\r\n", b""])
def test_an_answer_that_comes_drop_by_drop_is_given_up(head: bytes) -> None:
    def drip(one: socket.socket) -> None:
        with suppress(OSError):  # the client has gone
            while True:
                one.sendall(b"x")
                time.sleep(0.005)

    with speaking(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n", then=drip) as url:
        assert told(url, 0.1) == f"{url}: no whole answer came in 0.1 s"


def test_who_breaks_off_is_told() -> None:
    def broken(one: socket.socket) -> None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", then=broken) as url:
        assert told(url) == f"{url}: it broke the connection off"


@pytest.mark.parametrize(
    ("who", "hint"),
    [
        (SignIn(), "nobody has signed in: set GESMOCK_TARGET_TOKEN, or HUAWEICLOUD_SDK_AK and _SK"),
        (
            SignIn("other"),
            "the token in GESMOCK_TARGET_TOKEN may be over 24 hours old, or of another project",
        ),
    ],
)
def test_a_refusal_at_once_is_told_in_its_words_with_what_may_help(
    ges: GesMock, who: SignIn, hint: str
) -> None:
    ges.restart(tokens=["secret"])

    assert told(ges.url, sign_in=who).endswith(
        f"?limit=1 is refused: 401 GES.8007 Invalid token. ({hint})"
    )


def test_a_refusal_for_something_else_has_no_hint(ges: GesMock) -> None:
    ges.restart(graph_name="other")

    assert told(ges.url).endswith("please check project_id and graph_name.")


def test_a_page_of_a_web_server_that_refuses_has_the_hint_too() -> None:
    with speaking(answer(b"<html>", "text/html", "403 Forbidden")) as url:
        assert told(url).endswith("HUAWEICLOUD_SDK_AK and _SK)")


def test_what_a_refusal_repeats_of_a_secret_is_not_told() -> None:
    body = b'{"errorMessage":"no MIIFsecret\\u001b","errorCode":"GES.8007"}'
    with speaking(answer(body, status="401 Unauthorized")) as url:
        assert "401 GES.8007 no ***\\x1b (" in told(url, sign_in=SignIn("MIIFsecret"))


def test_a_table_that_says_object_is_not_another_service() -> None:
    with speaking(answer(b'{"jobs":{},"result":"success"}')) as url:
        asked = session(url)

        assert asked.begin() is None

        asked.client.close()


def test_a_connection_that_has_ended_meanwhile_is_made_anew() -> None:
    listed = answer(b'{"jobs":[],"totalCount":0,"result":"success"}')
    with speaking(listed, listed) as url:
        asked = session(url)

        assert [asked.page().total, asked.page().total] == [0, 0]

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


@pytest.mark.parametrize(
    ("told", "slept"),
    [
        ({"Retry-After": "7"}, [7.0]),
        ({"Retry-After": "soon"}, [1.0]),
        ({}, [1.0]),
        (
            {
                "Date": "Thu, 01 Jan 2026 00:00:00 GMT",
                "Retry-After": "Thu, 01 Jan 2026 00:00:09 GMT",
            },
            [9.0],
        ),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:09 GMT"}, [1.0]),
        ({"Retry-After": "3600"}, []),
        ({"Retry-After": "9" * 400}, []),
    ],
)
def test_who_is_busy_is_asked_once_more_after_as_long_as_it_says(
    told: dict[str, str], slept: list[float]
) -> None:
    waited: list[float] = []
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    busy = f"HTTP/1.1 429 -\r\n{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
    listed = answer(b'{"jobs":[],"totalCount":0,"result":"success"}')
    with speaking(busy, listed) as url:
        client = Client(Target.of(url, "p", "g"), waited.append)

        assert client.get("/jobs/status").status == (200 if slept else 429)

        client.close()
    assert waited == slept


def test_who_is_always_busy_is_not_waited_for_without_end(ges: GesMock) -> None:
    waited: list[float] = []
    ges.faults.arm("list_jobs", 503, headers={"Retry-After": "50"})
    client = Client(Target.of(ges.jobs_url()), waited.append, again=10)

    assert client.get("/jobs/status").status == 503

    client.close()
    assert waited == [50.0] * 6


def test_a_call_that_may_have_made_a_job_is_not_sent_twice(ges: GesMock) -> None:
    waited: list[float] = []
    ges.faults.arm("vertex_query", 503)
    client = Client(Target.of(ges.jobs_url()), waited.append)

    row = documentation.of_command("vertex_query")
    assert row is not None
    path = row.path.format(project_id=ges.project_id, graph_name=ges.graph_name)
    assert client.ask("POST", path, urlencode(row.query), body={}).status == 503

    client.close()
    assert (client.asked, waited) == (1, [])


# --- HTTPS --------------------------------------------------------------------------------------


def test_over_https_a_certificate_has_to_be_trusted() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with GesMock(ssl_context=context) as ges, authority.cert_pem.tempfile() as cafile:
        assert "its certificate is not trusted: " in told(ges.url)
        for options in ({"cafile": cafile}, {"insecure": True}):
            client = Client(Target.of(ges.jobs_url(), **options))
            assert client.get("/jobs/status").status == 200
            client.close()


def test_who_does_not_speak_tls_is_told(ges: GesMock) -> None:
    where = ges.url.replace("http:", "https:")

    assert told(where, insecure=True).startswith(f"{where}: it does not speak TLS (")


def test_a_handshake_that_does_not_end_is_given_up() -> None:
    def drip(one: socket.socket) -> None:
        with suppress(OSError):  # the client has gone
            one.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03")
            while True:
                one.sendall(b"\x03")
                time.sleep(0.005)

    with speaking(b"", then=drip) as url:
        where = url.replace("http:", "https:")
        assert told(where, 0.1, insecure=True) == f"{where}: no whole answer came in 0.1 s"


@pytest.mark.parametrize(
    ("text", "why"), [(None, "No such file or directory"), ("", "it has no certificate")]
)
def test_a_certificate_file_that_is_none_is_told(
    tmp_path: Path, text: str | None, why: str
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)

    with pytest.raises(Unreachable) as error:
        Client(Target.of("https://127.0.0.1:1", PROJECT, "g", cafile=str(file)))

    assert str(error.value) == f"--cafile: {file}: {why}"


# --- HEAD ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "behind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
def test_what_comes_behind_the_head_is_seen(
    monkeypatch: pytest.MonkeyPatch, said: bytes, behind: bytes, *, kept: bool
) -> None:
    monkeypatch.setattr(connection, "_SILENCE_S", 0.05 if kept else 5)
    waits = (lambda one: bool(one.recv(1))) if kept else None
    with speaking(said, then=waits) as url:
        client = Client(Target.of(url, "p", "g"))

        assert client.behind_head("/jobs/status", "limit=1") == behind


def test_all_that_comes_behind_the_head_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_SILENCE_S", 5)
    body = b"x" * 100_000  # more than is read at a time
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body) as url:
        client = Client(Target.of(url, "p", "g"))

        assert client.behind_head("/jobs/status", "limit=1") == body


def test_who_does_not_answer_a_head_is_told() -> None:
    with speaking(b"", b"") as url:
        client = Client(Target.of(url, "p", "g"))
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            client.behind_head("/jobs/status", "limit=1")
    with speaking(b"", then=lambda one: bool(one.recv(1))) as url:
        client = Client(Target.of(url, "p", "g", timeout_s=0.05))
        with pytest.raises(Silent, match=r"no whole answer came in 0\.05 s"):
            client.behind_head("/jobs/status", "limit=1")


# --- Who asks -----------------------------------------------------------------------------------


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
