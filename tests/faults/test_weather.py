"""Weather: named lists of faults, ordered from all sides, each in the place of the last."""

from collections import Counter
from typing import Any, get_args

import pytest
from conftest import Asker, Service

from gesmock import GesMock
from gesmock.fake.fake import Fake
from gesmock.faults import WEATHER, WeatherName
from gesmock.model.errors import InvalidInput
from gesmock.web import create_app


def test_each_weather_is_a_list_of_ordinary_injections_of_its_own() -> None:
    assert set(WEATHER) == set(get_args(WeatherName))
    for name, injections in WEATHER.items():
        assert injections
        assert {one.weather for one in injections} == {name}


def test_a_weather_takes_the_place_of_another_and_leaves_the_rest_alone() -> None:
    ges = GesMock(weather="flaky")
    own = ges.faults.arm("list_jobs", 500)

    armed = ges.faults.weather("down")

    assert [one.injection for one in armed] == [*WEATHER["down"]]
    assert [one.id for one in ges.faults] == [own.id, *(one.id for one in armed)]
    assert ges.faults.weather(None) == []
    assert [one.id for one in ges.faults] == [own.id]


def test_a_weather_is_there_again_after_a_reset_and_in_an_exported_state() -> None:
    ges = GesMock(weather="slow")
    ges.faults.disarm()

    ges.reset()

    assert [one.injection for one in ges.faults] == [*WEATHER["slow"]]
    ges.load(ges.state())
    assert ges.fake.default.faults.weather == "slow"


def test_the_control_api_tells_and_sets_the_weather(service: Service) -> None:
    fair = service.control("GET", "weather").json
    down = service.control("PUT", "weather", {"weather": "down"}).json

    assert (fair["weather"], sorted(fair["known"])) == (None, ["down", "flaky", "mobile", "slow"])
    assert fair["known"]["down"][0]["fault"]["status"] == 503
    assert (down["weather"], [one["id"] for one in down["faults"]]) == ("down", ["f1"])
    assert service.list().status_code == 503
    assert service.control("GET", "weather").json["weather"] == "down"
    service.control("PUT", "weather", {"weather": None})
    assert service.list().status_code == 200


@pytest.mark.parametrize("weather", get_args(WeatherName))
def test_no_weather_is_a_problem_of_a_test_that_sends_nothing(weather: WeatherName) -> None:
    assert GesMock(weather=weather).problems() == []


@pytest.mark.parametrize(
    ("weather", "statuses", "most_often"),
    [
        ("flaky", {0, 200, 500, 503}, 200),
        ("slow", {200}, 200),
        ("down", {503}, 503),
        ("mobile", {0, 200}, 200),
    ],
)
def test_weather_is_what_it_is_called(weather: str, statuses: set[int], most_often: int) -> None:
    met = Counter(Asker(weather=weather).statuses(1000))

    assert set(met) == statuses
    assert met[most_often] > 750


def test_flaky_also_fails_after_it_has_done_what_was_asked() -> None:
    asker = Asker(weather="flaky", generate=0)
    replies = [asker.submit() for _ in range(200)]

    answered = sum(one.status == 200 for one in replies)

    assert answered < len(asker.world.graphs.jobs()) < 200


@pytest.mark.parametrize("weather", ["flaky", "mobile"])
def test_weather_that_the_server_cannot_make_is_refused(weather: Any) -> None:
    problem = r"^weather\[\d\]\.fault\.kind: '\w+' needs a server that owns its sockets"
    with pytest.raises(InvalidInput, match=problem):
        create_app(weather=weather)
    fake = Fake({"weather": "slow"})

    with pytest.raises(InvalidInput, match=problem.replace("weather", r"\$\.weather", 1)):
        fake.default.faults.set_weather(weather)

    assert fake.default.faults.weather == "slow"


def test_an_unknown_weather_is_refused() -> None:
    with pytest.raises(InvalidInput, match="^weather: 'sunny' is none of down, flaky"):
        GesMock(weather="sunny")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"^faults\.weather: 'sunny' is none of"):
        GesMock().faults.weather("sunny")  # type: ignore[arg-type]
