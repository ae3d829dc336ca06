"""The panel: how its files are served, and what they must not contain."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests
from conftest import Service

from gesmock import GesMock
from gesmock.fake.fake import Fake
from gesmock.web import create_app
from gesmock.web.guard import Guard

FILES = sorted((Path(__file__).parents[2] / "gesmock/web/panel").iterdir())
SCRIPTS = [file for file in FILES if file.suffix == ".js"]
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}


# --- Serving ------------------------------------------------------------------------------------


def test_a_browser_at_the_root_is_led_to_the_panel(service: Service) -> None:
    response = service.client.get("/", headers=BROWSER)

    assert (response.status_code, response.location) == (302, "/_gesmock/")
    with service.client.get("/_gesmock/") as page:
        assert page.data.startswith(b"<!doctype html>")
    assert len(service.fake.default.journal) == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_for_any_other_client_the_root_stays_an_unknown_call(service: Service, method: str) -> None:
    accept = {"GET": "*/*", "POST": BROWSER["Accept"]}[method]

    response = service.client.open("/", method=method, headers={"Accept": accept})

    assert response.status_code == 404
    assert response.json["errorCode"] == "GES.8000"  # type: ignore[index]


def test_without_control_there_is_no_panel() -> None:
    client = create_app(Fake(), control=False).test_client()

    for path in ("/", "/_gesmock/", "/_gesmock/panel/main.js"):
        assert client.get(path, headers=BROWSER).status_code == 404


def test_the_page_is_not_served_where_its_files_would_be_missing(service: Service) -> None:
    response = service.client.get("/_gesmock/panel/index.html")

    assert (response.status_code, response.location) == (302, "/_gesmock/")


@pytest.mark.parametrize(
    "file", [each for each in FILES if each.suffix != ".html"], ids=lambda file: file.name
)
def test_a_file_is_served_for_this_page_only_and_revalidated_each_time(
    service: Service, file: Path
) -> None:
    path = f"/_gesmock/panel/{file.name}"
    with service.client.get(path) as response:
        assert response.data == file.read_bytes()

    assert response.content_type == TYPES[file.suffix]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Cache-Control"] == "no-cache"
    with service.client.get(path, headers={"If-None-Match": response.headers["ETag"]}) as again:
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapp.py", "%2e%2e/guard.py"])
def test_no_other_file_is_served(service: Service, name: str) -> None:
    assert service.client.get(f"/_gesmock/panel/{name}").status_code == 404


def test_our_own_server_serves_it_too() -> None:
    with GesMock() as ges:
        page = requests.get(ges.url, headers=BROWSER)
        assert page.url == f"{ges.url}/_gesmock/"

    assert page.headers["Content-Type"] == TYPES[".html"]


def test_the_files_need_no_token_and_may_be_linked_but_the_calls_may_not() -> None:
    client = create_app(Fake(), guard=Guard("a-control-token")).test_client()

    for path in ("/_gesmock/", "/_gesmock/panel/main.js"):
        with client.get(path, headers=LINK) as linked:
            assert linked.status_code == 200
        assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 403
    assert client.get("/_gesmock/jobs").status_code == 401
    assert client.get("/_gesmock/jobs", headers=LINK).status_code == 403


# --- The files ----------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The attributes of the page's tags, and its texts, each with the script or style around it."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str | None, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append((self.cdata_elem, data))


def test_the_page_loads_its_own_files_only_and_has_nothing_inline() -> None:
    page = Tags()
    page.feed((FILES[0].parent / "index.html").read_text(encoding="utf-8"))

    loaded = {value for _, name, value in page.attributes if name in ("src", "href")}
    assert loaded == {"panel/icon.svg", "panel/main.js", "panel/panel.css"}
    assert {element for element, _ in page.texts} == {None}
    assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script_makes_no_markup_of_text_and_loads_only_its_neighbours(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert not re.findall(
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|DOMParser|document\.write|eval|Function\(|"
        r"setAttribute\(\"style|cssText|https?:)",
        text,
    )
    assert set(re.findall(r'(?:from|^import) "\./(.*?)"', text, re.MULTILINE)) <= {
        neighbour.name for neighbour in SCRIPTS
    }


def test_a_style_sheet_loads_nothing() -> None:
    [sheet] = [file for file in FILES if file.suffix == ".css"]

    assert not re.findall(r"url\(|@import", sheet.read_text(encoding="utf-8"))


def test_the_files_stay_small() -> None:
    assert sum(file.stat().st_size for file in FILES) < 60_000


def test_the_files_are_installed_with_the_package() -> None:
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text(encoding="utf-8")

    assert "gesmock.web = panel/*" in setup.splitlines()
