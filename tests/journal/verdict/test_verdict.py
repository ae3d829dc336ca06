"""The verdict on the client of a project, in Python and over HTTP."""

from typing import Any

import pytest
import requests
from conftest import Service
from stories import Story

from gesmock import ExpectationFailed, Finding, GesMock, InvalidInput, VerdictConfig
from gesmock.fake.handle import OPERATIONS
from gesmock.journal.entries import Wire
from gesmock.journal.verdict import checks
from gesmock.journal.verdict.findings import CODES, RULES, finding
from gesmock.model.secrets import Secrets


@pytest.fixture
def accused(ges: GesMock) -> GesMock:
    """A fake whose client sent a bad request twice, and used an unknown URL."""
    for _ in range(2):
        requests.get(ges.jobs_url() + "?limit=x")
    requests.get(f"{ges.url}/ges/nothing")
    return ges


@pytest.fixture
def story() -> Story:
    return Story()


def codes(findings: list[Finding]) -> list[str]:
    return [each.code for each in findings]


def test_codes_and_names_are_unique_and_in_order() -> None:
    assert [*CODES] == sorted(set(CODES))
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_code_has_a_check_except_gm0() -> None:
    assert sorted(checks()) == [code for code in CODES if not code.startswith("GM0")]


def test_failing_has_only_the_findings_that_fail_a_test(
    accused: GesMock,
) -> None:
    assert codes(accused.findings()) == ["GM002", "GM107"]
    assert codes(accused.verdict.failing()) == ["GM002"]
    assert codes(accused.findings("GM1")) == ["GM107"]
    assert codes(accused.findings("GM107", "GM2")) == ["GM107"]
    assert codes(accused.findings("retries_a_refusal", "GM2")) == ["GM107"]
    accused.verdict.configure(fail_on=["retries_a_refusal"], ignore=["unmatched"])
    assert codes(accused.verdict.failing()) == codes(accused.findings()) == ["GM107"]
    assert accused.verdict.config == VerdictConfig(fail_on=["GM107"], ignore=["GM002"])
    with pytest.raises(InvalidInput, match=r"findings\[0\]: 'GM7' is not valid; "):
        accused.findings("GM7")


def test_a_finding_has_a_code_a_rule_and_entries(accused: GesMock) -> None:
    [finding] = accused.findings("GM1")

    assert (finding.code, finding.rule, finding.entries) == ("GM107", "retries_a_refusal", (1, 2))
    assert str(finding) == f"GM107 {finding.message} (#1, #2)"


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("GET", "job/status?limit=1&X-Auth-Token=s", "list_jobs: GET {}/jobs/status"),
        ("POST", "jobs/status", "list_jobs: GET {}/jobs/status"),
        ("GET", "jobs", "list_jobs: GET {}/jobs/status"),
        ("GET", "jobs/a1", "show_job: GET {}/jobs/{{job_id}}/status"),
        ("POST", "action", "import_graph: POST {}/action?action_id=import-graph"),
        (
            "POST",
            "action?action_id=clear_graph",
            "clear_graph: POST {}/action?action_id=clear-graph",
        ),
        ("GET", "status/of/the/jobs", None),
        ("GET", "/".join("abcdefghijklmnop"), None),
        ("GET", "job/" + "s" * 300, None),
    ],
)
def test_an_unmatched_call_shows_its_query_and_the_operation_that_was_meant(
    ges: GesMock, method: str, path: str, meant: str | None
) -> None:
    for offset in range(2):
        requests.request(method, f"{ges.graph_url()}/{path}", params={"offset": offset})

    [finding] = ges.findings("GM002")

    url = f"{ges.graph_url().removeprefix(ges.url)}/{path}".replace("Token=s", "Token=***")
    target = f"{url}{'&' if '?' in path else '?'}offset=0"
    target = target if len(target) <= 500 else f"{target[:500]}..."
    graph = "/ges/v1.0/{project_id}/graphs/{graph_name}"
    hint = "check the URL and method" if meant is None else f"did you mean {meant.format(graph)}?"
    status = 405 if path == "jobs/status" else 404
    assert finding.message == (
        f"no operation serves this: {method} {target} answered {status} (2 times); {hint}"
    )
    assert finding.entries == (1, 2)


def test_control_characters_are_escaped(ges: GesMock) -> None:
    ges.verdict.configure(contract="all")
    jobs = ges.graph_url()
    for path in ("/jobs/a%0A%1B[31mb/status", "/jobs/status?%1b[31mred=%07", "/no%0athing"):
        for _ in range(3):
            requests.get(jobs + path)
    requests.get(ges.jobs_url(), params={"limit": "\x1b[2J"})

    findings = ges.findings()

    assert {each.code for each in findings} >= {"GM002", "GM107", "GM301", "GM304", "GM305"}
    assert all(each.message.isprintable() for each in findings)
    assert any("\\x1b[31mred is not a parameter" in each.message for each in findings)
    with pytest.raises(ExpectationFailed) as raised:
        ges.journal.assert_called("list_jobs", query={"limit": 1})
    assert "\x1b" not in str(raised.value)


def test_crashes_and_unmatched_requests_are_remembered_up_to_a_limit(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(101):
        service.client.get(f"/ges/{number}")
    for _ in range(60):
        service.client.get("/ges/1")
    monkeypatch.setitem(OPERATIONS, "list_jobs", None)
    for _ in range(11):
        assert service.list().status_code == 500

    findings = service.fake.default.verdict.findings(["GM0"])

    assert [each.code for each in findings] == ["GM001"] * 10 + ["GM002"] * 100
    assert max(len(each.entries) for each in findings) == 50
    assert any("(61 times)" in each.message for each in findings)


def test_a_traceback_keeps_its_lines() -> None:
    assert finding("GM001", "it\ncrashed", (), "one\n  \x1btwo\n") == Finding(
        "GM001", "crash", "it\\ncrashed", (), "one\n  \\x1btwo\n"
    )


def test_the_config_is_an_option_and_can_be_changed() -> None:
    ges = GesMock(verdict={"ignore": ["GM2"], "poll_s": 2})
    assert ges.verdict.config == VerdictConfig(ignore=["GM2"], poll_s=2)

    ges.verdict.configure(fail_on=["GM"], poll_s=3)
    assert ges.verdict.config == VerdictConfig(ignore=["GM2"], fail_on=["GM"], poll_s=3)

    ges.reset()
    assert ges.verdict.config == VerdictConfig(ignore=["GM2"], poll_s=2)


def test_a_state_without_a_config_leaves_it_unchanged() -> None:
    ges = GesMock(verdict={"ignore": ["GM101"]})
    ges.load({"graphs": {"g": {}}})
    assert ges.state()["verdict"] == {"ignore": ["GM101"], "fail_on": ["GM0"]}

    ges.load({"verdict": {"fail_on": ["GM1"]}})
    assert ges.verdict.config == VerdictConfig(fail_on=["GM1"])
    assert "verdict" not in GesMock().state()
    both = GesMock(fixture=[{"verdict": {"polls": 2}}, {"graphs": {"g": {}}}])
    assert both.verdict.config.polls == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ignore": ["foo"]}, r"ignore\[0\]: 'foo' is not one of GM001"),
        ({"ignore": ["GM10"]}, r"ignore\[0\]: 'GM10' is not valid; did you mean 'GM10"),
        ({"ignore": "GM101"}, "ignore: expected a list, got 'GM101'"),
        ({"polls_s": 3}, "polls_s: unknown key; did you mean 'poll_s'?"),
        ({"poll_s": -1}, "poll_s: expected a number from 0 to "),
        ({"refusals": 1}, "refusals: expected an integer of at least 2, got 1"),
        (
            {"client_header": "User-Agent"},
            "client_header: expected a lower-case name, got 'User-Agent'",
        ),
    ],
)
def test_a_wrong_config_is_refused_with_nothing_changed(
    ges: GesMock, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match="config." + message.replace("?", r"\?")):
        ges.verdict.configure(**wrong)
    with pytest.raises(InvalidInput, match="verdict." + message.replace("?", r"\?")):
        GesMock(verdict=wrong)
    assert ges.verdict.config == VerdictConfig()


def test_findings_fail_a_test_only_with_codes_to_fail_on(accused: GesMock) -> None:
    accused.verdict.configure(fail_on=[])
    assert accused.verdict.failing() == []

    accused.verdict.configure(fail_on=["GM1"], ignore=["GM107"])
    assert accused.verdict.failing() == []


def test_clients_are_distinguished_by_the_configured_header(ges: GesMock) -> None:
    for number in range(4):
        requests.get(ges.jobs_url() + "?limit=x", headers={"X-Client": f"{number}"})
    assert codes(ges.findings()) == ["GM107"]

    ges.verdict.configure(client_header="x-client")
    assert ges.findings() == []


def test_every_project_is_judged_by_its_own_config(ges: GesMock) -> None:
    ges.restart(
        fixture=[{"project_id": "p1"}, {"project_id": "p2", "verdict": {"ignore": ["GM1"]}}]
    )
    for project in ("p1", "p2"):
        for _ in range(2):
            requests.get(f"{ges.url}/ges/v1.0/{project}/graphs/g/jobs/status?limit=x")

    assert codes(ges.findings()) == ["GM107"]


# --- Of a story ---


def test_findings_are_selected_and_ignored_by_code_or_family(story: Story) -> None:
    story.ask(status=401)
    story.poll("a1", status=401)
    story.poll("a1", status=401)
    story.submit("b1")

    assert story.codes().keys() == {"GM106", "GM109"}
    assert story.codes("GM109", "GM2").keys() == {"GM109"}
    assert story.codes(ignore=["GM106"]).keys() == {"GM109"}
    assert story.codes(ignore=["GM1"]) == {}
    assert story.codes("GM106", ignore=["GM1"]) == {}


def test_findings_and_their_entries_are_limited(story: Story) -> None:
    for number in range(300):
        story.submit(f"{number}", body=number)
        story.poll("other", status=401)

    assert len(story.findings("GM109")) == 200
    story.entries = [entry for entry in story.entries if entry.status == 401]
    [finding] = story.findings("GM106")
    assert len(finding.entries) == 50
    assert "300 requests in a row" in finding.message


def test_concurrent_clients_are_reported_on_request(story: Story) -> None:
    """One connection for lists and another for polls look like two threads."""
    for token in ("old", "new", "old"):
        story.ask(wire=Wire("a:1", 900.0, None), token=token)
        story.poll("a1", "running", wire=Wire("a:2", 950.0, None), token=token)
    story.ask(headers={"user-agent": "orderly"})

    [finding] = story.findings("GM9", ignore=[])

    assert str(finding) == (
        "GM902 client '' used several connections at once: checks that depend on the order of "
        "its 6 requests were skipped (GM101 to GM108, GM2) (#1, #2, #3, #4, #5, ...)"
    )
    assert story.findings("GM902", ignore=[]) == story.findings("GM", "GM9", ignore=[]) == [finding]
    assert story.findings(ignore=[]) == story.findings("GM", ignore=[]) == []
    assert story.findings("GM902", ignore=["GM9"]) == []


def test_a_client_that_keeps_its_last_response_is_judged(ges: GesMock) -> None:
    """``requests`` closes the connection of a response when that is dropped."""
    url = ges.job_url(ges.add_job(status="running"))
    for _ in range(10):
        response = requests.get(url)
        assert response.json()["status"] == "running"

    assert codes(ges.findings("GM1", "GM902")) == ["GM101"]


def test_dropped_entries_are_reported(story: Story) -> None:
    story.ask()

    [finding] = story.findings(dropped=7, ignore=[])

    assert str(finding) == (
        "GM901 conduct, paging and contract were judged without the first 7 requests, which the "
        "journal dropped; raise journal_size to judge all"
    )


# --- Over HTTP ---


def test_a_request_that_is_repeated_is_searched_for_secrets_once(
    ges: GesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = []
    redact_value = Secrets.redact_value

    def count(self: Secrets, value: Any, *levels: int) -> Any:
        searched.append(value)
        return redact_value(self, value, *levels)

    monkeypatch.setattr(Secrets, "redact_value", count)
    with requests.Session() as client:
        for _ in range(20):
            assert client.get(ges.jobs_url()).ok
    assert codes(ges.findings("GM")) == []
    assert 1 <= len(searched) <= 3  # the first answer is made another way than those repeated


def test_findings_are_listed_per_project_over_http(service: Service) -> None:
    for _ in range(2):
        service.list("?limit=x")
    service.client.get("/ges/nothing")

    listed = service.control("GET", "findings").json
    conduct = service.control("GET", "findings?codes=GM1,GM2").json

    assert [each["code"] for each in listed["findings"]] == ["GM002", "GM107"]
    assert (listed["total"], listed["failing"]) == (2, 1)
    assert (conduct["total"], conduct["failing"]) == (1, 0)
    assert conduct["findings"][0]["entries"] == [1, 2]
    assert conduct["findings"][0]["rule"] == "retries_a_refusal"
    wrong = service.control("GET", "findings?codes=GM1,x").json
    assert wrong["errors"][0]["path"] == "query.codes[1]"
    service.control("POST", "projects/other/reset")
    assert service.control("GET", "projects/other/findings").json["findings"] == []


def test_the_config_is_read_and_changed_over_http(service: Service) -> None:
    assert service.control("GET", "verdict").json["poll_s"] == 0.5

    changed = service.control("PATCH", "verdict", {"poll_s": 2, "ignore": ["GM101"]})
    wrong = service.control("PATCH", "projects/new/verdict", {"poll": 2})

    assert changed.json == {**service.control("GET", "verdict").json, "poll_s": 2}
    assert service.fake.default.verdict.config == VerdictConfig(poll_s=2, ignore=["GM101"])
    assert wrong.json["errors"][0]["message"].startswith("unknown key; did you mean 'polls'?")
    assert "new" not in service.fake.projects
    assert service.control("PATCH", "projects/new/verdict", {"polls": 9}).json["polls"] == 9
