"""The panel breaks the next call, and the demo application shows it; all in a real browser."""

import json
import re
from typing import TYPE_CHECKING

import pytest
import requests
from browser import Begin, Visitor, expect
from conftest import until
from panels import another_tab, break_it, demo_url, open_panel, request, says

from gesmock import GesMock

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.deep


@pytest.fixture
def ges(begin: Begin) -> GesMock:
    return begin(fixture="living", generate=100, clock={"frozen": True})


@pytest.fixture
def panel(visit: Visitor, ges: GesMock) -> "Page":
    visit.allow("/ges/.* ?status of|status of .*/ges/|net::ERR_.*/ges/")
    return open_panel(visit, ges.url)


@pytest.fixture
def demo(panel: "Page", ges: GesMock) -> "Page":
    demo = another_tab(panel, demo_url(ges))
    says(demo, "1 to 10 of 105")
    return demo


def test_an_armed_503_is_what_the_application_shows(panel: "Page", demo: "Page") -> None:
    break_it(panel, "503", times=3)

    says(demo, "^503 GES.8602: Engine service unavailable.$")
    expect(request(panel, "f1#1")).to_contain_text("503")
    says(demo, "1 to 10 of 105")


def test_an_application_recovers_from_503_503_ok(panel: "Page", demo: "Page", ges: GesMock) -> None:
    panel.get_by_role("button", name="Rule as JSON").click()
    rule = panel.get_by_label("Rule", exact=True)
    rule.fill('{"operation": "list_jobs", "script": [503, 503, "ok"]}')
    panel.get_by_role("button", name="Arm").click()

    says(demo, "503 GES.8602.*Trying again in 2 s")
    says(demo, "1 to 10 of 105")
    expect(request(panel, "503")).to_have_count(2)
    assert ges.findings() == []


def test_a_rule_that_the_server_refuses_is_explained(panel: "Page", visit: Visitor) -> None:
    visit.allow("status of 400")
    panel.get_by_role("button", name="Rule as JSON").click()
    panel.get_by_label("Rule", exact=True).fill('{"operation": "list_job", "fault": 503}')
    panel.get_by_role("button", name="Arm").click()

    expect(panel.get_by_role("alert").filter(has_text="did you mean")).to_be_visible()


def test_a_delay_of_three_real_seconds_is_visible_under_a_frozen_clock(
    panel: "Page", demo: "Page"
) -> None:
    break_it(panel, "3 s late")

    says(demo, "Waiting for the service ...")
    says(demo, "1 to 10 of 105")

    took_ms = "Math.max(...performance.getEntriesByType('resource').map((each) => each.duration))"
    assert demo.evaluate(took_ms) > 2900
    expect(request(panel, "f1#1").get_by_role("cell", name="3 s", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("fault", "times", "message"),
    [
        ("429", 1, "429 "),
        ("401", 1, "401 GES.8007: Invalid token."),
        ("reset", 9, "The network failed"),  # Chromium tries its other connections by itself
        ("hang", 1, "did not answer within 10 s"),
    ],
)
def test_the_application_shows_each_fault_that_is_a_press_away(
    fault: str, times: int, message: str, panel: "Page", demo: "Page"
) -> None:
    break_it(panel, fault, times)

    says(demo, message)


def test_the_panel_leads_to_the_demo_application(panel: "Page") -> None:
    with panel.expect_popup() as opened:
        panel.get_by_role("link", name="the demo application").click()

    says(opened.value, "1 to 10 of 105")


def test_the_next_import_fails_late(panel: "Page", demo: "Page", ges: GesMock) -> None:
    panel.get_by_role("button", name="Next import: fails_late").click()
    expect(panel.get_by_role("table", name="Break it")).to_contain_text("fails_late")
    demo.get_by_role("button", name="Import").click()
    says(demo, "of 106")
    used = panel.get_by_role("table", name="Break it").get_by_role("row", name="p1")
    expect(used.get_by_role("cell")).to_contain_text(["p1", "fails_late", "1", "0", ""])

    panel.get_by_role("button", name="+1 min").click()

    expect(demo.get_by_role("row", name="failed import_graph").first).to_be_visible()


def test_a_rule_that_was_edited_is_edited_again_as_it_is_now(panel: "Page", ges: GesMock) -> None:
    ges.faults.arm("list_jobs", 429, retry_after=1)
    rule = panel.get_by_label("Rule", exact=True)

    def edited() -> str:
        panel.get_by_role("button", name="Edit f1").click()
        text = rule.input_value()
        panel.keyboard.press("Escape")
        return text

    panel.get_by_role("button", name="Edit f1").click()
    rule.fill(rule.input_value().replace('"retry_after": 1', '"retry_after": 30'))
    panel.get_by_role("button", name="Save").click()
    expect(rule).to_be_hidden()

    until(lambda: '"retry_after": 30' in edited())


def test_only_a_call_of_an_operation_can_be_answered_with_a_fault(
    panel: "Page", ges: GesMock
) -> None:
    drawer = panel.get_by_role("complementary", name="Details")
    requests.get(ges.jobs_url())
    requests.get(f"{ges.url}/ges/nothing")
    request(panel, "nothing").get_by_role("button").click()
    expect(drawer).to_contain_text("none serves this")
    expect(drawer.get_by_role("button", name="503")).to_have_count(0)

    request(panel, "jobs/status").get_by_role("button").click()

    expect(drawer.get_by_role("button", name="503")).to_be_visible()


def test_rules_are_paused_resumed_and_removed(panel: "Page", ges: GesMock) -> None:
    break_it(panel, "503", times=5)
    rules = panel.get_by_role("table", name="Break it")
    expect(rules.get_by_role("row", name="f1")).to_contain_text("5")

    rules.get_by_role("button", name="Pause f1").click()
    expect(rules.get_by_role("button", name="Resume f1")).to_be_visible()
    assert requests.get(ges.jobs_url()).status_code == 200
    rules.get_by_role("button", name="Resume f1").click()
    expect(rules.get_by_role("button", name="Pause f1")).to_be_visible()
    rules.get_by_role("button", name="Remove f1").click()
    expect(rules).to_be_hidden()
    assert [*ges.faults] == []


def test_an_armed_rule_is_changed(panel: "Page", ges: GesMock) -> None:
    break_it(panel, "503", times=3)
    panel.get_by_role("button", name="Edit f1").click()
    panel.get_by_label("Rule", exact=True).fill('{"operation": "list_jobs", "fault": 429}')
    panel.get_by_role("button", name="Save").click()

    expect(panel.get_by_role("table", name="Break it")).to_contain_text("429")
    assert requests.get(ges.jobs_url()).status_code == 429


def test_a_preset_is_set_and_taken_back(panel: "Page", demo: "Page") -> None:
    preset = panel.get_by_label("Preset")
    preset.select_option("down")
    expect(panel.get_by_role("table", name="Break it")).to_contain_text("down")
    says(demo, "^503 ")

    preset.select_option("none")
    expect(panel.get_by_role("table", name="Break it")).to_be_hidden()
    expect(preset).to_have_value("")
    demo.reload()
    says(demo, "1 to 10 of 105")


def test_a_request_is_shown_in_full_and_the_next_one_fails_on_demand(
    panel: "Page", demo: "Page"
) -> None:
    request(panel, "GET").first.get_by_role("button").click()
    details = panel.get_by_role("complementary", name="Details")
    for text in ("list_jobs", "Took", "Answer body", "x-auth-token"):
        expect(details.get_by_text(text).first).to_be_attached()
    faults = details.get_by_role("group", name="Answer the next one with")
    faults.get_by_role("button", name="401").click()

    says(demo, "401 GES.8007: Invalid token.")


def test_requests_are_saved_as_an_archive_and_copied_as_curl(panel: "Page", ges: GesMock) -> None:
    panel.context.grant_permissions(["clipboard-read", "clipboard-write"])
    requests.get(ges.jobs_url(limit=7))
    request(panel, "limit=7").get_by_role("button").click()
    panel.get_by_role("button", name="Copy as curl").click()
    expect(panel.get_by_text("Copied")).to_be_visible()
    copied = panel.evaluate("navigator.clipboard.readText()")

    with panel.expect_download() as saved:
        panel.get_by_role("button", name="HAR").click()

    [entry] = json.loads(saved.value.path().read_text("utf-8"))["log"]["entries"]
    assert entry["request"]["url"] == ges.jobs_url(limit=7)
    assert ges.jobs_url(limit=7) in copied


def test_a_finding_is_linked_to_its_requests(panel: "Page", demo: "Page", ges: GesMock) -> None:
    requests.get(f"{ges.graph_url()}/nonsense")
    panel.get_by_role("button", name="1 finding").click()
    details = panel.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("GM002")
    details.get_by_role("button", name="#").click()

    expect(details).to_contain_text("/nonsense")
    expect(details).to_contain_text("none serves this")


def test_the_list_of_requests_is_held_while_it_is_paused(panel: "Page", demo: "Page") -> None:
    panel.get_by_role("button", name="Pause", exact=True).click()
    pill = panel.get_by_role("button", name=re.compile(r"^\d+ new$"))
    rows = panel.get_by_role("table", name="Requests").get_by_role("row")
    waiting, held = pill.inner_text(), rows.all_inner_texts()

    expect(pill).not_to_have_text(waiting)
    assert rows.all_inner_texts() == held
    pill.click()

    expect(rows.nth(1)).not_to_have_text(held[1])
    expect(pill).to_be_hidden()
