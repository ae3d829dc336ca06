"""The pictures in ``docs/images``; ``UPDATE_IMAGES=1`` takes them again."""

import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from browser import Begin, Visitor, expect
from panels import HYG, demo_url, job, open_panel, request, says

from gesmock import Delay, GesMock

pytestmark = pytest.mark.deep

DOCS = Path(__file__).parents[2] / "docs"
IMAGES = DOCS / "images"
PAGES = {"start": "index.html", "how-to": "how-to/second-call-fails.html"}
HEIGHTS = {360: 740, 900: 800, 1440: 900}
LARGEST = 150_000  # bytes


@pytest.fixture
def ges(begin: Begin) -> GesMock:
    """A fake that an application has called: it paged, met errors and submitted a job."""
    ges = begin(fixture="living", clock={"now": 1_767_261_600, "frozen": True})
    ges.generate(100)
    ges.faults.script("list_jobs", 503, 503, "ok", after=3)
    ges.faults.arm("show_job", Delay(3), nth=2)
    headers = {"X-Auth-Token": "demo"}
    for offset in (0, 10, 20, 0, 0, 0):
        requests.get(ges.jobs_url(limit=10, offset=offset), headers=headers)
    keys = {"accessKey": "AK", "secretKey": "SK"}
    submitted = requests.post(
        f"{ges.graph_url()}/action?action_id=import-graph",
        json={"edgesetPath": "films/edges/", "obsParameters": keys},
        headers=headers,
    ).json()["jobId"]
    for _ in range(3):
        requests.get(ges.job_url(submitted), headers=headers)
        ges.clock.advance(2)
    return ges


def compare(picture: bytes, name: str) -> None:
    """Put *picture* into the documentation, with fewer colours, or find one as large there."""
    path = IMAGES / name
    if os.environ.get("UPDATE_IMAGES"):
        small = subprocess.run(
            ["pngquant", "--strip", "-"], input=picture, check=True, capture_output=True
        ).stdout
        path.write_bytes(small)
    published = path.read_bytes()
    assert published[16:24] == picture[16:24]  # PNG: width and height
    assert len(published) < LARGEST


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", HEIGHTS)
def test_the_pictures_of_the_panel_are_as_large_as_the_panel(
    width: int, scheme: str, ges: GesMock, visit: Visitor
) -> None:
    size = {"width": width, "height": HEIGHTS[width]}
    panel = open_panel(visit, ges.url, viewport=size, color_scheme=scheme)
    expect(job(panel, HYG)).to_be_visible()
    if width == 1440:
        expect(request(panel, "f1#2")).to_be_visible()
        job(panel, HYG).get_by_role("button").first.click()
        expect(panel.get_by_text("Shown to clients")).to_be_visible()
    panel.mouse.move(1, 1)

    compare(panel.screenshot(), f"panel-{width}-{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pictures_of_the_demo_are_as_large_as_the_demo(
    scheme: str, begin: Begin, visit: Visitor
) -> None:
    ges = begin(fixture="living", generate=100, clock={"frozen": True})
    demo = visit(demo_url(ges), viewport={"width": 900, "height": 656}, color_scheme=scheme)
    says(demo, "1 to 10 of 105")

    compare(demo.screenshot(), f"demo-{scheme}.png")


def test_the_built_documentation_asks_no_other_host(tmp_path: Path, visit: Visitor) -> None:
    build = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "-n",
        "--keep-going",
        str(DOCS),
        str(tmp_path),
    ]
    subprocess.run(build, check=True)
    visit.allow("/favicon.ico")  # it has none
    serve_folder = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), serve_folder) as server:
        Thread(target=server.serve_forever).start()
        try:
            for name, path in PAGES.items():
                for scheme in ("light", "dark"):
                    url = f"http://127.0.0.1:{server.server_port}/{path}"
                    size = {"width": 1280, "height": 800}
                    page = visit(url, viewport=size, color_scheme=scheme)
                    expect(page.locator("h1")).to_be_visible()

                    compare(page.screenshot(), f"docs-{name}-{scheme}.png")
        finally:
            server.shutdown()
