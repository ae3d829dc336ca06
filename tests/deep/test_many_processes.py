"""Several servers as one, behind the nginx of ``deploy/nginx.conf``."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from conftest import free_port, is_listening, until

CONF = Path(__file__).parents[2] / "deploy/nginx.conf"
TOKEN = {"Authorization": "Bearer secret"}
PROJECTS = [f"project{number}" for number in range(12)]

pytestmark = pytest.mark.deep


class Shards(NamedTuple):
    """Where nginx listens, and the *servers* behind it."""

    url: str
    servers: list[str]

    def control(self, method: str, project: str, call: str, json: Any = None) -> Any:
        url = f"{self.url}/_gesmock/projects/{project}/{call}"
        answer = requests.request(method, url, json=json, headers=TOKEN)
        assert answer.ok, answer.text
        return answer.json()

    def jobs(self, project: str) -> list[str]:
        """The ids of the jobs in a project, as its list shows them."""
        answer = requests.get(f"{self.url}/ges/v1.0/{project}/graphs/movie/jobs/status")
        return [job["jobId"] for job in answer.json()["jobs"]]

    def opened(self) -> list[set[str]]:
        """Of each server, which of ``PROJECTS`` it has."""
        answers = [requests.get(f"{url}/_gesmock/projects", headers=TOKEN) for url in self.servers]
        return [
            {each["project_id"] for each in answer.json()["projects"]} & {*PROJECTS}
            for answer in answers
        ]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    """Three processes of ``gesmock serve`` behind nginx with the file's settings."""
    folder = tmp_path_factory.mktemp("nginx")
    port = free_port()
    with ExitStack() as stack:
        command = [sys.executable, "-m", "gesmock", "serve", "empty", "--port", "0"]
        options = ["--control-token", "secret", "--log-level", "error"]
        servers = []
        for _ in range(3):
            process = stack.enter_context(
                subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.terminate)
            assert process.stdout is not None
            servers.append(process.stdout.readline().split()[-1])
        real = iter([url.removeprefix("http://") for url in servers])
        conf = re.sub(r"127\.0\.0\.1:808\d", lambda _: next(real), CONF.read_text(encoding="utf-8"))
        conf = conf.replace("listen 8080;", f"listen 127.0.0.1:{port};")
        conf = conf.replace("proxy_read_timeout 90s;", "proxy_read_timeout 3s;")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
        file = folder / "nginx.conf"
        file.write_text(
            conf.replace("http {", f"http {{ access_log off; {paths}"), encoding="utf-8"
        )
        here = f"daemon off; pid {folder}/pid; error_log {folder}/log;"
        nginx = subprocess.Popen(["nginx", "-e", folder / "log", "-c", file, "-g", here])
        stack.enter_context(nginx)
        stack.callback(nginx.terminate)
        until(lambda: nginx.poll() is not None or is_listening(port))
        yield Shards(f"http://127.0.0.1:{port}", servers)


@pytest.fixture
def shards(started: Shards) -> Shards:
    reset = subprocess.run(
        [sys.executable, "-m", "gesmock", "reset", *started.servers],
        env={**os.environ, "GESMOCK_CONTROL_TOKEN": "secret"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert reset.stdout.count(": reset, epoch ") == 3
    return started


def test_the_jobs_of_each_project_stay_together_under_load(shards: Shards) -> None:
    def use(project: str) -> list[str]:
        """Add jobs to a project, list them in between, and return their ids, newest first."""
        added: list[str] = []
        for number in range(20):
            request = {"command": "import_graph", "url": "/"}
            job = {"jobId": f"{project}-{number}", "status": "running", "request": request}
            added.insert(0, shards.control("POST", project, "jobs", {"job": job})["job"]["jobId"])
            assert shards.jobs(project) == added
        return added

    for project in PROJECTS:  # so that a list finds it, however early
        shards.control("PATCH", project, "clock", {"frozen": True})
    with ThreadPoolExecutor(24) as threads:
        used = [threads.submit(use, project) for project in PROJECTS]
        listed = [threads.submit(shards.jobs, project) for project in PROJECTS * 20]
        expected = dict(zip(PROJECTS, (each.result() for each in used), strict=True))
        assert all(
            {*each.result()} <= {*expected[PROJECTS[n % 12]]} for n, each in enumerate(listed)
        )

    assert {project: shards.jobs(project) for project in PROJECTS} == expected
    opened = shards.opened()
    assert sorted(name for names in opened for name in names) == sorted(PROJECTS)
    assert sum(map(bool, opened)) > 1, "one server has all projects"


def test_control_calls_for_a_project_reach_its_server(shards: Shards) -> None:
    for number, project in enumerate(PROJECTS):
        shards.control("POST", project, "generate", {"count": number + 1})
        shards.control(
            "POST", project, "faults", {"operation": "list_jobs", "fault": 503, "times": 1}
        )

    urls = [f"{shards.url}/ges/v1.0/{project}/graphs/movie/jobs/status" for project in PROJECTS]
    assert [requests.get(url).status_code for url in urls] == [503] * 12
    assert [requests.get(url).json()["totalCount"] for url in urls] == [*range(1, 13)]
    journals = [shards.control("GET", project, "journal") for project in PROJECTS]
    assert [journal["total"] for journal in journals] == [2] * 12


def test_a_control_call_needs_the_token(shards: Shards) -> None:
    answer = requests.get(f"{shards.url}/_gesmock/projects/project1/clock")

    assert answer.status_code == 401
    assert requests.get(f"{shards.url}/_gesmock/health").ok


def test_reset_reaches_every_server(shards: Shards) -> None:
    for project in PROJECTS:
        shards.control("POST", project, "generate", {"count": 1})
    assert sum(map(len, shards.opened())) == 12

    command = [sys.executable, "-m", "gesmock", "reset", "--control-token", "secret"]
    subprocess.run([*command, *shards.servers], check=True, capture_output=True)

    assert shards.opened() == [set(), set(), set()]


def test_the_page_shows_the_settings_as_they_are() -> None:
    page = (CONF.parents[1] / "docs/how-to/many-processes.md").read_text(encoding="utf-8")
    block = page.partition("```nginx\n")[2].partition("```")[0]
    settings = [line.strip() for line in CONF.read_text(encoding="utf-8").splitlines()]

    assert [line for line in block.splitlines() if line.strip() not in settings] == []


def test_the_settings_are_valid(tmp_path: Path) -> None:
    checked = subprocess.run(
        ["nginx", "-t", "-q", "-e", tmp_path / "log", "-c", CONF, "-g", f"pid {tmp_path}/pid;"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def sent_by_nginx(shards: Shards, fault: dict[str, Any]) -> bytes:
    """The bytes that a client gets for a list that *fault* hits."""
    shards.control("POST", "project1", "generate", {"count": 3, "seed": 7})
    shards.control("POST", "project1", "faults", {"operation": "list_jobs", "fault": fault})
    with socket.create_connection(("127.0.0.1", int(shards.url.rpartition(":")[2]))) as client:
        client.settimeout(10)
        client.sendall(
            b"GET /ges/v1.0/project1/graphs/movie/jobs/status HTTP/1.1\r\n"
            b"Host: localhost\r\nConnection: close\r\n\r\n"
        )
        received = b""
        with suppress(TimeoutError):
            while block := client.recv(65536):
                received += block
    return received


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "reset"}, "502 Bad Gateway"),
        ({"kind": "close"}, "502 Bad Gateway"),
        ({"kind": "hang"}, "504 Gateway Time-out"),
    ],
)
def test_nginx_answers_itself_if_a_fault_leaves_it_without_an_answer(
    shards: Shards, fault: dict[str, Any], status: str
) -> None:
    received = sent_by_nginx(shards, fault)

    assert received.startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert b"Content-Type: text/html\r\n" in received
    assert shards.control("GET", "project1", "journal")["total"] == 1, "it was asked again"


def test_nginx_forwards_garbage_and_answers_that_are_cut_or_drip(shards: Shards) -> None:
    whole = sent_by_nginx(shards, {"kind": "drip", "parts": 3, "seconds": 0.2})
    head, _, body = whole.partition(b"\r\n\r\n")
    shards.control("DELETE", "project1", "faults")
    cut = sent_by_nginx(shards, {"kind": "truncate", "after_bytes": 40})
    shards.control("DELETE", "project1", "faults")
    garbage = sent_by_nginx(shards, {"kind": "garbage"})

    assert b"\r\nServer: gesmock" in head
    assert b"Content-Length: %d\r\n" % len(body) in head
    assert cut.partition(b"\r\n\r\n")[2] == body[:40]
    assert garbage == b"This is not HTTP.\r\n"
