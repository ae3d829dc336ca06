"""What the calls of the control API do that are about faults."""

from collections.abc import Callable
from typing import Any, Final

from gesmock import faults
from gesmock.faults import PRESETS, FaultRule
from gesmock.web.calls import Call, Outcome
from gesmock.web.control_bodies import Nothing, PresetBody


def get_faults(call: Call) -> Outcome:
    return 200, {"faults": [armed.as_json() for armed in call.project().faults.armed()]}


def post_fault(call: Call) -> Outcome:
    fault_rule = call.body(FaultRule)
    faults.check(fault_rule, call.fake.can_deliver, "$")  # before a project is opened for it
    return 201, call.opened_project().faults.arm(fault_rule).as_json()


def delete_faults(call: Call) -> Outcome:
    call.query(Nothing)
    return 200, {"disarmed": len(call.project().faults.disarm())}


def get_fault(call: Call, fault_id: str) -> Outcome:
    return 200, call.project().faults.find(fault_id).as_json()


def delete_fault(call: Call, fault_id: str) -> Outcome:
    return 200, call.project().faults.disarm(fault_id)[0].as_json()


def patch_fault(call: Call, fault_id: str) -> Outcome:
    changes = call.body(dict[str, Any])
    return 200, call.project().faults.change(fault_id, changes).as_json()


def get_preset(call: Call) -> Outcome:
    return 200, {"preset": call.project().faults.preset, "known": PRESETS}


def put_preset(call: Call) -> Outcome:
    wanted = call.body(PresetBody).preset
    if wanted is not None:
        faults.check_all(PRESETS[wanted], call.fake.can_deliver, "$.preset")
    armed = call.opened_project().faults.set_preset(wanted)
    return 200, {"preset": wanted, "faults": [one.as_json() for one in armed]}


ROUTES: Final[tuple[tuple[str, str, Callable[..., Outcome]], ...]] = (
    ("GET", "faults", get_faults),
    ("POST", "faults", post_fault),
    ("DELETE", "faults", delete_faults),
    ("GET", "faults/<fault_id>", get_fault),
    ("PATCH", "faults/<fault_id>", patch_fault),
    ("DELETE", "faults/<fault_id>", delete_fault),
    ("GET", "preset", get_preset),
    ("PUT", "preset", put_preset),
)
