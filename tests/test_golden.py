"""What a user sees stays as it is: documents, help, names, bytes on the wire, control calls.

``UPDATE_GOLDEN=1 pytest tests/test_golden.py`` writes the golden files anew, to be read as a diff.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from control_session import IMPORT, JOBS, SESSION, STATE, G, call
from goldens import (
    CLOCK,
    PROJECT,
    Call,
    Changed,
    Wire,
    api_of,
    calls,
    changes,
    hold,
    signature,
)

import gesmock
from gesmock import GesMock
from gesmock.faults import KINDS

H: Final = f"/ges/v1.0/{PROJECT}/hyg/movies"
EDITIONS: Final = ("database", "memory")
READINGS: Final = {
    "page": {},
    "error_table": {"dialect": "error_table"},
    "memory": {"edition": "memory"},
}
"""The settings under which refusals are pinned."""

OTHERS: Final = {
    "unknown_graph_status": 404,
    "invalid_token_status": 400,
    "forbidden_status": 400,
    "limit_over_maximum": "refuse",
    "limit_zero": "refuse",
    "maximum_limit": 2,
    "order": "oldest_first",
    "edition": "memory",
    "strict_edition": False,
    "finished_status": "complete",
    "id_key": "both",
    "open_projects": True,
    "failed_result": True,
    "sdk_error_keys": True,
    "dialect": "error_table",
}
"""For each setting, a value other than its default."""


@pytest.fixture
def mock() -> Iterator[GesMock]:
    """A server whose state is always the same."""
    with GesMock(fixture=STATE, seed=7, clock=CLOCK) as started:
        yield started


def again(ges: GesMock, **settings: Any) -> None:
    """Start again with these settings."""
    ges.restart(fixture=STATE, seed=7, clock=CLOCK, settings=settings)


@pytest.fixture
def wire(mock: GesMock) -> Iterator[Wire]:
    """The client of ``mock``."""
    with closing(Wire(mock)) as made:
        yield made


@pytest.fixture(scope="module")
def document() -> str:
    """The service's document: making one takes longer than most tests."""
    with GesMock() as started, closing(Wire(started)) as wire:
        return wire.fetch("GET", "/openapi.json")[1]


@pytest.fixture(scope="module")
def described(document: str) -> dict[str, list[Call]]:
    """Every call that the service's documents have, by edition."""
    with GesMock(settings={"edition": "memory"}) as started, closing(Wire(started)) as wire:
        memory = wire.fetch("GET", "/openapi.json")[1]
    return {"database": calls(json.loads(document)), "memory": calls(json.loads(memory))}


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: str
) -> tuple[int, str, str]:
    """The exit status of ``gesmock`` with these arguments, and what it prints."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "argv", ["gesmock", *args])
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    [command] = entry_points(group="console_scripts", name="gesmock")
    with pytest.raises(SystemExit) as end:
        command.load()()
    printed = capsys.readouterr()
    return int(str(end.value.code)), printed.out, printed.err


# --- Documents, help, names -----------------------------------------------------------------------


def indented(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_the_service_is_documented_as_in_the_golden_file(document: str) -> None:
    hold("openapi.json", indented(document))


def test_the_control_api_is_documented_as_in_the_golden_file(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served = wire.fetch("GET", "/_gesmock/openapi.json")[1]
    status, printed, _ = run(monkeypatch, capsys, "openapi", "--control")

    hold("control_openapi.json", indented(served))
    without_examples = json.loads(served)
    for parameter in without_examples["components"]["parameters"].values():
        parameter.pop("example", None)
    assert (status, json.loads(printed)) == (0, without_examples)


def of_list(text: str) -> str:
    """The job list and the components of a document, and nothing else."""
    document = json.loads(text)
    paths = document["paths"].items()
    document["paths"] = {path: item for path, item in paths if path.endswith("/jobs/status")}
    return json.dumps(document)


def test_settings_change_the_document_as_in_the_golden_file(
    mock: GesMock,
    wire: Wire,
    document: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = []
    status, memory, _ = run(monkeypatch, capsys, "openapi", "--edition", "memory")
    paths = json.loads(memory)["paths"]
    lines += ["##### edition=memory", *(f"{path}: {', '.join(paths[path])}" for path in paths), ""]
    table = ["openapi", "--set", "dialect=error_table"]
    _, printed, _ = run(monkeypatch, capsys, *table)
    lines += ["##### dialect=error_table", *changes(of_list(document), of_list(printed)), ""]
    mock.restart(fixture=STATE, tokens=["secret"], settings=OTHERS)
    served = wire.fetch("GET", "/openapi.json")[1]
    lines += [f"##### with tokens, and {OTHERS}", *changes(of_list(memory), of_list(served)), ""]

    assert status == 0
    hold("openapi_by_setting.txt", "\n".join(lines))


def test_the_help_of_every_command_is_as_in_the_golden_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, first, _ = run(monkeypatch, capsys, "--help")
    commands = re.findall(r"(?m)^  (\w+)  ", first.partition("Commands:")[2])
    lines = [f"$ gesmock --help\n{first}"]
    for command in commands:
        _, printed, _ = run(monkeypatch, capsys, command, "--help")
        lines.append(f"$ gesmock {command} --help\n{printed}")

    hold("help.txt", "\n".join(lines))


def test_commands_print_and_refuse_as_in_the_golden_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.json").write_text(json.dumps(STATE), encoding="utf-8")
    wrong = {"graphs": {"movies": {"jobs": [{"jobId": "", "status": "done"}]}}, "seeds": 1}
    Path("wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
    lines = []
    for line in (
        "--version",
        "nonsense",
        "check good.json",
        "check wrong.json good.json",
        "check nowhere.json",
        "generate films=3 --seed 7",
        "generate films=3 --seed 7 -o films.json",
        "generate films=none",
        "openapi --set limit_zero=none",
        "openapi --set nothing=1",
        "serve nowhere",
        "serve wrong.json",
        "serve --fault list_jobs=200",
        "serve --fault list_job=503",
        "serve --fault list_jobs=503,time=2",
        "serve --plan import_graph=never",
        "serve --preset rain",
        "serve --set dialect=none",
        "serve --rate -1",
        "serve --port 65536",
        "serve --cert good.json",
        "verify",
        "verify --target ftp://localhost",
        "record --target http://localhost",
        "proxy --target nowhere",
    ):
        status, out, err = run(monkeypatch, capsys, *line.split())
        lines.append(f"$ gesmock {line}\n{out}{err}<{status}>\n")

    hold("commands.txt", "\n".join(lines))


def test_public_names_and_signatures_are_as_in_the_golden_file() -> None:
    mock = GesMock()
    lines = ["dir(gesmock): " + ", ".join(sorted(dir(gesmock))), ""]
    for name in sorted(dir(gesmock)):
        thing = getattr(gesmock, name)
        plain = f"{name}{signature(thing)}" if name == "create_app" else f"{name} = {thing}"
        lines += [*(api_of(thing, name) if isinstance(thing, type) else [plain]), ""]
    for name in ("clock", "faults", "plans", "queries", "journal", "verdict"):
        _, _made, *members = api_of(type(getattr(mock, name)), name)
        lines += [f"GesMock.{name}", *members, ""]
    more = sorted(name for name in vars(mock) if not name.startswith("_"))
    lines += [f"of a GesMock besides: {', '.join(more)}"]

    hold("python.txt", "\n".join(lines) + "\n")


# --- Bytes on the wire ----------------------------------------------------------------------------


def test_the_example_of_the_page_is_answered_as_in_the_golden_file(
    mock: GesMock, wire: Wire
) -> None:
    mock.restart(fixture="page_example", clock=CLOCK)
    path = f"/ges/v1.0/{mock.project_id}/graphs/{mock.graph_name}/jobs"
    first = re.findall('"jobId":"([^"]+)"', wire.ask("GET", f"{path}/status"))[0]
    wire.ask("GET", f"{path}/status?limit=1&offset=2")
    wire.ask("GET", f"{path}/{first}/status")

    hold("page_example.txt", wire.text)


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_operation_answers_as_in_the_golden_file(
    mock: GesMock, wire: Wire, described: dict[str, list[Call]], edition: str
) -> None:
    again(mock, edition=edition)
    for query in ("", "?limit=2&offset=1", "?limit=0", "?offset=99", "?nothing=1&limit=1&limit=2"):
        wire.ask("GET", f"{G}/jobs/status{query}")
    for job in JOBS:
        wire.ask("GET", f"{G}/jobs/{job['jobId']}/status")
    for one in described[edition]:
        mock.reset()
        wire.say(one.title)
        answer = wire.ask(one.method, one.target(), one.body)
        for made in re.findall('"(?:jobId|job_id)":"([^"]{9,})"', answer):
            wire.ask("GET", f"{G}/jobs/status?limit=1")
            mock.clock.advance(5)
            wire.ask("GET", f"{G}/jobs/{made}/status")
            mock.clock.advance(5)
            wire.ask("GET", f"{G}/jobs/{made}/status")
            wire.ask("GET", f"{G}/jobs/status?limit=1")

    hold(f"operations_{edition}.txt", wire.text)


@pytest.mark.parametrize("reading", READINGS)
def test_wrong_requests_are_refused_as_in_the_golden_file(
    mock: GesMock, wire: Wire, described: dict[str, list[Call]], reading: str
) -> None:
    again(mock, **READINGS[reading])
    documented_calls = described[mock.settings.edition]
    wire.say("limit and offset")
    wrong = ("-1", "x", "", "1.0", "%2B1", "2147483647", "2147483648", "100001", "%D9%A1")
    for value in wrong:
        wire.short(f"limit={value}", "GET", f"{G}/jobs/status?limit={value}&offset=99", None)
        wire.short(f"offset={value}", "GET", f"{G}/jobs/status?offset={value}&limit=0", None)
    wire.say("URLs and methods")
    for method, target in (
        ("GET", f"{G}/jobs/status?limit=x"),
        ("GET", "/"),
        ("GET", "/ges/v1.0"),
        ("GET", f"{G}/jobs"),
        ("GET", f"{G}/jobs/status/"),
        ("POST", f"{G}/action"),
        ("POST", f"{G}/action?action_id=nothing"),
        ("POST", f"{G}/jobs/status"),
        ("PUT", f"{G}/jobs/running"),
        ("GET", f"{G}/action?action_id=import-graph"),
        ("HEAD", f"{G}/jobs/status"),
        ("OPTIONS", f"{G}/jobs/status"),
    ):
        wire.ask(method, target)
    wire.say("no such job")
    for one in documented_calls:
        for target in [one.target(job_id="none")] * ("{job_id}" in one.path):
            wire.short(one.title, one.method, target, one.body)
    wire.say("no such graph")
    for one in documented_calls:
        wire.short(one.title, one.method, one.target(graph="none"), one.body)
    wire.say("no such project")
    for one in documented_calls:
        wire.short(one.title, one.method, one.target(project="none"), one.body)
    wire.say("jobs to cancel")
    for verb in (f"{G}/jobs", f"{H}/jobs"):
        mock.reset()
        for job in JOBS:
            wire.short(f"{verb}/{job['jobId']}", "DELETE", f"{verb}/{job['jobId']}", None)
            wire.short("    and again", "DELETE", f"{verb}/{job['jobId']}", None)
    wire.ask("GET", f"{G}/jobs/status")
    wire.say("what a client prefers")
    for code in ("200", "404", "503", "599", "99", "x", "600", "204"):
        wire.ask("GET", f"{G}/jobs/status?limit=0", headers=[f"Prefer: code={code}"])

    hold(f"refusals_{reading}.txt", wire.text)


@pytest.mark.parametrize("edition", EDITIONS)
def test_wrong_bodies_are_refused_as_in_the_golden_file(
    mock: GesMock, wire: Wire, described: dict[str, list[Call]], edition: str
) -> None:
    again(mock, edition=edition)
    for one in described[edition]:
        sent: list[object] = [b"{", b"[]", b"1", b"\xff", {}, {"nothing": 1}, None]
        fields = one.body or {}
        sent += [{**fields, name: None} for name in fields]
        sent += [{other: fields[other] for other in fields if other != name} for name in fields]
        sent += [
            json.loads(json.dumps(fields).replace('"async"', word)) for word in ('"sync"', '"none"')
        ]
        wire.say(one.title)
        mock.reset()
        for body in sent * (one.method == "POST"):
            wire.short(str(body), one.method, one.target(), body)

    hold(f"bodies_{edition}.txt", wire.text)


@pytest.mark.parametrize("reading", ["page", "error_table"])
def test_tokens_are_refused_as_in_the_golden_file(
    mock: GesMock, wire: Wire, described: dict[str, list[Call]], reading: str
) -> None:
    mock.restart(fixture="signed_in", clock=CLOCK, settings=READINGS[reading])
    path = f"/ges/v1.0/{mock.project_id}/graphs/movies/jobs/status?limit=1"
    wire.ask("GET", path)
    for token in ("good", "expired", "foreign", "powerless", "unknown", ""):
        wire.ask("GET", path, headers=[f"X-Auth-Token: {token}"])
    wire.say("every call, without a token")
    for one in described["database"]:
        wire.short(one.title, one.method, one.target(project=mock.project_id), one.body)
    wire.say("what is judged first")
    for target in (
        "/nothing",
        path.replace("movies", "none"),
        path.replace(mock.project_id, "none"),
    ):
        wire.ask("GET", target)

    hold(f"tokens_{reading}.txt", wire.text)


def test_each_setting_changes_answers_as_in_the_golden_file(mock: GesMock, wire: Wire) -> None:
    for name, value in OTHERS.items():
        mock.restart(fixture=STATE, seed=7, clock=CLOCK, settings={name: value})
        wire.say(f"{name}={value}")
        for method, target, body in (
            ("GET", f"{G}/jobs/status?limit=1", None),
            ("GET", f"{G}/jobs/status?limit=3&offset=8", None),
            ("GET", f"{G}/jobs/status?limit=0", None),
            ("GET", f"{G}/jobs/status?limit=100001&offset=10", None),
            ("GET", f"{G}/jobs/status?limit=x", None),
            ("GET", f"{G.replace('movies', 'none')}/jobs/status", None),
            ("GET", f"{G.replace(PROJECT, 'none')}/jobs/status?limit=1", None),
            ("GET", f"{G}/jobs/none/status", None),
            ("GET", "/nothing", None),
            ("POST", f"{G}/action?action_id=import-graph", IMPORT),
        ):
            wire.short(f"{method} {target}", method, target, body)
        mock.clock.advance(10)
        wire.short("then", "GET", f"{G}/jobs/status?limit=1", None)

    hold("settings.txt", wire.text)


@pytest.mark.parametrize("reading", READINGS)
def test_every_operation_has_its_injected_errors_as_in_the_golden_file(
    mock: GesMock, wire: Wire, described: dict[str, list[Call]], reading: str
) -> None:
    again(mock, **READINGS[reading])
    known = (404,) if reading == "memory" else (400, 404, 500)
    for one in described[mock.settings.edition]:
        more = (401, 403, 503, 402, 405, 408, 409, 413, 414, 429, 494, 501, 502, 504, 599)
        for status in known + more * (one.title in ("list_jobs", "show_job", "delete_job")):
            wire.short(one.title, one.method, one.target(), one.body, f"Prefer: code={status}")

    hold(f"injected_{reading}.txt", wire.text)


def test_faults_reach_the_wire_as_in_the_golden_file(mock: GesMock, wire: Wire) -> None:
    again(mock)
    listed = f"GET {G}/jobs/status?limit=2 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    body = json.dumps(IMPORT).encode()
    head = f"POST {G}/action?action_id=import-graph HTTP/1.1\r\nHost: localhost\r\n"
    submitted = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    reply = {
        "code": "GES.1",
        "message": 'Über "all".',
        "headers": {"Retry-After": "7", "Server": "s"},
    }
    fields: Mapping[str, Sequence[Mapping[str, Any]]] = {
        "error": [
            {"status": 503},
            {"status": 429, **reply},
            {"status": 400, "code": "GES.8000"},
        ],
        "delay": [{"seconds": 30}],
        "garbage": [{}, {"text": "SSH-2.0-x\n"}],
        "truncate": [{"after_bytes": 20}, {"after_bytes": 0}],
        "drip": [{"parts": 3, "seconds": 9}],
        "cap_limit": [{"limit": 1}],
        "throttle": [{"limit": 1, "window_s": 60}],
        "outage": [{"from_s": 0, "until_s": 60}],
        "ramp": [{"begin": 1, "to": 1, "over_s": 60, "fault": "close"}],
    }
    faults: Sequence[Mapping[str, Any]] = (
        *({"fault": {"kind": kind, **each}} for kind in KINDS for each in fields.get(kind, [{}])),
        {"script": ["ok", 500]},
        {"fault": 503, "probability": 0.5},
        {"fault": 503, "header": "X-Team"},
    )
    for fault in faults:
        mock.reset()
        mock.faults.arm(fault)
        for time in ("first", "second"):
            wire.send(listed, f"a list, {time}, under {json.dumps(fault)}")
    for fault in ({"fault": 503, "phase": "after"}, {"fault": "reset", "phase": "after"}):
        mock.reset()
        mock.faults.delay_all(2)
        mock.faults.arm(fault)
        wire.send(submitted, f"a submission under {json.dumps(fault)}, and a delay")
        mock.faults.disarm()
        wire.ask("GET", f"{G}/jobs/status?limit=1")
    for preset in ("down", "flaky", "slow", "mobile"):
        mock.reset()
        mock.faults.preset(preset)
        for _ in range(6):
            wire.send(listed, f"a list, where the preset is {preset}")

    hold("faults.txt", wire.text)


def test_malformed_http_is_answered_as_in_the_golden_file(wire: Wire) -> None:
    target = f"{G}/jobs/status?limit=0"
    host = "Host: localhost\r\n"
    post = f"POST {G}/action?action_id=import-graph HTTP/1.1\r\n{host}"
    for text in (
        f"GET {target} HTTP/1.1\r\n{host}Connection: close\r\n\r\n",
        f"GET {target} HTTP/1.0\r\n\r\n",
        f"GET {target} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        f"GET {target} HTTP/1.1\r\n\r\n",
        f"GET {target} HTTP/1.1\r\n{host}{host}\r\n",
        f"GET {target} HTTP/1.1\r\n{host}\r\nGET /nothing HTTP/1.1\r\n{host}\r\n",
        f"GET {target} HTTP/2.0\r\n{host}\r\n",
        f"GET {target}\r\n\r\n",
        f"GET {target} HTTP/1.1\n{host}\n",
        f"GET {target} HTTP/1.1\r\nHost : localhost\r\n\r\n",
        f"GET {target} HTTP/1.1\r\n{host}X: a\r\n b\r\n\r\n",
        f"GET {target} HTTP/1.1\r\n{host}nonsense\r\n\r\n",
        f"GET http://localhost{target} HTTP/1.1\r\n{host}\r\n",
        f"GET  {target} HTTP/1.1\r\n{host}\r\n",
        f"get {target} HTTP/1.1\r\n{host}\r\n",
        f"BREW {target} HTTP/1.1\r\n{host}\r\n",
        f"OPTIONS * HTTP/1.1\r\n{host}\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x00\x05hello",
        "nonsense\r\n\r\n",
        f"GET {target} HTTP/1.1\r\n{host}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        f"{post}Content-Length: 2\r\n\r\n{{}}",
        f"{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
        f"{post}Content-Length: x\r\n\r\n{{}}",
        f"{post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
        f"{post}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
        f"{post}Transfer-Encoding: chunked\r\n\r\nz\r\n{{}}\r\n0\r\n\r\n",
        f"{post}Transfer-Encoding: gzip\r\n\r\n",
        f"{post}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{{}}",
        f"{post}Expect: tea\r\nContent-Length: 2\r\n\r\n{{}}",
        f"{post}Content-Length: {13 * 2**20}\r\n\r\n",
    ):
        wire.send(text.encode("latin-1"))
    wire.send(f"GET /{'a' * 2**14} HTTP/1.1\r\n{host}\r\n".encode(), "a long URL")
    long = f"GET {target} HTTP/1.1\r\n{host}X: {'a' * 2**16}\r\n\r\n"
    wire.send(long.encode(), "a long header")
    for method in ("GET", "OPTIONS"):
        wire.ask(
            method,
            target,
            None,
            [
                "Origin: http://front.end",
                "Access-Control-Request-Method: DELETE",
                "Access-Control-Request-Headers: x-a",
            ],
        )

    hold("http.txt", wire.text)


# --- Control calls ------------------------------------------------------------------------------------


def test_the_control_api_guards_itself_as_in_the_golden_file(wire: Wire) -> None:
    for method, target, body, headers in (
        ("GET", "/_gesmock/health", None, []),
        ("HEAD", "/_gesmock/health", None, []),
        ("GET", "/_gesmock/health", None, ["Origin: http://front.end"]),
        ("GET", "/_gesmock/health", None, ["Sec-Fetch-Site: cross-site"]),
        ("GET", "/_gesmock/nothing", None, []),
        ("GET", "/_gesmock/panel/nothing.js", None, []),
        ("PUT", "/_gesmock/jobs", {}, []),
        ("POST", "/_gesmock/jobs", b"{", []),
        ("POST", "/_gesmock/jobs", b"{}", ["Content-Type: text/plain"]),
        ("POST", "/_gesmock/jobs", None, []),
        ("GET", "/_gesmock/projects/none/health", None, []),
        ("GET", "/_gesmock/projects/-/health", None, []),
    ):
        wire.ask(method, target, body, headers)
    wire.ask("GET", "/ges/v1.0/nothing")
    wire.ask("GET", "/_gesmock/findings")
    wire.send(b"GET /_gesmock/health HTTP/1.1\r\nHost: front.end\r\n\r\n")
    guarded = GesMock(control_token="secret", clock=CLOCK)
    with guarded, closing(Wire(guarded)) as other:
        wire.say("with a token")
        for headers in ([], ["Authorization: Bearer secret"], ["Authorization: Bearer x"]):
            other.ask("GET", "/_gesmock/clock", None, headers)
        other.ask("GET", "/_gesmock/health")
    closed = GesMock(control=False, clock=CLOCK)
    with closed, closing(Wire(closed)) as last:
        last.say("without a control API")
        last.ask("GET", "/_gesmock/health")

    hold("control_guard.txt", wire.text + other.text + last.text)


@pytest.mark.parametrize("place", ["", "/projects/{project_id}"])
def test_every_control_call_answers_as_in_the_golden_file(
    mock: GesMock, wire: Wire, place: str
) -> None:
    project = "project2" if place else PROJECT
    other = json.loads(json.dumps(STATE).replace(PROJECT, project))
    for states in [[STATE, other]] if place else [STATE, STATE]:  # so that both have epoch 3
        mock.restart(fixture=states, seed=7, clock=CLOCK)
    wire.heads = False
    paths = json.loads(wire.fetch("GET", "/_gesmock/openapi.json")[1])["paths"]
    documented = {
        (method.upper(), path.removeprefix(f"/_gesmock{place}"))
        for path, item in paths.items()
        for method in item
        if ("/projects/" in path) == bool(place) and not path.endswith("/events")  # has no end
    }
    prefix = f"/_gesmock{place}".replace("{project_id}", project)

    for step in SESSION:
        target = (
            f"{prefix}{step.target}" if step.template else step.target.replace(PROJECT, project)
        )
        body = json.loads(json.dumps(step.body).replace(PROJECT, project))
        wire.ask(step.method, target, body)
    wire.say("bodies that are wrong, and names that are unknown")
    names = {"job_id": "none", "graph": "movies", "plan_id": "none", "fault_id": "none"}
    for method, template in sorted(documented):
        takes = "requestBody" in paths[f"/_gesmock{place}{template}"][method.lower()]
        bodies: list[object] = [{"nonsense": 1}, [1], b"{"] if takes else [None]
        for body in bodies * (takes or "_id}" in template):
            step = call(method, template, body, **names)
            wire.ask(method, f"{prefix}{step.target}", body)

    called = {(step.method, step.template) for step in SESSION if step.template}
    if not place:  # they are not below a project
        called |= {("GET", "/projects"), ("GET", "/metrics")}

    again = wire.fetch("GET", f"{prefix}/openapi.json")[1]
    assert json.loads(again)["paths"] == paths
    assert called | {("GET", "/openapi.json")} == documented
    text = wire.text.replace("/projects/project2", "").replace("project2", PROJECT)
    # Digests are keyed per process.
    hold("control.txt", re.sub('"digest": "[0-9a-f]{16}"', '"digest": "..."', text))


# --- The golden files themselves --------------------------------------------------------------------


def test_a_difference_is_shown_with_what_to_do(tmp_path: Path) -> None:
    hold("golden.txt", "one\ntwo\n", tmp_path, updating=True)
    hold("golden.txt", "one\ntwo\n", tmp_path, updating=False)

    with pytest.raises(Changed) as few:
        hold("golden.txt", "one\nthree\n", tmp_path, updating=False)
    with pytest.raises(Changed) as many:
        hold("none.txt", "line\n" * 100, tmp_path, updating=False)

    assert "-two\n+three\nIs it meant? UPDATE_GOLDEN=1" in str(few.value)
    assert len(str(many.value).splitlines()) == 63
    assert "... and 43 more lines" in str(many.value)
