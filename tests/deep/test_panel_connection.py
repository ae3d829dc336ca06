"""How the panel connects, in a real browser: many tabs, a restart, tokens, a proxy, links."""

import json
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from browser import Begin, Visitor, expect
from conftest import free_port
from panels import (
    HYG,
    another_tab,
    break_it,
    demo_url,
    job,
    open_panel,
    request,
    says,
    serving,
    wait_until_live,
)

from gesmock import GesMock
from gesmock.remote.proxy import ProxyServer
from gesmock.remote.target import Target

pytestmark = pytest.mark.deep

LIVING = ("living", "--frozen")


def test_seven_tabs_leave_connections_for_the_application(begin: Begin, visit: Visitor) -> None:
    ges = begin(fixture="living")
    first = open_panel(visit, ges.url)
    for _ in range(6):
        wait_until_live(another_tab(first, first.url))

    demo = another_tab(first, demo_url(ges))

    says(demo, "1 to 5 of 5|1 to 4 of 4|1 to 6 of 6")
    for panel in first.context.pages[:7]:
        expect(request(panel, "GET").first).to_be_visible()


def test_the_panel_notices_that_the_server_is_gone_and_that_it_is_back(visit: Visitor) -> None:
    visit.allow("net::ERR_")
    port = free_port()
    with serving(port, *LIVING) as server:
        panel = open_panel(visit, f"http://127.0.0.1:{port}")
        panel.get_by_role("button", name="+10 s").click()
        expect(job(panel, HYG)).to_contain_text("complete")
        server.kill()
        expect(panel.locator("html")).to_have_attribute("data-connection", "gone")
        expect(panel.get_by_role("alert")).to_contain_text("does not answer")
    with serving(port, *LIVING):
        wait_until_live(panel)
        expect(job(panel, HYG)).to_contain_text("pending")
        panel.get_by_role("button", name="+10 s").click()
        expect(job(panel, HYG)).to_contain_text("complete")


def test_the_panel_asks_for_the_control_token(begin: Begin, visit: Visitor) -> None:
    visit.allow("status of 401")
    ges = begin(fixture="living", control_token="secret")
    panel = visit(f"{ges.url}/_gesmock/")
    dialog = panel.get_by_role("dialog", name="Control token")
    expect(dialog).to_be_visible()
    panel.keyboard.press("Escape")
    panel.get_by_role("button", name="Enter it").click()
    dialog.get_by_label("Control token").fill("sec\u2013ret")
    dialog.get_by_role("button", name="Connect").click()
    expect(dialog).to_contain_text("Only plain ASCII")
    for token in ("wrong", "secret"):
        dialog.get_by_label("Control token").fill(token)
        dialog.get_by_role("button", name="Connect").click()
    wait_until_live(panel)
    expect(job(panel, HYG)).to_be_visible()

    panel.reload()

    wait_until_live(panel)
    expect(job(panel, HYG)).to_be_visible()


def test_a_link_to_a_scenario_asks_once_the_control_token_is_known(
    begin: Begin, visit: Visitor
) -> None:
    visit.allow("status of 401")
    ges = begin(fixture="living", control_token="secret")
    panel = visit(f"{ges.url}/_gesmock/?scenario=failing")
    dialog = panel.get_by_role("dialog", name="Control token")
    dialog.get_by_label("Control token").fill("secret")
    dialog.get_by_role("button", name="Connect").click()

    panel.get_by_role("dialog", name="Load scenario").get_by_role("button", name="Load").click()

    expect(panel.get_by_label("Scenario", exact=True)).to_have_value("failing")


def test_the_panel_of_a_proxy_shows_requests_and_says_why_there_are_no_jobs(
    visit: Visitor,
) -> None:
    with (
        GesMock(fixture="living") as ges,
        ProxyServer(Target.of(ges.jobs_url())) as proxy,
    ):
        panel = open_panel(visit, proxy.url)
        expect(panel.get_by_role("heading", name="No jobs here")).to_be_visible()
        panel.keyboard.press("b")
        expect(panel.get_by_role("button", name="Board", include_hidden=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(panel.locator("#board")).to_be_hidden()
        listed = f"{proxy.url}{ges.jobs_url().removeprefix(ges.url)}"
        requests.get(listed)
        expect(request(panel, "GET").first).to_contain_text("200")

        break_it(panel, "503")
        expect(panel.get_by_role("table", name="Break it")).to_be_visible()

        assert requests.get(listed).status_code == 503
        expect(request(panel, "503")).to_be_visible()
        panel.close()


def test_a_watched_fixture_file_is_reloaded_and_a_broken_one_is_explained(
    visit: Visitor, tmp_path: Path
) -> None:
    file = tmp_path / "films.json"
    job_ = {"jobId": "first", "status": "running", "request": {"command": "x", "url": "/"}}
    file.write_text(json.dumps({"graphs": {"films": {"jobs": [job_]}}}))
    port = free_port()
    with serving(port, str(file), "--watch"):
        panel = open_panel(visit, f"http://127.0.0.1:{port}")
        expect(job(panel, "first")).to_be_visible()

        file.write_text(json.dumps({"graphs": {"films": {"jobs": [{**job_, "jobId": "second"}]}}}))
        expect(job(panel, "second")).to_be_visible()
        expect(job(panel, "first")).to_have_count(0)

        file.write_text("{")
        expect(panel.get_by_role("alert")).to_contain_text("films.json")
        expect(job(panel, "second")).to_be_visible()
        panel.close()


@pytest.fixture
def other_site() -> Iterator[str]:
    """The URL of a site whose pages link to the URL in their query."""
    with ThreadingHTTPServer(("127.0.0.1", 0), LinkPage) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


CONTROL = """
async (url) => {
  const headers = { Authorization: "Bearer secret", "Content-Type": "application/json" };
  const body = JSON.stringify({ frozen: true });
  const answer = await fetch(url, { method: "PATCH", headers, body });
  return (await answer.json()).frozen;
}
"""


def test_pages_of_a_named_origin_may_call_the_control_api(
    other_site: str, begin: Begin, visit: Visitor
) -> None:
    page = visit(other_site)
    ges = begin(control_token="secret", control_origins=[other_site])
    assert page.evaluate(CONTROL, f"{ges.url}/_gesmock/clock") is True

    visit.allow("CORS|net::ERR_FAILED")
    ges = begin(control_token="secret")
    with pytest.raises(Exception, match="Failed to fetch"):
        page.evaluate(CONTROL, f"{ges.url}/_gesmock/clock")
    assert ges.clock.frozen is False


def test_preflights_of_a_page_of_another_origin_are_dimmed(begin: Begin, visit: Visitor) -> None:
    ges = begin(fixture="living")
    panel = open_panel(visit, ges.url)
    demo = partial(SimpleHTTPRequestHandler, directory=Path(__file__).parents[2] / "demo")
    with ThreadingHTTPServer(("127.0.0.1", 0), demo) as server:
        Thread(target=server.serve_forever).start()
        try:
            page = visit(f"http://127.0.0.1:{server.server_port}/?graph={ges.graph_url()}")
            says(page, "1 to 5 of 5|1 to 4 of 4|1 to 6 of 6")
            page.close()  # before its server ends, as its icon may still be on the way
        finally:
            server.shutdown()
    preflight = request(panel, "OPTIONS").first
    listed = request(panel, "GET").first
    colour = "row => getComputedStyle(row.querySelector('button')).color"
    assert preflight.evaluate(colour) != listed.evaluate(colour)

    preflight.get_by_role("button").click()

    expect(panel.get_by_role("complementary", name="Details")).to_contain_text("preflight")


class LinkPage(BaseHTTPRequestHandler):
    """A page with a link to the URL in its query."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f'<a href="{self.path.partition("?")[2]}">panel</a>'.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.mark.parametrize("site", ["127.0.0.1", "localhost"], ids=["same-site", "cross-site"])
@pytest.mark.parametrize("path", ["/", "/_gesmock/"])
def test_a_link_from_another_origin_opens_the_panel(
    site: str, path: str, other_site: str, begin: Begin, visit: Visitor
) -> None:
    ges = begin(fixture="living")
    page = visit(f"{other_site.replace('127.0.0.1', site)}/?{ges.url}{path}")
    page.get_by_role("link", name="panel").click()
    wait_until_live(page)
    expect(job(page, HYG)).to_be_visible()


def test_without_the_control_api_there_is_no_panel(begin: Begin, visit: Visitor) -> None:
    visit.allow("status of 404")
    ges = begin(control=False)
    page = visit(f"{ges.url}/_gesmock/")
    expect(page.locator("body")).to_contain_text("GES.8000")
