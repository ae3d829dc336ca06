"""The parts of the benchmarks that only reckon: what tools print, ratios, verdicts, plot."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import lists, load, plot, report, table
from benchmarks.bench import interleaved
from benchmarks.criteria import CRITERIA, Verdict, verdicts
from benchmarks.figures import Results, Spread, best, over, spread
from benchmarks.targets import all_targets
from benchmarks.targets.json_server import JsonServer

WRK = """\
Running 1s test @ http://127.0.0.1:8080/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   246.52us    1.15ms   1.07s    99.02%
    Req/Sec    74.20k     3.02k   80.11k    70.00%
  Latency Distribution
     50%  213.00us
     75%  240.00us
     90%    1.20ms
     99%   36.70ms
  74368 requests in 1.00s, 315.71MB read
Requests/sec:  74142.98
Transfer/sec:    314.76MB
"""


def results(**samples: dict[str, list[dict[str, float]]]) -> Results:
    kinds = {"gesmock": "gesmock", "nginx": "limit", "json-server": "peer", "moto (S3)": "peer"}
    targets = {name: {"kind": kind, "absent": None} for name, kind in kinds.items()}
    return Results({}, {}, targets, {"10": 4087}, samples)


def rps(*values: float) -> list[dict[str, float]]:
    return [{"rps": value} for value in values]


TEN = {
    "gesmock": rps(40, 60, 50),
    "nginx": rps(100, 90, 110),
    "json-server": rps(10, 10, 10),
    "moto (S3)": rps(5, 6, 7),
}


def test_what_wrk_prints_is_understood() -> None:
    parsed = load.parse(WRK)

    assert parsed == load.Wrk(74142.98, 74368, 0.213, 36.7, 1070.0, 0)


def test_socket_errors_and_refusals_are_counted() -> None:
    refused = (
        "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\n"
    )

    assert load.parse(WRK.replace("Requests/sec", f"{refused}Requests/sec")).errors == 15


def test_what_wrk_never_printed_is_refused() -> None:
    with pytest.raises(load.NotUnderstood, match="unable to connect"):
        load.parse("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_a_spread_is_a_median_with_the_least_and_the_most() -> None:
    assert Spread.of([3.0, 1.0, 9.0]) == Spread(3.0, 1.0, 9.0)
    assert Spread(3.0, 1.0, 9.0).over(Spread(2.0, 1.0, 5.0)) == Spread(1.5, 0.5, 4.5)
    assert Spread(3.0, 1.0, 9.0).over(Spread(0.0, 0.0, 0.0)) is None


@pytest.mark.parametrize(("dividend", "divisor"), [(None, 1.0), (1.0, None), (1.0, 0.0)])
def test_a_ratio_to_nothing_is_none(dividend: float | None, divisor: float | None) -> None:
    assert over(dividend, divisor) is None


def test_the_best_peer_has_the_best_median() -> None:
    samples = {"list": {"a": [{"seconds": 1.0}], "b": [{"seconds": 2.0}]}}

    assert best(samples, "list", ["a", "b", "c"], "seconds", least=True) == "a"
    assert best(samples, "list", ["a", "b", "c"], "seconds") == "b"
    assert best(samples, "other", ["a"], "seconds") is None
    assert spread(samples, "list", "c", "seconds") is None


def test_rounds_go_forth_and_back() -> None:
    assert interleaved(3, "abc") == list("abccbaabc")


def test_a_time_counts_by_its_inverse() -> None:
    seconds = {"gesmock": [{"seconds": 0.1}, {"seconds": 0.2}], "nginx": [{"seconds": 0.3}]}
    found = table.speed(results(jobs100000=seconds), "jobs100000", "seconds", "gesmock", "nginx")

    assert found is not None
    assert (round(found.median, 6), round(found.least, 6), round(found.most, 6)) == (2, 1.5, 3)


def test_the_table_has_ratios_and_says_who_is_missing() -> None:
    found = results(jobs10_clients16=TEN)
    absent = {"kind": "peer", "absent": "it is\nnot installed"}
    found = replace(found, targets={**found.targets, "Prism": absent}, failed={"start": "no"})

    text = table.markdown(found)

    assert "| gesmock | 0.5 (0.4 to 0.6) |" in text
    assert "| 10 jobs, 16 clients | json-server | 5 (4 to 6) | 0.5 (0.4 to 0.6) |" in text
    assert "Not measured: Prism: it is not installed" in text
    assert "Went wrong: start: no" in text


def test_a_verdict_passes_misses_or_was_not_measured() -> None:
    found = {
        (verdict.criterion.work, verdict.criterion.figure): verdict.word
        for verdict in verdicts(results(jobs10_clients16=TEN))
    }

    assert found["10 jobs, 16 clients", "x the best peer"] == "pass"
    assert found["10 jobs, 16 clients", "x nginx"] == "pass"
    assert found["10 jobs, 1 client", "x nginx"] == "not measured"
    assert str(Verdict(CRITERIA[0], 3.999)).split() == [
        *("MISS", "10", "jobs,", "16", "clients:", "x", "the", "best", "peer"),
        *("4.00", "(wanted", ">=", "4)"),
    ]


def test_every_criterion_can_be_judged() -> None:
    figures = {
        **dict.fromkeys(("rps", "seconds", "cpu_us", "p99_ms", "max_ms", "ms"), 1.0),
        "held_kb": 3.0,
        "empty_kb": 1.0,
        "list_kb": 1.0,
        "growth_kb": 1024.0,
        **dict.fromkeys(("before_kb", "after_kb", "first_kb", "second_kb"), 1.0),
        "requests": 1_000_000.0,
        "second_open": 2_000.0,
    }
    works = (
        *("jobs10_clients16", "jobs10_clients1", "jobs1000_clients16", "jobs100000"),
        *("paged100000", "memory", "page_of_10", "page_of_100000", "start", "start100000"),
        *("due_steps", "generating", "requests", "connections", "import", "cycle", "fixture"),
    )
    names = (
        "gesmock",
        "gesmock, through Flask",
        "nginx",
        "WireMock",
        "pytest-httpserver",
        "moto (S3)",
    )
    found = results(**{work: {name: [figures] for name in names} for work in works})

    assert [str(verdict) for verdict in verdicts(found) if verdict.value is None] == []


def test_the_plot_is_xml_that_tells_its_figures() -> None:
    found = results(jobs10_clients16=TEN)
    found = replace(found, targets={**found.targets, "a <b>": {"kind": "peer"}})

    root = ET.fromstring(plot.svg(plot.panels(found)))

    names = {"svg": "http://www.w3.org/2000/svg"}
    assert root.findtext("svg:title", None, names)
    assert "gesmock 0.5, json-server 0.1" in (root.findtext("svg:desc", None, names) or "")
    assert [bar.get("class") for bar in root.iterfind("svg:rect", names)] == [
        *("limit", "gesmock", "peer", "peer")
    ]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = results(jobs10_clients16=TEN)

    report.write(found, tmp_path)

    assert report.read(tmp_path / "results.json") == found
    assert (tmp_path / "results.svg").exists()
    assert (tmp_path / "results.md").read_text(encoding="utf-8").startswith("Speed")


def test_a_list_is_encoded_as_the_service_does() -> None:
    assert lists.encoded([{"jobId": "ä"}]) == (
        '{"jobs":[{"jobId":"ä"}],"totalCount":1,"result":"success"}'.encode()
    )


def test_without_a_folder_of_peers_those_of_npm_say_so() -> None:
    missing: dict[str, Any] = {target.name: target.missing() for target in all_targets(None)}

    assert missing["gesmock"] is None
    assert missing["json-server"] == "no folder with a node_modules was given (--peers)"


def test_a_peer_that_npm_has_not_installed_says_so(tmp_path: Path) -> None:
    assert "json-server is not in" in (JsonServer(tmp_path).missing() or "")


def test_a_peer_tells_its_version(tmp_path: Path) -> None:
    package = tmp_path / "node_modules/json-server/package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": "0.17.4"}))

    assert JsonServer(tmp_path).version() == "json-server 0.17.4"
    assert JsonServer(tmp_path).count(b'[{"id": 1}]') == 1
