"""Fault rule: a fault, and which requests it is for."""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from gesmock.faults.kinds import (
    KINDS,
    Error,
    ErrorStatus,
    Fault,
    Kind,
    ListFault,
    Phase,
    PlainKind,
    PositiveSeconds,
    SingleFault,
)
from gesmock.model.clock import Seconds, nanoseconds
from gesmock.model.errors import InputError, InvalidInput
from gesmock.model.messages import Operation, Request
from gesmock.model.rules import Command
from gesmock.model.types import Edition, GraphName

PresetName = Literal["flaky", "slow", "down", "mobile"]

HeaderChoice = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+(=[\t\x20-\x7e\xa0-\xff]*)?(?![\s\S])",
        description="a header's name, or NAME=VALUE",
    ),
]
Number = Annotated[int, Meta(ge=1)]

ScriptEntry = ErrorStatus | Literal["ok"] | PlainKind | SingleFault


class FaultRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A *fault*, or a *script* of them, and the requests that it is for.

    A status stands for an error with it, the name of a kind for one that needs no fields. It is for
    the requests of *operation*, to *graph*, about the job *job_id*, of jobs with this *command*
    (one that is submitted, or asked for), with this *header* (``NAME`` or ``NAME=VALUE``), from
    *from_s* to *until_s* seconds of the project's clock after it was armed; by default, for all. It
    counts those that no earlier fault rule has taken.
    It lets the first *after* of them pass, then fires at every *every*-th with *probability*,
    *times* times at most (default: without end); or at the *nth* ones, counted from 1. A *script*
    is met once, an entry a request: a status, a fault, or "ok" for the real answer. What is spent
    falls through to the fault rules behind it, and at last to the real answer.

    In the *phase* ``before``, the operation is not carried out; ``after``: it is, and then the
    answer is another. The default is that of the kind. One that is *paused* meets nothing. One
    that belongs to a *preset* goes when another comes.
    """

    operation: Operation | None = None
    graph: GraphName | None = None
    job_id: Annotated[str, Meta(min_length=1)] | None = None
    command: Command | None = None
    header: HeaderChoice | None = None
    fault: ErrorStatus | PlainKind | Fault | None = None
    script: Annotated[list[ScriptEntry], Meta(min_length=1)] | None = None
    phase: Phase | None = None
    nth: Number | Annotated[list[Number], Meta(min_length=1)] | None = None
    after: Annotated[int, Meta(ge=0)] = 0
    every: Number = 1
    times: Number | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    from_s: Seconds = 0.0
    until_s: PositiveSeconds | None = None
    paused: bool = False
    preset: PresetName | None = None

    def __post_init__(self) -> None:
        if (self.fault is None) == (self.script is None):
            raise ValueError("a fault rule has either a fault or a script")
        if self.script is not None and (self.every, self.times, self.probability, self.nth) != (
            1,
            None,
            1.0,
            None,
        ):
            raise ValueError(
                "a script is met once: it goes without every, times, probability and nth"
            )
        if self.nth is not None and (self.after, self.every, self.times) != (0, 1, None):
            raise ValueError("nth says which calls are hit: it goes without after, every and times")
        if self.until_s is not None and self.until_s <= self.from_s:
            raise ValueError(f"until_s: {self.until_s:g} is not after from_s, {self.from_s:g}")
        if isinstance(self.fault, int):
            force_setattr(self, "fault", Error(self.fault))
        if isinstance(self.fault, str):
            force_setattr(self, "fault", KINDS[self.fault]())
        if self.script is not None:
            script = [
                KINDS[entry]() if isinstance(entry, str) and entry != "ok" else entry
                for entry in self.script
            ]
            force_setattr(self, "script", script)
        for _, fault in self.faults():
            self._check(fault)

    def _check(self, fault: Kind) -> None:
        if self.phase is not None and self.phase not in fault.phases:
            phases = f"only {fault.phases[0]!r}" if fault.phases else "none"
            raise ValueError(
                f"phase: {self.phase!r} is not for {fault.name}, which takes {phases}: {fault.why}"
            )
        chosen = () if self.operation is None else (self.operation,)
        # A script is for one operation: its entries would not know whom to wait for.
        if fault.operations and (chosen or self.script) and chosen != fault.operations:
            asked = "every operation" if self.operation is None else repr(self.operation)
            raise ValueError(
                f"operation: {fault.name} is for {' and '.join(fault.operations)}, not for {asked}"
            )

    def faults(self) -> Iterator[tuple[str, Kind]]:
        """Every fault in it, each with the field that it is in."""
        entries = enumerate(self.script or ())
        fields = [("fault", self.fault), *((f"script[{index}]", entry) for index, entry in entries)]
        for field, fault in fields:
            if isinstance(fault, Kind):
                yield field, fault
                yield from ((f"{field}.{name}", inner) for name, inner in fault.inner())

    def is_for(self, request: Request, command: str | None, edition: Edition, elapsed: int) -> bool:
        """Whether it is for *request*, *elapsed* nanoseconds after it was armed.

        *command* is that of the job that the request submits or names, *edition* its graph's.
        """
        return (
            self.operation in (None, request.operation)
            and self.graph in (None, request.args.get("graph_name"))
            and self.job_id in (None, request.args.get("job_id"))
            and nanoseconds(self.from_s) <= elapsed
            and not self.is_over(elapsed)
            and (self.header is None or _has_header(request, self.header))
            and self.command in (None, command)
            and (not isinstance(self.fault, Kind) or self.fault.suits(request.operation, edition))
        )

    def is_over(self, elapsed: int) -> bool:
        """Whether it is for no request any more, *elapsed* nanoseconds after it was armed."""
        return (self.until_s is not None and nanoseconds(self.until_s) <= elapsed) or (
            isinstance(self.fault, Kind) and self.fault.remainder(elapsed) is None
        )

    def numbers(self) -> list[int]:
        """The numbers of the calls that *nth* names."""
        return [self.nth] if isinstance(self.nth, int) else self.nth or []


def _has_header(request: Request, header: str) -> bool:
    name, equals, expected = header.partition("=")
    value = request.headers.get(name.lower())
    return value is not None and (not equals or value == expected)


CanDeliver = Callable[[str], bool]
"""Whether a fault of this kind can happen with the server in use."""


def check(rule: FaultRule, can_deliver: CanDeliver, path: str) -> None:
    """Raise InvalidInput, naming the field below *path*, if a fault cannot be produced."""
    if errors := list(_errors(rule, can_deliver, path)):
        raise InvalidInput(errors)


def check_all(rules: Iterable[FaultRule], can_deliver: CanDeliver, path: str) -> None:
    """The same for a list of rules at *path*."""
    errors = [
        error
        for index, rule in enumerate(rules)
        for error in _errors(rule, can_deliver, f"{path}[{index}]")
    ]
    if errors:
        raise InvalidInput(errors)


def _errors(rule: FaultRule, can_deliver: CanDeliver, path: str) -> Iterator[InputError]:
    for name, fault in rule.faults():
        if not can_deliver(fault.name):
            needs = (
                "the jobs of a fake; a proxy has none"
                if isinstance(fault, ListFault)
                else "a server that owns its sockets, as that of GesMock and of gesmock serve "
                "does; the one in use does not"
            )
            yield InputError(f"{path}.{name}.kind", f"{fault.name!r} needs {needs}")
