"""How the conformance kit asks, and what it makes of those that are no service."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from other_server import OK, Act, OtherServer, hang_up, lines, reset, wait

from gesmock import GesMock
from gesmock.conformance.probes import ProbedSession
from gesmock.conformance.run import run
from gesmock.model import documentation
from gesmock.model.errors import InvalidInput
from gesmock.remote.client import Client
from gesmock.remote.http import Unreachable, Unresponsive
from gesmock.remote.session import NoJobList, Skipped
from gesmock.remote.sign_in import SignIn
from gesmock.remote.target import Target

PROJECT = "854d9316e71d4dc599c5f27ea323d445"


@contextmanager
def speaking(*answers: bytes | Act) -> Iterator[str]:
    """The URL of a server that answers so."""
    with OtherServer(*answers) as server:
        yield server.url


def session(url: str, timeout_s: float = 5, **options: Any) -> ProbedSession:
    return ProbedSession(Client(Target.of(url, PROJECT, "movie", timeout_s=timeout_s, **options)))


def told(url: str, timeout_s: float = 5, **options: Any) -> str:
    """Why nothing can be said about the server at *url*."""
    asked = session(url, timeout_s, **options)
    with pytest.raises((Unreachable, NoJobList)) as error:
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
        assert told(url).startswith("it redirects: GET ")
        assert "was answered 302, to 'https://h/login', ''" in told_again(moved)


def told_again(said: bytes) -> str:
    with speaking(said) as url:
        return told(url)


def test_an_answer_that_is_none_says_why() -> None:
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    with speaking(lambda one: one.sendall(begun)) as url:
        assert told(url) == f"{url}: its answer was cut off after 1 of 100 bytes of its body"


def test_who_does_not_answer_is_given_up() -> None:
    with speaking(wait) as url:
        assert told(url, 0.05) == f"{url}: no complete answer within 0.05 s"


@pytest.mark.parametrize(
    ("who", "hint"),
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


def test_a_list_that_always_changes_cannot_be_compared() -> None:
    lists = [answer(b'{"jobs":[{"jobId":"%d"}],"totalCount":1}' % one) for one in range(20)]
    with speaking(*lists) as url:
        asked = session(url)

        with pytest.raises(Skipped, match="changes faster than it can be read"):
            asked.while_unchanged(lambda: None)

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
    client = Client(Target.of(ges.jobs_url()), waited.append, retries=10)

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
    assert (client.requests, waited) == (1, [])


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


# --- Connections --------------------------------------------------------------------------------


@contextmanager
def asking(url: str) -> Iterator[Client]:
    with closing(Client(Target.of(url, "p", "g"))) as client:
        yield client


def test_a_connection_is_asked_again() -> None:
    with OtherServer() as server, asking(server.url) as client:
        assert [client.get("/a").body, client.get("/b").body] == [b"ok", b"ok"]

    assert server.connections == 1
    assert lines(server.asked[0]) == [
        "GET /ges/v1.0/p/graphs/g/a HTTP/1.1",
        f"Host: {server.authority}",
        "Content-Type: application/json",
        "Accept: application/json",
        "Accept-Encoding: identity",
    ]


def test_what_must_not_be_done_twice_has_a_connection_of_its_own() -> None:
    with OtherServer() as server, asking(server.url) as client:
        for method in ("GET", "POST", "GET"):
            client.ask(method, "/a")

    assert server.connections == 2
    assert lines(server.asked[1])[-1] == "Content-Length: 0"


@pytest.mark.parametrize("end", [hang_up, reset])
def test_where_a_kept_connection_has_ended_a_safe_request_is_sent_on_another(end: Act) -> None:
    with OtherServer(OK, end, OK) as server, asking(server.url) as client:
        assert [client.get("/a").body, client.get("/a").body] == [b"ok", b"ok"]

    assert (server.connections, len(server.asked)) == (2, 3)


def test_that_is_done_once_only() -> None:
    with OtherServer(OK, hang_up) as server, asking(server.url) as client:
        client.get("/a")
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            client.get("/a")

    assert len(server.asked) == 3


def test_one_that_is_to_end_is_not_asked_again() -> None:
    closing_ = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    with OtherServer(closing_) as server, asking(server.url) as client:
        assert [client.get("/a").body, client.get("/a").body] == [b"ok", b"ok"]

    assert (server.connections, len(server.asked)) == (2, 2)


def test_a_certificate_file_that_is_none_is_refused_at_start() -> None:
    with pytest.raises(InvalidInput, match="^--cafile: /nowhere: No such file or directory$"):
        Client(Target.of("https://h", "p", "g", cafile="/nowhere"))


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
    monkeypatch.setattr("gesmock.remote.client._SILENCE_S", 0.05 if kept else 5)
    with speaking(said if kept else lambda one: one.sendall(said)) as url:
        asked = Client(Target.of(url, "p", "g"))

        assert asked.trailer_of_head("/jobs/status", "limit=1") == behind


def test_all_that_comes_behind_the_head_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gesmock.remote.client._SILENCE_S", 5)
    body = b"x" * 600_000  # more than is read at a time
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body
    with speaking(lambda one: one.sendall(said)) as url:
        asked = Client(Target.of(url, "p", "g"))

        assert asked.trailer_of_head("/jobs/status", "limit=1") == body


def test_who_does_not_answer_a_head_is_told() -> None:
    with speaking(hang_up) as url:
        asked = Client(Target.of(url, "p", "g"))
        with pytest.raises(Unreachable, match="it hung up without an answer"):
            asked.trailer_of_head("/jobs/status", "limit=1")
    with speaking(wait) as url:
        asked = Client(Target.of(url, "p", "g", timeout_s=0.05))
        with pytest.raises(Unresponsive, match=r"no complete answer within 0\.05 s"):
            asked.trailer_of_head("/jobs/status", "limit=1")
