"""The pictures of the panel in ``docs/images``; ``UPDATE_GOLDEN=1`` takes them anew."""

import os
from pathlib import Path

import pytest
import requests
from browser import Visitor, expect
from panels import HYG, job, open_panel, request

from gesmock import Delay, GesMock

pytestmark = pytest.mark.deep

IMAGES = Path(__file__).parents[2] / "docs/images"
SIZES = {360: 740, 900: 800, 1440: 900}


def use(ges: GesMock) -> None:
    """Call *ges* as an application does that pages, meets errors and submits a job."""
    ges.faults.script("list_jobs", 503, 503, "ok", after=3)
    ges.faults.arm("show_job", Delay(3), nth=2)
    listed = ges.jobs_url()
    for offset in (0, 10, 20, 0, 0, 0):
        requests.get(listed, params={"limit": 10, "offset": offset})
    submitted = requests.post(
        f"{ges.graph_url()}/action?action_id=import-graph",
        json={
            "edgesetPath": "films/edges/",
            "obsParameters": {"accessKey": "AK", "secretKey": "SK"},
        },
    ).json()["jobId"]
    for _ in range(3):
        requests.get(ges.job_url(submitted))
        ges.clock.advance(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_the_pictures_of_the_panel_are_there(width: int, scheme: str, visit: Visitor) -> None:
    size = {"width": width, "height": SIZES[width]}
    clock = {"now": 1_767_261_600, "frozen": True}
    with GesMock(fixture="living", generate=100, clock=clock) as ges:
        use(ges)
        panel = open_panel(visit, ges.url, viewport=size, color_scheme=scheme)
        expect(job(panel, HYG)).to_be_visible()
        if width == 1440:
            expect(request(panel, "f1#2")).to_be_visible()
            job(panel, HYG).get_by_role("button").first.click()
            expect(panel.get_by_text("Shown to clients")).to_be_visible()
        panel.mouse.move(1, 1)
        picture = panel.screenshot()

    path = IMAGES / f"panel-{width}-{scheme}.png"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(picture)
    header = path.read_bytes()[:24]  # PNG: the size of the picture is in bytes 16 to 23
    assert header == picture[:24]
