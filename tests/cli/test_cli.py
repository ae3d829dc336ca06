"""The command line, as a shell uses it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from conftest import free_port, listens, until

from gesmock import GesMock, __version__
from gesmock.cli import main as cli
from gesmock.cli import options, output
from gesmock.cli.serve import stop_signals

Serve = Callable[..., Any]


def run(*args: str, **env: str) -> Result:
    return CliRunner().invoke(cli.main, args, env=env)


def url_of(lines: list[str]) -> str:
    return lines[1].split("'")[1]


# --- serve --------------------------------------------------------------------------------------


def test_serve_alone_serves_the_pages_example_and_prints_a_curl_line_that_works(
    serve: Serve,
) -> None:
    def visit(lines: list[str]) -> tuple[list[str], Any]:
        return lines, json.loads(subprocess.check_output(["bash", "-c", f"{lines[1]} -s"]))

    lines, answer = serve(visit)

    assert lines[0].startswith(f"gesmock {__version__} listening on http://127.0.0.1:")
    assert len(lines) == 2
    example = Path("fixtures/page_example.json").read_text(encoding="utf-8")
    assert answer == json.loads(example)


def test_a_script_gets_the_address_from_the_first_line_and_stops_it_with_sigterm() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gesmock", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    assert requests.get(f"{url}/_gesmock/health").ok

    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")


def test_it_serves_though_its_standard_output_is_closed(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        ["sh", "-c", f'exec "{sys.executable}" -m gesmock serve --port {port} >&-'],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    until(lambda: process.poll() is not None or listens(port))

    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_the_wait_is_not_lost(number: signal.Signals) -> None:
    wait = stop_signals()
    signal.raise_signal(number)

    wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_it_listens_ends_it_too(
    number: signal.Signals, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "generator", lambda *_: signal.raise_signal(number))

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


def test_the_size_of_the_journal_is_chosen(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        for _ in range(3):
            requests.get(url_of(lines))
        control = url_of(lines).partition("/ges/")[0] + "/_gesmock"
        dropped: int = requests.get(f"{control}/journal").json()["dropped"]
        return dropped

    assert serve(visit, "--generate", "3", "--journal-size", "2") == 1


def test_settings_and_dialect_are_chosen(serve: Serve) -> None:
    def visit(lines: list[str]) -> list[int]:
        url = url_of(lines)
        return [
            requests.get(f"{url}?limit=0").status_code,
            requests.get(url.replace("/graphs/", "/graphs/no")).status_code,
        ]

    args = ["--dialect", "error_table", "--set", "limit_zero=refuse", "--set", "failed_result=true"]
    assert serve(visit, *args) == [400, 400]


def test_a_token_is_required_and_never_printed_or_logged(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    def visit(lines: list[str]) -> tuple[list[str], int, int]:
        url = url_of([lines[0], lines[1].replace("-H 'X-Auth-Token: <token>' ", "")])
        good = requests.get(url, headers={"X-Auth-Token": "secret"})
        return lines, requests.get(url).status_code, good.status_code

    lines, without, good = serve(visit, "--token", "secret")

    assert (without, good) == (401, 200)
    assert "secret" not in "".join(lines) + capsys.readouterr().err


def test_a_fixture_with_tokens_has_the_header_in_the_curl_line(serve: Serve) -> None:
    assert "-H 'X-Auth-Token: <token>'" in serve(list, "signed_in")[1]


def test_an_exposed_server_prints_the_control_token_that_it_made(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        token = lines[2].removeprefix("control token: ")
        url = lines[0].split()[-1].replace("0.0.0.0", "127.0.0.1")
        return requests.get(
            f"{url}/_gesmock/health", headers={"Authorization": f"Bearer {token}"}
        ).status_code

    assert serve(visit, "--host", "0.0.0.0") == 200


def test_a_control_token_that_is_given_is_not_printed(serve: Serve) -> None:
    assert len(serve(list, "--host", "0.0.0.0", "--control-token", "secret")) == 2


def test_the_preset_can_be_chosen(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        return requests.get(url_of(lines)).status_code

    assert serve(visit, "--preset", "down") == 503


def test_no_control_leaves_the_control_api_out(serve: Serve) -> None:
    def visit(lines: list[str]) -> int:
        return requests.get(f"{lines[0].split()[-1]}/_gesmock/health").status_code

    assert serve(visit, "--no-control") == 404


def test_requests_are_logged_at_the_level_that_is_asked_for(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    def visit(lines: list[str]) -> None:
        requests.get(url_of(lines), headers={"Prefer": "code=503"})

    serve(visit)
    assert capsys.readouterr().err.endswith("/jobs/status 503 prefer#1\n")
    serve(visit, "--log-level", "warning")
    assert "prefer#1" not in capsys.readouterr().err


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
def test_a_fault_can_be_ordered_in_short(text: str, fields: dict[str, Any]) -> None:
    assert options.fault_rule(text) == fields


def test_a_port_in_use_is_one_line_and_status_2(ges: GesMock) -> None:
    port = ges.url.rpartition(":")[2]

    result = run("serve", "--port", port)

    assert result.exit_code == 2
    assert result.stderr == (
        f"gesmock: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nowhere.json"], "nowhere.json: no such file"),
        (["no_such_name"], "no_such_name: no such file, and none of gesmock's own fixtures (empty,"),
        (["--generate", "many"], "--generate: 'many' is not [GRAPH=]N, such as movies=1000"),
        (["--generate", "9" * 5000], "is not [GRAPH=]N"),
        (["--fault", "503,message=\udcff"], "faults: '"),
        (["--generate", "-1"], "--generate: '-1' is not [GRAPH=]N"),
        (["--fault", "200"], "faults[0].fault.status: 200 is not an HTTP status from 400 to 599"),
        (["--fault", "list=503"], "faults[0].operation: 'list' is not one of list_jobs, show_job"),
        (["--fault", "503,tims=2"], "faults[0].tims: unknown key; did you mean 'times'?"),
        (["--fault", "503,ok,code=X"], "faults[0].fault.status: missing"),
        (["--fault", "delay,second=2"], "faults[0].second: unknown key"),
        (["--fault", "list_jobs=dely,seconds=2"], "faults[0].fault.kind: 'dely' is none of error, delay"),
        (["--fault", "drip,parts=1,seconds=2"], "faults[0].fault.parts: 1 is not an integer from 2"),
        (["--preset", "sunny"], "'sunny' is not one of 'flaky', 'slow', 'down', 'mobile'"),
        (["--fault", "times=2"], "faults[0].fault.status: missing"),
        (["--fault", "{"], "--fault: line 1 column 2: broken JSON"),
        (["--set", "limit_zero"], "--set: 'limit_zero' is not NAME=VALUE"),
        (["--set", "limit_zer=x"], "settings.limit_zer: unknown key; did you mean 'limit_zero'?"),
        (["--set", "maximum_limit=many"], "settings.maximum_limit: 'many' is not an integer"),
        (["--token", ""], "tokens[0]: '' is not"),
        (["--project-id", "a-b"], "project_id: 'a-b' is not a project id"),
        (["--seed", "-1"], "seed: -1 is not an integer from 0"),
        (["--dialect", "pag"], "'pag' is not one of 'page', 'error_table'"),
        (["--port", "99999"], "99999 is not in the range"),
        (["--prot", "1"], "No such option"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_a_clear_message_and_status_2(args: list[str], words: str) -> None:
    result = run("serve", *args)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


# --- generate and check -------------------------------------------------------------------------


def test_generate_writes_a_fixture_that_check_accepts(tmp_path: Path) -> None:
    path = tmp_path / "films.json"

    written = run("generate", "films=5", "--seed", "7", "--status", "failed=1", "-o", str(path))
    checked = run("check", str(path))

    assert (written.exit_code, written.output) == (0, "")
    assert (checked.exit_code, checked.output) == (0, f"{path}: 1 graph, 5 jobs\n")
    jobs = json.loads(path.read_bytes())["graphs"]["films"]["jobs"]
    assert {job["status"] for job in jobs} == {"failed"}


def test_generate_writes_the_same_bytes_for_the_same_seed_and_more_rows_follow() -> None:
    first, more = run("generate", "5"), run("generate", "8")

    assert first.stdout_bytes == run("generate", "5").stdout_bytes
    lists = [json.loads(result.stdout)["graphs"]["movie"]["jobs"] for result in (first, more)]
    assert lists[1][:5] == lists[0]


def test_fixtures_of_different_seeds_can_be_served_together(tmp_path: Path, serve: Serve) -> None:
    paths = [str(tmp_path / f"{seed}.json") for seed in (1, 2)]
    for seed, path in enumerate(paths, 1):
        run("generate", f"g{seed}=2", "--seed", str(seed), "-o", path)

    assert "/graphs/g1/" in serve(lambda lines: lines[1], *paths, "--set", "limit_zero=refuse")


def test_generate_leaves_the_old_file_where_it_cannot_write(tmp_path: Path) -> None:
    folder = tmp_path / "films.json"
    folder.mkdir()

    result = run("generate", "5", "-o", str(folder))

    assert result.exit_code == 2
    assert result.stderr == f"gesmock: {folder}: cannot be written: Is a directory\n"
    assert [*tmp_path.iterdir()] == [folder]


def test_generate_follows_links_and_keeps_devices(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "films.json")

    assert run("generate", "2", "-o", str(tmp_path / "link.json")).exit_code == 0
    assert run("generate", "2", "-o", "/dev/null").exit_code == 0

    assert (tmp_path / "link.json").is_symlink()
    assert run("check", str(tmp_path / "films.json")).exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_generate_keeps_the_old_file_whole_where_the_new_one_cannot_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "films.json"
    path.write_text("the old one")

    def full(self: Path, text: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run("generate", "2", "-o", str(path))

    assert (result.exit_code, path.read_text()) == (2, "the old one")
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_generate_keeps_the_mode_of_the_file_that_is_there(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "films.json"
    path.write_text("the old one")
    path.chmod(mode)

    assert run("generate", "2", "-o", str(path)).exit_code == 0

    assert path.stat().st_mode & 0o7777 == mode
    assert path.read_text() != "the old one"


def test_generate_refuses_what_is_no_number_of_jobs() -> None:
    result = run("generate", "films")

    assert (result.exit_code, result.stderr) == (
        2,
        "'films' is not [GRAPH=]N, such as movies=1000\n",
    )


def test_check_reports_every_finding_of_every_file(tmp_path: Path) -> None:
    wrong, broken = tmp_path / "wrong.json", tmp_path / "broken.json"
    wrong.write_text('{"seed": "x", "graps": {}}')
    broken.write_text("{")

    result = run("check", "movies", str(wrong), str(broken))

    assert result.exit_code == 2
    assert result.stdout == "movies: 1 graph, 5 jobs\n"
    assert [line.replace(f"{tmp_path}/", "") for line in result.stderr.splitlines()] == [
        "wrong.json: $.seed: 'x' is not an integer from 0 to 9223372036854775807",
        "wrong.json: $.graps: unknown key; did you mean 'graphs'? known are description, "
        "project_id, seed, graphs, generators, settings, clock, verdict, journal_size, plans, "
        "tokens, faults",
        "broken.json: line 1 column 2: broken JSON: Expecting property name enclosed in double "
        "quotes",
    ]


def test_a_bar_shows_the_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_every_option_of_serve_may_come_from_the_environment() -> None:
    told = " ".join(run("serve", "--help").output.split())

    for option in cli.main.commands["serve"].params:
        if option.param_type_name == "option":
            name = max(option.opts)[2:].replace("-", "_").upper()
            assert f"[env var: GESMOCK_{name}" in told


def test_the_version_is_told() -> None:
    assert run("--version").output == f"gesmock {__version__}\n"


def test_a_client_that_keeps_its_connection_open_does_not_hold_up_the_stop() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gesmock", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = int(process.stdout.readline().rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        process.terminate()
        assert process.wait(10) == 0
    process.stdout.close()


def test_check_holds_a_status_against_the_edition(tmp_path: Path) -> None:
    job = {"jobId": "a", "status": "partiallyFailed", "request": {"command": "x", "url": "/"}}
    path = tmp_path / "partial.json"
    path.write_text(json.dumps({"graphs": {"g": {"jobs": [job]}}}))

    result = run("check", str(path))

    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}: $.graphs.g.jobs[0].status: 'partiallyFailed' is none")


# --- Jobs that live -----------------------------------------------------------------------------


def test_plans_and_the_clock_are_options(serve: Serve) -> None:
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

    assert clock == {"now": 0, "frozen": True, "rate": 60.0, "tick_s": 0.5}
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
def test_a_plan_rule_is_spelled_in_short_or_as_json(text: str, rule: dict[str, Any]) -> None:
    assert options.plan_rule(text) == rule


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--plan", "quick"], "plans[0].plan: 'quick' is not "),
        (["--plan", "slow,times"], "--plan: 'times' is not NAME=VALUE"),
        (["--plan", "{"], "--plan: line 1 column 2: broken JSON"),
        (["--plan", "imports=slow"], "plans[0].command: 'imports' is not one of import_graph"),
        (["--rate", "0"], "clock.rate: 0.0 is not a rate above 0"),
        (["--journal-size", "0"], "journal_size: 0 is not a number of entries from 1"),
        (["--tick-s", "-1"], "clock.tick_s: -1.0 is not a number from 0"),
    ],
)
def test_a_wrong_plan_or_clock_is_a_clear_message_and_status_2(
    option: list[str], words: str
) -> None:
    result = run("serve", "--port", "0", *option)

    assert result.exit_code == 2
    assert words in result.stderr


def test_no_more_jobs_are_generated_than_a_graph_keeps() -> None:
    result = CliRunner().invoke(cli.main, ["generate", "films=100001"])

    assert result.exit_code == 2
    assert result.stderr == "'films=100001': a graph has 100000 jobs at most (ges_03_0471)\n"


def test_a_full_disk_behind_standard_output_is_told_of() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "gesmock", "generate", "3"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (ran.returncode, ran.stderr) == (
        2,
        "gesmock: standard output: No space left on device\n",
    )
