"""A correct client has no findings, whatever goes wrong; one that breaks a rule has."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import pytest
import requests
from correct_clients import Client, GivenUpError, Ways, constant, jitter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gesmock import GesMock
from gesmock.journal.verdict.findings import RULES

JOBS = 16
RATE = 1000.0

FAULTS: dict[str, Any] = {
    "list_jobs": [
        *({"kind": kind, "count": 2} for kind in ("insert_jobs", "remove_jobs", "finish_jobs")),
        {"kind": "shrink_total", "count": 3},
        {"kind": "repeat_row"},
        {"kind": "cap_limit", "limit": 2},
        {"kind": "cap_limit", "limit": 1},
    ],
    "import_graph": [],
    "show_job": [],
    "delete_job": [],
}
LOST: list[Any] = [
    503,
    500,
    {"kind": "error", "status": 503, "headers": {"Retry-After": "2"}},
    {"kind": "error", "status": 429, "headers": {"Retry-After": "0"}},
    {"kind": "reset"},
    {"kind": "close"},
    {"kind": "garbage"},
    401,
]
HANG = {"kind": "hang"}
ANY: list[Any] = [
    *LOST,
    {"kind": "malformed"},
    {"kind": "truncate", "after_bytes": 7},
    {"kind": "delay", "seconds": 3},
    {"kind": "drip", "parts": 3, "seconds": 2},
    {"kind": "throttle", "limit": 2, "window_s": 5},
    {"kind": "outage", "from_s": 1, "until_s": 6},
]


@st.composite
def fault_rules(draw: st.DrawFn) -> dict[str, Any]:
    """Something that goes wrong a few times."""
    operation = draw(st.sampled_from([*FAULTS]))
    after = {"after": draw(st.integers(0, 4)), "times": draw(st.integers(1, 4))}
    if operation == "import_graph" and draw(st.booleans()):
        return {
            "operation": operation,
            "fault": draw(st.sampled_from(LOST)),
            "phase": "after",
            **after,
        }
    fault = draw(st.sampled_from([*ANY, *FAULTS[operation], HANG]))
    if fault == HANG:
        after["times"] = 1  # it takes as long as the client has patience
    return {"operation": operation, "fault": fault, **after}


WAYS = st.builds(
    Ways,
    pauses=st.sampled_from([Ways().pauses, jitter, constant]),
    attempts=st.integers(3, 7),
    poll_s=st.sampled_from([0.5, 2.0, 9.0]),
    looks=st.integers(0, 1),  # and one to wait, if the list has shown the end
    fresh=st.booleans(),
    counts_twice=st.booleans(),
)
LIMITS = st.sampled_from([3, 5, 10])
ALL = st.sampled_from([3, 4, 5, 10, 1000, None])
STEPS = st.one_of(
    st.tuples(st.just("jobs"), ALL),
    st.tuples(st.just("first_page"), LIMITS),
    st.tuples(st.sampled_from(["find", "submit_and_wait", "submit_and_cancel"]), ALL),
)
STORIES = st.lists(STEPS, min_size=1, max_size=6)


def begin(
    ges: GesMock, faults: list[Any], settings: dict[str, Any] | None = None, **options: Any
) -> None:
    """Start over, with the totals of one edition's lists and the cancel calls of the other."""
    tokens: list[Any] = ["good", {"token": "stale", "expires_in_s": 0}]
    both: Any = {"strict_edition": False, **(settings or {})}
    ges.restart(tokens=tokens, faults=faults, settings=both, **options)
    for number in range(JOBS):
        ges.add_job(job_id=f"job-{number}", status="running" if number % 3 else "success")


def live(client: Client, story: list[Any], first: int = 0) -> None:
    """Act out *story*; steps that must differ are numbered from *first* on."""
    with suppress(GivenUpError):
        for number, (step, limit) in enumerate(story, first):
            if step in ("jobs", "first_page"):
                getattr(client, step)(limit)
            else:
                getattr(client, step)(limit, number)


def patience_s(faults: list[Any]) -> float:
    """How long to wait for an answer, if one or none may hang."""
    return 1 if HANG in [rule["fault"] for rule in faults] else 20


def accused(ges: GesMock) -> list[str]:
    return [str(each) for each in ges.findings() if each.code != "GM003"]


hurried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@hurried
@given(
    story=STORIES,
    faults=st.lists(fault_rules(), max_size=3),
    ways=WAYS,
    tick_s=st.sampled_from([0, 0.4]),
    most=st.sampled_from([4, 100_000]),
)
def test_a_correct_client_has_no_findings_with_a_frozen_clock(
    shared_ges: GesMock, story: list[Any], faults: list[Any], ways: Ways, tick_s: float, most: int
) -> None:
    begin(
        shared_ges,
        faults,
        clock={"frozen": True, "tick_s": tick_s},
        settings={"maximum_limit": most},
    )

    with Client(
        shared_ges.graph_url(),
        shared_ges.clock.advance,
        ways,
        tokens=["stale", "good"],
        patience_s=patience_s(faults),
    ) as client:
        live(client, story)

    assert accused(shared_ges) == []


@hurried
@given(story=STORIES, faults=st.lists(fault_rules(), max_size=3), ways=WAYS)
def test_a_correct_client_has_no_findings_with_a_running_clock(
    shared_ges: GesMock, story: list[Any], faults: list[Any], ways: Ways
) -> None:
    begin(shared_ges, faults, clock={"rate": RATE})

    with Client(
        shared_ges.graph_url(),
        hastily,
        ways,
        tokens=["stale", "good"],
        patience_s=patience_s(faults),
    ) as client:
        live(client, story)

    assert accused(shared_ges) == []


def hastily(seconds: float) -> None:
    time.sleep(seconds / RATE)


@pytest.mark.deep
@hurried
@given(
    stories=st.lists(STORIES, min_size=2, max_size=5),
    faults=st.lists(fault_rules().filter(lambda each: each["fault"] != 401), max_size=3),
    ways=WAYS,
    frozen=st.booleans(),
)
def test_several_threads_have_no_findings(
    shared_ges: GesMock, stories: list[Any], faults: list[Any], ways: Ways, frozen: bool
) -> None:
    """Without 401, over which a thread may have to stop before it has looked at its job."""
    begin(shared_ges, faults, clock={"frozen": True} if frozen else {"rate": RATE})
    sleep: Callable[[float], object] = shared_ges.clock.advance if frozen else hastily

    with ExitStack() as stack, ThreadPoolExecutor(len(stories)) as threads:
        tokens = ["stale", "good"]
        clients = [
            stack.enter_context(
                Client(shared_ges.graph_url(), sleep, ways, number, tokens, patience_s(faults))
            )
            for number in range(len(stories))
        ]
        list(threads.map(live, clients, stories, range(0, 100, 6)))

    assert accused(shared_ges) == []


def test_the_report_says_that_threads_were_not_judged(shared_ges: GesMock) -> None:
    shared_ges.restart()
    with requests.Session() as first, requests.Session() as another:
        for session in (first, another, first):
            session.get(shared_ges.jobs_url(limit=10), timeout=20)

    assert shared_ges.findings() == shared_ges.findings("GM") == []
    [finding] = shared_ges.findings("GM902")
    report = shared_ges.verdict.report()
    assert [each["code"] for each in report["findings"]] == [finding.code]
    assert report["failing"] == 0


# --- With one rule broken ---

ERROR = {"kind": "error", "status": 503, "headers": {"Retry-After": "30"}}
Deed = Callable[[Client, int], object]


def reads_all(client: Client, limit: int) -> None:
    client.jobs(limit)


def reads_a_page(client: Client, limit: int) -> None:
    client.first_page(limit)


def waits(client: Client, _limit: int) -> None:
    client.wait("job-1")


def waits_for_what_has_ended(client: Client, _limit: int) -> None:
    client.wait("job-0")


def cancels_what_has_ended(client: Client, _limit: int) -> None:
    client.wait("job-0")
    client.cancel("job-0")


def submits(client: Client, limit: int) -> None:
    client.submit(limit, 0)


def by_limit(offset: int, limit: int, _returned: int) -> int:
    return offset + limit


MISTAKES: dict[str, tuple[dict[str, Any], Deed, list[Any]]] = {
    "GM101": ({"poll_s": 0.05}, waits, []),
    "GM102": ({"pauses": lambda _attempt, _draw: 20}, reads_a_page, [503, {"kind": "close"}]),
    "GM103": ({"heeds_retry_after": False}, reads_a_page, [ERROR]),
    "GM104": ({"looks": 3}, waits_for_what_has_ended, []),
    "GM105": ({"looks_before_it_cancels": False}, cancels_what_has_ended, []),
    "GM106": ({"renews": False}, reads_a_page, [401]),
    "GM107": ({"retries_refusals": 2}, reads_a_page, [400, 403]),
    "GM108": ({"looks_before_it_repeats": False}, submits, [500, {"kind": "reset"}]),
    "GM109": ({}, submits, []),
    "GM201": ({"next_offset": lambda offset, _limit, _returned: offset + 1}, reads_all, []),
    "GM202": ({"next_offset": lambda offset, limit, _: offset + limit - 1}, reads_all, []),
    "GM203": ({"next_offset": lambda offset, limit, _: offset + limit + 1}, reads_all, []),
    "GM204": (
        {"ends": lambda _end, limit, returned, _total: returned < limit},
        reads_all,
        [{"kind": "cap_limit", "limit": 2}],
    ),
    "GM205": ({"ends": lambda *_: False, "next_offset": by_limit}, reads_all, []),
    "GM206": ({"ends": lambda _end, _limit, returned, _total: returned == 0}, reads_all, []),
}
LATE = st.sampled_from(
    [{"kind": "delay", "seconds": 3}, {"kind": "drip", "parts": 3, "seconds": 2}]
)


@pytest.mark.parametrize("code", MISTAKES)
@settings(hurried, max_examples=settings().max_examples // 6)
@given(data=st.data(), ways=WAYS, limit=LIMITS, late=st.lists(LATE, max_size=1))
def test_a_client_that_breaks_a_rule_is_found(
    shared_ges: GesMock, code: str, data: st.DataObject, ways: Ways, limit: int, late: list[Any]
) -> None:
    mistake, deed, faults = MISTAKES[code]
    armed: list[Any] = [{"fault": each} for each in late]
    if faults:
        fault = data.draw(st.sampled_from(faults))
        phase = {"phase": "after"} if code == "GM108" else {}
        operation = "import_graph" if phase else "list_jobs"
        after = int(code == "GM204")
        armed[:0] = [{"operation": operation, "fault": fault, "times": 4, "after": after, **phase}]
    # A busy machine adds real time to the pauses; among long ones, that does not show.
    begin(shared_ges, armed, clock={"frozen": True}, verdict={"retry_s": 60})

    ways = replace(ways, **{"attempts": 7, **mistake})
    with (
        Client(shared_ges.graph_url(), shared_ges.clock.advance, ways) as client,
        suppress(GivenUpError),
    ):
        deed(client, limit)

    assert code in {each.code for each in shared_ges.findings()}


def test_every_rule_has_a_client_that_breaks_it() -> None:
    assert [*MISTAKES] == [rule.code for rule in RULES if rule.code.startswith(("GM1", "GM2"))]
