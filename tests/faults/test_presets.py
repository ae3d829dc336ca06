"""Presets: named lists of fault rules, each of which replaces the last."""

from collections import Counter
from typing import Any, get_args

import pytest
from conftest import Asker, Service

from gesmock import GesMock
from gesmock.fake.fake import Fake
from gesmock.faults import PRESETS, PresetName
from gesmock.model.errors import InvalidInput
from gesmock.web import create_app


def test_a_preset_is_a_list_of_ordinary_fault_rules_marked_with_its_name() -> None:
    assert set(PRESETS) == set(get_args(PresetName))
    for name, fault_rules in PRESETS.items():
        assert fault_rules
        assert {rule.preset for rule in fault_rules} == {name}


def test_a_preset_replaces_another_and_leaves_other_rules_alone() -> None:
    ges = GesMock(preset="flaky")
    own = ges.faults.arm("list_jobs", 500)

    armed = ges.faults.preset("down")

    assert [each.rule for each in armed] == [*PRESETS["down"]]
    assert [each.id for each in ges.faults] == [own.id, *(each.id for each in armed)]
    assert ges.faults.preset(None) == []
    assert [each.id for each in ges.faults] == [own.id]


def test_a_preset_survives_a_reset_and_an_export() -> None:
    ges = GesMock(preset="slow")
    ges.faults.disarm()

    ges.reset()

    assert [each.rule for each in ges.faults] == [*PRESETS["slow"]]
    ges.load(ges.state())
    assert ges.fake.default.faults.active_preset == "slow"


def test_the_control_api_shows_and_sets_the_preset(service: Service) -> None:
    fair = service.control("GET", "preset").json
    down = service.control("PUT", "preset", {"preset": "down"}).json

    assert (fair["preset"], sorted(fair["presets"])) == (None, ["down", "flaky", "mobile", "slow"])
    assert fair["presets"]["down"][0]["fault"]["status"] == 503
    assert (down["preset"], [rule["id"] for rule in down["faults"]]) == ("down", ["f1"])
    assert service.list().status_code == 503
    assert service.control("GET", "preset").json["preset"] == "down"
    service.control("PUT", "preset", {"preset": None})
    assert service.list().status_code == 200


@pytest.mark.parametrize("preset", get_args(PresetName))
def test_an_untried_preset_is_no_finding(preset: PresetName) -> None:
    assert GesMock(preset=preset).findings() == []


@pytest.mark.parametrize(
    ("preset", "statuses", "most_often"),
    [
        ("flaky", {0, 200, 500, 503}, 200),
        ("slow", {200}, 200),
        ("down", {503}, 503),
        ("mobile", {0, 200}, 200),
    ],
)
def test_a_preset_behaves_like_its_name(preset: str, statuses: set[int], most_often: int) -> None:
    met = Counter(Asker(preset=preset).statuses(1000))

    assert set(met) == statuses
    assert met[most_often] > 750


def test_flaky_also_fails_after_performing_the_operation() -> None:
    asker = Asker(preset="flaky", generate=0)
    replies = [asker.submit() for _ in range(200)]

    answered = sum(reply.status == 200 for reply in replies)

    assert answered < len(asker.project.graphs.jobs()) < 200


@pytest.mark.parametrize("preset", ["flaky", "mobile"])
def test_a_preset_that_the_server_cannot_produce_is_refused(preset: Any) -> None:
    finding = r"^preset\[\d\]\.fault\.kind: '\w+' needs a server that owns its sockets"
    with pytest.raises(InvalidInput, match=finding):
        create_app(preset=preset)
    fake = Fake({"preset": "slow"})

    with pytest.raises(InvalidInput, match=finding.replace("preset", r"faults\.preset", 1)):
        fake.default.faults.preset(preset)

    assert fake.default.faults.active_preset == "slow"


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(InvalidInput, match="^preset: 'sunny' is not one of down, flaky"):
        GesMock(preset="sunny")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"^faults\.preset: 'sunny' is not one of"):
        GesMock().faults.preset("sunny")  # type: ignore[arg-type]
