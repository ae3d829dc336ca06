"""The panel is accessible, in a real browser: by keyboard, by axe's rules, on narrow screens."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import requests
from browser import Begin, Visitor, expect
from panels import HYG, job, open_panel, request
from test_openapi_clients import MODULES

from gesmock import GesMock

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.deep

AXE = MODULES / "axe-core/axe.min.js"
MARKUP = "<img src=x onerror=alert(1)>"
RTL = "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd"
CONTROLS = "a\x00b\x1b[31mc\x7f"
LONG = "x" * 20_000
FOCUSED_ROW = """
() => new Promise(requestAnimationFrame)
  .then(() => Number(document.activeElement.closest("#jobs tr")?.ariaRowIndex))
"""


@pytest.fixture
def living(begin: Begin) -> GesMock:
    return begin(fixture="living", generate=100, clock={"frozen": True})


def violations(page: "Page") -> list[str]:
    """The serious and critical violations that axe finds, each with its elements."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']][:5]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("width", [360, 900, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    width: int, scheme: str, living: GesMock, visit: Visitor
) -> None:
    assert AXE.exists(), "tools are required: bash .ci/tools"
    requests.get(living.jobs_url())
    living.faults.arm("list_jobs", 503, times=2)
    size = {"width": width, "height": 900}
    panel = open_panel(visit, living.url, viewport=size, color_scheme=scheme)
    expect(job(panel, HYG)).to_be_visible()

    assert violations(panel) == []

    job(panel, HYG).get_by_role("button").first.click()
    expect(panel.get_by_role("complementary", name="Details")).to_contain_text("louvain")
    assert violations(panel) == []
    panel.keyboard.press("Escape")

    panel.get_by_role("button", name="Shortcuts").click()
    expect(panel.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    assert violations(panel) == []
    assert panel.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_demo(
    scheme: str, living: GesMock, visit: Visitor
) -> None:
    demo = visit(f"{living.url}/demo/", color_scheme=scheme)
    expect(demo.get_by_role("status")).to_contain_text("1 to 10")

    assert violations(demo) == []


def test_everything_works_by_keyboard_alone(living: GesMock, visit: Visitor) -> None:
    panel = open_panel(visit, living.url)
    expect(job(panel, HYG)).to_be_visible()
    press = panel.keyboard.press

    press("Space")
    expect(panel.get_by_role("button", name="Freeze")).to_have_attribute("aria-pressed", "false")
    press("Space")
    expect(panel.get_by_role("button", name="Freeze")).to_have_attribute("aria-pressed", "true")

    press("/")
    panel.keyboard.type("louvain")
    expect(panel.get_by_role("table", name="Jobs")).to_have_attribute("aria-rowcount", "6")
    press("n")  # in a field, keys are text
    assert panel.get_by_label("Search jobs").input_value() == "louvainn"
    press("Backspace")
    press("Escape")
    expect(job(panel, HYG)).to_be_visible()
    assert panel.get_by_label("Search jobs").input_value() == "louvain"
    press("m")  # no row has the focus
    expect(panel.get_by_role("group", name="Move to")).to_be_hidden()
    press("j")
    press("m")
    panel.get_by_role("group", name="Move to").wait_for()
    press("Enter")
    status = job(panel, HYG).get_by_role("cell").nth(2)
    expect(status).to_have_text("running")

    press("j")
    press("Enter")
    details = panel.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("louvain")
    press("Escape")
    expect(details).to_be_hidden()

    press("b")
    expect(panel.get_by_role("list", name="running")).to_be_visible()
    press("b")
    press("r")
    expect(status).to_have_text("pending")
    press("n")
    expect(status).to_have_text("running")
    press("?")
    expect(panel.get_by_role("dialog", name="Shortcuts")).to_contain_text("Freeze")
    press("Escape")
    expect(panel.get_by_role("dialog", name="Shortcuts")).to_be_hidden()


def test_tab_goes_from_row_to_row_and_back_as_the_list_scrolls(
    living: GesMock, visit: Visitor
) -> None:
    panel = open_panel(visit, living.url, viewport={"width": 1440, "height": 700})
    expect(job(panel, HYG)).to_be_visible()
    panel.keyboard.press("j")
    rows = []
    for key in ["Tab"] * 60 + ["Shift+Tab"] * 60:
        rows.append(panel.evaluate(FOCUSED_ROW))
        panel.keyboard.press(key)

    assert {abs(later - row) for row, later in pairwise(rows)} == {0, 1}
    assert max(rows) > 50


@pytest.mark.parametrize(
    "hostile", [MARKUP, RTL, CONTROLS, LONG], ids=["markup", "rtl", "controls", "long"]
)
def test_hostile_strings_are_text(hostile: str, living: GesMock, visit: Visitor) -> None:
    visit.allow("status of 4")
    url = f"/ges/v1.0/p/graphs/{hostile}"
    living.add_job(job_id="hostile", command=hostile, url=url, raw_request=f'{{"a": "{MARKUP}"}}')
    requests.get(f"{living.url}/ges/v1.0/{MARKUP}", headers={"X-Hostile": MARKUP})
    panel = open_panel(visit, living.url, viewport={"width": 900, "height": 700})
    panel.on("dialog", lambda dialog: visit.complaints.append(dialog.message))

    expect(job(panel, "hostile")).to_be_visible()
    job(panel, "hostile").get_by_role("button").first.click()
    expect(panel.get_by_role("complementary", name="Details")).to_contain_text(MARKUP)
    panel.keyboard.press("Escape")
    request(panel, "img").get_by_role("button").first.click()
    expect(panel.get_by_role("complementary", name="Details")).to_contain_text(MARKUP)

    assert panel.locator("img[src=x]").count() == 0
    assert "\u202e" not in panel.locator("body").inner_text()
    assert panel.evaluate("document.documentElement.scrollWidth") <= 900


def test_the_scheme_is_switched_and_remembered(living: GesMock, visit: Visitor) -> None:
    panel = open_panel(visit, living.url, color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    colours = []
    for scheme in ("light", "dark"):
        panel.get_by_label("Colours").select_option(scheme)
        colours.append(panel.evaluate(background))
    light, dark = colours
    assert light != dark

    panel.reload()

    expect(panel.get_by_label("Colours")).to_have_value("dark")
    assert panel.evaluate(background) == dark


def test_in_a_narrow_page_one_pane_is_visible(living: GesMock, visit: Visitor) -> None:
    panel = open_panel(visit, living.url, viewport={"width": 360, "height": 700})
    panes = panel.get_by_role("navigation", name="Panes")
    expect(panel.get_by_role("region", name="Jobs")).to_be_visible()

    panes.get_by_role("button", name="Break it").click()

    expect(panel.get_by_role("region", name="Break it")).to_be_visible()
    expect(panel.get_by_role("region", name="Jobs")).to_be_hidden()
