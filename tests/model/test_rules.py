"""Plan rules: which plan a submitted job gets, and the ways to arm them."""

from threading import RLock
from typing import Any

import pytest
import requests
from conftest import PROJECT, Service

from gesmock import GesMock, InvalidInput, NotFound, Plan, PlanRule, Step
from gesmock.model.rules import PlanRules

G = f"/ges/v1.0/{PROJECT}/graphs"


def submit(service: Service, action: str = "clear-graph", graph: str = "movie") -> str:
    """The status of the job right after its submission."""
    url = f"{G}/{graph}/action?action_id={action}"
    algorithm = {"algorithmName": "shortest_path", "executionMode": "async"}
    body = algorithm if action == "execute-algorithm" else {}
    assert service.client.post(url, json=body).status_code == 200
    status: str = service.list("?limit=1", graph=graph).json["jobs"][0]["status"]
    return status


def test_a_job_without_a_rule_gets_the_normal_plan(service: Service) -> None:
    assert submit(service) == "pending"


def test_the_first_matching_rule_with_uses_left_gives_the_plan(
    service: Service,
) -> None:
    for rule in (
        {"command": "clear_graph", "graph": "films", "plan": "stuck_pending"},
        {"command": "clear_graph", "times": 1, "plan": "instant"},
        {"command": "execute_algorithm", "plan": {"name": "instant", "finished": "success"}},
        {"plan": {"steps": [{"after_s": 0, "status": "running"}]}, "times": 1},
    ):
        assert service.control("POST", "plans", rule).status_code == 201
    service.control("PUT", "graphs/films", {})

    assert submit(service, graph="films") == "pending"
    assert submit(service) == "success"
    assert submit(service, "execute-algorithm") == "success"
    assert submit(service) == "running"
    assert submit(service) == "pending"
    listed = service.control("GET", "plans").json["plans"]
    assert [(rule["id"], rule["uses"], rule["remaining"]) for rule in listed] == [
        ("p1", 1, None),
        ("p2", 1, 0),
        ("p3", 1, None),
        ("p4", 1, 0),
    ]


def test_rules_can_be_read_and_disarmed(service: Service) -> None:
    rule = {"plan": "slow", "times": 2}
    service.control("POST", "plans", rule)
    service.control("POST", "plans", rule)

    listed_rule = service.control("GET", "plans/p1").json
    assert listed_rule == {"id": "p1", "plan": "slow", "times": 2, "uses": 0, "remaining": 2}
    assert service.control("DELETE", "plans/p1").json == listed_rule
    missing = service.control("GET", "plans/p1")
    assert missing.status_code == 404
    assert missing.json["error"] == "no plan has the id 'p1'; armed: p2"
    assert service.control("DELETE", "plans").json == {"disarmed": 1}
    assert service.control("DELETE", "plans?id=p1").status_code == 400


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "$.plan: missing; "),
        (
            {"plan": "slow", "command": "import"},
            "$.command: 'import' is not valid; did you mean 'import_graph'?",
        ),
        ({"plan": "slow", "command": "import-graph"}, "; did you mean 'import_graph'?"),
        ({"plan": "slow", "times": 0}, "$.times: expected an integer of at least 1, got 0"),
        ({"plan": "slow", "graph": "a/b"}, "$.graph: expected a graph name"),
        ({"plan": "slow", "operation": "import_graph"}, "$.operation: unknown key"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(service: Service, rule: Any, words: str) -> None:
    response = service.control("POST", "plans", rule)

    assert response.status_code == 400
    assert words in response.json["error"]
    assert service.control("GET", "plans").json["plans"] == []


def test_rules_are_armed_from_keywords_structs_or_mappings(ges: GesMock) -> None:
    first = ges.plans.arm(command="import_graph", plan="fails_late", times=1)
    two = ges.plans.arm(plan="slow", running_s=60, graph="g")
    three = ges.plans.arm(plan=Plan(name="slow"), pending_s=1)
    four = ges.plans.arm(PlanRule(plan=Plan(steps=[Step(0, "running")])))
    five = ges.plans.arm({"plan": "instant"})
    six = ges.plans.arm(running_s=3)

    assert first.rule == PlanRule(plan="fails_late", command="import_graph", times=1)
    assert two.rule == PlanRule(plan=Plan(name="slow", running_s=60), graph="g")
    assert three.rule.plan == Plan(name="slow", pending_s=1)
    assert four.rule.plan == Plan(steps=[Step(0, "running")])
    assert five.rule.plan == "instant"
    assert six.rule.plan == Plan(name="normal", running_s=3)
    assert [armed.id for armed in ges.plans] == ["p1", "p2", "p3", "p4", "p5", "p6"]
    ges.plans.disarm(first)
    ges.plans.disarm("p2")
    assert len(ges.plans) == 4
    with pytest.raises(NotFound, match="no plan has the id 'p1'"):
        ges.plans.disarm(first)
    ges.plans.disarm()
    assert len(ges.plans) == 0


def test_a_wrong_rule_is_not_armed(ges: GesMock) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'runing_s'"):
        ges.plans.arm(plan="slow", runing_s=1)  # type: ignore[call-arg]
    with pytest.raises(InvalidInput, match="plan rule.plan.running_s: "):
        ges.plans.arm(plan="slow", running_s=-1)
    with pytest.raises(InvalidInput, match="plan rule.plan"):
        ges.plans.arm(plan="quick")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="plan rule.plan: missing; "):
        ges.plans.arm(command="import_graph")
    with pytest.raises(TypeError, match="pass either a rule"):
        ges.plans.arm({"plan": "slow"}, times=2)
    assert len(ges.plans) == 0


def test_a_rule_from_before_a_reset_is_unknown(ges: GesMock) -> None:
    before = ges.plans.arm(plan="slow")
    ges.reset()
    ges.plans.arm(plan="slow")

    with pytest.raises(NotFound):
        ges.plans.disarm(before)


def test_an_unused_rule_is_a_finding(ges: GesMock) -> None:
    ges.plans.arm(plan="slow", command="clear_graph")

    assert [str(finding) for finding in ges.findings()] == [
        'GM004 plan rule was never used, as no job reached it: p1 {"plan":"slow","command":"clear_graph"}'
    ]
    requests.post(f"{ges.graph_url()}/action?action_id=clear-graph", json={})
    assert ges.findings("GM0") == []


def test_rules_of_the_options_come_before_those_of_the_fixtures(
    service: Service,
) -> None:
    service.begin(fixture={"plans": [{"plan": "instant"}]}, plans={"plan": "slow", "times": 1})

    assert [submit(service), submit(service)] == ["pending", "success"]
    service.control("POST", "reset")
    assert submit(service) == "pending"


def test_a_state_has_the_remainder_of_the_rules(service: Service) -> None:
    service.begin(plans=[{"plan": "instant", "times": 2}, {"plan": "slow", "times": 1}])
    submit(service)

    assert service.control("GET", "state").json["plans"] == [
        {"plan": "instant", "times": 1},
        {"plan": "slow", "times": 1},
    ]
    submit(service)
    submit(service)
    assert "plans" not in service.control("GET", "state").json


def test_disarming_an_unknown_rule_disarms_none(ges: GesMock) -> None:
    ges.plans.arm(plan="slow")
    ges.plans.arm(plan="instant", times=1)

    assert repr(ges.plans) == "<PlanRules: 2 armed>"
    with pytest.raises(NotFound):
        ges.plans.disarm("p1", "p3")
    assert [armed.id for armed in ges.plans.disarm("p2")] == ["p2"]
    assert len(ges.plans) == 1


def test_a_reset_arms_other_rules_and_ids_start_again() -> None:
    rules = PlanRules(RLock())
    rules.arm(plan="slow")
    rules.take("import_graph", "movie")

    rules.reset([PlanRule(plan="instant"), PlanRule(plan="normal", times=2)])

    assert [(armed.id, armed.uses, armed.remaining) for armed in rules] == [
        ("p1", 0, None),
        ("p2", 0, 2),
    ]
