"""Vite in front of gesmock, configured as the page about dev servers says."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
import requests
from browser import Visitor, expect
from conftest import free_port, until
from panels import open_panel

from gesmock import GesMock

pytestmark = pytest.mark.deep

TOP: Final = Path(__file__).parents[2]
MODULES: Final = (
    Path(os.environ.get("GESMOCK_TOOLS", Path.home() / ".cache/gesmock-tools")) / "node_modules"
)
PAGE: Final = (TOP / "docs/how-to/dev-server.md").read_text("utf-8")
SHORT, LONG, CONTROL = re.findall(
    r'^```js\n(import \{ defineConfig \} from "vite";\n.*?)^```', PAGE, re.DOTALL | re.MULTILINE
)

Vite = Callable[[str, GesMock], str]


@contextmanager
def running(config: str, folder: Path) -> Iterator[str]:
    """The URL of Vite, which serves the demo application with *config* from *folder*."""
    assert (MODULES / "vite").exists(), "tools are required: bash .ci/tools"
    shutil.copytree(TOP / "demo", folder)
    (folder / "node_modules").mkdir()  # Vite's cache is in it: each server has its own
    for module in MODULES.iterdir():
        (folder / "node_modules" / module.name).symlink_to(module)
    (folder / "vite.config.js").write_text(config, encoding="utf-8")
    port = free_port()
    command = ["node", "node_modules/vite/bin/vite.js", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([*command, "--strictPort"], cwd=folder, stdout=log, stderr=log) as vite,
    ):
        try:
            # An open port is not enough: Vite tries the port before it listens.
            until(lambda: "ready in" in (folder / "log").read_text() or vite.poll() is not None)
            assert vite.poll() is None, (folder / "log").read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            vite.terminate()


@pytest.fixture
def vite(tmp_path: Path) -> Iterator[Vite]:
    """vite(config, ges): the URL of Vite in front of *ges*, with a *config* of the page."""
    with ExitStack() as stack:

        def start(config: str, ges: GesMock) -> str:
            config = re.sub(r"http://127\.0\.0\.1:808\d", ges.url, config)
            config = config.replace("server: {", "server: { watch: null,")  # or it may restart
            return stack.enter_context(running(config, tmp_path / "app"))

        yield start


@pytest.fixture
def movies() -> Iterator[GesMock]:
    with GesMock(fixture="living", generate=100, control_token="dev-only") as ges:
        yield ges


@pytest.mark.parametrize(
    ("config", "changes_origin"), [(SHORT, True), (LONG, False)], ids=["changeOrigin", "without"]
)
def test_an_application_behind_vite_lists_fails_and_recovers(
    config: str, changes_origin: bool, vite: Vite, movies: GesMock, visit: Visitor
) -> None:
    visit.allow("status of 503")
    url = vite(config, movies)
    demo = visit(url)
    expect(demo.get_by_role("status")).to_contain_text("1 to 10 of 10")

    movies.faults.script("list_jobs", 503, 503, "ok")

    expect(demo.get_by_role("status")).to_contain_text("503 GES.8602")
    expect(demo.get_by_role("status")).to_contain_text("1 to 10 of 10")
    hosts = {entry.headers["Host"] for entry in movies.journal}
    assert hosts == {(movies.url if changes_origin else url).removeprefix("http://")}


def test_the_panel_works_behind_vite_if_vite_adds_the_token(
    vite: Vite, movies: GesMock, visit: Visitor
) -> None:
    url = vite(CONTROL, movies)
    forwarded = {"X-Forwarded-For": "192.0.2.7"}

    panel = open_panel(visit, url)
    panel.get_by_role("button", name="Freeze").click()

    expect(panel.get_by_role("button", name="Freeze")).to_have_attribute("aria-pressed", "true")
    clock = requests.get(f"{url}/_gesmock/clock", headers=forwarded)
    assert clock.json()["frozen"] is True
    assert requests.get(f"{movies.url}/_gesmock/clock").status_code == 401
