"""What the calls of the control API do that are about faults."""

from collections.abc import Callable
from typing import Any, Final

from gesmock import faults
from gesmock.faults import WEATHER, Injection
from gesmock.web.calls import Call, Outcome
from gesmock.web.control_bodies import Nothing, Weather


def get_faults(call: Call) -> Outcome:
    return 200, {"faults": [armed.as_json() for armed in call.world().faults.armed()]}


def post_fault(call: Call) -> Outcome:
    injection = call.body(Injection)
    faults.check(injection, call.fake.can_deliver, "$")  # before a world is opened for it
    return 201, call.opened_world().faults.arm(injection).as_json()


def delete_faults(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, {"disarmed": call.world().faults.disarm_all()}


def get_fault(call: Call, fault_id: str) -> Outcome:
    return 200, call.world().faults.find(fault_id).as_json()


def delete_fault(call: Call, fault_id: str) -> Outcome:
    return 200, call.world().faults.disarm(fault_id).as_json()


def patch_fault(call: Call, fault_id: str) -> Outcome:
    changes = call.body(dict[str, Any])
    return 200, call.world().faults.change(fault_id, changes).as_json()


def get_weather(call: Call) -> Outcome:
    return 200, {"weather": call.world().faults.weather, "known": WEATHER}


def put_weather(call: Call) -> Outcome:
    wanted = call.body(Weather).weather
    if wanted is not None:
        faults.check_all(WEATHER[wanted], call.fake.can_deliver, "$.weather")
    armed = call.opened_world().faults.set_weather(wanted)
    return 200, {"weather": wanted, "faults": [one.as_json() for one in armed]}


ROUTES: Final[tuple[tuple[str, str, Callable[..., Outcome]], ...]] = (
    ("GET", "faults", get_faults),
    ("POST", "faults", post_fault),
    ("DELETE", "faults", delete_faults),
    ("GET", "faults/<fault_id>", get_fault),
    ("PATCH", "faults/<fault_id>", patch_fault),
    ("DELETE", "faults/<fault_id>", delete_fault),
    ("GET", "weather", get_weather),
    ("PUT", "weather", put_weather),
)
