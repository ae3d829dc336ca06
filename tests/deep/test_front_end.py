"""The page of the tutorial in a real browser: it lists, turns pages, shows an error and recovers."""

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from chromium import Page, page

from gesmock import GesMock

pytestmark = pytest.mark.deep

TUTORIAL = Path(__file__).parents[2] / "docs/tutorials/front-end.md"
UNTIL = """
const message = () => document.querySelector('#message').textContent;
const until = async (found) => {
  for (const end = Date.now() + 20000; Date.now() < end;) {
    if (found()) return message();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it still says: ${message()}`);
};
"""


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def ges() -> Iterator[GesMock]:
    with GesMock(fixture="living", generate=100, clock={"frozen": True}) as ges:
        yield ges


@pytest.fixture
def tutorial(ges: GesMock, tmp_path: Path) -> Iterator[Page]:
    [source] = re.findall(
        r"^```html\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(source.replace("http://127.0.0.1:8080", ges.url))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=site)) as server:
        Thread(target=server.serve_forever).start()
        with page(f"http://127.0.0.1:{server.server_port}/", tmp_path / "browser") as tutorial:
            yield tutorial
        server.shutdown()


def wait_for_message(tutorial: Page, prefix: str) -> str:
    """The message of the page, as soon as it starts with *prefix*."""
    message: str = tutorial.run(f"{UNTIL} return until(() => message().startsWith({prefix!r}));")
    return message


def statuses(tutorial: Page) -> list[str]:
    cells = "[...document.querySelectorAll('td:first-child')].map((cell) => cell.textContent)"
    found: list[str] = tutorial.run(f"return {cells};")
    return found


def test_the_page_of_the_tutorial_does_what_the_tutorial_says(ges: GesMock, tutorial: Page) -> None:
    assert wait_for_message(tutorial, "1 to") == "1 to 8 of 105"
    assert statuses(tutorial)[:4] == ["pending", "pending", "running", "running"]

    tutorial.run("document.querySelector('#older').click();")
    assert wait_for_message(tutorial, "9 to") == "9 to 16 of 105"
    tutorial.run("document.querySelector('#newer').click();")
    wait_for_message(tutorial, "1 to")

    ges.faults.arm("list_jobs", 503, times=3)
    assert wait_for_message(tutorial, "503") == "503 Engine service unavailable. Trying again ..."
    assert len(statuses(tutorial)) == 8
    wait_for_message(tutorial, "1 to")

    ges.clock.advance(10)
    assert wait_for_message(tutorial, "1 to 8 of 106")
    assert statuses(tutorial)[:5] == ["pending", "complete", "pending", "running", "failed"]
