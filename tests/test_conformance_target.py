"""Which server is held against the contract, and who asks: what is refused before it is asked."""

import math

import pytest

from gesmock.conformance.target import SignIn, Target
from gesmock.errors import InvalidInput

FORM = "http://10.0.0.7:80/ges/v1.0/PROJECT/graphs/GRAPH"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://h:80", ("http://h:80", "p", "g")),
        ("http://h:80/", ("http://h:80", "p", "g")),
        ("https://h/gateway/", ("https://h/gateway", "p", "g")),
        ("http://h/ges/v1.0/q/graphs/films", ("http://h", "p", "g")),
        ("http://[::1]:8080", ("http://[::1]:8080", "p", "g")),
    ],
)
def test_a_target_is_a_url_with_or_without_its_graph(url: str, wanted: tuple[str, ...]) -> None:
    target = Target.of(url, "p", "g")

    assert (target.url, target.project_id, target.graph) == wanted


def test_a_url_of_a_list_names_project_and_graph() -> None:
    target = Target.of("http://h/x/ges/v1.0/q/graphs/films/jobs/status")

    assert (target.url, target.project_id, target.graph) == ("http://h/x", "q", "films")
    assert target.path("/jobs") == "/ges/v1.0/q/graphs/films/jobs"


def test_names_in_a_url_are_read_as_urls_write_them() -> None:
    target = Target.of("http://h/ges/v1.0/q/graphs/my%20films")

    assert target.graph == "my films"
    assert target.path() == "/ges/v1.0/q/graphs/my%20films"


LIKE = "is not like http://10.0.0.7:80"


@pytest.mark.parametrize(
    ("url", "project", "graph", "message"),
    [
        ("10.0.0.7", "p", "g", f"--target: '10.0.0.7' {LIKE}"),
        ("ftp://h", "p", "g", f"--target: 'ftp://h' {LIKE}"),
        ("http://h:port", "p", "g", f"--target: 'http://h:port' {LIKE}"),
        ("http://[::1", "p", "g", f"--target: 'http://[::1' {LIKE}"),
        ("http://me:pass/word@h", "p", "g", f"--target: 'http://...@h' {LIKE}"),
        ("http://h", None, "g", f"--project-id: is wanted where the URL is not like {FORM}"),
        ("http://h", "a-b", "g", "--project-id: 'a-b' is not 1 to 64 letters or digits"),
        ("http://h", "p", None, f"--graph: is wanted where the URL is not like {FORM}"),
        ("http://h", "p", "a/b", "--graph: 'a/b' is not the name of a graph"),
        (
            "http://h/ges/v1.0/q/graphs",
            "p",
            "g",
            f"--target: 'http://h/ges/v1.0/q/graphs' names no graph; right is {FORM}",
        ),
        ("http://h/?limit=1", "p", "g", f"--target: 'http://h/' has a query; right is {FORM}"),
        ("http://h/#a", "p", "g", f"--target: 'http://h/' has a fragment; right is {FORM}"),
        (
            "http://me:word@h/",
            "p",
            "g",
            f"--target: 'http://...@h/' has a user or a password; right is {FORM}",
        ),
        (
            "http://h/ü",
            "p",
            "g",
            "--target: 'http://h/ü' has a blank, a control character or none of ASCII; "
            f"right is {FORM}",
        ),
    ],
)
def test_a_target_that_is_none_is_told(
    url: str, project: str | None, graph: str | None, message: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        Target.of(url, project, graph)

    assert str(error.value) == message


@pytest.mark.parametrize("seconds", [math.inf, math.nan, 0.0, -1.0, 1e300])
def test_a_time_that_is_none_is_told(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="^--timeout-s: .* is not 0.01 to 86400$"):
        Target.of("http://h", "p", "g", timeout_s=seconds)


@pytest.mark.parametrize("number", [math.inf, math.nan, -1.0, 1e-300])
def test_a_pace_that_is_none_is_told(number: float) -> None:
    with pytest.raises(InvalidInput, match="^--per-second: .* is neither 0.001 or more, nor 0"):
        Target.of("http://h", "p", "g", per_second=number)


# --- Who asks -----------------------------------------------------------------------------------


def test_the_environment_says_who_asks() -> None:
    keys = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}

    assert SignIn.of({}).how == "none"
    assert SignIn.of(keys).how == "AK/SK"
    assert SignIn.of({**keys, "GESMOCK_TARGET_TOKEN": "t"}).how == "token"
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_SK: is wanted beside"):
        SignIn.of({"HUAWEICLOUD_SDK_AK": "a"})
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_AK: is wanted beside"):
        SignIn.of({"HUAWEICLOUD_SDK_SK": "s"})


def test_secrets_are_not_shown() -> None:
    shown = repr(SignIn("token", "ak", "sk", "temporary"))

    assert shown == "SignIn(ak='ak')"


@pytest.mark.parametrize("wrong", [" ", "\n", "\t", "\x00", "\x7f", "ü", "\u200b"])
@pytest.mark.parametrize(
    "name",
    [
        "GESMOCK_TARGET_TOKEN",
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    ],
)
def test_a_secret_that_no_header_has_a_place_for_is_told_without_it(name: str, wrong: str) -> None:
    keys = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}

    with pytest.raises(InvalidInput) as error:
        SignIn.of({**keys, name: f"MIIF{wrong}x"})

    assert str(error.value) == (
        f"{name}: character 5 of 6 is a blank, a control character or none of ASCII"
    )
