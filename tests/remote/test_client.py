"""A client keeps to its limits, signs in, and says why a server is not the service."""

import hashlib
import hmac
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from other_server import Act, OtherServer, hang_up, lines, wait

from gesmock import GesMock
from gesmock.conformance.probes import ProbedSession
from gesmock.conformance.run import run
from gesmock.model import documentation
from gesmock.model.errors import GesmockError
from gesmock.remote.client import Client, Signer
from gesmock.remote.http import Unreachable, Unresponsive
from gesmock.remote.session import NoJobList, Skipped
from gesmock.remote.target import SignIn, Target

PROJECT = "854d9316e71d4dc599c5f27ea323d445"


@contextmanager
def answering(*answers: bytes | Act) -> Iterator[str]:
    """The URL of a server that gives these *answers*."""
    with OtherServer(*answers) as server:
        yield server.url


def session(url: str, timeout_s: float = 5, **options: Any) -> ProbedSession:
    return ProbedSession(Target.of(url, PROJECT, "movie", timeout_s=timeout_s, **options))


def refusal(url: str, timeout_s: float = 5, **options: Any) -> str:
    """Why the server at *url* cannot be checked."""
    target_session = session(url, timeout_s, **options)
    with pytest.raises((Unreachable, NoJobList)) as error:
        run(target_session)
    target_session.close()
    return str(error.value)


def answer(body: bytes, kind: str = "application/json", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


# --- Not the service ----------------------------------------------------------------------------


def test_a_web_page_is_not_the_service() -> None:
    page = b"<html><head><title>404 Not Found</title></head></html>"
    with answering(answer(page, "text/html", "404 Not Found")) as url:
        assert refusal(url) == (
            f"this is not the service (text/html): GET /ges/v1.0/{PROJECT}/graphs/movie/jobs/status"
            "?limit=1 was answered 404 '<html><head><title>404 Not Found</title></head></html>'"
        )


@pytest.mark.parametrize("body", [b'{"detail":"Not Found"}', b'{"jobs":{}}', b'{"totalCount":3}'])
def test_another_json_api_is_not_the_service(body: bytes) -> None:
    with answering(answer(body)) as url:
        assert refusal(url).startswith("this is neither a job list nor a refusal: GET ")


@pytest.mark.parametrize("body", [b"[]", b'"ok"'])
def test_json_that_is_not_an_object_is_not_the_service(body: bytes) -> None:
    with answering(answer(body)) as url:
        assert refusal(url).startswith("this is not the service (application/json): GET ")


def test_broken_json_is_explained() -> None:
    with answering(answer(b"{")) as url:
        assert refusal(url).startswith(
            "this is not the service (application/json; line 1 column 2: broken JSON: Expecting"
        )


def test_a_redirect_is_reported_and_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://h/login\r\nContent-Length: 0\r\n\r\n"
    with answering(moved) as url:
        message = refusal(url)

    assert message.startswith("it redirects: GET ")
    assert message.endswith("was answered 302, to 'https://h/login', ''")


def test_an_answer_that_is_cut_off_is_reported() -> None:
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    with answering(lambda connection: connection.sendall(begun)) as url:
        assert refusal(url) == f"{url}: its answer was cut off after 1 of 100 bytes of its body"


def test_a_server_that_does_not_answer_is_reported() -> None:
    with answering(wait) as url:
        assert refusal(url, 0.3) == f"{url}: no complete answer within 0.3 s"


@pytest.mark.parametrize(
    ("sign_in", "hint"),
    [
        (
            SignIn(),
            "the request was anonymous: set GESMOCK_TARGET_TOKEN, or HUAWEICLOUD_SDK_AK and _SK",
        ),
        (
            SignIn("other"),
            "the token in GESMOCK_TARGET_TOKEN may be over 24 hours old, or of another project",
        ),
    ],
)
def test_a_refused_sign_in_is_reported_with_a_hint(
    ges: GesMock, sign_in: SignIn, hint: str
) -> None:
    ges.restart(tokens=["secret"])

    assert refusal(ges.url, sign_in=sign_in).endswith(
        f"?limit=1 is refused: 401 GES.8007 Invalid token. ({hint})"
    )


def test_another_refusal_has_no_hint(ges: GesMock) -> None:
    ges.restart(graph_name="other")

    assert refusal(ges.url).endswith("please check projectId and graphName.")


def test_a_refusal_as_a_web_page_has_the_hint_too() -> None:
    with answering(answer(b"<html>", "text/html", "403 Forbidden")) as url:
        assert refusal(url).endswith("HUAWEICLOUD_SDK_AK and _SK)")


def test_a_secret_in_a_refusal_is_masked() -> None:
    body = b'{"errorMessage":"no MIIFsecret\\u001b","errorCode":"GES.8007"}'
    with answering(answer(body, status="401 Unauthorized")) as url:
        assert "401 GES.8007 no ***\\x1b (" in refusal(url, sign_in=SignIn("MIIFsecret"))


def test_jobs_may_be_an_object_as_in_the_documented_table() -> None:
    with answering(answer(b'{"jobs":{},"result":"success"}')) as url:
        target_session = session(url)

        assert target_session.begin() is None

        target_session.close()


def test_a_list_that_always_changes_cannot_be_compared() -> None:
    lists = [answer(b'{"jobs":[{"jobId":"%d"}],"totalCount":1}' % number) for number in range(20)]
    with answering(*lists) as url:
        target_session = session(url)

        with pytest.raises(Skipped, match="changes faster than it can be read"):
            target_session.while_unchanged(lambda: None)

        target_session.close()


# --- Requests -----------------------------------------------------------------------------------


def test_requests_keep_to_the_rate(ges: GesMock) -> None:
    slept: list[float] = []
    client = Client(Target.of(ges.jobs_url(), per_second=0.1), sleep=slept.append)

    for _ in range(3):
        client.get("/jobs/status")
    client.close()

    assert [round(seconds, -1) for seconds in slept] == [0, 10, 20]  # without really sleeping


@pytest.mark.parametrize(
    ("headers", "slept"),
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
def test_a_busy_server_is_asked_again_after_retry_after(
    headers: dict[str, str], slept: list[float]
) -> None:
    waited: list[float] = []
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    busy = f"HTTP/1.1 429 -\r\n{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
    listed = answer(b'{"jobs":[],"totalCount":0,"result":"success"}')
    with answering(busy, listed) as url:
        client = Client(Target.of(url, "p", "g"), waited.append)

        assert client.get("/jobs/status").status == (200 if slept else 429)

        client.close()
    assert waited == slept


def test_a_client_gives_up_on_a_server_that_stays_busy(ges: GesMock) -> None:
    waited: list[float] = []
    ges.faults.arm("list_jobs", 503, headers={"Retry-After": "50"})
    client = Client(Target.of(ges.jobs_url()), waited.append, retries=10)

    assert client.get("/jobs/status").status == 503

    client.close()
    assert waited == [50.0] * 6


def test_a_call_that_may_have_made_a_job_is_not_repeated(ges: GesMock) -> None:
    waited: list[float] = []
    ges.faults.arm("execute_algorithm", 503)
    client = Client(Target.of(ges.jobs_url()), waited.append)

    row = documentation.by_command().get("execute_algorithm")
    assert row is not None
    path = row.path.format(project_id=ges.project_id, graph_name=ges.graph_name)
    assert client.ask("POST", path, urlencode(row.query), body={}).status == 503

    client.close()
    assert (client.requests, waited) == (1, [])


@pytest.mark.filterwarnings("ignore:datetime")  # the vendor's SDK calls utcnow()
def test_requests_are_signed_with_temporary_keys(ges: GesMock) -> None:
    sign_in = SignIn("", "AK", "SK", "temporary")
    client = Client(Target.of(ges.jobs_url(), sign_in=sign_in))

    client.get("/jobs/status", "limit=1&offset=%30")
    client.ask("POST", client.target.path("/action"), "action_id=import-graph", body={"a": 1})
    client.close()

    for entry in ges.journal:
        assert entry.headers["authorization"] == "***"
        assert entry.headers["x-security-token"] == "***"
        assert entry.headers["x-sdk-date"].endswith("Z")


def test_a_request_asks_for_json() -> None:
    with OtherServer() as server, closing(Client(Target.of(server.url, "p", "g"))) as client:
        client.get("/a")
        client.ask("POST", "/b")

    assert lines(server.received[0]) == [
        "GET /ges/v1.0/p/graphs/g/a HTTP/1.1",
        f"Host: {server.authority}",
        "Content-Type: application/json",
        "Accept: application/json",
        "Accept-Encoding: identity",
    ]
    assert lines(server.received[1])[-1] == "Content-Length: 0"


# --- HEAD ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "trailer"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 103 -\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}", b"{}"),
    ],
)
@pytest.mark.parametrize("stays_open", [True, False])
def test_a_body_after_a_head_is_returned(
    monkeypatch: pytest.MonkeyPatch, text: bytes, trailer: bytes, *, stays_open: bool
) -> None:
    monkeypatch.setattr("gesmock.remote.client._TRAILER_S", 0.05 if stays_open else 5)
    with answering(text if stays_open else lambda connection: connection.sendall(text)) as url:
        client = Client(Target.of(url, "p", "g"))

        assert client.trailer_of_head("/jobs/status", "limit=1") == trailer


def test_a_long_body_after_a_head_is_returned_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gesmock.remote.client._TRAILER_S", 5)
    body = b"x" * 600_000  # more than is read at a time
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body
    with answering(lambda connection: connection.sendall(text)) as url:
        client = Client(Target.of(url, "p", "g"))

        assert client.trailer_of_head("/jobs/status", "limit=1") == body


def test_a_head_without_an_answer_is_reported() -> None:
    with answering(hang_up) as url:
        client = Client(Target.of(url, "p", "g"))
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            client.trailer_of_head("/jobs/status", "limit=1")
    with answering(wait) as url:
        client = Client(Target.of(url, "p", "g", timeout_s=0.3))
        with pytest.raises(Unresponsive, match=r"no complete answer within 0\.3 s"):
            client.trailer_of_head("/jobs/status", "limit=1")


# --- Signing in -----------------------------------------------------------------------------------

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
    monkeypatch.setattr("gesmock.remote.client.real_time", lambda: now)
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
