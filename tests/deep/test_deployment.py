"""The manifests for Kubernetes and Compose are valid, and GitHub's action starts a server."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import yaml
from conftest import free_port

from gesmock.fake import fixtures
from gesmock.web.guard import CONTROL

TOP: Final = Path(__file__).parents[2]
TOOLS: Final = Path(os.environ.get("GESMOCK_TOOLS", Path.home() / ".cache/gesmock-tools"))
MANIFESTS: Final = TOP / "deploy/kubernetes.yaml"

pytestmark = pytest.mark.deep


def validate(manifests: Path) -> tuple[int, str]:
    """The exit status and output of a check against Kubernetes's own schema."""
    assert (TOOLS / "installed").exists(), "tools are required: bash .ci/tools"
    ran = subprocess.run(
        [TOOLS / "python/bin/kubernetes-validate", "--strict", manifests],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return ran.returncode, ran.stdout


def test_the_manifests_are_valid() -> None:
    status, output = validate(MANIFESTS)

    assert (status, output.count(" passed for resource ")) == (0, 4), output


@pytest.mark.parametrize(
    ("right", "wrong"), [("replicas: 1", "replicas: one"), ("readinessProbe:", "readyProbe:")]
)
def test_a_wrong_manifest_is_invalid(right: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(MANIFESTS.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")

    assert validate(file)[0] == 1


def test_the_manifests_fit_each_other_and_gesmock() -> None:
    manifests = yaml.safe_load_all(MANIFESTS.read_text(encoding="utf-8"))
    by_kind: dict[str, Any] = {each["kind"]: each for each in manifests}
    pod = by_kind["Deployment"]["spec"]["template"]
    [container] = pod["spec"]["containers"]

    [(name, state)] = by_kind["ConfigMap"]["data"].items()
    assert fixtures.parse(state.encode()).generators
    [mount] = container["volumeMounts"]
    assert container["args"][:2] == ["serve", f"{mount['mountPath']}/{name}"]
    assert by_kind["Service"]["spec"]["selector"] == pod["metadata"]["labels"]
    assert pod["spec"]["enableServiceLinks"] is False, "GESMOCK_PORT would be tcp://..."
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": f"{CONTROL}/health", "port": "http"}


def test_the_compose_file_is_valid() -> None:
    ran = subprocess.run(
        ["docker-compose", "--file", TOP / "compose.yaml", "config", "--quiet"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_action_starts_a_server_for_the_next_steps(tmp_path: Path) -> None:
    action = yaml.safe_load((TOP / "action.yml").read_text(encoding="utf-8"))
    [step] = action["runs"]["steps"]
    sources = tmp_path / "sources"
    sources.mkdir()
    archive = subprocess.check_output(["git", "archive", "HEAD"], cwd=TOP)
    subprocess.run(["tar", "-x", "-C", sources], input=archive, check=True)
    files = {name: str(tmp_path / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")}
    port = free_port()
    values = {
        "${{ github.action_path }}": sources,
        "${{ inputs.arguments }}": "movies --generate 10",
        "${{ inputs.port }}": port,
    }
    step_env: dict[str, str] = {name: str(values[value]) for name, value in step["env"].items()}
    process = subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**os.environ, **step_env, **files, "RUNNER_TEMP": str(tmp_path), "NO_PROXY": "a, b"},
        start_new_session=True,
    )
    try:
        assert process.wait() == 0
        url = f"http://127.0.0.1:{port}"
        environment = dict(
            line.split("=", 1) for line in Path(files["GITHUB_ENV"]).read_text().splitlines()
        )
        project = environment["HUAWEICLOUD_SDK_PROJECT_ID"]
        listed = requests.get(f"{url}/ges/v1.0/{project}/graphs/movies/jobs/status")
    finally:
        os.killpg(process.pid, signal.SIGTERM)

    assert listed.json()["totalCount"] == 15
    assert environment["GESMOCK_URL"] == environment["HUAWEICLOUD_SDK_IAM_ENDPOINT"] == url
    assert environment["NO_PROXY"] == "a, b,127.0.0.1,localhost"
    assert Path(files["GITHUB_OUTPUT"]).read_text() == f"url={url}\n"
    assert action["outputs"]["url"]["value"] == "${{ steps.start.outputs.url }}"
    assert Path(files["GITHUB_PATH"]).read_text() == f"{tmp_path}/gesmock/bin\n"
