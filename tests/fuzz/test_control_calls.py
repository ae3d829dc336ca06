"""Random JSON in every control call: each answer is JSON, none is a 500, and the fake works on."""

import http.client
import json
import re
import sys
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import pytest
from conftest import in_depth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.web.control.document import control_document

pytestmark = pytest.mark.deep

DOCUMENT: Final = control_document()
CALLS: Final = [
    (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters" and not path.endswith("/events")  # a stream has no end
]
DEPTHS: Final = st.integers(1, 3000) | st.integers(900, 1000)  # around the limits of decoders


def words(node: Any) -> Iterator[str]:
    """Every name of a property and every text that the document's schemas allow."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        yield from (text for text in node.get("enum", ()) if isinstance(text, str))
        node = [*node.values()]
    if isinstance(node, list):
        for item in node:
            yield from words(item)


WORDS: Final = sorted(set(words(DOCUMENT["components"]["schemas"])))
NAMES: Final = st.sampled_from(["movie", "g", "job-1", "", "*", "..", "%00", "x" * 5000]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=5
)
# No numbers between: jobs to generate and seconds to wait would only take time.
NUMBERS: Final = st.integers(-3, 20) | st.sampled_from([2**31, 2**63, 2**64, 10**400, -(10**30)])
SCALARS: Final = (
    st.none()
    | st.booleans()
    | NUMBERS
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from(WORDS)
    | st.text(max_size=5)
    | st.sampled_from(["x" * 100_000, "\0", "\ud800", "a" * 65])
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(WORDS) | st.text(max_size=3)
    return st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6)


VALUES: Final = st.recursive(SCALARS, containers, max_leaves=25)


def nested(depth: int, value: str, name: str | None) -> str:
    """*value*, as JSON, at this depth of lists, or of objects with this *name*."""
    before, after = ("[", "]") if name is None else (f"{{{json.dumps(name)}:", "}")
    return before * depth + value + after * depth


BODIES: Final = st.one_of(
    VALUES.map(json.dumps),
    st.builds(
        nested,
        DEPTHS,
        SCALARS.map(json.dumps),
        st.none() | st.sampled_from(WORDS),
    ),
    st.builds(
        lambda name, text: f'{{"{name}":{text}}}',
        st.sampled_from(WORDS),
        st.builds(nested, DEPTHS, st.just("1"), st.none() | st.sampled_from(WORDS)),
    ),
    st.lists(VALUES, max_size=3).map(lambda values: json.dumps(values * 300)),
    st.sampled_from(["", "{", "[1,", "nul", '{"a":1,"a":2}', "\ufeff{}", "1e999", "[" * 100_000]),
)


class Caller:
    """A client of the control API, which waits for an answer for at most ten seconds."""

    def __init__(self, ges: GesMock) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(ges.url).netloc, timeout=10)
        self.submissions = f"{urlsplit(ges.graph_url()).path}/action?action_id=import-graph"

    def call(self, method: str, path: str, body: str | None = None) -> int:
        """The status of the answer, which must be JSON."""
        status, text = self.ask(method, path, body)
        assert status < 500, (status, text)
        if not path.startswith("/_gesmock/metrics"):  # they are text
            json.loads(text)
        return status

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        sent = None if body is None else body.encode("utf-8", "surrogatepass")
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.connection.request(method, path, sent, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


READS: Final = [
    path
    for method, path, operation in CALLS
    if method == "GET" and "{" not in path and "requestBody" not in operation
]


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with GesMock() as ges:
        caller = Caller(ges)
        yield caller
        caller.connection.close()


def fill(data: st.DataObject, path: str) -> str:
    """*path* with random names."""
    return re.sub(r"\{\w+\}", lambda _: quote(data.draw(NAMES), safe=""), path)


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in CALLS])
@settings(max_examples=in_depth(25, 5), suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_any_json_is_answered_with_json(
    caller: Caller, method: str, path: str, data: st.DataObject
) -> None:
    names = [
        parameter["name"]
        for parameter in DOCUMENT["paths"][path][method.lower()].get("parameters", ())
        if parameter.get("in") == "query" and parameter["name"] != "wait_s"
    ]
    query = data.draw(st.dictionaries(st.sampled_from(names), NAMES, max_size=2)) if names else {}
    target = f"{fill(data, path)}?{urlencode(query)}"
    body = data.draw(BODIES) if "requestBody" in DOCUMENT["paths"][path][method.lower()] else None

    caller.call(method, target, body)

    assert caller.call("GET", "/_gesmock/health") == 200


@settings(max_examples=in_depth(150, 30), suppress_health_check=[*HealthCheck])
@given(body=BODIES)
def test_any_json_that_the_service_is_sent_leaves_every_list_readable(
    caller: Caller, body: str
) -> None:
    caller.call("POST", "/_gesmock/reset")

    caller.call("POST", caller.submissions, body)

    assert {path: caller.call("GET", path) for path in READS} == dict.fromkeys(READS, 200)


def test_no_depth_of_json_makes_a_list_unreadable(caller: Caller) -> None:
    unreadable: dict[tuple[int, str], int] = {}
    for depth in range(sys.getrecursionlimit() - 120, sys.getrecursionlimit() + 20):
        caller.call("POST", "/_gesmock/reset")
        caller.call("POST", caller.submissions, nested(depth, "1", "a"))
        caller.call("POST", caller.submissions, nested(depth, "1", None))
        unreadable |= {
            (depth, path): status for path in READS if (status := caller.ask("GET", path)[0]) != 200
        }

    assert unreadable == {}
