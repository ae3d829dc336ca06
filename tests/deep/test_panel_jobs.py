"""The panel's jobs in a real browser: scenarios, the clock, moves, reset, many jobs, two tabs."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests
from browser import Begin, Visitor, expect
from conftest import until
from panels import HYG, another_tab, demo_url, job, open_panel, request, says, wait_until_live

from gesmock import GesMock
from gesmock.model.types import STATUSES

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.deep

MOST_ROWS = 200


@pytest.fixture
def living(begin: Begin) -> GesMock:
    return begin(fixture="living", generate=100, clock={"frozen": True})


@pytest.fixture(scope="module")
def many() -> Iterator[GesMock]:
    """100,000 jobs; no test changes them."""
    with GesMock(generate={"graph": "movies", "count": 100_000}) as ges:
        yield ges


def number_of_rows(panel: "Page") -> int:
    count: int = panel.locator("#jobs tbody tr").count()
    return count


def test_a_scenario_is_chosen_and_a_job_finishes_as_the_clock_advances(
    begin: Begin, visit: Visitor
) -> None:
    ges = begin(fixture="empty", clock={"frozen": True})
    panel = open_panel(visit, ges.url)
    expect(panel.get_by_role("heading", name="No jobs yet")).to_be_visible()
    panel.get_by_label("Scenario").select_option("living")
    panel.get_by_role("button", name="Load").click()
    row = job(panel, HYG)
    expect(row).to_contain_text("pending")

    panel.get_by_role("button", name="Next transition").click()
    expect(row).to_contain_text("running")
    panel.get_by_role("button", name="+10 s").click()
    expect(row).to_contain_text("complete")


def test_a_job_is_moved_only_to_a_legal_status(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url)
    row = job(panel, HYG)
    row.hover()
    row.get_by_role("button", name="Move").click()
    moves = panel.get_by_role("group", name="Move to")
    assert moves.get_by_role("button").all_inner_texts() == [
        "running",
        "complete",
        "success",
        "failed",
    ]

    moves.get_by_role("button", name="failed").click()

    expect(row).to_contain_text("failed")
    [moved] = [each for each in living.jobs() if each.job_id.endswith(HYG)]
    assert moved.status == "failed"


def test_a_job_opens_with_all_its_fields_and_what_clients_were_shown(
    visit: Visitor, living: GesMock
) -> None:
    panel = open_panel(visit, living.url)
    demo = another_tab(panel, demo_url(living))
    says(demo, "1 to 10 of 105")

    job(panel, HYG).get_by_role("button").first.click()

    details = panel.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", name="Job")).to_be_visible()
    for text in ("louvain", "Plan", "complete", "Shown to clients", "hyg_algorithm"):
        expect(details.get_by_text(text).first).to_be_visible()
    for name in ("Copy as curl", "Copy as fetch", "Copy as Python"):
        expect(details.get_by_role("button", name=name)).to_be_visible()
    panel.keyboard.press("Escape")
    expect(details).to_be_hidden()


def test_a_reset_returns_to_the_chosen_scenario(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url)
    demo = another_tab(panel, demo_url(living))
    demo.get_by_role("button", name="Import").click()
    says(demo, "of 106")
    living.faults.arm("show_job", 503)
    expect(panel.get_by_role("table", name="Break it")).to_be_visible()
    expect(panel.get_by_role("button", name="all 107")).to_be_visible()

    panel.get_by_role("button", name="Reset", exact=True).click()

    expect(panel.get_by_role("button", name="all 106")).to_be_visible()  # one is not listed yet
    expect(panel.get_by_role("table", name="Break it")).to_be_hidden()
    says(demo, "of 105")


def test_two_tabs_stay_in_step(visit: Visitor, living: GesMock) -> None:
    first = open_panel(visit, living.url)
    second = another_tab(first, first.url)
    wait_until_live(second)
    expect(job(second, HYG)).to_contain_text("pending")

    first.get_by_role("button", name="+10 s").click()

    for tab in (first, second):
        expect(job(tab, HYG)).to_contain_text("complete")
    assert first.locator("#now").inner_text() == second.locator("#now").inner_text()


def test_a_link_opens_what_it_names(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url, "#graph=movies&status=failed")
    failed = panel.get_by_role("button", name=re.compile("^failed"))

    expect(failed).to_have_attribute("aria-pressed", "true")
    expect(job(panel, "failed").first).to_be_visible()
    expect(job(panel, "success")).to_have_count(0)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        ("#status=done&request=x", "Not in the journal."),
        ("#job=3a5c7e9b1d3f4b5d7f9a1c3e5b7d9f250000382489090", "hyg_algorithm"),
    ],
)
def test_a_link_that_is_not_quite_right_leaves_the_panel_usable(
    visit: Visitor, living: GesMock, look: str, words: str
) -> None:
    panel = open_panel(visit, living.url, look)

    expect(panel.get_by_role("complementary", name="Details")).to_contain_text(words)
    expect(panel.get_by_role("button", name="all 106")).to_have_attribute("aria-pressed", "true")
    wait_until_live(panel)


def test_a_link_with_a_scenario_asks_before_it_loads(visit: Visitor, living: GesMock) -> None:
    panel = visit(f"{living.url}/_gesmock/?scenario=empty")
    dialog = panel.get_by_role("dialog", name="Load scenario")
    expect(dialog).to_contain_text("empty")
    assert len(living.jobs()) > 100

    dialog.get_by_role("button", name="Load").click()

    expect(panel.get_by_role("heading", name="No jobs yet")).to_be_visible()


def test_a_hundred_jobs_are_generated_with_a_press(begin: Begin, visit: Visitor) -> None:
    ges = begin()
    panel = open_panel(visit, ges.url)
    panel.get_by_role("button", name="Generate 100").click()
    expect(panel.get_by_role("button", name="all 100")).to_be_visible()


def test_the_board_has_a_column_for_each_status(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url)
    panel.get_by_role("button", name="Board").click()

    counts = Counter(each.status for each in living.jobs())
    statuses = [status for status in STATUSES if status != "partiallyFailed" or counts[status]]
    headings = [re.compile(rf"{status}\s*{counts[status]}$") for status in statuses]
    expect(panel.locator("#board").get_by_role("heading")).to_have_text(headings)
    expect(panel.get_by_role("list", name="pending").get_by_role("listitem").first).to_be_visible()
    expect(panel.get_by_role("table", name="Jobs")).to_be_hidden()


def test_a_search_changes_the_board_under_the_pointer(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url, "#view=board")
    cards = panel.get_by_role("list", name="pending").get_by_role("listitem")
    cards.first.hover()
    panel.keyboard.press("/")
    panel.keyboard.type(HYG)

    expect(cards).to_have_count(1)
    expect(cards).to_contain_text(HYG)


def test_the_board_has_only_the_column_of_the_chosen_status(
    visit: Visitor, living: GesMock
) -> None:
    panel = open_panel(visit, living.url, "#view=board&status=failed")

    expect(panel.get_by_role("list", name="failed")).to_be_visible()
    expect(panel.get_by_role("list", name="success")).to_have_count(0)

    panel.get_by_label("Search jobs").fill("no such job")
    expect(panel.get_by_role("button", name="Clear filters")).to_be_visible()


def test_an_open_job_is_followed_among_hundreds_that_change_at_once(
    begin: Begin, visit: Visitor
) -> None:
    ges = begin(clock={"frozen": True})
    ges.generate(300, statuses={"pending": 1}, plan="normal")
    panel = open_panel(visit, ges.url)
    row = panel.get_by_role("table", name="Jobs").get_by_role("row").nth(3)
    row.get_by_role("button").first.click()
    drawer = panel.get_by_role("complementary", name="Details")
    expect(drawer).to_contain_text("pending")

    ges.clock.advance(600)

    expect(drawer.locator("dd .status")).to_have_text("success")
    expect(row).to_contain_text("success")


def test_what_is_copied_of_a_job_is_what_it_is_now(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url)
    panel.context.grant_permissions(["clipboard-read", "clipboard-write"])
    job(panel, HYG).get_by_role("button").first.click()
    drawer = panel.get_by_role("complementary", name="Details")
    expect(drawer).to_contain_text("pending")
    living.clock.advance(3)
    expect(drawer.locator("dd .status")).to_have_text("running")

    drawer.get_by_role("button", name="Copy as Python").click()

    expect(panel.get_by_role("status")).to_have_text("Copied")
    assert 'status="running"' in panel.evaluate("navigator.clipboard.readText()")


def test_requests_that_come_while_a_menu_is_open_are_shown_when_it_closes(
    visit: Visitor, living: GesMock
) -> None:
    panel = open_panel(visit, living.url)
    row = job(panel, HYG)
    row.hover()
    row.get_by_role("button", name="Move").click()
    requests.get(living.jobs_url())
    expect(panel.get_by_text("1 request", exact=True)).to_be_visible()

    panel.keyboard.press("Escape")

    expect(request(panel, "jobs/status")).to_be_visible()


def test_a_new_graph_can_be_chosen(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url)
    expect(job(panel, HYG)).to_be_visible()

    living.generate(5, graph="films")

    expect(panel.get_by_label("Graph").get_by_role("option", name="films")).to_be_attached()


def test_a_double_press_of_next_transition_makes_two_steps(visit: Visitor, living: GesMock) -> None:
    panel = open_panel(visit, living.url)
    expect(job(panel, HYG)).to_contain_text("pending")
    begun = living.clock.now

    next_transition = panel.get_by_role("button", name="Next transition")
    next_transition.evaluate("button => { button.click(); button.click(); }")

    until(lambda: round(living.clock.now - begun, 6) == 5)  # jobs change after 2 s and 5 s


def test_the_focus_returns_to_a_job_that_changed_while_its_drawer_was_open(
    visit: Visitor, living: GesMock
) -> None:
    panel = open_panel(visit, living.url)
    opener = job(panel, HYG).get_by_role("button").first
    opener.press("Enter")
    drawer = panel.get_by_role("complementary", name="Details")
    expect(drawer).to_contain_text("pending")
    living.clock.advance(60)
    expect(drawer).to_contain_text("complete")

    panel.keyboard.press("Escape")

    expect(drawer).to_be_hidden()
    expect(opener).to_be_focused()


def test_selected_text_of_the_drawer_stays_selected_while_the_job_changes(
    visit: Visitor, living: GesMock
) -> None:
    panel = open_panel(visit, living.url)
    job(panel, HYG).get_by_role("button").first.click()
    drawer = panel.get_by_role("complementary", name="Details")
    drawer.get_by_text("pending").first.dblclick()
    selected = "getSelection().toString()"
    assert panel.evaluate(selected) == "pending"

    with panel.expect_response("**/seen/**"):  # the drawer's, to draw it again
        living.clock.advance(60)
    expect(job(panel, HYG)).to_contain_text("complete")

    assert panel.evaluate(selected) == "pending"


def test_another_project_can_be_chosen_and_left(visit: Visitor, living: GesMock) -> None:
    other = living.project("other1")
    other.add_job(job_id="a/b?c#d&\ne", plan="normal")
    panel = open_panel(visit, living.url)
    panel.get_by_label("Project").select_option("other1")
    job(panel, "a/b?c#d& e").get_by_role("button").first.click()
    details = panel.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("a/b?c#d& e")

    panel.reload()
    expect(details).to_contain_text("a/b?c#d& e")
    other.clock.advance(60)
    expect(details).to_contain_text("success")

    panel.go_back()
    panel.go_back()
    expect(job(panel, HYG)).to_be_visible()


def test_a_link_to_a_project_that_is_gone_leads_to_the_default_one(
    visit: Visitor, living: GesMock
) -> None:
    visit.allow("status of 404")
    panel = visit(f"{living.url}/_gesmock/#project=nobody")
    expect(panel.get_by_role("alert")).to_contain_text("nobody")

    panel.get_by_role("button", name="default project").click()

    expect(job(panel, HYG)).to_be_visible()


def test_jobs_of_each_graph_come_and_go(visit: Visitor, living: GesMock) -> None:
    living.add_job(job_id="first", graph="films")
    panel = open_panel(visit, living.url)
    expect(job(panel, HYG)).to_be_visible()
    panel.get_by_label("Graph").select_option("films")
    expect(job(panel, HYG)).to_have_count(0)
    expect(job(panel, "first")).to_be_visible()

    living.add_job(job_id="second", graph="films")
    expect(job(panel, "second")).to_be_visible()
    living.remove_job("second", graph="films")
    expect(job(panel, "second")).to_have_count(0)


def test_a_link_to_a_graph_that_does_not_exist_shows_all_and_says_so(
    visit: Visitor, living: GesMock
) -> None:
    panel = open_panel(visit, living.url, "#graph=nope")

    expect(panel.get_by_role("status")).to_contain_text("There is no graph nope")
    expect(job(panel, HYG)).to_be_visible()


# --- 100,000 jobs -------------------------------------------------------------------------------


def test_only_the_rows_in_sight_of_100_000_jobs_are_in_the_page(
    visit: Visitor, many: GesMock
) -> None:
    panel = open_panel(visit, many.url)
    ids = [each.job_id for each in many.jobs()]
    expect(job(panel, ids[0][-17:])).to_be_visible()

    panel.locator("#jobs .list").evaluate("list => { list.scrollTop = list.scrollHeight / 2 }")
    expect(job(panel, ids[50_000][-17:])).to_be_attached()
    panel.locator("#jobs .list").evaluate("list => { list.scrollTop = list.scrollHeight }")
    expect(job(panel, ids[-1][-17:])).to_be_visible()

    assert number_of_rows(panel) < MOST_ROWS


def test_100_000_jobs_are_searched_and_filtered(visit: Visitor, many: GesMock) -> None:
    panel = open_panel(visit, many.url)
    table = panel.get_by_role("table", name="Jobs")
    far_down = many.jobs()[77_777]
    panel.get_by_label("Search jobs").fill(far_down.job_id)
    expect(job(panel, far_down.job_id[-17:])).to_be_visible()
    expect(table).to_have_attribute("aria-rowcount", "2")

    panel.get_by_label("Search jobs").fill("no such job")
    expect(panel.get_by_role("heading", name="No job matches")).to_be_visible()
    panel.get_by_role("button", name="Clear filters").click()

    panel.get_by_role("button", name=re.compile("^failed")).click()
    failed = sum(each.status == "failed" for each in many.jobs())
    expect(table).to_have_attribute("aria-rowcount", str(failed + 1))
    assert number_of_rows(panel) < MOST_ROWS
