"""Fault rules, which say which requests a fault hits; and presets, named lists of fault rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from gesmock.faults import kinds
from gesmock.model.clock import Seconds
from gesmock.model.errors import InputError, InvalidInput
from gesmock.model.messages import Operation, Request
from gesmock.model.rules import Command
from gesmock.model.types import GraphName

PresetName = Literal["flaky", "slow", "down", "mobile"]

HeaderChoice = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+(=[\t\x20-\x7e\xa0-\xff]*)?(?![\s\S])",
        description="a header's name, or NAME=VALUE",
    ),
]
Number = Annotated[int, Meta(ge=1)]

LONGEST_SCRIPT: Final = 10_000
"""The most entries of a script."""

MOST_NUMBERS: Final = 1_000
"""The most numbers that ``nth`` may list."""

ScriptEntry = kinds.ErrorStatus | Literal["ok"] | kinds.PlainKind | kinds.SingleFault


class FaultRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A *fault*, or a *script* of them, and which requests it hits.

    A status is short for an error with it, the name of a kind for a fault that needs no fields. The
    rule is for requests of *operation*, to *graph*, about the job *job_id*, about jobs with this
    *command* (submitted or requested), with this *header* (``NAME`` or ``NAME=VALUE``), from
    *from_s* to *until_s* seconds of the project's clock after it was armed; by default, for all. It
    counts those that no earlier rule has claimed. It lets the first *after* of them pass, then
    fires at every *every*-th with *probability*, at most *times* times (default: no limit); or at
    the *nth* ones, counted from 1. A *script* is played once, an entry for each request: a status,
    a fault, or "ok" for the real answer. Requests that a spent rule no longer hits go to the next
    fault rule, and at last get the real answer.

    In the *phase* ``before``, the operation is not performed; in ``after``, it is, and then the
    answer is replaced. The default depends on the kind. A *paused* rule hits nothing. The rules of
    a *preset* are disarmed when another preset is chosen. A rule that *must_be_used_up* is a
    finding while it has uses left, or, without a limit, until it has fired.
    """

    operation: Operation | None = None
    graph: GraphName | None = None
    job_id: Annotated[str, Meta(min_length=1)] | None = None
    command: Command | None = None
    header: HeaderChoice | None = None
    fault: kinds.ErrorStatus | kinds.PlainKind | kinds.Fault | None = None
    script: Annotated[list[ScriptEntry], Meta(min_length=1, max_length=LONGEST_SCRIPT)] | None = (
        None
    )
    phase: kinds.Phase | None = None
    nth: Number | Annotated[list[Number], Meta(min_length=1, max_length=MOST_NUMBERS)] | None = None
    after: Annotated[int, Meta(ge=0)] = 0
    every: Number = 1
    times: Number | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    from_s: Seconds = 0.0
    until_s: kinds.PositiveSeconds | None = None
    paused: bool = False
    must_be_used_up: bool = False
    preset: PresetName | None = None

    def __post_init__(self) -> None:
        if (self.fault is None) == (self.script is None):
            raise ValueError("a fault rule has either a fault or a script")
        often = (self.every, self.times, self.probability, self.nth)
        if self.script is not None and often != (1, None, 1.0, None):
            raise ValueError(
                "a script is played once: it takes no every, times, probability or nth"
            )
        if self.nth is not None and (self.after, self.every, self.times) != (0, 1, None):
            raise ValueError("nth says which calls are hit: it takes no after, every or times")
        if self.until_s is not None and self.until_s <= self.from_s:
            raise ValueError(f"until_s: {self.until_s:g} is not after from_s, {self.from_s:g}")
        if self.fault is not None:
            force_setattr(self, "fault", kinds.fault_of(self.fault))
        if self.script is not None:
            script = [
                kinds.fault_of(entry) if isinstance(entry, str) and entry != "ok" else entry
                for entry in self.script
            ]
            force_setattr(self, "script", script)
        for _, fault in self.faults():
            self._check(fault)

    def _check(self, fault: kinds.Kind) -> None:
        if self.phase is not None and self.phase not in fault.phases:
            phases = f"only {fault.phases[0]!r}" if fault.phases else "none"
            raise ValueError(
                f"phase: {self.phase!r} is not for {fault.name}, which takes {phases}: {fault.why}"
            )
        # A list fault for any operation waits for the next list; an entry of a script cannot.
        allowed = ("list_jobs",) if self.script else ("list_jobs", None)
        if isinstance(fault, kinds.ListFault) and self.operation not in allowed:
            asked = "every operation" if self.operation is None else repr(self.operation)
            raise ValueError(f"operation: {fault.name} is for list_jobs, not for {asked}")

    def faults(self) -> Iterator[tuple[str, kinds.Kind]]:
        """Every fault in the rule, each with the name of its field."""
        entries = enumerate(self.script or ())
        fields = [("fault", self.fault), *((f"script[{index}]", entry) for index, entry in entries)]
        for field, fault in fields:
            if isinstance(fault, kinds.Kind):
                yield field, fault
            if isinstance(fault, kinds.Failing):
                yield f"{field}.fault", fault.failure

    def is_for(self, request: Request, command: str | None) -> bool:
        """Whether it is for *request*, which submits or names a job with this *command*."""
        if self.header is not None:
            name, equals, expected = self.header.partition("=")
            value = request.headers.get(name.lower())
            if value is None or (equals and value != expected):
                return False
        return (
            self.operation in (None, request.operation)
            and self.graph in (None, request.args.get("graph_name"))
            and self.job_id in (None, request.args.get("job_id"))
            and self.command in (None, command)
        )

    def numbers(self, calls: int = 0) -> list[int]:
        """The numbers in *nth* of calls after the first *calls*, counted from there."""
        nth = [self.nth] if isinstance(self.nth, int) else self.nth or []
        return [number - calls for number in nth if number > calls]


CanDeliver = Callable[[str], bool]
"""Whether the server in use can produce faults of this kind."""


def check(rules: FaultRule | Sequence[FaultRule], can_deliver: CanDeliver, path: str) -> None:
    """Raise InvalidInput, naming the fields below *path*, for faults that cannot be produced."""
    if isinstance(rules, FaultRule):
        paths = {path: rules}
    else:
        paths = {f"{path}[{index}]": rule for index, rule in enumerate(rules)}
    errors = [
        InputError(
            f"{path}.{name}.kind",
            f"{fault.name!r} needs the jobs of a fake; a proxy has none"
            if isinstance(fault, kinds.ListFault)
            else f"{fault.name!r} needs a server that owns its sockets, like that of GesMock and "
            "gesmock serve; the one in use does not",
        )
        for path, rule in paths.items()
        for name, fault in rule.faults()
        if not can_deliver(fault.name)
    ]
    if errors:
        raise InvalidInput(errors)


PRESETS: Final[Mapping[PresetName, Sequence[FaultRule]]] = {
    # A service that fails now and then, even after it did what was asked.
    "flaky": (
        FaultRule(preset="flaky", fault=kinds.Error(503), probability=0.1),
        FaultRule(preset="flaky", fault=kinds.Error(500), probability=0.05, phase="after"),
        FaultRule(preset="flaky", fault=kinds.Reset(), probability=0.02),
        FaultRule(preset="flaky", fault=kinds.Delay(lognormal=kinds.Lognormal(0.2, 0.8, 5.0))),
    ),
    # A service that takes its time.
    "slow": (
        FaultRule(preset="slow", fault=kinds.Delay(lognormal=kinds.Lognormal(1.5, 0.5, 10.0))),
        FaultRule(preset="slow", fault=kinds.Drip(5, 2.0), operation="list_jobs", probability=0.25),
    ),
    # A service that is down, and says when to try again.
    "down": (FaultRule(preset="down", fault=kinds.Error(503, headers={"Retry-After": "30"})),),
    # A phone on a train.
    "mobile": (
        FaultRule(preset="mobile", fault=kinds.Reset(), probability=0.02, phase="after"),
        FaultRule(preset="mobile", fault=kinds.Truncate(200), probability=0.02),
        FaultRule(preset="mobile", fault=kinds.Hang(), probability=0.01, phase="after"),
        FaultRule(preset="mobile", fault=kinds.Delay(lognormal=kinds.Lognormal(0.4, 1.0, 15.0))),
    ),
}
"""Named lists of fault rules, one for each sort of bad day."""
