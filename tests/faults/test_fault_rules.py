"""Which calls a fault rule hits, and what remains of it."""

from concurrent.futures import ThreadPoolExecutor
from threading import RLock
from typing import Any

import msgspec
import pytest
from conftest import match_args
from hypothesis import given
from hypothesis import strategies as st

from gesmock.fake.fake import Fake
from gesmock.fake.handle import handle
from gesmock.faults import Error, FaultRule, FaultRules, MatchedFault
from gesmock.model.clock import ClockChange, Timing, VirtualTime
from gesmock.model.errors import InvalidInput, NotFound
from gesmock.model.messages import Request
from gesmock.model.validation import read


def fault_rule(**fields: Any) -> FaultRule:
    return read(fields, FaultRule)


def fault_rules(seed: int = 0, clock: VirtualTime | None = None) -> FaultRules:
    rules = FaultRules(RLock(), clock or VirtualTime(Timing(frozen=True)), lambda _: True)
    rules.reset(seed, [])
    return rules


def status_of(fired: MatchedFault | None) -> int:
    """The status of the error that has fired; 200 if none has."""
    return fired.fault.status if fired and isinstance(fired.fault, Error) else 200


def hits(calls: int, seed: int = 0, **fields: Any) -> list[int]:
    """The status of each of *calls* requests; 200 for the real answer."""
    rules = fault_rules(seed)
    rules.arm(fault_rule(**fields))
    return [status_of(rules.match(*match_args())) for _ in range(calls)]


FAULT = {"kind": "error", "status": 503}


@pytest.mark.parametrize(
    ("fields", "statuses"),
    [
        ({"fault": FAULT}, [503] * 6),
        ({"fault": FAULT, "times": 2}, [503, 503, 200, 200, 200, 200]),
        ({"fault": FAULT, "after": 4}, [200, 200, 200, 200, 503, 503]),
        ({"fault": FAULT, "every": 3}, [200, 200, 503, 200, 200, 503]),
        ({"fault": FAULT, "after": 1, "every": 2, "times": 1}, [200, 200, 503, 200, 200, 200]),
        ({"fault": FAULT, "probability": 0}, [200] * 6),
        ({"fault": FAULT, "probability": 1, "times": 1}, [503] + [200] * 5),
        ({"script": [503, 503, "ok"]}, [503, 503, 200, 200, 200, 200]),
        ({"script": ["ok", {"kind": "error", "status": 401}], "after": 1}, [200, 200, 401, 200, 200, 200]),
        ({"operation": "list_jobs", "fault": FAULT, "times": 1}, [503] + [200] * 5),
        ({"fault": 503, "times": 1}, [503] + [200] * 5),
        ({"fault": FAULT, "nth": 3}, [200, 200, 503, 200, 200, 200]),
        ({"fault": FAULT, "nth": [1, 5]}, [503, 200, 200, 200, 503, 200]),
        ({"fault": FAULT, "paused": True}, [200] * 6),
    ],
)  # fmt: skip
def test_a_fault_rule_hits_the_calls_it_says(fields: dict[str, Any], statuses: list[int]) -> None:
    assert hits(6, **fields) == statuses


def test_a_probability_hits_its_share_and_the_same_calls_with_the_same_seed() -> None:
    first = hits(2000, seed=7, fault=FAULT, probability=0.3)

    assert first == hits(2000, seed=7, fault=FAULT, probability=0.3)
    assert first != hits(2000, seed=8, fault=FAULT, probability=0.3)
    assert 500 < first.count(503) < 700


def test_the_first_rule_that_fires_wins_and_a_spent_one_is_skipped() -> None:
    rules = fault_rules()
    rules.arm(fault_rule(fault={"kind": "error", "status": 401}, times=1))
    rules.arm(fault_rule(fault={"kind": "error", "status": 500}, times=1))

    receipts = [rules.match(*match_args()) for _ in range(3)]

    assert [hit and (status_of(hit), hit.receipt) for hit in receipts] == [
        (401, "f1#1"),
        (500, "f2#1"),
        None,
    ]


@given(
    st.builds(
        dict,
        fault=st.just(FAULT),
        after=st.integers(0, 4),
        times=st.integers(1, 5),
        every=st.just(1),
    )
    | st.builds(
        dict,
        script=st.lists(st.sampled_from([500, 503, "ok"]), min_size=1, max_size=5),
        after=st.integers(0, 4),
    )
    | st.builds(
        dict, fault=st.just(FAULT), nth=st.lists(st.integers(1, 9), min_size=1, max_size=4)
    ),
    st.integers(0, 8),
)
def test_the_remainder_hits_the_calls_that_the_rule_would_have_hit(
    fields: dict[str, Any], calls: int
) -> None:
    rules, expected = fault_rules(), hits(calls + 10, **fields)[calls:]
    armed = rules.arm(fault_rule(**fields))
    for _ in range(calls):
        rules.match(*match_args())

    remainder = armed.remainder()

    statuses = [200] * 10 if remainder is None else hits(10, **msgspec.to_builtins(remainder))
    assert statuses == expected


def test_the_remainder_of_an_endless_rule_is_the_rule() -> None:
    rules = fault_rules()
    armed = rules.arm(fault_rule(fault=FAULT, every=2))
    rules.match(*match_args())

    assert armed.remaining is None
    assert armed.remainder() == fault_rule(fault=FAULT, every=2)


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({}, "$: a fault rule has either a fault or a script"),
        ({"fault": FAULT, "script": [503]}, "$: a fault rule has either a fault or a script"),
        ({"script": []}, "$.script: must not be empty"),
        ({"script": [503], "times": 2}, "$: a script is played once: it takes no every, times, probability or nth"),
        ({"fault": FAULT, "nth": 2, "after": 1}, "$: nth says which calls are hit: it takes no after, every or times"),
        ({"fault": FAULT, "nth": []}, "$.nth: must not be empty"),
        ({"fault": FAULT, "nth": 0}, "$.nth: expected an integer of at least 1 or a list, got 0"),
        ({"fault": FAULT, "from_s": 5, "until_s": 5}, "$.until_s: 5 is not after from_s, 5"),
        ({"fault": FAULT, "until_s": 0}, "$.until_s: expected a number of seconds above 0"),
        ({"fault": FAULT, "header": "a b"}, "$.header: expected a header's name, or NAME=VALUE, got 'a b'"),
        ({"fault": FAULT, "command": "import"}, "$.command: 'import' is not valid; did you mean 'import_graph'?"),
        ({"fault": FAULT, "phase": "during"}, "$.phase: 'during' is not one of after, before"),
        ({"fault": FAULT, "preset": "sunny"}, "$.preset: 'sunny' is not one of down, flaky, mobile, slow"),
        ({"fault": 200}, "$.fault: expected an HTTP status from 400 to 599, or one of close, finish_jobs"),
        ({"fault": {"status": 503}}, "$.fault.kind: missing; expected one of error, delay, reset, close,"),
        ({"fault": {"kind": ["error"]}}, "$.fault.kind: a list is not one of error, delay"),
        ({"script": [{"kind": "outage", "until_s": 3}]}, "$.script[0].kind: 'outage' is not one of error, delay"),
        ({"script": [200]}, "$.script[0]: expected an HTTP status from 400 to 599, or 'ok', or one of close, finish_jobs"),
        ({"operation": "list_job", "fault": FAULT}, "$.operation: 'list_job' is not valid; did you mean 'list_jobs'?"),
        ({"fault": {"kind": "eror", "status": 503}}, "$.fault.kind: 'eror' is not valid; did you mean 'error'?"),
        ({"fault": {"kind": "error", "status": 200}}, "$.fault.status: expected an HTTP status from 400 to 599, got 200"),
        ({"fault": {"kind": "error", "status": 500, "text": "x"}}, "$.fault.text: unknown key; known keys: kind, status, code, message, headers"),
        ({"fault": FAULT, "time": 2}, "$.time: unknown key; did you mean 'times'? known keys: operation, graph, job_id, command, header, fault, script, phase, nth, after"),
        ({"fault": FAULT, "times": 0}, "$.times: expected an integer of at least 1, got 0"),
        ({"fault": FAULT, "probability": 1.5}, "$.probability: expected a number from 0 to 1, got 1.5"),
        ({"fault": {**FAULT, "headers": {"a b": "c"}}}, "$.fault.headers['a b']: expected a header name, but no framing header, X-Request-Id, TraceID or name that begins with X-Gesmock-, got 'a b'"),
        ({"fault": {**FAULT, "headers": {"Content-Length": "3"}}}, "$.fault.headers.Content-Length: expected a header name, but no framing header, X-Request-Id"),
        ({"fault": {**FAULT, "headers": {"x-request-id": "3"}}}, "$.fault.headers.x-request-id: expected a header name, but no framing header"),
        ({"fault": {**FAULT, "headers": {"TraceID": "3"}}}, "$.fault.headers.TraceID: expected a header name, but no framing header"),
        ({"fault": {**FAULT, "headers": {"X-Gesmock-Fault": "3"}}}, "$.fault.headers.X-Gesmock-Fault: expected a header name, but no framing header"),
        ({"fault": {**FAULT, "headers": {"X": "a\r\nY: b"}}}, "$.fault.headers.X: expected one line of Latin-1 text, or a number, got 'a\\r\\nY: b'"),
        ({"fault": {**FAULT, "headers": {"X": "a\n"}}}, "$.fault.headers.X: expected one line of Latin-1 text, or a number, got 'a\\n'"),
        ({"fault": {**FAULT, "headers": {"X": True}}}, "$.fault.headers.X: expected one line of Latin-1 text, or a number, got true"),
        ({"fault": {**FAULT, "retry_after": -1}}, "$.fault.retry_after: expected an integer of at least 0, got -1"),
        ({"fault": {**FAULT, "retry_after": 1, "headers": {"retry-after": "1"}}}, "$.fault.retry_after: the headers have a Retry-After already"),
    ],
)  # fmt: skip
def test_an_invalid_fault_rule_is_refused_with_the_field_named(
    fields: dict[str, Any], finding: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        fault_rule(**fields)

    assert str(caught.value).startswith(finding)


def test_an_unknown_id_is_refused_with_the_armed_ids_listed() -> None:
    rules = fault_rules()
    with pytest.raises(NotFound, match="no fault rule has the id 'f9'; armed: none"):
        rules.find("f9")
    rules.arm(fault_rule(fault=FAULT))
    with pytest.raises(NotFound, match="armed: f1"):
        rules.disarm("f9")


@pytest.mark.parametrize(
    ("fields", "unused"),
    [
        ({"fault": FAULT, "times": 3}, [3, 2, 1, 0]),
        ({"fault": FAULT, "times": 1, "after": 1}, [1, 1, 0, 0]),
        ({"fault": FAULT, "nth": [1, 3]}, [2, 1, 1, 0]),
        ({"script": [503, "ok"]}, [2, 1, 0, 0]),
        ({"script": [503], "after": 1}, [1, 1, 0, 0]),
        ({"fault": FAULT, "times": 1, "paused": True}, [1, 1, 1, 1]),
        ({"fault": FAULT, "after": 1}, [None, None, 0, 0]),
    ],
)
def test_a_rule_that_must_be_used_up_is_not_while_it_has_uses_left(
    fields: dict[str, Any], unused: list[int | None]
) -> None:
    rules = fault_rules()
    rules.arm(fault_rule(**fields, must_be_used_up=True))

    for count in unused:
        assert [armed.unused for armed in rules.not_used_up()] == [count] * (count != 0)
        assert rules.untried() == []
        rules.match(*match_args())


def test_an_armed_rule_shows_its_counts() -> None:
    rules = fault_rules()
    rules.arm(fault_rule(operation="list_jobs", fault=FAULT, times=3))
    rules.match(*match_args())

    [armed] = rules.armed()
    body = armed.as_json()

    assert (body["id"], body["calls"], body["fires"], body["remaining"]) == ("f1", 1, 1, 2)
    assert '"status":503' in str(armed)


@pytest.mark.parametrize(
    ("fields", "calls", "untried"),
    [
        ({"fault": FAULT}, 0, True),
        ({"fault": FAULT}, 1, False),
        ({"fault": FAULT, "after": 2}, 2, True),
        ({"fault": FAULT, "every": 3}, 2, True),
        ({"fault": FAULT, "every": 3, "probability": 0}, 3, False),
        ({"script": ["ok"]}, 0, True),
        ({"script": ["ok"]}, 1, False),
        ({"script": ["ok", 503]}, 1, True),
        ({"script": ["ok", 503]}, 2, False),
        ({"script": [503, "ok"]}, 1, False),
    ],
)
def test_a_rule_is_untried_until_a_request_on_which_it_could_fire(
    fields: dict[str, Any], calls: int, *, untried: bool
) -> None:
    rules = fault_rules()
    rules.arm(fault_rule(**fields))
    for _ in range(calls):
        rules.match(*match_args())

    assert bool(rules.untried()) is untried


# --- Which calls a rule is for ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "meant", "another"),
    [
        ({"operation": "show_job"}, match_args("show_job"), match_args("list_jobs")),
        ({"graph": "films"}, match_args(graph="films"), match_args(graph="movie")),
        (
            {"job_id": "a1"},
            match_args("show_job", job_id="a1"),
            match_args("show_job", job_id="a2"),
        ),
        ({"job_id": "a1"}, match_args("delete_job", job_id="a1"), match_args("list_jobs")),
        (
            {"command": "import_graph"},
            match_args(command="import_graph"),
            match_args(command="export_graph"),
        ),
        (
            {"header": "X-Tenant"},
            match_args(headers={"x-tenant": ""}),
            match_args(headers={"x-other": ""}),
        ),
        (
            {"header": "X-T=a=b"},
            match_args(headers={"x-t": "a=b"}),
            match_args(headers={"x-t": "a"}),
        ),
        ({"header": "X-T="}, match_args(headers={"x-t": ""}), match_args(headers={"x-t": "a"})),
    ],
)
def test_a_rule_counts_only_the_calls_it_is_for(
    chosen: dict[str, Any], meant: Any, another: Any
) -> None:
    rules = fault_rules()
    armed = rules.arm(fault_rule(fault=FAULT, after=1, **chosen))

    fired = [status_of(rules.match(*call)) for call in (another, meant, another, meant)]

    assert fired == [200, 200, 200, 503]
    assert (armed.calls, armed.fires) == (2, 1)


@pytest.mark.parametrize("kind", ["insert_jobs", "repeat_row", "shrink_total"])
def test_a_list_fault_is_for_lists_only(kind: str) -> None:
    rules = fault_rules()
    armed = rules.arm(fault_rule(fault={"kind": kind}))

    assert rules.match(*match_args("show_job", job_id="a1")) is None
    assert rules.match(*match_args()) is not None
    assert armed.calls == 1


def test_a_window_on_the_clock_counts_from_when_it_was_armed() -> None:
    clock = VirtualTime(Timing(frozen=True))
    rules = fault_rules(clock=clock)
    clock.change(ClockChange(advance_s=100))
    armed = rules.arm(fault_rule(fault=FAULT, from_s=1, until_s=2.5))
    fired: dict[float, int] = {}
    for at in (0.0, 0.9, 1.0, 2.4, 2.5):
        clock.change(ClockChange(advance_s=at - max(fired, default=0)))
        fired[at] = status_of(rules.match(*match_args()))

    assert fired == {0.0: 200, 0.9: 200, 1.0: 503, 2.4: 503, 2.5: 200}
    assert (armed.calls, armed.remaining, armed.remainder()) == (2, 0, None)


def test_the_remainder_of_a_window_is_shorter() -> None:
    clock = VirtualTime(Timing(frozen=True))
    rules = fault_rules(clock=clock)
    rules.arm(fault_rule(fault=FAULT, from_s=4, until_s=10))
    remainders = []
    for _ in range(2):
        clock.change(ClockChange(advance_s=3))
        remainders += [armed.remainder() for armed in rules.armed()]

    assert remainders == [
        fault_rule(fault=FAULT, from_s=1, until_s=7),
        fault_rule(fault=FAULT, until_s=4),
    ]


# --- Changing an armed rule --------------------------------------------------------------------------


def test_a_paused_rule_hits_nothing_and_continues_where_it_was() -> None:
    rules = fault_rules()
    armed = rules.arm(fault_rule(script=[500, 503, 401]))
    statuses = [status_of(rules.match(*match_args()))]
    rules.update(armed, {"paused": True})
    statuses += [status_of(rules.match(*match_args())) for _ in range(2)]
    rules.update("f1", {"paused": False})
    statuses += [status_of(rules.match(*match_args())) for _ in range(2)]

    assert statuses == [500, 200, 200, 503, 401]
    assert (armed.calls, armed.remaining) == (3, 0)


def test_a_changed_rule_keeps_its_id_its_place_and_its_counts() -> None:
    rules = fault_rules()
    before = rules.arm(fault_rule(fault=FAULT, times=2))
    rules.arm(fault_rule(fault=401))
    for _ in range(2):
        rules.match(*match_args())

    changed = rules.update(before, {"times": 3, "fault": 500})

    assert (changed.id, changed.calls, changed.fires, changed.remaining) == ("f1", 2, 2, 1)
    matched = [rules.match(*match_args()) for _ in range(2)]
    assert [hit and (status_of(hit), hit.receipt) for hit in matched] == [
        (500, "f1#3"),
        (401, "f2#1"),
    ]


def test_an_invalid_change_is_refused_and_changes_nothing() -> None:
    rules = fault_rules()
    rules.arm(fault_rule(fault=FAULT, times=2))

    with pytest.raises(InvalidInput, match=r"^\$\.tims: unknown key; did you mean 'times'\?"):
        rules.update("f1", {"tims": 3})
    with pytest.raises(InvalidInput, match=r"^\$: a fault rule has either a fault or a script"):
        rules.update("f1", {"script": [503]})
    with pytest.raises(NotFound, match="no fault rule has the id 'f2'; armed: f1"):
        rules.update("f2", {"times": 3})

    [armed] = rules.armed()
    assert armed.rule == fault_rule(fault=FAULT, times=2)


def test_a_paused_rule_does_not_count_as_untried() -> None:
    rules = fault_rules()
    rules.arm(fault_rule(fault=FAULT, paused=True))
    rules.arm(fault_rule(fault=FAULT, preset="down"))

    assert rules.untried() == []


# --- Randomness -------------------------------------------------------------------------------------


def numbers_hit(threads: int, probability: float) -> list[int]:
    """The numbers of the requests that the fault hit, of 2,000 from several *threads*."""
    fake = Fake({"seed": 7, "faults": {"fault": FAULT, "probability": probability}})
    project = fake.default
    args = {"project_id": project.project_id, "graph_name": "movie"}
    request = Request(operation="list_jobs", method="GET", path="/", epoch=project.epoch, args=args)

    def call() -> None:
        for _ in range(2000 // threads):
            handle(fake, request)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(call) for _ in range(threads)]:
            done.result()
    return [entry.number for entry in project.journal.entries() if entry.fault]


@pytest.mark.parametrize(("probability", "low", "high"), [(0, 0, 0), (0.5, 900, 1100), (1, 2000, 2000)])  # fmt: skip
def test_one_thread_or_eight_have_the_same_calls_hit(
    probability: float, low: int, high: int
) -> None:
    alone = numbers_hit(1, probability)

    assert numbers_hit(8, probability) == alone
    assert low <= len(alone) <= high
