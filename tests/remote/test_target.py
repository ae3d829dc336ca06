"""A target is a URL, a graph, credentials and limits, checked before anything is sent."""

import math

import pytest

from gesmock.model.errors import InvalidInput
from gesmock.remote.target import SignIn, Target

FORM = "http://10.0.0.7:80/ges/v1.0/PROJECT/graphs/GRAPH"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h:80", ("http://h:80", "p", "g")),
        ("http://h:80/", ("http://h:80", "p", "g")),
        ("https://h/gateway/", ("https://h/gateway", "p", "g")),
        ("http://h/ges/v1.0/q/graphs/films", ("http://h", "p", "g")),
        ("http://[::1]:8080", ("http://[::1]:8080", "p", "g")),
    ],
)
def test_a_target_is_a_server_or_a_graph(url: str, expected: tuple[str, ...]) -> None:
    target = Target.of(url, "p", "g")

    assert (target.url, target.project_id, target.graph) == expected


def test_the_url_of_a_list_names_project_and_graph() -> None:
    target = Target.of("http://h/x/ges/v1.0/q/graphs/films/jobs/status")

    assert (target.url, target.project_id, target.graph) == ("http://h/x", "q", "films")
    assert target.path("/jobs") == "/ges/v1.0/q/graphs/films/jobs"


def test_names_in_a_url_are_decoded() -> None:
    target = Target.of("http://h/ges/v1.0/q/graphs/my%20films")

    assert target.graph == "my films"
    assert target.path() == "/ges/v1.0/q/graphs/my%20films"


LIKE = "is not a URL such as http://10.0.0.7:80"


@pytest.mark.parametrize(
    ("url", "project", "graph", "message"),
    [
        ("10.0.0.7", "p", "g", f"--target: '10.0.0.7' {LIKE}"),
        ("ftp://h", "p", "g", f"--target: 'ftp://h' {LIKE}"),
        ("http://h/a b", "p", "g", f"--target: 'http://h/a b' {LIKE}"),
        ("http://h/\u00fc", "p", "g", f"--target: 'http://h/\u00fc' {LIKE}"),
        ("http://h:port", "p", "g", "--target: 'http://h:port': Port could not be cast"),
        ("http://[::1", "p", "g", "--target: 'http://[::1': Invalid IPv6 URL"),
        ("http://" + "h" * 64, "p", "g", "--target: 'http://hhhh"),
        ("http://h", None, "g", f"--project-id: is required unless the URL is like {FORM}"),
        ("http://h", "a-b", "g", "--project-id: 'a-b' is not 1 to 64 letters or digits"),
        ("http://h", "p", None, f"--graph: is required unless the URL is like {FORM}"),
        ("http://h", "p", "a/b", "--graph: expected a graph name"),
        (
            "http://h/ges/v1.0/q/graphs",
            "p",
            "g",
            f"--target: 'http://h/ges/v1.0/q/graphs' names no graph; expected {FORM}",
        ),
        ("http://h/?limit=1", "p", "g", f"--target: 'http://h/' has a query; expected {FORM}"),
        ("http://h/#a", "p", "g", f"--target: 'http://h/' has a fragment; expected {FORM}"),
    ],
)
def test_an_invalid_target_is_refused(
    url: str, project: str | None, graph: str | None, message: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        Target.of(url, project, graph)

    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "url", ["http://me:secret@h", "me:secret@h", "http://me:secret@h:port", "//secret@h/a"]
)
def test_a_user_in_the_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Target.of(url, "p", "g")

    assert str(error.value) == (
        "--target: names a user, which the service does not use; "
        "see GESMOCK_TARGET_TOKEN and HUAWEICLOUD_SDK_AK"
    )


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://H:80", "h"),
        ("http://h:443", "h:443"),
        ("https://h:443", "h"),
        ("https://h:8443/a@b", "h:8443"),
        ("http://[::1]:80", "[::1]"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://b\u00fccher", "xn--bcher-kva"),
    ],
)
def test_the_host_header_omits_the_default_port(url: str, authority: str) -> None:
    assert Target.of(url, "p", "g").authority == authority


@pytest.mark.parametrize("seconds", [math.inf, math.nan, 0.0, -1.0, 1e300])
def test_an_invalid_timeout_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="^--timeout-s: expected 0.01 to 86400, got "):
        Target.of("http://h", "p", "g", timeout_s=seconds)


@pytest.mark.parametrize("number", [math.inf, math.nan, -1.0, 1e-300])
def test_an_invalid_rate_is_refused(number: float) -> None:
    with pytest.raises(InvalidInput, match="^--per-second: expected 0, or 0.001 or more, got "):
        Target.of("http://h", "p", "g", per_second=number)


# --- Credentials --------------------------------------------------------------------------------

KEYS = {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}


def test_credentials_come_from_the_environment() -> None:
    assert SignIn.of({}).scheme == "none"
    assert SignIn.of(KEYS).scheme == "AK/SK"
    assert SignIn.of({**KEYS, "GESMOCK_TARGET_TOKEN": "t"}).scheme == "token"
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_SK: is required with"):
        SignIn.of({"HUAWEICLOUD_SDK_AK": "a"})
    with pytest.raises(InvalidInput, match="HUAWEICLOUD_SDK_AK: is required with"):
        SignIn.of({"HUAWEICLOUD_SDK_SK": "s"})


def test_repr_hides_secrets() -> None:
    assert repr(SignIn("token", "ak", "sk", "temporary")) == "SignIn(ak='ak')"


@pytest.mark.parametrize(
    "value", ["s3cr3t\n", " s3cr3t", "s3\u200bcr3t", "s3cr3t\x7f", "s3\u00e9cr3t", "s3 cr3t"]
)
@pytest.mark.parametrize(
    "name",
    [
        "GESMOCK_TARGET_TOKEN",
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    ],
)
def test_a_credential_that_no_header_can_carry_is_refused_without_showing_it(
    name: str, value: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        SignIn.of({**KEYS, name: value})

    assert str(error.value).startswith(f"{name}: character ")
    assert "cr3t" not in str(error.value)
