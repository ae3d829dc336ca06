"""What each kind of fault does to a call, and to its answer and delivery."""

import json
from random import Random
from statistics import median
from typing import Any
from unittest.mock import Mock

import pytest
from conftest import Asker, match_args, text_of

from gesmock.fake import handle as operations
from gesmock.faults import KINDS, FaultRule, kinds, rules
from gesmock.model.errors import InvalidInput
from gesmock.model.messages import Delivery, Reply
from gesmock.model.validation import read

REAL = text_of(Asker().ask())
RAMP = {"kind": "ramp", "begin": 0.5, "to": 0.5, "over_s": 1}

MANNERS: list[tuple[dict[str, Any], Delivery]] = [
    ({"kind": "reset"}, Delivery(end="reset")),
    ({"kind": "close"}, Delivery(end="close")),
    ({"kind": "hang"}, Delivery(end="hang")),
    ({"kind": "garbage"}, Delivery(raw=b"This is not HTTP.\r\n")),
    ({"kind": "garbage", "text": "\u00fc"}, Delivery(raw=b"\xc3\xbc")),
]


# --- Instead of the answer -----------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "delivery"), MANNERS)
@pytest.mark.parametrize(("phase", "created"), [("before", 3), (None, 3), ("after", 4)])
def test_a_cut_connection_gives_no_answer_in_either_phase(
    fault: dict[str, Any], delivery: Delivery, phase: str | None, created: int
) -> None:
    asker = Asker({"fault": fault, "phase": phase, "times": 1})

    reply = asker.submit()

    assert (reply.status, reply.delivery) == (0, delivery)
    assert len(asker.project.graphs.jobs()) == created
    assert asker.submit().delivery is None
    assert [entry.status for entry in asker.project.journal.entries()] == [0, 200]


@pytest.mark.parametrize(("phase", "created"), [("before", 3), ("after", 4)])
def test_an_error_replaces_the_answer_in_either_phase(phase: str, created: int) -> None:
    asker = Asker({"fault": 503, "phase": phase})

    reply = asker.submit()

    assert (reply.status, reply.headers["X-Gesmock-Fault"]) == (503, "f1#1")
    assert len(asker.project.graphs.jobs()) == created


def test_numbers_are_header_values_and_retry_after_is_short_for_one() -> None:
    headers = {"X-Count": 3, "X-Share": 0.5, "X-Text": "a"}
    asker = Asker({"fault": {"kind": "error", "status": 503, "headers": headers, "retry_after": 7}})

    sent = asker.ask().headers

    assert [sent[name] for name in (*headers, "Retry-After")] == ["3", "0.5", "a", "7"]


def test_an_error_in_the_after_phase_replaces_a_refusal_too() -> None:
    asker = Asker({"fault": 503, "phase": "after"})

    assert asker.ask("show_job", job_id="nothing").status == 503


def test_a_crash_is_reported_even_if_an_error_was_to_replace_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> Reply:
        raise RuntimeError("a bug of ours")

    monkeypatch.setitem(operations.OPERATIONS, "list_jobs", broken)
    asker = Asker({"fault": 503, "phase": "after"})

    assert (asker.ask().status, len(asker.project.verdict.findings())) == (500, 1)


# --- Which requests --------------------------------------------------------------------------------


def test_a_rule_for_a_command_hits_the_job_that_is_submitted_or_named() -> None:
    job = {"jobId": "a1", "status": "running", "request": {"command": "clear_graph", "url": "/"}}
    asker = Asker(
        {"command": "import_graph", "fault": 503},
        fixture={"jobs": [job]},
        generate=0,
        settings={"edition": "memory"},
    )
    asker.project.faults.arm(FaultRule(command="clear_graph", fault=500))

    assert asker.submit().status == 503
    assert asker.ask("clear_graph", {}).status == 500
    assert asker.ask("show_job", job_id="a1").status == 500
    assert asker.ask("delete_job", job_id="nothing").status == 400
    assert asker.ask("show_job", job_id="a1", graph_name="nothing").status == 400
    assert asker.ask().status == 200


def test_rules_for_a_job_or_a_graph_compare_the_names_in_the_path() -> None:
    faults = {"job_id": "a1", "fault": 503}, {"graph": "films", "fault": 500}
    asker = Asker(*faults, settings={"edition": "memory"})

    assert asker.ask("show_job", job_id="a1", graph_name="films").status == 503
    assert asker.ask("show_job", job_id="a2", graph_name="films").status == 500
    assert asker.ask("export_result", {}, job_id="a1").status == 503
    assert asker.ask().status == 200


def test_the_journal_has_the_submitted_job_even_if_the_client_got_no_answer() -> None:
    asker = Asker({"fault": {"kind": "close"}, "phase": "after"})
    asker.submit()

    [entry] = asker.project.journal.entries()
    newest = asker.project.graphs.jobs()[0][1]

    assert (entry.job_id, entry.fault, entry.statuses) == (newest.job_id, "f1#1", None)


# --- The answer, altered --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{}, {"settings": {"edition": "memory"}}, {"settings": {"id_key": "both"}}, {"generate": 900}],
    ids=str,
)
def test_a_malformed_answer_has_the_right_length_but_is_not_json(options: dict[str, Any]) -> None:
    real = text_of(Asker(**options).ask())

    reply = Asker({"fault": {"kind": "malformed"}}, **options).ask()

    broken = text_of(reply)
    assert (reply.status, len(broken), broken[:-1]) == (200, len(real), real[:-1])
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)


def test_a_truncated_answer_is_cut_only_on_delivery() -> None:
    reply = Asker({"fault": {"kind": "truncate", "after_bytes": 7}}).ask()

    assert reply.delivery == Delivery(after_bytes=7)
    assert text_of(reply) == REAL


@pytest.mark.parametrize(("rate", "seconds"), [(None, 0.0), (1.0, 6.0), (4.0, 1.5)])
def test_a_drip_takes_its_seconds_on_the_clock(rate: float | None, seconds: float) -> None:
    reply = Asker({"fault": {"kind": "drip", "parts": 3, "seconds": 6}}, rate=rate).ask()

    assert reply.delivery == Delivery(parts=3, spread_s=seconds)
    assert text_of(reply) == REAL


# --- Delays -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "seconds"), [(None, 0.0), (1.0, 2.0), (4.0, 0.5)])
def test_a_delay_passes_on_the_clock_and_takes_no_time_if_it_is_frozen(
    rate: float | None, seconds: float
) -> None:
    asker = Asker({"fault": {"kind": "delay", "seconds": 2}}, rate=rate)

    reply = asker.ask()

    assert reply.delivery == (Delivery(delay_s=seconds) if seconds else None)
    assert (reply.headers["X-Gesmock-Fault"], text_of(reply)) == ("f1#1", REAL)


@pytest.mark.parametrize("rate", [None, 1.0, 60.0], ids=["frozen", "real", "fast"])
@pytest.mark.parametrize(
    ("fault", "delivery"),
    [
        ({"kind": "delay", "seconds": 2}, Delivery(delay_s=2)),
        ({"kind": "delay", "uniform": {"low_s": 2, "high_s": 2}}, Delivery(delay_s=2)),
        ({"kind": "drip", "parts": 3, "seconds": 2}, Delivery(parts=3, spread_s=2)),
    ],
    ids=["delay", "uniform delay", "drip"],
)
@pytest.mark.parametrize("setting", ["in the rule", "of the clock"])
def test_real_seconds_pass_at_any_rate_of_the_clock(
    fault: dict[str, Any], delivery: Delivery, rate: float | None, setting: str
) -> None:
    asker = Asker(
        {"fault": {**fault, "real": True} if setting == "in the rule" else fault}, rate=rate
    )
    asker.project.clock.real_delays = setting == "of the clock"

    assert asker.ask().delivery == delivery
    entry = asker.project.journal[-1]
    assert (entry.real_s, entry.virtual_s) == (2, 2 * (rate or 0))


def test_a_fault_may_take_seconds_of_the_clock_although_real_ones_are_the_default() -> None:
    asker = Asker(
        {"fault": {"kind": "delay", "seconds": 5, "real": False}},
        {"fault": {"kind": "delay", "seconds": 2}},
        rate=10,
    )
    asker.project.clock.real_delays = True

    assert asker.ask().delivery == Delivery(delay_s=2.5)


def test_a_delay_is_recorded_in_seconds_of_the_clock_and_in_real_ones() -> None:
    asker = Asker({"fault": {"kind": "delay", "seconds": 2}}, rate=4)
    drip = {"kind": "drip", "parts": 3, "seconds": 6}
    asker.project.faults.arm(read({"fault": drip}, FaultRule))

    fired = asker.project.faults.match(*match_args())

    assert fired is not None
    assert (fired.wait_s, fired.virtual_s, fired.real_s) == (0.5, 8.0, 2.0)


def test_delays_add_up_with_each_other_and_with_any_other_fault() -> None:
    asker = Asker(
        {"fault": {"kind": "delay", "seconds": 0.25}},
        {"fault": {"kind": "reset"}, "nth": 2},
        {"script": ["ok", {"kind": "delay", "seconds": 4}, 503], "after": 1},
        {"fault": {"kind": "delay", "seconds": 0.5}},
        rate=1,
    )

    replies = [asker.ask() for _ in range(5)]

    outcomes = [
        (reply.status, reply.headers["X-Gesmock-Fault"], reply.delivery) for reply in replies
    ]
    assert outcomes == [
        (200, "f1#1, f4#1", Delivery(delay_s=0.75)),
        (0, "f1#2, f2#1, f4#2", Delivery(delay_s=0.75, end="reset")),
        (200, "f1#3, f4#3", Delivery(delay_s=0.75)),
        (200, "f1#4, f3#1, f4#4", Delivery(delay_s=4.75)),
        (503, "f1#5, f3#2, f4#5", Delivery(delay_s=0.75)),
    ]


@pytest.mark.parametrize(
    ("fault_rule", "seeds"),
    [
        ({"fault": 503, "probability": 0.5}, [""]),
        ({"fault": RAMP}, ["/ramp"]),
        ({"fault": RAMP, "probability": 0.5}, ["", "/ramp"]),
    ],
)
def test_what_is_random_depends_on_the_seed_the_rule_and_the_call_number(
    fault_rule: dict[str, Any], seeds: list[str]
) -> None:
    asker, numbers = Asker(fault_rule), range(1, 101)

    hit = [asker.ask().status == 503 for _ in numbers]

    assert hit == [
        all(Random(f"0/f1/{number}{seed}").random() < 0.5 for seed in seeds) for number in numbers
    ]


@pytest.mark.parametrize(
    "fault", [503, {"kind": "delay", "seconds": 1}, {"kind": "cap_limit", "limit": 1}]
)
def test_a_fault_that_is_not_random_draws_nothing(
    fault: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = Mock(side_effect=AssertionError)
    for module in (rules, kinds):
        monkeypatch.setattr(module, "Random", drawn)

    assert "X-Gesmock-Fault" in Asker({"fault": fault}).ask().headers


def draws(fault: dict[str, Any], seed: int = 0) -> list[float]:
    """A thousand delays."""
    faults = Asker({"fault": fault}, seed=seed).project.faults
    fired = [faults.match(*match_args()) for _ in range(1000)]
    return [fault.virtual_s for fault in fired if fault]


def test_a_lognormal_delay_has_its_median_and_cap_and_repeats_for_the_same_seed() -> None:
    fault = {"kind": "delay", "lognormal": {"median_s": 0.5, "sigma": 1.0, "cap_s": 3}}

    drawn = draws(fault)

    assert len(drawn) == 1000
    assert 0.45 < median(drawn) < 0.55
    assert max(drawn) == 3  # one in 27 is above
    assert 20 < drawn.count(3) < 60
    assert 0.22 < sum(delay_s < 0.25 for delay_s in drawn) / 1000 < 0.27  # below half of the median
    assert drawn == draws(fault)
    assert drawn != draws(fault, seed=1)


def test_a_uniform_delay_covers_its_whole_range() -> None:
    drawn = draws({"kind": "delay", "uniform": {"low_s": 1, "high_s": 3}})

    assert (min(drawn) >= 1, max(drawn) <= 3) == (True, True)
    assert 1.9 < sum(drawn) / 1000 < 2.1
    assert min(drawn) < 1.05
    assert max(drawn) > 2.95


def test_the_length_of_a_delay_does_not_depend_on_its_probability() -> None:
    fault = {"kind": "delay", "uniform": {"low_s": 0, "high_s": 1}}
    faults = Asker({"fault": fault, "probability": 0.1}).project.faults

    fired = [faults.match(*match_args()) for _ in range(2000)]

    assert max(fault.virtual_s for fault in fired if fault) > 0.9


# --- What looks at the clock --------------------------------------------------------------------


def test_a_throttle_answers_its_limit_in_a_window_and_says_when_it_ends() -> None:
    asker = Asker({"fault": {"kind": "throttle", "limit": 2, "window_s": 10}})

    assert asker.statuses(2) == [200, 200]
    asker.advance(0.5)
    throttled = asker.ask()
    assert (throttled.status, throttled.headers["Retry-After"]) == (429, "10")
    assert json.loads(text_of(throttled))["errorCode"] == "APIGW.0308"
    asker.advance(9.4)
    assert asker.ask().headers["Retry-After"] == "1"
    asker.advance(0.1)
    assert asker.statuses(3) == [200, 200, 429]


def test_a_throttle_window_begins_with_the_first_request_after_the_last_window() -> None:
    asker = Asker({"fault": {"kind": "throttle", "limit": 1, "window_s": 10}})
    asker.advance(7)
    assert asker.statuses(2) == [200, 429]
    asker.advance(10)
    asker.advance(6)
    assert asker.statuses(1) == [200]

    assert asker.ask().headers["Retry-After"] == "10"


def test_a_throttled_request_is_not_performed() -> None:
    asker = Asker({"fault": {"kind": "throttle", "limit": 1, "window_s": 10}})
    asker.submit()
    asker.submit()

    assert len(asker.project.graphs.jobs()) == 4


def test_an_outage_lasts_from_its_start_to_its_end() -> None:
    asker = Asker({"fault": {"kind": "outage", "from_s": 1, "until_s": 3}})
    statuses = []
    for _ in range(4):
        statuses += asker.statuses(2)
        asker.advance(1)

    assert statuses == [200, 200, 503, 503, 503, 503, 200, 200]
    [armed] = asker.project.faults.armed()
    assert (armed.calls, armed.fires, armed.remaining) == (6, 4, 0)


@pytest.mark.parametrize("kind", ["outage", "ramp"])
@pytest.mark.parametrize(("phase", "created"), [("before", 3), ("after", 4)])
def test_outages_and_ramps_take_any_failure_in_either_phase(
    kind: str, phase: str, created: int
) -> None:
    when = {"until_s": 5} if kind == "outage" else {"begin": 1, "to": 1, "over_s": 1}
    fault = {"kind": kind, **when, "fault": {"kind": "reset"}}
    asker = Asker({"fault": fault, "phase": phase})

    assert asker.submit().delivery == Delivery(end="reset")
    assert len(asker.project.graphs.jobs()) == created


def test_a_ramp_grows_to_its_rate_and_stays() -> None:
    asker = Asker({"fault": {"kind": "ramp", "to": 0.8, "over_s": 100, "fault": 500}})
    shares = []
    for _ in range(4):
        shares.append(asker.statuses(500).count(500) / 500)
        asker.advance(50)

    assert shares[0] == 0
    assert 0.34 < shares[1] < 0.46
    assert 0.74 < shares[2] < 0.86
    assert 0.74 < shares[3] < 0.86


def test_a_ramp_can_be_almost_instant() -> None:
    asker = Asker({"fault": {"kind": "ramp", "to": 1, "over_s": 1e-300, "fault": 500}})

    assert asker.statuses(2) == [500, 500]


def test_the_remainder_of_an_outage_or_ramp_continues_where_it_is() -> None:
    asker = Asker(
        {"fault": {"kind": "outage", "from_s": 3, "until_s": 8}},
        {"fault": {"kind": "ramp", "to": 1, "over_s": 8}},
    )
    remainders = []
    for _ in range(3):
        asker.advance(4)
        remainders.append([rule.fault for rule in asker.project.state().faults])

    kinds = [
        [{"kind": "outage", "until_s": 4}, {"kind": "ramp", "begin": 0.5, "to": 1, "over_s": 4}],
        [{"kind": "ramp", "begin": 1, "to": 1, "over_s": 8}],
        [{"kind": "ramp", "begin": 1, "to": 1, "over_s": 8}],
    ]
    assert remainders == [
        [read({"fault": fault}, FaultRule).fault for fault in some] for some in kinds
    ]


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"fault": {"kind": "delay"}}, "$.fault: a delay takes one of seconds (such as seconds=2), uniform and lognormal"),
        ({"fault": {"kind": "delay", "seconds": 1, "uniform": {"low_s": 1, "high_s": 2}}}, "$.fault: a delay takes one of"),
        ({"fault": {"kind": "delay", "seconds": -1}}, "$.fault.seconds: expected a number from 0"),
        ({"fault": {"kind": "delay", "uniform": {"low_s": 3, "high_s": 2}}}, "$.fault.uniform.low_s: 3 is above high_s, 2"),
        ({"fault": {"kind": "delay", "lognormal": {"median_s": 3, "sigma": 1, "cap_s": 2}}}, "$.fault.lognormal.cap_s: 2 is below median_s, 3"),
        ({"fault": {"kind": "delay", "lognormal": {"median_s": 0, "sigma": 1}}}, "$.fault.lognormal.median_s: expected a number of seconds above 0"),
        ({"fault": {"kind": "delay", "second": 1}}, "$.fault.second: unknown key; did you mean 'seconds'?"),
        ({"fault": {"kind": "delay", "seconds": 1, "real": 1}}, "$.fault.real: expected true or false, got 1"),
        ({"fault": {"kind": "throttle", "limit": 1, "window_s": 1, "real": True}}, "$.fault.real: unknown key"),
        ({"fault": {"kind": "drip", "parts": 1, "seconds": 1}}, "$.fault.parts: expected an integer from 2"),
        ({"fault": {"kind": "drip", "parts": 2}}, "$.fault.seconds: missing"),
        ({"fault": {"kind": "truncate"}}, "$.fault.after_bytes: missing"),
        ({"fault": {"kind": "garbage", "text": ""}}, "$.fault.text: must not be empty"),
        ({"fault": {"kind": "throttle", "limit": 0, "window_s": 1}}, "$.fault.limit: expected an integer of at least 1, got 0"),
        ({"fault": {"kind": "throttle", "limit": 1}}, "$.fault.window_s: missing; expected a number of seconds above 0"),
        ({"fault": {"kind": "outage", "from_s": 3, "until_s": 3}}, "$.fault.until_s: 3 is not after from_s, 3"),
        ({"fault": {"kind": "outage", "until_s": 3, "fault": {"kind": "drip"}}}, "$.fault.fault.kind: 'drip' is not one of error, reset, close, hang, garbage"),
        ({"fault": {"kind": "ramp", "to": 2, "over_s": 3}}, "$.fault.to: expected a number from 0"),
        ({"fault": {"kind": "drip", "parts": 2, "seconds": 1}, "phase": "before"}, "$.phase: 'before' is not for drip, which takes only 'after': it alters the real answer: the operation is always carried out"),
        ({"fault": {"kind": "malformed"}, "phase": "before"}, "$.phase: 'before' is not for malformed, which takes only 'after'"),
        ({"fault": {"kind": "truncate", "after_bytes": 1}, "phase": "before"}, "$.phase: 'before' is not for truncate"),
        ({"fault": {"kind": "delay", "seconds": 1}, "phase": "before"}, "$.phase: 'before' is not for delay, which takes only 'after': the operation is carried out, and then its answer waits"),
        ({"fault": {"kind": "throttle", "limit": 1, "window_s": 1}, "phase": "after"}, "$.phase: 'after' is not for throttle, which takes only 'before': what is throttled is not carried out"),
        ({"fault": {"kind": "repeat_row"}, "phase": "after"}, "$.phase: 'after' is not for repeat_row, which takes none: it comes just before the list is read"),
        ({"script": [503, {"kind": "malformed"}], "phase": "before"}, "$.phase: 'before' is not for malformed"),
        ({"fault": {"kind": "repeat_row"}, "operation": "show_job"}, "$.operation: repeat_row is for list_jobs, not for 'show_job'"),
        ({"script": ["ok", {"kind": "repeat_row"}]}, "$.operation: repeat_row is for list_jobs, not for every operation"),
        ({"fault": {"kind": "insert_jobs", "count": 101}}, "$.fault.count: expected an integer from 1 to 100, got 101"),
        ({"fault": {"kind": "cap_limit"}}, "$.fault.limit: missing; expected an integer of at least 1"),
    ],
)  # fmt: skip
def test_an_invalid_fault_is_refused_with_the_field_named(
    fields: dict[str, Any], finding: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(fields, FaultRule)

    assert str(caught.value).startswith(finding)


def test_every_kind_has_a_name_and_a_docstring() -> None:
    assert all(kind.__doc__ for kind in KINDS.values())
    assert kinds.Delay(seconds=1).name == "delay"
