"""Swagger UI in a real browser: "Try it out" answers 200, with the examples as they are."""

import json
from pathlib import Path
from typing import Any

import pytest
from chromium import Page, page

from gesmock import GesMock

TRY = """
const chosen = new RegExp(CHOSEN);
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
"""
CANCELS = (
    "DELETE /ges/v1.0/{project_id}/graphs/{graph_name}/jobs/{job_id}",
    "DELETE /ges/v1.0/{project_id}/hyg/{graph_name}/jobs/{job_id}",
)
"""Few jobs can be cancelled: most are refused with 400, as documented."""


def tried(shown: Page, chosen: str) -> dict[str, int]:
    """The statuses of the calls that the pattern *chosen* matches, each tried in a fresh fake."""
    answers: dict[str, int] = shown.run(TRY.replace("CHOSEN", json.dumps(chosen)))
    return answers


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
def test_try_it_out_answers_200(options: dict[str, Any], count: int, tmp_path: Path) -> None:
    with (
        GesMock(clock={"frozen": True}, **options) as ges,
        page(f"{ges.url}/docs/", tmp_path) as shown,
    ):
        answers = tried(shown, "")

    refused = {name: status for name, status in answers.items() if status != 200}
    assert {name: status for name, status in refused.items() if name not in CANCELS} == {}
    assert set(refused.values()) <= {400}
    assert len(answers) == count


def test_try_it_out_of_the_control_api_answers_200(tmp_path: Path) -> None:
    with (
        GesMock(fixture="page_example", clock={"frozen": True}) as ges,
        page(f"{ges.url}/docs/?urls.primaryName=the%20control%20API", tmp_path) as shown,
    ):
        answers = tried(shown, "^GET .*(/health|/graphs|/settings|/jobs/{job_id})$")

    assert set(answers.values()) == {200}
    assert len(answers) == 8
