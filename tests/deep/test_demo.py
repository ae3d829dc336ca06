"""The demo application in a real browser, judged by the verdict on clients."""

from typing import TYPE_CHECKING

import pytest
import requests
from browser import Begin, Visitor, expect
from conftest import until

from gesmock import GesMock
from gesmock.faults.kinds import PlainKind

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.deep

UNAVAILABLE = "503 GES.8602: Engine service unavailable."

LISTEN = """
() => {
  const message = document.querySelector("#message");
  globalThis.said = [];
  new MutationObserver(() => {
    const text = message.textContent;
    const isNew = said.length || !text.startsWith("1 to"); // the list may be read before the fault
    if (isNew && text !== said.at(-1) && !text.startsWith("Waiting")) said.push(text);
  }).observe(message, { childList: true });
}
"""


@pytest.fixture
def ges(begin: Begin) -> GesMock:
    return begin(fixture="living", generate=100, clock={"frozen": True})


@pytest.fixture
def demo(ges: GesMock, visit: Visitor) -> "Page":
    page = visit(f"{ges.url}/demo/")
    says(page, "1 to 10 of 105")
    return page


def says(demo: "Page", text: str) -> None:
    """Wait until the page says *text* about the list."""
    expect(demo.get_by_role("status")).to_have_text(text)


def test_the_demo_turns_pages(demo: "Page", ges: GesMock) -> None:
    demo.get_by_role("button", name="Older").click()
    says(demo, "11 to 20 of 105")
    demo.get_by_role("button", name="Newer").click()
    says(demo, "1 to 10 of 105")

    assert demo.get_by_role("button", name="Newer").is_disabled()
    listed = requests.get(ges.jobs_url(limit=10), headers={"X-Auth-Token": "t"}).json()["jobs"]
    ids = demo.locator("tbody td:nth-child(3)").all_inner_texts()
    assert ids == [job["jobId"] for job in listed]
    assert ges.findings() == []


def test_the_demo_submits_an_import(demo: "Page", ges: GesMock) -> None:
    demo.get_by_label("Import edges from").fill("bucket/edges/")
    demo.get_by_role("button", name="Import").click()
    says(demo, "1 to 10 of 106")

    [submitted] = ges.journal.assert_called("import_graph", times=1, status=200)
    assert submitted.body["edgesetPath"] == "bucket/edges/"
    assert ges.findings() == []


def test_the_demo_cancels_a_job(demo: "Page", ges: GesMock) -> None:
    demo.get_by_role("row", name="hyg_algorithm").get_by_role("button").click()

    demo.get_by_role("row", name="failed hyg_algorithm").wait_for()
    assert ges.findings() == []


def test_the_demo_shows_the_error_of_the_service(
    demo: "Page", ges: GesMock, visit: Visitor
) -> None:
    visit.allow("status of 4")
    ges.faults.arm("import_graph", 400, times=1)
    demo.get_by_role("button", name="Import").click()
    demo.get_by_text("400 GES.8013: parameter format error").wait_for()

    ges.faults.arm("list_jobs", 401)
    says(demo, "401 GES.8007: Invalid token.")


def test_the_demo_recovers_from_503_503_ok(demo: "Page", ges: GesMock, visit: Visitor) -> None:
    visit.allow("status of 503")
    demo.evaluate(LISTEN)
    ges.faults.script("list_jobs", 503, 503, "ok")
    until(lambda: len(demo.evaluate("said")) >= 3)

    assert demo.evaluate("said.slice(0, 3)") == [
        f"{UNAVAILABLE} Trying again in 1 s.",
        f"{UNAVAILABLE} Trying again in 2 s.",
        "1 to 10 of 105",
    ]
    assert ges.findings() == []


def test_the_demo_gives_up_after_three_503s_and_polls_again(
    demo: "Page", ges: GesMock, visit: Visitor
) -> None:
    visit.allow("status of 503")
    ges.faults.arm("list_jobs", 503, times=3)

    says(demo, UNAVAILABLE)
    says(demo, "1 to 10 of 105")
    assert ges.findings() == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("reset", "The network failed: no complete answer came."),
        ("close", "The network failed: no complete answer came."),
        ("malformed", "The answer is not JSON."),
        ("hang", "Waiting for the service ..."),
        ("hang", "The service did not answer within 10 s."),
    ],
)
def test_the_demo_says_when_no_answer_comes(
    fault: PlainKind, message: str, demo: "Page", ges: GesMock, visit: Visitor
) -> None:
    visit.allow("net::ERR_")
    ges.faults.arm("list_jobs", fault)

    says(demo, message)

    ges.faults.disarm()
    if fault != "hang":
        says(demo, "1 to 10 of 105")


def test_the_demo_is_legible_on_a_phone(ges: GesMock, visit: Visitor) -> None:
    page = visit(f"{ges.url}/demo/", viewport={"width": 360, "height": 740})
    says(page, "1 to 10 of 105")

    assert page.evaluate("document.documentElement.scrollWidth") == 360
