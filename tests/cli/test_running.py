"""The commands ``health``, ``wait``, ``env`` and ``reset``, for servers that run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result
from conftest import free_port
from other_server import OtherServer

from gesmock import GesMock, __version__
from gesmock.cli import main as cli
from gesmock.cli.options import tls

NOBODY = "http://127.0.0.1:1"


def run(*args: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(cli.main, args)


def port_of(ges: GesMock) -> str:
    return ges.url.rpartition(":")[2]


# --- health ---------------------------------------------------------------------------------------


def test_health_exits_with_0_if_the_server_is_ready(ges: GesMock) -> None:
    result = run("health", ges.url)

    assert (result.exit_code, result.output) == (0, f"{ges.url}: gesmock {__version__} is ready\n")


def test_health_exits_with_1_if_nothing_listens() -> None:
    result = run("health", NOBODY)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"gesmock: {NOBODY}: nothing is listening there (connection refused)\n"


def test_health_needs_no_control_token() -> None:
    with GesMock(control_token="secret") as ges:
        assert run("health", ges.url).exit_code == 0


def test_health_exits_with_0_without_a_control_api_too() -> None:
    with GesMock(control=False) as ges:
        result = run("health", ges.url)

        assert (result.exit_code, result.output) == (0, f"{ges.url}: gesmock is ready\n")


def test_no_command_takes_a_server_for_ready_below_a_wrong_path(ges: GesMock) -> None:
    url = f"{ges.url}/foo"

    for command, status in (("health", 1), ("env", 2), ("reset", 1)):
        result = run(command, url)

        assert (result.exit_code, result.stdout) == (status, "")
        assert result.stderr == (
            f"gesmock: {url}: answered 404: it serves nothing at /foo/_gesmock; "
            "/foo is right only behind a proxy that strips it\n"
        )


def test_health_takes_the_url_that_serve_prints(ges: GesMock) -> None:
    assert run("health", ges.jobs_url()).output.startswith(f"{ges.url}: ")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("[::1]", "[::1]")],
)
def test_without_a_url_health_asks_the_server_of_the_environment(host: str, loopback: str) -> None:
    with GesMock(host=host.strip("[]") or "127.0.0.1") as ges:
        result = run("health", GESMOCK_HOST=host, GESMOCK_PORT=port_of(ges))

        assert result.stdout.startswith(f"http://{loopback}:{port_of(ges)}: gesmock")


def test_without_a_url_and_environment_health_asks_port_8080_of_this_machine() -> None:
    assert "http://127.0.0.1:8080: " in run("health", GESMOCK_PORT="").output


def test_the_url_may_come_from_gesmock_url(ges: GesMock) -> None:
    assert run("health", GESMOCK_URL=ges.url).exit_code == 0


def test_a_variable_that_holds_no_port_is_named() -> None:
    result = run("health", GESMOCK_PORT="tcp://10.0.0.7:80")

    assert result.exit_code == 2
    assert result.stderr == "GESMOCK_PORT: 'tcp://10.0.0.7:80' is not a port\n"


def test_a_port_that_the_server_picks_itself_has_to_be_named() -> None:
    result = run("health", GESMOCK_PORT="0")

    assert result.exit_code == 2
    assert result.stderr == ("GESMOCK_PORT: 0 stands for any free port; name the server's URL\n")


@pytest.fixture
def cert(tmp_path: Path) -> Path:
    """A certificate and its key, for a name that is not the loopback address's."""
    file = tmp_path / "cert.pem"
    issued = trustme.CA().issue_cert("fake.test")
    file.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    return file


def test_the_certificate_of_the_environment_s_own_server_is_not_verified(cert: Path) -> None:
    with GesMock(ssl_context=tls(str(cert), None)) as ges:
        own = run("health", GESMOCK_CERT=str(cert), GESMOCK_PORT=port_of(ges))
        named = run("health", ges.url)
        insecure = run("health", ges.url, "--insecure")

    assert (own.exit_code, insecure.exit_code) == (0, 0)
    assert named.exit_code == 1
    assert "its certificate is not trusted" in named.stderr


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "answered 404: this is not gesmock"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "answered 200: this is not gesmock"),
        (b'HTTP/1.1 403 Forbidden\r\nContent-Length: 16\r\n\r\n{"error":"full"}', "answered 403: full\n"),
    ],
)  # fmt: skip
def test_health_exits_with_1_if_another_server_answers(answer: bytes, words: str) -> None:
    with OtherServer(answer) as other:
        result = run("health", other.url)

    assert result.exit_code == 1
    assert f"gesmock: {other.url}: {words}" in result.stderr


@pytest.mark.parametrize("url", ["nowhere", "http://127.0.0.1:80/?x=1", "http://user@127.0.0.1"])
def test_a_malformed_url_is_refused(url: str) -> None:
    result = run("health", url)

    assert result.exit_code == 2
    assert result.stderr.startswith("URL: ")


# --- wait -----------------------------------------------------------------------------------------


def test_wait_ends_once_the_server_is_ready() -> None:
    port = free_port()
    command = [sys.executable, "-m", "gesmock", "wait", f"http://127.0.0.1:{port}"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as waiting,
        GesMock(port=port),
    ):
        assert waiting.stdout is not None
        printed = waiting.stdout.read()

    assert (waiting.returncode, printed) == (
        0,
        f"http://127.0.0.1:{port}: gesmock {__version__} is ready\n",
    )


def test_wait_exits_with_1_if_the_server_is_not_ready_in_time() -> None:
    result = run("wait", NOBODY, "--timeout-s", "0.3")

    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"gesmock: not ready after 0.3 s: {NOBODY}: nothing is listening"
    )


def test_wait_asks_again_until_the_server_is_ready() -> None:
    busy = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
    ready = b'{"version": "9", "project_id": "p"}'
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(ready)}\r\n\r\n".encode()
    with OtherServer(busy, head + ready) as other:
        result = run("wait", other.url)

    assert result.output == f"{other.url}: gesmock 9 is ready\n"


# --- env ------------------------------------------------------------------------------------------


def test_a_shell_takes_over_what_env_prints(ges: GesMock) -> None:
    ges.restart(project_id="mine")
    gesmock = f"{sys.executable} -m gesmock"
    show = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    printed = subprocess.check_output(
        ["bash", "-c", f'eval "$({gesmock} env {ges.url})" && {show}'],
        env={**os.environ, "NO_PROXY": "*.test", "no_proxy": ""},
    )

    environment = json.loads(printed)
    assert environment["HUAWEICLOUD_SDK_AK"]
    assert environment["HUAWEICLOUD_SDK_PROJECT_ID"] == "mine"
    assert environment["HUAWEICLOUD_SDK_IAM_ENDPOINT"] == ges.url
    assert environment["HUAWEICLOUD_SDK_REGION_GES_CN_NORTH_4"] == ges.url
    assert environment["NO_PROXY"] == "*.test,127.0.0.1,localhost"
    assert environment["no_proxy"] == "127.0.0.1,localhost"


def test_a_server_elsewhere_needs_no_proxy_either() -> None:
    with GesMock(host="127.0.0.2") as ges:
        printed = run("env", ges.url, NO_PROXY="").stdout

    assert "export NO_PROXY=127.0.0.1,localhost,127.0.0.2\n" in printed


def test_env_needs_the_control_api() -> None:
    with GesMock(control=False) as ges:
        result = run("env", ges.url)

        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"gesmock: {ges.url}: its project is unknown, as it serves no control API "
            "(--no-control)\n"
        )


# --- reset ----------------------------------------------------------------------------------------


def test_reset_resets_every_project_of_every_server() -> None:
    with GesMock(generate=3) as first, GesMock() as second:
        first.project("other").add_job()
        second.add_job()
        result = run("reset", first.url, second.url)

        assert result.output == f"{first.url}: reset, epoch 3\n{second.url}: reset, epoch 2\n"
        assert (len(first.jobs()), len(second.jobs())) == (3, 0)
        assert [*first.fake.projects] == [first.project_id]
        assert result.exit_code == 0


def test_reset_says_which_servers_failed_and_resets_the_others() -> None:
    with (
        GesMock(control_token="a") as first,
        GesMock(control_token="b") as second,
        GesMock(control=False) as third,
    ):
        urls = " ".join([NOBODY, first.url, second.url, third.url])
        result = run("reset", GESMOCK_URL=urls, GESMOCK_CONTROL_TOKEN="b")

        assert result.stdout == f"{second.url}: reset, epoch 2\n"
        assert result.stderr.splitlines() == [
            f"gesmock: {NOBODY}: nothing is listening there (connection refused)",
            f"gesmock: {first.url}: answered 401: Authorization: Bearer <control token> is missing "
            "or wrong",
            f"gesmock: {third.url}: answered 404: it serves no control API (--no-control)",
        ]
        assert result.exit_code == 1


def test_without_a_url_reset_resets_the_server_of_the_environment(ges: GesMock) -> None:
    ges.add_job()

    result = run("reset", GESMOCK_PORT=port_of(ges))

    assert (result.exit_code, len(ges.jobs())) == (0, 0)
