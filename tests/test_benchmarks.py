"""The parts of the benchmarks that only compute: parsing, ratios, verdicts and the plot."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import lists, load, plot, report, table
from benchmarks.bench import interleaved
from benchmarks.criteria import CRITERIA
from benchmarks.figures import Results, Spread, over
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


TEN: dict[str, list[dict[str, float]]] = {
    "gesmock": [{"rps": value, "cpu_us": 12} for value in (40, 60, 50)],
    "nginx": rps(100, 90, 110),
    "json-server": rps(10, 10, 10),
    "moto (S3)": rps(5, 6, 7),
}


def test_the_output_of_wrk_is_read() -> None:
    parsed = load.parse(WRK)

    assert parsed == load.Wrk(74142.98, 74368, 0.213, 36.7, 1070.0, 0)


def test_socket_errors_and_refusals_are_counted() -> None:
    refused = (
        "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\n"
    )

    assert load.parse(WRK.replace("Requests/sec", f"{refused}Requests/sec")).errors == 15


def test_unknown_output_of_wrk_is_refused() -> None:
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
    found = results(list=TEN, other={"gesmock": rps(1)})

    assert found.best_peer("list") == "json-server"
    assert found.best_peer("other") is None
    assert found.value("other", "nginx") is None
    assert found.ratio("other", "gesmock", "nginx") is None


def test_every_other_round_is_backwards() -> None:
    assert interleaved(3, "abc") == list("abccbaabc")


def test_the_table_has_ratios_and_says_what_is_missing() -> None:
    fixture = {"respx": [{"ms": 0.5}]}
    found = results(jobs10_clients16=TEN, fixture=fixture, test=fixture)
    absent = {"kind": "peer", "absent": "it is\nnot installed"}
    present = {"kind": "peer", "version": "mockttp 4"}
    targets = {**found.targets, "Prism": absent, "mockttp": present}
    found = replace(found, targets=targets, machine={"java": "17"}, failed={"start": "no"})

    text = table.markdown(found)

    assert "| gesmock | 0.5 (0.4 to 0.6); 12 µs |" in text
    assert "| 10 jobs, 16 clients | json-server | 5 (4 to 6) | 0.5 (0.4 to 0.6) | - |" in text
    assert "| 10 jobs, 16 clients | x the best peer | ≥ 1.6 | 5 | reached |" in text
    assert "| respx | 0.5 (0.5 to 0.5) | 0.5 (0.5 to 0.5) |" in text
    assert "Versions: mockttp 4, java 17." in text
    assert "Not measured: Prism: it is not installed" in text
    assert "Went wrong: start: no" in text


def test_a_criterion_is_reached_or_not_or_was_not_measured() -> None:
    peer, fixed, p99, *_ = CRITERIA
    found = results(jobs10_clients16=TEN)

    assert peer.verdict(peer.value(found)) == "reached"
    assert peer.verdict(1.599) == "NOT REACHED"
    assert fixed.verdict(fixed.value(found)) == "not measured"
    assert p99.verdict(1.001) == "NOT REACHED"
    assert p99.verdict(1) == "reached"


def test_every_criterion_can_be_judged() -> None:
    figures = {one.figure: 1.0 for one in CRITERIA}
    works = {work for one in CRITERIA for work in (one.work, one.than) if work}
    names = ("gesmock", "fixed bytes", "nginx", "pytest-httpserver", "moto (S3)")
    found = results(**{work: {name: [figures] for name in names} for work in works})

    assert [one for one in CRITERIA if one.value(found) != 1] == []


def test_the_plot_is_xml_that_describes_its_figures() -> None:
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
    assert (tmp_path / "results.md").read_text(encoding="utf-8").startswith("| work |")


def test_a_list_is_encoded_as_the_service_does() -> None:
    assert lists.encoded([{"jobId": "ä"}]) == (
        '{"jobs":[{"jobId":"ä"}],"totalCount":1,"result":"success"}'.encode()
    )


def test_without_a_folder_of_peers_a_peer_from_npm_says_so() -> None:
    missing: dict[str, Any] = {target.name: target.missing() for target in all_targets(None)}

    assert missing["gesmock"] is None
    assert missing["json-server"] == "no folder with a node_modules was given (--peers)"


def test_a_peer_that_npm_has_not_installed_says_so(tmp_path: Path) -> None:
    assert "json-server is not in" in (JsonServer(tmp_path).missing() or "")


def test_a_peer_reports_its_version(tmp_path: Path) -> None:
    package = tmp_path / "node_modules/json-server/package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": "0.17.4"}))

    assert JsonServer(tmp_path).version() == "json-server 0.17.4"
