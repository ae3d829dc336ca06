"""Control calls about fault rules and presets."""

from typing import Annotated, Any

from msgspec import Struct

from gesmock import faults
from gesmock.fake.project import Project
from gesmock.faults import PRESETS, FaultRule, PresetName
from gesmock.web.control.api import Address, Disarmed, PageQuery, call, rule_page


class ArmedFaultBody(FaultRule, frozen=True, kw_only=True, omit_defaults=True):
    """A fault rule in force: the *calls* it matched, its *fires*, and how many are *remaining*.

    *remaining* is null if there is no limit. There is either a fault or a script.
    """

    id: str
    calls: int
    fires: int
    remaining: int | None


ArmedFault = Annotated[dict[str, Any], ArmedFaultBody]


class ArmedFaultBodies(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the fault rules in force, spent ones included.

    *total* is how many there are, *next* the cursor of the next page.
    """

    faults: list[ArmedFaultBody]
    total: int
    next: int | None


class FaultRuleChange(FaultRule, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of a fault rule to change; the others stay."""


class PresetBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The *preset* to use; null: none."""

    preset: PresetName | None


class Presets(Struct, frozen=True, forbid_unknown_fields=True):
    """The *preset* in use (null: none), and the fault rules that each of the *presets* arms."""

    preset: PresetName | None
    presets: dict[PresetName, list[FaultRule]]


class SetPreset(Struct, frozen=True, forbid_unknown_fields=True):
    """The *preset* in use now, and the *faults* that it armed."""

    preset: PresetName | None
    faults: list[ArmedFaultBody]


@call("GET", "faults", summary="List fault rules")
def list_rules(project: Project, query: PageQuery) -> Annotated[dict[str, Any], ArmedFaultBodies]:
    return rule_page("faults", project.faults, query)


@call("POST", "faults", status=201, summary="Arm a fault rule")
def arm(address: Address, body: FaultRule) -> ArmedFault:
    faults.check(body, address.fake.can_deliver, "$")  # refused before a project is created
    return address.open().faults.arm(body).as_json()


@call("DELETE", "faults", summary="Disarm every fault rule")
def disarm_all(project: Project) -> Disarmed:
    return Disarmed(len(project.faults.disarm()))


@call("GET", "faults/<fault_id>", summary="Show a fault rule")
def show(project: Project, fault_id: str) -> ArmedFault:
    return project.faults.find(fault_id).as_json()


@call("PATCH", "faults/<fault_id>", summary="Change a fault rule")
def change(
    project: Project, fault_id: str, body: Annotated[dict[str, Any], FaultRuleChange]
) -> ArmedFault:
    return project.faults.update(fault_id, body).as_json()


@call("DELETE", "faults/<fault_id>", summary="Disarm a fault rule")
def disarm(project: Project, fault_id: str) -> ArmedFault:
    return project.faults.disarm(fault_id)[0].as_json()


@call("GET", "preset", summary="Show the preset, and those there are")
def show_preset(project: Project) -> Presets:
    return Presets(
        project.faults.active_preset, {name: [*rules] for name, rules in PRESETS.items()}
    )


@call("PUT", "preset", summary="Change the preset")
def set_preset(address: Address, body: PresetBody) -> Annotated[dict[str, Any], SetPreset]:
    rules = () if body.preset is None else PRESETS[body.preset]
    faults.check(rules, address.fake.can_deliver, "$.preset")
    armed = address.open().faults.preset(body.preset)
    return {"preset": body.preset, "faults": [rule.as_json() for rule in armed]}
