"""A proxy passes on what is asked and answered, keeps a journal of it, and makes things go wrong."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from gesmock import GesMock, cli, cli_proxy
from gesmock.conformance.target import SignIn, Target
from gesmock.errors import InvalidInput
from gesmock.faults import Injection
from gesmock.proxy import ProxyServer

BODY = {"edgesetPath": "a", "obsParameters": {"accessKey": "AK", "secretKey": "SK"}}
IMPORT = "action?action_id=import-graph"


@pytest.fixture
def proxy(ges: GesMock) -> Iterator[ProxyServer]:
    with ProxyServer(Target.of(ges.jobs_url())) as started:
        yield started


def graph(ges: GesMock, proxy: ProxyServer) -> str:
    """The graph, as it is reached through the proxy."""
    return ges.graph_url().replace(ges.url, proxy.url)


def arm(proxy: ProxyServer, **fields: Any) -> None:
    from msgspec import convert

    proxy.fake.default.faults.arm(convert(fields, Injection))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "jobs/status?limit=3&offset=2"),
        ("GET", "jobs/status?limit=none"),
        ("GET", "jobs/nobody/status"),
        ("GET", "nothing?a=%C3%A9&a=b"),
        ("PUT", "jobs/status"),
        ("DELETE", "jobs/nobody"),
        ("GET", "../../p2/graphs/g%2Fh/jobs/status"),
    ],
)
def test_answers_are_passed_on_in_the_same_bytes(
    ges: GesMock, proxy: ProxyServer, method: str, path: str
) -> None:
    ges.restart(generate=10)

    direct = requests.request(method, f"{ges.graph_url()}/{path}")
    passed = requests.request(method, f"{graph(ges, proxy)}/{path}")

    assert (passed.status_code, passed.content) == (direct.status_code, direct.content)
    changing = ("Date", "X-Request-Id")
    assert {n: v for n, v in passed.headers.items() if n not in changing} == {
        n: v for n, v in direct.headers.items() if n not in changing
    }
    first, second = [entry.query for entry in ges.journal]
    assert first == second


def test_a_head_has_the_length_of_the_get(ges: GesMock, proxy: ProxyServer) -> None:
    got = requests.get(f"{graph(ges, proxy)}/jobs/status")
    head = requests.head(f"{graph(ges, proxy)}/jobs/status")

    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.content == b""


def test_a_submission_is_passed_on_with_its_body_and_both_are_journaled(
    ges: GesMock, proxy: ProxyServer
) -> None:
    answer = requests.post(f"{graph(ges, proxy)}/{IMPORT}", json=BODY)
    job_id = answer.json()["jobId"]
    requests.get(f"{graph(ges, proxy)}/jobs/{job_id}/status")
    requests.get(f"{graph(ges, proxy)}/jobs/status")

    submitted, shown, listed = proxy.fake.default.journal.entries()
    assert submitted.operation == "import_graph"
    assert submitted.job_id == job_id
    assert submitted.body == {"edgesetPath": "a"}
    assert shown.shown == {job_id: "pending"}
    assert (listed.shown, listed.returned, listed.total) == ({job_id: "pending"}, 1, 1)
    [made] = [entry for entry in ges.journal if entry.operation == "import_graph"]
    assert made.job_id == job_id


@pytest.mark.parametrize("statements", [[{"statement": "a", "executionMode": "async"}], "none"])
def test_a_cypher_query_is_journaled_with_its_job(
    ges: GesMock, proxy: ProxyServer, statements: Any
) -> None:
    answer = requests.post(
        f"{graph(ges, proxy)}/action?action_id=execute-cypher-query",
        json={"statements": statements},
    )

    [entry] = proxy.fake.default.journal.entries()
    made = answer.json()["results"]
    assert entry.job_id == (made[0]["jobId"] if made else None)


def test_a_body_that_is_no_json_is_passed_on(ges: GesMock, proxy: ProxyServer) -> None:
    answer = requests.post(f"{graph(ges, proxy)}/{IMPORT}", data=b"{\xff")

    assert answer.json()["errorCode"] == "GES.8013"
    assert proxy.fake.default.journal.entries()[0].body is None


def test_the_client_is_judged(ges: GesMock, proxy: ProxyServer) -> None:
    for _ in range(2):
        requests.get(f"{graph(ges, proxy)}/jobs/status?limit=none")

    told = requests.get(f"{proxy.url}/_gesmock/problems").json()

    assert [one["code"] for one in told["problems"]] == ["GM107"]


# --- What goes wrong ----------------------------------------------------------------------------


def test_a_fault_that_comes_before_keeps_the_request_from_the_other_server(
    ges: GesMock, proxy: ProxyServer
) -> None:
    arm(proxy, operation="list_jobs", fault=503, times=1)

    statuses = [requests.get(f"{graph(ges, proxy)}/jobs/status").status_code for _ in range(2)]

    assert statuses == [503, 200]
    assert len([*ges.journal]) == 1
    assert [entry.fault for entry in proxy.fake.default.journal.entries()] == ["f1#1", None]


def test_a_fault_that_comes_after_hides_what_the_other_server_did(
    ges: GesMock, proxy: ProxyServer
) -> None:
    arm(proxy, operation="import_graph", fault={"kind": "reset"}, phase="after")

    with pytest.raises(requests.ConnectionError):
        requests.post(f"{graph(ges, proxy)}/{IMPORT}", json=BODY)

    [job] = ges.jobs()
    assert proxy.fake.default.journal.entries()[0].job_id == job.job_id


def test_an_answer_may_be_altered(ges: GesMock, proxy: ProxyServer) -> None:
    arm(proxy, fault={"kind": "malformed"})

    answer = requests.get(f"{graph(ges, proxy)}/jobs/status")

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_what_needs_the_rows_of_a_list_is_refused(ges: GesMock, proxy: ProxyServer) -> None:
    fault = {"operation": "list_jobs", "fault": {"kind": "insert_jobs", "count": 1}}

    refused = requests.post(f"{proxy.url}/_gesmock/faults", json=fault)

    assert refused.status_code == 400
    assert refused.json()["error"] == (
        "$.fault.kind: 'insert_jobs' needs the jobs of a fake; a proxy has none"
    )
    with pytest.raises(InvalidInput):
        ProxyServer(Target.of(ges.jobs_url()), faults=fault)


def test_a_client_may_ask_for_an_error_itself(ges: GesMock, proxy: ProxyServer) -> None:
    url = f"{graph(ges, proxy)}/jobs/status"

    assert requests.get(url, headers={"Prefer": "code=404"}).json()["errorCode"] == "GES.8000"
    assert requests.get(url, headers={"Prefer": "code=abc"}).status_code == 400
    assert not [*ges.journal]


def test_a_server_that_does_not_answer_is_502(ges: GesMock) -> None:
    url = ges.jobs_url()
    ges.stop()
    try:
        with ProxyServer(Target.of(url)) as proxy:
            answer = requests.get(url.replace(url.split("/ges/", maxsplit=1)[0], proxy.url))
            [entry] = proxy.fake.default.journal.entries()
    finally:
        ges.start()

    assert answer.status_code == entry.status == 502
    assert answer.json()["errorMessage"].endswith("(connection refused)")


# --- Who asks -----------------------------------------------------------------------------------


def test_who_does_not_sign_in_is_signed_in(ges: GesMock) -> None:
    ges.restart(tokens=["secret"])
    target = Target.of(ges.jobs_url(), sign_in=SignIn("secret"))
    with ProxyServer(target) as proxy:
        url = f"{graph(ges, proxy)}/jobs/status"

        assert requests.get(url).status_code == 200
        assert requests.get(url, headers={"X-Auth-Token": "other"}).status_code == 401


@pytest.mark.filterwarnings("ignore:datetime")  # the vendor's code asks for the time as of old
def test_a_signature_is_made_anew_for_the_other_server(ges: GesMock) -> None:
    target = Target.of(ges.jobs_url(), sign_in=SignIn("", "AK", "SK"))
    with ProxyServer(target) as proxy:
        signed = {"Authorization": "SDK-HMAC-SHA256 Access=a, Signature=b", "X-Mine": "1"}
        requests.get(f"{graph(ges, proxy)}/jobs/status", headers=signed)

    [entry] = ges.journal
    assert entry.headers["x-sdk-date"]
    assert entry.headers["x-mine"] == "1"


# --- Meanwhile ----------------------------------------------------------------------------------


class Slow:
    """Another server, which answers once it is let, and does something before."""

    def __init__(self) -> None:
        from gesmock.fake import Fake
        from gesmock.web.server import Server

        self.asked, self.let = threading.Event(), threading.Event()
        self.server = Server(Fake(), lambda: self, "127.0.0.1", 0, lane=False)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.asked.set()
        self.let.wait(10)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"late"]


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    made.server.start()
    yield made
    made.let.set()
    made.server.stop()


def asking(url: str) -> tuple[threading.Thread, list[requests.Response]]:
    found: list[requests.Response] = []
    thread = threading.Thread(target=lambda: found.append(requests.get(url)))
    thread.start()
    return thread, found


def test_while_the_other_server_takes_its_time_others_are_answered(slow: Slow) -> None:
    with ProxyServer(Target.of(slow.server.url, "p", "g")) as proxy:
        thread, found = asking(f"{proxy.url}/ges/v1.0/p/graphs/g/jobs/status")
        assert slow.asked.wait(10)

        assert requests.get(f"{proxy.url}/_gesmock/journal").json()["total"] == 0

        slow.let.set()
        thread.join(10)
    assert (found[0].text, found[0].headers["Content-Type"]) == ("late", "text/plain")


def test_what_was_on_its_way_when_the_proxy_was_reset_leaves_no_trace(slow: Slow) -> None:
    with ProxyServer(Target.of(slow.server.url, "p", "g")) as proxy:
        thread, found = asking(f"{proxy.url}/ges/v1.0/p/graphs/g/jobs/status")
        assert slow.asked.wait(10)

        requests.post(f"{proxy.url}/_gesmock/reset")
        slow.let.set()
        thread.join(10)

        assert not proxy.fake.default.journal.entries()
    assert found[0].status_code == 503


def test_what_was_asked_before_a_reset_is_not_passed_on(ges: GesMock, proxy: ProxyServer) -> None:
    from gesmock.exchange import Request
    from gesmock.proxy import Proxy

    request = Request(operation=None, method="GET", path="/", epoch=0)
    [made] = [one for one in [proxy.proxy] if isinstance(one, Proxy)]

    assert made.reply(request, lambda: pytest.fail("it was passed on")).status == 503


def test_gesmocks_own_pages_are_its_own(ges: GesMock, proxy: ProxyServer) -> None:
    for path in ("/openapi.json", "/docs/", "/_gesmock/health"):
        assert requests.get(proxy.url + path).status_code == 200
    assert requests.options(f"{graph(ges, proxy)}/jobs/status").status_code == 204
    assert not [*ges.journal]


# --- The command line ---------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, visit: Any, *arguments: str) -> Any:
    class Visited:
        def wait(self) -> None:
            visit()

    monkeypatch.setattr(cli_proxy, "StopSignals", Visited)
    monkeypatch.setattr(cli_proxy, "log_to_stderr", lambda level: None)
    monkeypatch.setattr(cli_proxy, "exit_on_signals", lambda: None)
    return CliRunner().invoke(cli.main, ["proxy", "--port", "0", *arguments])


def test_the_command_says_where_it_listens_and_at_the_end_what_it_has_found(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[ProxyServer] = []

    def entered(self: ProxyServer) -> ProxyServer:
        seen.append(self)
        return self._start()

    monkeypatch.setattr(ProxyServer, "__enter__", entered)

    def visit() -> None:
        for _ in range(3):
            requests.get(f"{graph(ges, seen[0])}/jobs/status?status=running")

    ran = run(
        monkeypatch,
        visit,
        *("--target", ges.jobs_url(), "--fault", "list_jobs=503,times=1"),
        *("--har", str(tmp_path / "a.har")),
    )

    assert ran.exit_code == 0, ran.output
    first, second, found = ran.output.splitlines()
    assert first == f"gesmock 0.1.0 listening on {seen[0].url} for {ges.url}"
    assert second == f"curl '{graph(ges, seen[0])}/jobs/status'"
    assert found.startswith("GM304 status is no parameter of it: GET ")
    archive = json.loads((tmp_path / "a.har").read_text())
    assert [one["response"]["status"] for one in archive["log"]["entries"]] == [503, 200, 200]


def test_beyond_this_machine_a_control_token_is_made(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run(monkeypatch, lambda: None, "--target", ges.jobs_url(), "--host", "0.0.0.0")

    assert ran.output.splitlines()[2].startswith("control token: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--target", "nowhere"), "--target: 'nowhere' is not like http://10.0.0.7:80\n"),
        (("--fault", "paint=503"), "faults"),
        (("--har", "/nowhere/a.har"), "gesmock: /nowhere/a.har: cannot be written: "),
    ],
)
def test_what_is_wrong_is_told(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    ran = run(monkeypatch, lambda: None, "--target", ges.jobs_url(), *arguments)

    assert ran.exit_code == 2
    assert ran.stderr.startswith(told)
