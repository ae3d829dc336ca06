"""``gesmock serve --state``, as a user starts and stops it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from gesmock.cli import main as cli

Serve = Callable[..., Any]


def control(lines: list[str]) -> str:
    return lines[0].split()[-1] + "/_gesmock"


def add(url: str, job_id: str) -> None:
    request = {"command": "import_graph", "url": "/"}
    job = {"jobId": job_id, "status": "running", "request": request}
    assert requests.post(f"{url}/jobs", json={"job": job}).ok


def ids(url: str) -> list[str]:
    return [each["job"]["jobId"] for each in requests.get(f"{url}/jobs").json()["jobs"]]


@contextmanager
def started(*args: str | Path, stop: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """The URL of the control API of a ``gesmock serve``, which the signal *stop* ends."""
    command = [sys.executable, "-m", "gesmock", "serve", "--port", "0", "--log-level", "error"]
    with subprocess.Popen(
        [*command, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1] + "/_gesmock"
        finally:
            process.send_signal(stop)
            _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def refused(state: Path) -> str:
    """What ``gesmock serve`` with this *state* writes to standard error."""
    ran = CliRunner().invoke(cli.main, ["serve", "--port", "0", "--state", str(state)])
    assert (ran.exit_code, ran.stdout) == (2, "")
    return ran.stderr


@pytest.mark.parametrize(
    "stop",
    [
        signal.SIGTERM,
        *(pytest.param(other, marks=pytest.mark.deep) for other in (signal.SIGINT, signal.SIGHUP)),
    ],
)
def test_a_server_that_was_stopped_goes_on_from_its_state(
    stop: signal.Signals, serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "state.json"
    with started("movies", "--state", file, stop=stop) as url:
        add(url, "a1")
        before = ids(url)

    assert serve(lambda lines: ids(control(lines)), "--state", str(file)) == before
    assert len(before) > 1


def test_a_reset_returns_to_the_state_that_was_loaded(serve: Serve, tmp_path: Path) -> None:
    def visit(lines: list[str]) -> list[str]:
        add(control(lines), "later")
        requests.post(f"{control(lines)}/reset")
        return ids(control(lines))

    file = tmp_path / "state.json"
    serve(lambda lines: add(control(lines), "saved"), "empty", "--state", str(file))

    assert serve(visit, "--state", str(file)) == ["saved"]


def test_what_remained_of_faults_and_plans_is_not_armed_twice(serve: Serve, tmp_path: Path) -> None:
    def visit(lines: list[str]) -> tuple[int, Any, Any]:
        listed = requests.get(lines[1].split("'")[1])
        armed = [requests.get(f"{control(lines)}/{name}").json() for name in ("faults", "plans")]
        return listed.status_code, armed[0]["faults"], armed[1]["plans"]

    args = ["--generate", "3", "--fault", "503,times=2", "--plan", "slow,times=1"]
    args += ["--preset", "slow", "--rate", "1000", "--state", str(tmp_path / "state.json")]
    first, second = serve(visit, *args), serve(visit, *args)

    assert [status for status, _, _ in (first, second)] == [503, 503]
    assert [faults[0]["remaining"] for _, faults, _ in (first, second)] == [1, 0]
    assert len(first[1]) == len(second[1])
    assert len(second[2]) == 1


def test_the_state_of_several_projects_is_a_list(serve: Serve, tmp_path: Path) -> None:
    def fill(lines: list[str]) -> None:
        add(control(lines), "a1")
        add(f"{control(lines)}/projects/other", "b1")

    def read(lines: list[str]) -> list[list[str]]:
        return [ids(control(lines)), ids(f"{control(lines)}/projects/other")]

    file = tmp_path / "state.json"
    args = ["empty", "--project-id", "mine", "--state", str(file)]
    serve(fill, *args)

    assert [each["project_id"] for each in json.loads(file.read_bytes())] == ["mine", "other"]
    assert serve(read, *args) == [["a1"], ["b1"]]
    assert serve(read, "--state", str(file)) == [["a1"], ["b1"]]


def test_the_file_has_no_secrets_and_tokens_are_those_of_the_command_line(
    serve: Serve, tmp_path: Path
) -> None:
    def visit(lines: list[str]) -> int:
        return requests.get(lines[1].split("'")[-2]).status_code

    file = tmp_path / "state.json"
    args = ["--token", "hidden", "--state", str(file)]

    assert (serve(visit, *args), serve(visit, *args)) == (401, 401)
    assert "hidden" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"sed": 7}', ": $.sed: unknown key; did you mean 'seed'?"),
        ('[{}, {"sed": 7}]', "[1]: $.sed: unknown key; did you mean 'seed'?"),
        ("[", ": line 1 column 2: broken JSON"),
        ("", ": is empty; expected a list answer or a state, as JSON"),
    ],
)
def test_a_broken_file_is_refused_and_stays(text: str, error: str, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(text, encoding="utf-8")

    assert refused(file).startswith(f"{file}{error}")
    assert file.read_text(encoding="utf-8") == text


def test_a_state_that_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    fifo, device = tmp_path / "fifo", tmp_path / "device"
    os.mkfifo(fifo)
    device.symlink_to("/dev/zero")

    assert refused(fifo) == f"--state: {fifo} is a FIFO, not a file\n"
    assert refused(device) == f"{device}: is a device; a fixture file is a JSON file\n"
    assert not Path("/dev/.zero.lock").exists()


def test_one_server_at_a_time_has_the_file(serve: Serve, tmp_path: Path) -> None:
    file, link = tmp_path / "state.json", tmp_path / "link.json"
    link.symlink_to(file)
    in_use = "is in use by another gesmock serve\n"

    for _ in range(2):  # the first has replaced the file
        refusals = serve(lambda _: [refused(file), refused(link)], "--state", str(file))
        assert refusals == [f"--state: {file} {in_use}", f"--state: {link} {in_use}"]


def test_a_file_that_cannot_be_locked_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".state.json.lock").mkdir()
    file = tmp_path / "state.json"

    assert refused(file) == f"--state: {file} cannot be locked: Is a directory\n"


def test_a_file_from_a_windows_tool_may_hold_several_projects(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(b'\xef\xbb\xbf[{"project_id": "mine"}]')

    assert "/ges/v1.0/mine/" in serve(lambda lines: lines[1], "--state", str(file))


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"--state: {tmp_path} is a directory, not a file\n"
