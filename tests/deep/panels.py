"""The panel in a browser, by the accessible names of its elements."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from browser import Visitor, expect
from conftest import is_listening, until

from gesmock import GesMock

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


HYG = "9f250000382489090"
"""How the panel shows the id of a job of ``living`` that is pending for 2 s, and ends at 10 s."""


def wait_until_live(panel: "Page") -> None:
    """Wait until the panel receives events."""
    expect(panel.locator("html")).to_have_attribute("data-connection", "live")


def open_panel(visit: Visitor, url: str, look: str = "", **options: Any) -> "Page":
    """The panel of the server at *url*, once it is live; *look* is the hash of its URL."""
    panel = visit(f"{url}/_gesmock/{look}", **options)
    wait_until_live(panel)
    return panel


def another_tab(page: "Page", url: str) -> "Page":
    """A tab of the same browser, at *url*."""
    tab = page.context.new_page()
    tab.goto(url)
    return tab


def job(panel: "Page", name: str) -> "Locator":
    """The rows of jobs with *name* in them."""
    return panel.get_by_role("table", name="Jobs").get_by_role("row", name=name)


def request(panel: "Page", name: str) -> "Locator":
    return panel.get_by_role("table", name="Requests").get_by_role("row", name=name)


def break_it(panel: "Page", fault: str, times: int = 1, operation: str = "list_jobs") -> None:
    """Break the next calls with *fault*, in the section "Break it"."""
    panel.get_by_label("Operation").select_option(operation)
    panel.get_by_label("Times").fill(str(times))
    panel.get_by_role("group", name="Next call").get_by_role("button", name=fault).click()


def demo_url(ges: GesMock, graph: str = "movies") -> str:
    return f"{ges.url}/demo/?graph=/ges/v1.0/{ges.project_id}/graphs/{graph}"


def says(demo: "Page", text: str) -> None:
    """Wait until the demo application says *text* about the list."""
    expect(demo.get_by_role("status")).to_have_text(re.compile(text))


@contextmanager
def serving(port: int, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """``gesmock serve`` in a process of its own."""
    command = [sys.executable, "-m", "gesmock", "serve", *arguments, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: is_listening(port))
            yield process
        finally:
            process.kill()
