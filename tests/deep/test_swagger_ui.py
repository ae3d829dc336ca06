"""Swagger UI in a real browser: "Try it out" answers 200, with the examples as they are."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from browser import Begin, Visitor

from gesmock import GesMock

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.deep

TRY = """
async (pattern) => {
const chosen = new RegExp(pattern);
const until = async (what, find) => {
  for (const end = Date.now() + 20000; Date.now() < end;) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what} never came`);
};
await until('the page', () => document.querySelector('.opblock'));
const answers = {};
const filled = (input) => input.value !== '';
for (const block of document.querySelectorAll('.opblock')) {
  const path = block.querySelector('.opblock-summary-path').dataset.path;
  const name = `${block.querySelector('.opblock-summary-method').textContent} ${path}`;
  if (!chosen.test(name)) continue;
  const part = (selector) => until(`${selector} of ${name}`, () => block.querySelector(selector));
  (await part('.opblock-summary-control')).click();
  (await part('.try-out__btn')).click();
  await until(`the names of ${name}`, () => {
    const inputs = [...block.querySelectorAll('tr[data-param-in="path"] input')];
    return inputs.length === path.split('{').length - 1 && inputs.every(filled);
  });
  (await part('.btn.execute')).click();
  const status = await part('.live-responses-table tbody .response-col_status');
  answers[name] = parseInt(status.textContent);
  await fetch('/_gesmock/reset', {method: 'POST'});
  (await part('.opblock-summary-control')).click();
}
return answers;
}
"""
CANCELS = (
    "DELETE /ges/v1.0/{project_id}/graphs/{graph_name}/jobs/{job_id}",
    "DELETE /ges/v1.0/{project_id}/hyg/{graph_name}/jobs/{job_id}",
)
"""Few jobs can be cancelled: most are refused with 400, as documented."""


def try_calls(swagger_ui: "Page", chosen: str) -> dict[str, int]:
    """The statuses of the calls that the pattern *chosen* matches, each tried in a fresh fake."""
    answers: dict[str, int] = swagger_ui.evaluate(TRY, chosen)
    return answers


LINKS = """
<p>a page of another site</p><a href="{url}/docs/">docs</a><a href="{url}/_gesmock/health">health</a>
"""


class Links(BaseHTTPRequestHandler):
    """A page with links to gesmock at the URL in its query."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(LINKS.format(url=self.path.partition("?")[2]).encode())

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def links() -> Iterator[int]:
    """The port of a server of such pages."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Links) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("site", ["127.0.0.1", "localhost"], ids=["same-site", "cross-site"])
@pytest.mark.parametrize(("name", "text"), [("docs", "the service"), ("health", '"ready":true')])
def test_a_link_on_another_page_works(
    site: str, name: str, text: str, links: int, ges: GesMock, visit: Visitor
) -> None:
    visit.allow("favicon.ico")
    page = visit(f"http://{site}:{links}/?{ges.url}")
    page.get_by_role("link", name=name).click()
    page.get_by_text(text).first.wait_for(state="attached")


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"fixture": "page_example"}, 21),
        (
            {
                "project_id": "p1",
                "settings": {"edition": "memory"},
                "generate": {"graph": "films", "count": 5},
            },
            13,
        ),
    ],
    ids=["database", "memory"],
)
def test_try_it_out_answers_200(
    options: dict[str, Any], count: int, begin: Begin, visit: Visitor
) -> None:
    visit.allow("the server responded with a status of 400")
    ges = begin(clock={"frozen": True}, **options)
    answers = try_calls(visit(f"{ges.url}/docs/"), "")

    refused = {name: status for name, status in answers.items() if status != 200}
    assert {name: status for name, status in refused.items() if name not in CANCELS} == {}
    assert set(refused.values()) <= {400}
    assert len(answers) == count


def test_try_it_out_of_the_control_api_answers_200(begin: Begin, visit: Visitor) -> None:
    ges = begin(fixture="page_example", clock={"frozen": True})
    swagger_ui = visit(f"{ges.url}/docs/?urls.primaryName=the%20control%20API")
    answers = try_calls(swagger_ui, "^GET .*(/health|/graphs|/settings|/jobs/{job_id})$")

    assert set(answers.values()) == {200}
    assert len(answers) == 8
