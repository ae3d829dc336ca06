"""Pages in a real browser, for the deep tests: Debian's Chromium, driven by Playwright."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

import pytest

from gesmock import GesMock

if TYPE_CHECKING:
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
    )

_OPTIONS: Final = (
    *("--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_HERE: Final = ("127.0.0.1", "localhost")
_WAIT_MS: Final = 20_000


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is required in CI")
    pytest.skip(f"{what} is required")


def expect(locator: "Locator") -> Any:
    """Playwright's ``expect``, imported only when a browser runs: other tests need no Playwright."""
    from playwright.sync_api import expect

    return expect(locator)


Begin = Callable[..., GesMock]


class Visitor:
    """Opens pages in *browser*, and notes what they do wrong.

    They must ask no other host (none is reached), raise nothing, and write only those errors to the
    console that a test allows.
    """

    def __init__(self, browser: "Browser") -> None:
        self._browser = browser
        self._allowed: list[re.Pattern[str]] = []
        self.complaints: list[str] = []

    def __call__(self, url: str, **options: Any) -> "Page":
        """A page at *url*, in a browser context of its own; *options* are the context's."""
        page = self.context(**options).new_page()
        page.goto(url)
        return page

    def context(self, **options: Any) -> "BrowserContext":
        context = self._browser.new_context(**{"reduced_motion": "reduce", **options})
        context.set_default_timeout(_WAIT_MS)
        context.on("request", self._asked)
        context.on("console", self._wrote)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context

    def allow(self, error: str) -> None:
        """Let the console have errors in which the pattern *error* is found."""
        self._allowed.append(re.compile(error))

    def _asked(self, request: "Request") -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.hostname not in _HERE:
            self.complaints.append(f"a request to another host: {request.url}")

    def _wrote(self, message: "ConsoleMessage") -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not any(each.search(text) for each in self._allowed):
            self.complaints.append(text)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium. If it or Playwright is missing, the test is skipped; in CI, it fails."""
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        _missing("Playwright (pip install -e '.[browser]')")
    program = shutil.which("chromium") or _missing("Chromium (apt-get install chromium)")
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program, args=_OPTIONS, chromium_sandbox=False
        )
        yield launched
        launched.close()


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Starts fakes that outlive the pages: begin(**options) is a started GesMock."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(GesMock(**options))


@pytest.fixture
def visit(browser: "Browser", begin: Begin) -> Iterator[Visitor]:
    """Opens pages: visit(url) is a Playwright page. Fails the test for what they do wrong."""
    visitor = Visitor(browser)
    yield visitor
    for context in browser.contexts:
        context.close()
    assert visitor.complaints == []
