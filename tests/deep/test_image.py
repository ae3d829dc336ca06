"""The image is built on Debian's Python, and run without an engine: with unshare, as process 1."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from conftest import free_port, is_listening, until

TOP: Final = Path(__file__).parents[2]
TOOLS: Final = Path(os.environ.get("GESMOCK_TOOLS", Path.home() / ".cache/gesmock-tools"))
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"

pytestmark = pytest.mark.deep


class Buildah:
    """Builds images in *folder*, and runs them, isolated only with chroot.

    ``.ci/tools`` has built the base image.
    """

    def __init__(self, folder: Path) -> None:
        assert (TOOLS / "images").exists(), "tools are required: bash .ci/tools"
        self._folder = folder

    def __call__(self, *arguments: str | Path) -> str:
        ran = self.run(*arguments)
        assert ran.returncode == 0, (ran.stdout + ran.stderr)[-4000:]
        return ran.stdout.strip()

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        places = ["--root", self._folder / "root", "--runroot", self._folder / "run"]
        places += ["--storage-opt", f"overlay.imagestore={TOOLS / 'images'}"]
        return subprocess.run(
            ["buildah", *map(str, [*places, *arguments])],
            env={**os.environ, "STORAGE_DRIVER": "overlay", "BUILDAH_ISOLATION": "chroot"},
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def buildah(tmp_path: Path) -> Iterator[Buildah]:
    buildah = Buildah(tmp_path)
    yield buildah
    buildah("rm", "--all")
    shutil.rmtree(tmp_path)  # a gigabyte


def as_process_1(root: str, config: dict[str, Any], **environment: str) -> "subprocess.Popen[str]":
    """What an engine would start in a container with the file system *root*."""
    variables = [*config["Env"], *(f"{name}={value}" for name, value in environment.items())]
    command = ["env", "--ignore-environment", f"--chdir={config['WorkingDir']}", *variables]
    isolated = ["unshare", "--fork", "--pid", "--kill-child", "chroot"]
    user = f"--userspec={config['User']}"
    return subprocess.Popen(
        [*isolated, user, root, *command, *config["Entrypoint"], *config["Cmd"]],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_image_is_built_and_healthy_and_ends_with_its_state_saved(buildah: Buildah) -> None:
    volume = f"{CERTIFICATES}:{CERTIFICATES}:ro"  # this machine's, to install packages
    options = ["--pull-never", "--network", "host", "--format", "docker", "--volume", volume]
    buildah("bud", *options, "--build-arg", "PYTHON=localhost/python", "-t", "gesmock", TOP)
    config = json.loads(buildah("inspect", "--type", "image", "gesmock"))["Docker"]["config"]
    assert config["User"] == "10001:10001"
    assert [*config["ExposedPorts"]] == ["8080/tcp"]
    test, *check = config["Healthcheck"]["Test"]
    assert (test, check) == ("CMD", ["gesmock", "health"])

    port = free_port()
    container = buildah("from", "--pull-never", "gesmock")
    root = buildah("mount", container)

    def health() -> int:
        at = ["--network", "host", "--env", f"GESMOCK_PORT={port}"]
        return buildah.run("run", *at, container, "--", *check).returncode

    assert health() == 1
    names = {"GESMOCK_PORT": str(port), "GESMOCK_STATE": "state.json"}
    with as_process_1(root, config, **names, GESMOCK_CONTROL_TOKEN="secret") as process:
        until(lambda: process.poll() is not None or is_listening(port))
        assert health() == 0
        url = f"http://127.0.0.1:{port}/_gesmock"
        token = {"Authorization": "Bearer secret"}
        body = {"graph": "films", "count": 5}
        assert requests.post(f"{url}/generate", json=body, headers=token).ok
        assert requests.get(f"{url}/jobs").status_code == 401
        [child] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGTERM)

    assert process.returncode == 0
    state = Path(root, "state/state.json")
    assert (state.stat().st_uid, state.stat().st_gid) == (10001, 10001)
    assert len(json.loads(state.read_bytes())["graphs"]["films"]["jobs"]) == 5
    assert health() == 1


def test_the_context_of_the_build_is_small(buildah: Buildah) -> None:
    container = buildah("from", "scratch")
    ignored: list[str | Path] = ["--ignorefile", TOP / ".dockerignore", "--contextdir", TOP]
    buildah("copy", *ignored, container, TOP, "/context")

    context = Path(buildah("mount", container), "context")

    assert {path.name for path in context.iterdir()} == {
        *("LICENSE", "MANIFEST.in", "README.md", "demo", "fixtures", "gesmock"),
        *("pyproject.toml", "setup.cfg"),
    }
    assert not [*context.rglob("__pycache__")]
