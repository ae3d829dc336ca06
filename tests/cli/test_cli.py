"""The commands ``serve``, ``proxy``, ``generate`` and ``check``."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from click.testing import CliRunner, Result
from conftest import free_port, is_listening, until

from gesmock import GesMock, __version__
from gesmock.cli import main as cli
from gesmock.cli import options, output
from gesmock.cli import serve as cli_serve
from gesmock.cli.serve import stop_signals
from gesmock.fake.verdict import Verdict
from gesmock.remote.proxy import ProxyServer

Serve = Callable[..., Any]


def run(*args: str, **env: str) -> Result:
    return CliRunner().invoke(cli.main, args, env=env)


@contextmanager
def started(*command: str, **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """A process whose output can be read, and which does not outlive the test."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as process:
        try:
            yield process
        finally:
            process.kill()


GESMOCK = (sys.executable, "-m", "gesmock")


def url_of(lines: list[str]) -> str:
    return lines[1].split("'")[1]


# --- serve --------------------------------------------------------------------------------------


def test_serve_serves_the_example_of_the_page_and_prints_a_working_curl_command(
    serve: Serve,
) -> None:
    def visit(lines: list[str]) -> tuple[list[str], Any]:
        return lines, json.loads(subprocess.check_output(["bash", "-c", f"{lines[1]} -s"]))

    lines, answer = serve(visit)

    assert lines[0].startswith(f"gesmock {__version__} listening on http://127.0.0.1:")
    assert lines[2] == f"panel {lines[0].split()[-1]}/_gesmock/"
    assert len(lines) == 3
    example = Path("fixtures/page_example.json").read_text(encoding="utf-8")
    assert answer == json.loads(example)


def test_serve_runs_with_closed_standard_output(tmp_path: Path) -> None:
    port = free_port()
    command = f'exec "{sys.executable}" -m gesmock serve --port {port} >&-'
    with started("sh", "-c", command, cwd=tmp_path) as process:
        until(lambda: process.poll() is not None or is_listening(port))

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")


def test_serve_answers_and_ends_though_nobody_reads_its_log(tmp_path: Path) -> None:
    port = free_port()
    path = "/ges/v1.0/0123456789abcdef0123456789abcdef/graphs/movies/jobs/status?limit=1"
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    command = [sys.executable, "-m", "gesmock", "serve", "movies", "--port", str(port)]
    with started(*command, cwd=tmp_path) as process:
        until(lambda: is_listening(port))
        with socket.create_connection(("127.0.0.1", port)) as client:
            for _ in range(1000):  # 64 KiB of lines are all that a pipe takes
                client.sendall(request)
                assert client.recv(2**16).startswith(b"HTTP/1.1 200 ")

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


STOPS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_before_the_wait_is_not_lost(number: signal.Signals) -> None:
    wait = stop_signals()
    signal.raise_signal(number)

    wait()


def test_serve_takes_the_longest_body_of_a_control_call(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        base = url_of(lines).partition("/ges/")[0]
        return requests.post(f"{base}/_gesmock/jobs", json={"job": "x" * 100}).status_code

    assert serve(visit) == 400
    assert serve(visit, "--max-control-body", "100") == 413


def test_under_nohup_a_closed_terminal_does_not_end_serve(serve: Serve) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    serve(list)

    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_before_serve_listens_ends_it(
    number: signal.Signals, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "generator", lambda *_: signal.raise_signal(number))
    monkeypatch.setattr(os, "_exit", sys.exit)  # this process goes on

    with pytest.raises(SystemExit) as ended:
        serve(list, "--generate", "3")
    assert ended.value.code == 0


def test_serve_takes_fixtures_names_and_generators(serve: Serve) -> None:
    def visit(lines: list[str]) -> dict[str, int]:
        base = url_of(lines).partition("/graphs/")[0]
        return {
            graph: requests.get(f"{base}/graphs/{graph}/jobs/status").json()["totalCount"]
            for graph in ("ges_j60071198_hdfs_fdb", "films")
        }

    counts = serve(visit, "page_example", "--project-id", "mine", "--generate", "films=7")

    assert counts == {"ges_j60071198_hdfs_fdb": 3, "films": 7}


def test_the_same_seed_serves_the_same_jobs(serve: Serve) -> None:
    def visit(lines: list[str]) -> Any:
        return requests.get(url_of(lines)).json()

    first = serve(visit, "--generate", "3", "--seed", "7")

    assert serve(visit, "--generate", "3", "--seed", "7") == first
    assert serve(visit, "--generate", "3", "--seed", "8") != first


def test_serve_takes_a_journal_size(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        for _ in range(3):
            requests.get(url_of(lines))
        control = url_of(lines).partition("/ges/")[0] + "/_gesmock"
        dropped: int = requests.get(f"{control}/journal").json()["dropped"]
        return dropped

    assert serve(visit, "--generate", "3", "--journal-size", "2") == 1


def test_serve_takes_real_delays(serve: Serve) -> None:
    def visit(lines: list[str]) -> Any:
        control = url_of(lines).partition("/ges/")[0] + "/_gesmock"
        return requests.get(f"{control}/clock").json()

    clock = serve(visit, "--frozen", "--real-delays")

    assert (clock["frozen"], clock["real_delays"]) == (True, True)


def test_serve_takes_settings_and_a_dialect(serve: Serve) -> None:
    def visit(lines: list[str]) -> list[int]:
        url = url_of(lines)
        return [
            requests.get(f"{url}?limit=0").status_code,
            requests.get(url.replace("/graphs/", "/graphs/no")).status_code,
        ]

    args = ["--dialect", "error_table", "--set", "limit_zero=refuse", "--set", "failed_result=true"]
    assert serve(visit, *args) == [400, 400]


def test_a_token_is_required_and_never_printed_or_logged(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    def visit(lines: list[str]) -> tuple[list[str], int, int]:
        url = url_of([lines[0], lines[1].replace("-H 'X-Auth-Token: <token>' ", "")])
        good = requests.get(url, headers={"X-Auth-Token": "secret"})
        return lines, requests.get(url).status_code, good.status_code

    lines, without, good = serve(visit, "--token", "secret")

    assert (without, good) == (401, 200)
    assert "secret" not in "".join(lines) + capfd.readouterr().err


def test_the_curl_command_has_a_token_header_if_the_fixture_has_tokens(serve: Serve) -> None:
    assert "-H 'X-Auth-Token: <token>'" in serve(list, "signed_in")[1]


def test_an_exposed_server_prints_its_generated_control_token(serve: Serve) -> None:
    def visit(lines: list[str]) -> list[int]:
        assert lines[0].endswith(", and on all other addresses of this machine")
        listed = url_of(lines)
        clock = f"{listed.partition('/ges/')[0]}/_gesmock/clock"
        token = lines[3].removeprefix("control token: ")
        headers = {"Authorization": f"Bearer {token}"}
        answers = requests.get(listed), requests.get(clock, headers=headers), requests.get(clock)
        return [answer.status_code for answer in answers]

    assert serve(visit, "--host", "0.0.0.0") == [200, 200, 401]


def test_an_ipv6_address_may_be_in_brackets(serve: Serve) -> None:
    [listening, _, panel] = serve(list, "--host", "[::1]")

    assert " listening on http://[::1]:" in listening
    assert panel.startswith("panel http://[::1]:")


def test_a_chosen_control_token_is_not_printed(serve: Serve) -> None:
    assert len(serve(list, "--host", "0.0.0.0", "--control-token", "secret")) == 3


def test_serve_takes_a_preset(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        return requests.get(url_of(lines)).status_code

    assert serve(visit, "--preset", "down") == 503


def test_demo_prints_the_url_of_a_page_that_lists_what_is_served(serve: Serve) -> None:
    def visit(lines: list[str]) -> tuple[str, int]:
        page = lines[-1].removeprefix("demo ")
        listed = urljoin(page, f"{page.partition('?graph=')[2]}/jobs/status")
        assert listed == url_of(lines)
        return requests.get(page).text, requests.get(listed).json()["totalCount"]

    for arguments, total in (((), 105), (("movies",), 5), (("--generate", "3"), 3)):
        page, listed = serve(visit, "--demo", *arguments)
        assert "A demo application" in page
        assert listed == total


def test_watch_reloads_a_file_that_is_written_or_replaced_and_keeps_the_state_meanwhile(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file, other = tmp_path / "mine.json", tmp_path / "other.json"
    caplog.set_level("INFO", "gesmock.serve")
    monkeypatch.setattr("gesmock.cli.serve._LOOK_EVERY_S", 0.001)

    def write(path: Path, count: int) -> None:
        path.write_text(json.dumps({"generators": [{"graph": "g", "count": count}]}))

    def visit(lines: list[str]) -> None:
        def jobs() -> int:
            count: int = requests.get(f"{lines[0].split()[-1]}/_gesmock/jobs").json()["total"]
            return count

        assert jobs() == 1
        write(file, 20)
        until(lambda: jobs() == 20)
        file.write_text("{")
        broken = f"the state stays as it was: {file}: line 1 column 2: broken JSON"
        until(lambda: broken in caplog.text)
        file.unlink()
        until(lambda: f"{file}: no such file" in caplog.text)
        assert jobs() == 20
        write(other, 300)
        other.replace(file)  # as many editors do
        until(lambda: caplog.text.rstrip().endswith(f"{file}: reloaded"))
        assert jobs() == 300

    write(file, 1)
    serve(visit, str(file), "--watch")
    assert "gesmock-watch" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("has_browser", [True, False])
def test_open_opens_the_panel_or_says_that_there_is_no_browser(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    has_browser: bool,
) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return has_browser

    monkeypatch.setattr("webbrowser.open", open_page)

    lines = serve(list, "--open")

    assert [f"panel {url}" for url in opened] == lines[2:]
    assert ("--open: found no browser" in caplog.text) is not has_browser


def test_no_control_removes_the_control_api_and_the_panel(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        assert len(lines) == 2
        return requests.get(f"{lines[0].split()[-1]}/_gesmock/health").status_code

    assert serve(visit, "--no-control") == 404


def test_requests_are_logged_at_level_info(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    def visit(lines: list[str]) -> None:
        requests.get(url_of(lines), headers={"Prefer": "code=503"})

    serve(visit)
    assert re.search(r"/jobs/status 503 \d+\.\d ms prefer#1\n\Z", capfd.readouterr().err)
    serve(visit, "--log-level", "warning")
    assert "prefer#1" not in capfd.readouterr().err


def test_options_may_come_from_the_environment(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GESMOCK_GENERATE", "films=2 songs=3")
    monkeypatch.setenv("GESMOCK_PROJECT_ID", "fromenv")
    monkeypatch.setenv("GESMOCK_FAULT", '{"script": [500, 503]}\n401')

    assert serve(lambda lines: "/ges/v1.0/fromenv/graphs/films/" in lines[1])


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("503", {"fault": {"kind": "error", "status": 503}}),
        ("list_jobs=503,times=2", {"operation": "list_jobs", "times": 2, "fault": {"kind": "error", "status": 503}}),
        ("503,503,ok", {"script": [503, 503, "ok"]}),
        ("list_jobs=503,ok,after=1", {"operation": "list_jobs", "script": [503, "ok"], "after": 1}),
        ("ok", {"script": ["ok"]}),
        ("503,,ok,", {"script": [503, "ok"]}),
        ("status=401,probability=0.5,code=GES.8007", {"probability": 0.5, "fault": {"kind": "error", "status": 401, "code": "GES.8007"}}),
        ("503,message=Down, a=b", {"fault": {"kind": "error", "status": 503, "message": "Down, a=b"}}),
        ("delay,seconds=2", {"fault": {"kind": "delay", "seconds": 2}}),
        ("delay,seconds=2,real=true", {"fault": {"kind": "delay", "seconds": 2, "real": True}}),
        ("list_jobs=reset,times=1,phase=after", {"operation": "list_jobs", "times": 1, "phase": "after", "fault": {"kind": "reset"}}),
        ("delay,lognormal.median_s=0.3,lognormal.sigma=1,every=2", {"every": 2, "fault": {"kind": "delay", "lognormal": {"median_s": 0.3, "sigma": 1}}}),
        ("outage,from_s=1,until_s=3,fault=500", {"fault": {"kind": "outage", "from_s": 1, "until_s": 3, "fault": 500}}),
        ("503,from_s=1,until_s=3", {"from_s": 1, "until_s": 3, "fault": {"kind": "error", "status": 503}}),
        ("throttle,limit=2,window_s=60", {"fault": {"kind": "throttle", "limit": 2, "window_s": 60}}),
        ("ramp,to=0.5,over_s=60,fault.kind=hang", {"fault": {"kind": "ramp", "to": 0.5, "over_s": 60, "fault": {"kind": "hang"}}}),
        ("list_jobs=reset,503,ok", {"operation": "list_jobs", "script": ["reset", 503, "ok"]}),
        ("503,header=X-Team=7,job_id=12,graph=42", {"header": "X-Team=7", "job_id": "12", "graph": "42", "fault": {"kind": "error", "status": 503}}),
        ("503,code=42,message=42", {"fault": {"kind": "error", "status": 503, "code": "42", "message": "42"}}),
        ('{"script": [500]}', {"script": [500]}),
    ],
)  # fmt: skip
def test_a_fault_rule_has_a_short_form(text: str, fields: dict[str, Any]) -> None:
    assert options.fault_rule(text) == fields


def test_a_port_in_use_is_reported_in_one_line(ges: GesMock) -> None:
    port = ges.url.rpartition(":")[2]

    result = run("serve", "--port", port)

    assert result.exit_code == 2
    assert result.stderr == (
        f"gesmock: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "--port 0 takes any free port\n"
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nowhere.json"], "nowhere.json: no such file"),
        (["no_such_name"], "no_such_name: no such file, and none of gesmock's own fixture files (empty,"),
        (["--generate", "many"], "--generate: 'many' is not [GRAPH=]N, such as movies=1000"),
        (["--generate", "9" * 5000], "is not [GRAPH=]N"),
        (["--fault", "503,message=\udcff"], "--fault: '"),
        (["--generate", "=5"], "--generate: '=5' is not [GRAPH=]N"),
        (["--token", "a\nb"], "--token: expected an object or a token that fits into a header, got 'a\\nb'"),
        (["--allow-host", "a b"], "--allow-host: expected a host name such as fake.test, got 'a b'"),
        (["--control-origin", "http://x/"], "--control-origin: expected an origin such as http://127.0.0.1:5173, without a path, got 'http://x/'"),
        (["--generate", "-1"], "--generate: '-1' is not [GRAPH=]N"),
        (["--fault", "200"], "--fault fault.status: expected an HTTP status from 400 to 599, got 200"),
        (["--fault", "list=503"], "--fault operation: 'list' is not valid; did you mean 'list_jobs'?"),
        (["--fault", "503,tims=2"], "--fault tims: unknown key; did you mean 'times'?"),
        (["--fault", "503,ok,code=X"], "--fault fault.status: missing"),
        (["--fault", "delay,second=2"], "--fault second: unknown key"),
        (["--fault", "list_jobs=dely,seconds=2"], "--fault fault.kind: 'dely' is not valid; did you mean 'delay'?"),
        (["--fault", "drip,parts=1,seconds=2"], "--fault fault.parts: expected an integer from 2"),
        (["--preset", "sunny"], "'sunny' is not one of 'flaky', 'slow', 'down', 'mobile'"),
        (["--fault", "times=2"], "--fault: 'times=2' names no fault, such as 503 or delay,seconds=2"),
        (["--fault", "delay=2"], "--fault: delay is a fault, not an operation: list_jobs=delay, or delay,"),
        (["moviez"], "page_example, signed_in); did you mean 'movies'?"),
        (["--fault", "list_jobs"], "--fault: list_jobs is an operation: list_jobs=503"),
        (["--fault", "list_jobs=503;every=10"], "--fault: '503;every=10': separate with a comma"),
        (["--fault", ""], "--fault: '' names no fault, such as 503 or delay,seconds=2"),
        (["--fault", "{"], "--fault: line 1 column 2: broken JSON"),
        (["--set", "limit_zero"], "--set: 'limit_zero' is not NAME=VALUE"),
        (["--set", "limit_zer=x"], "--set limit_zer: unknown key; did you mean 'limit_zero'?"),
        (["--set", "maximum_limit=many"], "--set maximum_limit: expected an integer"),
        (["--token", ""], "--token: expected an object or a token that fits into a header, got ''\n"),
        (["--project-id", "a-b"], "--project-id: expected a project id"),
        (["--seed", "-1"], "seed: expected an integer from 0"),
        (["--dialect", "pag"], "'pag' is not one of 'page', 'error_table'"),
        (["--port", "99999"], "99999 is not in the range"),
        (["--prot", "1"], "No such option"),
        (["--watch"], "--watch: needs a fixture file"),
        (["nowhere.json", "--watch"], "nowhere.json: no such file"),
        (["movies", "--watch", "--state", "s.json"], "--watch: of no use with --state, which repl"),
        (["--open", "--no-control"], "--open: of no use with --no-control, which leaves out the p"),
    ],
)  # fmt: skip
def test_a_bad_option_is_reported_clearly(args: list[str], words: str) -> None:
    result = run("serve", *args)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("GESMOCK_RATE", "0", "GESMOCK_RATE: expected a rate above 0"),
        ("GESMOCK_PORT", "tcp://1.2.3.4:80", "Invalid value for 'GESMOCK_PORT': 'tcp://1.2.3.4:80' is "),
        ("GESMOCK_WATCH", "never", "Invalid value for 'GESMOCK_WATCH': 'never' is not a valid boolean."),
    ],
)  # fmt: skip
def test_a_bad_value_from_the_environment_is_reported_with_its_variable(
    variable: str, value: str, message: str
) -> None:
    result = run("serve", **{variable: value})

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_an_unknown_command_is_reported_with_the_one_that_was_meant() -> None:
    result = run("srve")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("Error: No such command 'srve'. Did you mean 'serve'?\n")


# --- proxy ----------------------------------------------------------------------------------------


def graph(ges: GesMock, server: ProxyServer) -> str:
    """The URL of the graph behind the proxy *server*."""
    return ges.graph_url().replace(ges.url, server.url)


def proxy(monkeypatch: pytest.MonkeyPatch, visit: Any, *arguments: str) -> Result:
    monkeypatch.setattr(cli_serve, "stop_signals", lambda: visit)
    return CliRunner().invoke(cli.main, ["proxy", "--port", "0", *arguments])


def test_a_bad_fault_of_the_proxy_is_reported_clearly(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = proxy(monkeypatch, None, "--target", ges.graph_url(), "--fault", "delay=2")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("--fault: delay is a fault, not an operation: list_jobs=delay")


def test_proxy_prints_its_address_and_its_findings(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxies: list[ProxyServer] = []
    enter = ProxyServer.__enter__

    def entered(self: ProxyServer) -> ProxyServer:
        proxies.append(self)
        return enter(self)

    monkeypatch.setattr(ProxyServer, "__enter__", entered)

    def visit() -> None:
        for _ in range(3):
            requests.get(f"{graph(ges, proxies[0])}/jobs/status?status=running")

    result = proxy(
        monkeypatch,
        visit,
        *("--target", ges.jobs_url(), "--fault", "list_jobs=503,times=1"),
        *("--har", str(tmp_path / "a.har")),
    )

    assert result.exit_code == 0, result.output
    first, second, third, finding = result.stdout.splitlines()
    assert first == f"gesmock {__version__} listening on {proxies[0].url} for {ges.url}"
    assert second == f"curl '{graph(ges, proxies[0])}/jobs/status'"
    assert third == f"panel {proxies[0].url}/_gesmock/"
    assert finding.startswith("GM304 status is not a parameter of this call: GET ")
    archive = json.loads((tmp_path / "a.har").read_text())
    assert [entry["response"]["status"] for entry in archive["log"]["entries"]] == [503, 200, 200]


def test_proxy_generates_a_control_token_for_other_addresses_than_loopback(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--target", ges.jobs_url(), "--host", "0.0.0.0")

    refused = proxy(monkeypatch, lambda: None, *arguments)
    result = proxy(monkeypatch, lambda: None, *arguments, "--allow-others")

    assert (refused.exit_code, refused.stderr[:26]) == (2, "--host: '0.0.0.0' can be r")
    assert result.stdout.splitlines()[3].startswith("control token: ")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GESMOCK_TARGET_TOKEN", "s3cr3t\n", "GESMOCK_TARGET_TOKEN: character 7 of 7 is "),
        ("HUAWEICLOUD_SDK_AK", "s3cr3t", "HUAWEICLOUD_SDK_SK: is required with"),
    ],
)
def test_proxy_reports_bad_credentials_at_start(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)

    result = proxy(monkeypatch, lambda: None, "--target", ges.jobs_url())

    assert (result.exit_code, result.stderr[: len(message)]) == (2, message)
    assert "s3cr3t" not in result.output


def test_proxy_reports_a_missing_sdk_at_start(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "a")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "s")
    monkeypatch.setitem(sys.modules, "huaweicloudsdkcore.auth.credentials", None)

    result = proxy(monkeypatch, lambda: None, "--target", ges.jobs_url())

    assert result.exit_code == 2
    assert result.stderr.endswith("needs the vendor's SDK: pip install 'gesmock[cloud]'\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "nowhere"), "--target: 'nowhere' is not a URL such as http://10.0.0.7:80\n"),
        (("--target", "http://h:80"), "--project-id: is required unless the URL is like http://"),
        (("--fault", "paint=503"), "--fault operation: 'paint' is not one of list_jobs"),
        (("--har", "/nowhere/a.har"), "--har: /nowhere/a.har cannot be written: No such file"),
        (("--har", "."), "--har: . is a directory, not a file\n"),
    ],
)
def test_proxy_reports_bad_options_before_it_listens(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    result = proxy(monkeypatch, lambda: None, "--target", ges.jobs_url(), *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


def test_proxy_runs_with_closed_standard_output(ges: GesMock, tmp_path: Path) -> None:
    har, port = tmp_path / "a.har", free_port()
    command = f'exec "{sys.executable}" -m gesmock proxy --port {port} --har "$1" --target "$2" >&-'
    with started("sh", "-c", command, "sh", str(har), ges.jobs_url()) as process:
        until(lambda: process.poll() is not None or is_listening(port))

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")
    assert har.exists()


@pytest.mark.parametrize("number", STOPS)
@pytest.mark.parametrize("when", ["before it listens", "when it listens"])
def test_proxy_writes_the_archive_after_a_signal_right_at_the_start(
    ges: GesMock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: signal.Signals,
    when: str,
) -> None:
    har = tmp_path / "a.har"
    begin, check = ProxyServer.__init__, output.check_writable

    def listened(self: ProxyServer, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        signal.raise_signal(number)

    def checked(files: Any) -> None:
        signal.raise_signal(number)
        check(files)

    if when == "before it listens":
        monkeypatch.setattr(output, "check_writable", checked)
    else:
        monkeypatch.setattr(ProxyServer, "__init__", listened)
    command = ["proxy", "--port", "0", "--target", ges.jobs_url(), "--har", str(har)]
    result = CliRunner().invoke(cli.main, command)

    assert result.exit_code == 0, result.output
    assert json.loads(har.read_text())["log"]["entries"] == []


def test_proxy_prints_findings_even_if_the_archive_cannot_be_written(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    monkeypatch.setattr(Verdict, "findings", lambda verdict: ["GM304 of a client"])

    result = proxy(
        monkeypatch,
        lambda: None,
        *("--target", ges.jobs_url(), "--har", str(tmp_path / "a.har")),
    )

    assert (result.exit_code, result.stdout.splitlines()[3:]) == (2, ["GM304 of a client"])
    assert result.stderr.endswith("/a.har: cannot be written: No space left on device\n")


def test_proxy_writes_the_archive_even_if_findings_cannot_be_printed(
    ges: GesMock, tmp_path: Path
) -> None:
    archive = tmp_path / "a.har"
    options = ["--port", "0", "--target", ges.jobs_url(), "--har", str(archive)]
    with started(*GESMOCK, "proxy", *options) as process:
        assert process.stdout is not None
        process.stdout.readline()
        curl = process.stdout.readline()
        requests.get(curl.split("'")[1] + "?status=running")  # there will be a finding
        process.stdout.close()

        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        message = process.stderr.read()

        assert process.wait(10) == 2
    assert message.splitlines()[1:] == ["gesmock: standard output: Broken pipe"]
    assert len(json.loads(archive.read_text())["log"]["entries"]) == 1


# --- generate and check -------------------------------------------------------------------------


def test_generate_writes_a_fixture_that_check_accepts(tmp_path: Path) -> None:
    path = tmp_path / "films.json"

    written = run("generate", "films=5", "--seed", "7", "--status", "failed=1", "-o", str(path))
    checked = run("check", str(path))

    assert (written.exit_code, written.output) == (0, "")
    assert (checked.exit_code, checked.output) == (0, f"{path}: 1 graph, 5 jobs\n")
    jobs = json.loads(path.read_bytes())["graphs"]["films"]["jobs"]
    assert {job["status"] for job in jobs} == {"failed"}


def test_generate_writes_the_same_bytes_for_the_same_seed() -> None:
    first, more = run("generate", "5"), run("generate", "8")

    assert first.stdout_bytes == run("generate", "5").stdout_bytes
    lists = [json.loads(result.stdout)["graphs"]["movie"]["jobs"] for result in (first, more)]
    assert lists[1][:5] == lists[0]


def test_fixtures_of_different_seeds_can_be_served_together(tmp_path: Path, serve: Serve) -> None:
    paths = [str(tmp_path / f"{seed}.json") for seed in (1, 2)]
    for seed, path in enumerate(paths, 1):
        run("generate", f"g{seed}=2", "--seed", str(seed), "-o", path)

    assert "/graphs/g1/" in serve(lambda lines: lines[1], *paths, "--set", "limit_zero=refuse")


def test_generate_reports_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "films.json"
    folder.mkdir()

    result = run("generate", "5", "-o", str(folder))

    assert result.exit_code == 2
    assert result.stderr == f"--output: {folder} is a directory, not a file\n"
    assert [*tmp_path.iterdir()] == [folder]


def test_generate_refuses_a_fifo_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "films.json"
    os.mkfifo(fifo)
    command = [*GESMOCK, "generate", "5", "-o", str(fifo)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)

    assert (ran.returncode, ran.stderr) == (2, f"--output: {fifo} is a FIFO, not a file\n")


def test_generate_follows_links_and_does_not_replace_devices(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "films.json")

    assert run("generate", "2", "-o", str(tmp_path / "link.json")).exit_code == 0
    assert run("generate", "2", "-o", "/dev/null").exit_code == 0

    assert (tmp_path / "link.json").is_symlink()
    assert run("check", str(tmp_path / "films.json")).exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_generate_keeps_the_old_file_if_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "films.json"
    path.write_text("old")

    def full(self: Path, text: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run("generate", "2", "-o", str(path))

    assert (result.exit_code, path.read_text()) == (2, "old")
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_generate_keeps_the_mode_of_an_existing_file(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "films.json"
    path.write_text("old")
    path.chmod(mode)

    assert run("generate", "2", "-o", str(path)).exit_code == 0

    assert path.stat().st_mode & 0o7777 == mode
    assert path.read_text() != "old"


def test_generate_refuses_a_bad_number_of_jobs() -> None:
    result = run("generate", "films")

    assert (result.exit_code, result.stderr) == (
        2,
        "'films' is not [GRAPH=]N, such as movies=1000\n",
    )


def test_check_reports_every_error_of_every_file(tmp_path: Path) -> None:
    wrong, broken = tmp_path / "wrong.json", tmp_path / "broken.json"
    wrong.write_text('{"seed": "x", "graps": {}}')
    broken.write_text("{")

    result = run("check", "movies", str(wrong), str(broken))

    assert result.exit_code == 2
    assert result.stdout == "movies: 1 graph, 5 jobs\n"
    assert [line.replace(f"{tmp_path}/", "") for line in result.stderr.splitlines()] == [
        "wrong.json: $.seed: expected an integer from 0 to 9223372036854775807, got 'x'",
        "wrong.json: $.graps: unknown key; did you mean 'graphs'? known keys: description, "
        "project_id, seed, graphs, generators, settings, clock, verdict, journal_size, plans, "
        "queries, tokens, faults",
        "broken.json: line 1 column 2: broken JSON: Expecting property name enclosed in double "
        "quotes",
    ]


def test_a_progress_bar_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        written = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> int:
            self.written += text
            return len(text)

        def flush(self) -> None:
            pass

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    GesMock(generate=5_000, progress=output.progress)

    assert "generating jobs" in screen.written
    assert "100%" in screen.written


def test_the_summary_of_every_command_fits_on_its_line() -> None:
    _, summaries = run("--help").output.split("Commands:\n")

    assert "...\n" not in summaries


def test_every_option_of_serve_has_an_environment_variable() -> None:
    text = " ".join(run("serve", "--help").output.split())

    for option in cli.command("serve").params:
        if option.param_type_name == "option":
            name = max(option.opts)[2:].replace("-", "_").upper()
            assert f"[env var: GESMOCK_{name}" in text


def test_the_version_is_printed() -> None:
    assert run("--version").output == f"gesmock {__version__}\n"


def test_an_open_connection_does_not_delay_the_end() -> None:
    with started(*GESMOCK, "serve", "--port", "0") as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            process.terminate()
            assert process.wait(10) == 0


def test_check_refuses_a_status_of_another_edition(tmp_path: Path) -> None:
    job = {"jobId": "a", "status": "partiallyFailed", "request": {"command": "x", "url": "/"}}
    path = tmp_path / "partial.json"
    path.write_text(json.dumps({"graphs": {"g": {"jobs": [job]}}}))

    result = run("check", str(path))

    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"{path}: $.graphs.g.jobs[0].status: 'partiallyFailed' is not one of"
    )


# --- Plans and the clock --------------------------------------------------------------------------


def test_serve_takes_plans_and_clock_options(serve: Serve) -> None:
    def visit(lines: list[str]) -> Any:
        base = lines[0].split()[-1]
        graph = url_of(lines).removesuffix("/jobs/status")
        for _ in range(2):
            requests.post(f"{graph}/action?action_id=clear-graph", json={})
        clock = requests.get(f"{base}/_gesmock/clock").json()
        jobs = requests.get(f"{graph}/jobs/status").json()["jobs"]
        return {**clock, "now": 0}, [job["status"] for job in jobs]

    args = ["--plan", "clear_graph=instant,times=1", "--plan", "stuck_pending"]
    clock, statuses = serve(visit, *args, "--frozen", "--rate", "60", "--tick-s", "0.5")

    timing = {"frozen": True, "rate": 60.0, "tick_s": 0.5, "real_delays": False}
    assert clock == {"now": 0, **timing, "next_s": None}
    assert statuses[:2] == ["pending", "success"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("slow", {"plan": "slow"}),
        ("import_graph=fails_late", {"command": "import_graph", "plan": "fails_late"}),
        ("slow,graph=g,times=2", {"plan": "slow", "graph": "g", "times": 2}),
        ("x=slow, running_s=6", {"command": "x", "plan": {"name": "slow", "running_s": 6}}),
        ('{"plan": "slow"}', {"plan": "slow"}),
    ],
)
def test_a_plan_rule_has_a_short_form(text: str, rule: dict[str, Any]) -> None:
    assert options.plan_rule(text) == rule


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--plan", "quick"], "--plan plan: expected one of fails_early, "),
        (["--plan", "slow,times"], "--plan: 'times' is not NAME=VALUE"),
        (["--plan", "{"], "--plan: line 1 column 2: broken JSON"),
        (
            ["--plan", "imports=slow"],
            "--plan command: 'imports' is not valid; did you mean 'import_graph'?",
        ),
        (["--rate", "0"], "--rate: expected a rate above 0"),
        (["--journal-size", "0"], "--journal-size: expected a number of entries from 1"),
        (["--tick-s", "-1"], "--tick-s: expected a number from 0"),
    ],
)
def test_a_bad_plan_or_clock_is_reported_clearly(option: list[str], words: str) -> None:
    result = run("serve", "--port", "0", *option)

    assert result.exit_code == 2
    assert words in result.stderr


def test_generate_refuses_more_jobs_than_a_graph_can_hold() -> None:
    result = CliRunner().invoke(cli.main, ["generate", "films=100001"])

    assert result.exit_code == 2
    assert result.stderr == "'films=100001': a graph has 100000 jobs at most\n"


@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.deep)])
@pytest.mark.parametrize("arguments", [("generate", "3"), ("serve", "movies", "--port", "0")])
def test_a_reader_that_is_gone_is_reported_once(
    arguments: tuple[str, ...], unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        ran = subprocess.run(
            [*GESMOCK, *arguments],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=20,
        )

    assert (ran.returncode, ran.stderr) == (2, "gesmock: standard output: Broken pipe\n")


def test_a_full_disk_behind_standard_output_is_reported() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = subprocess.run(
            [sys.executable, "-m", "gesmock", "generate", "3"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (result.returncode, result.stderr) == (
        2,
        "gesmock: standard output: No space left on device\n",
    )
