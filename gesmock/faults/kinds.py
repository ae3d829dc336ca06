"""The kinds of fault: a struct each, which says what happens to a reply.

Each applies to one reply. Which requests are affected is up to the fault rules.
"""

from math import log
from random import Random
from typing import Annotated, Any, ClassVar, Final, Literal, cast, get_args

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import force_setattr, replace

from gesmock.model.clock import NANOSECONDS, Seconds, nanoseconds
from gesmock.model.messages import Delivery, Encoded, Reply, ReplyBody
from gesmock.model.types import Edition

BELOW_HTTP: Final = frozenset({"reset", "close", "hang", "garbage", "truncate"})
"""The kinds that only a server that owns its sockets can produce."""

UNREADABLE: Final = ("reset", "close", "hang", "garbage", "malformed", "truncate")
"""The kinds that leave the client without an answer that it can read."""

NO_STATUS: Final = 0
"""The status of an answer that is never sent."""

Phase = Literal["before", "after"]
"""Whether a fault comes before the operation, which is then not performed, or after it."""

Memory = tuple[int, ...]
"""What a kind has to remember from one call to the next."""

ErrorStatus = Annotated[int, Meta(ge=400, le=599, description="an HTTP status from 400 to 599")]
PositiveSeconds = Annotated[
    float, Meta(gt=0, le=1e9, description="a number of seconds above 0, at most 1000000000")
]
Count = Annotated[int, Meta(ge=1, le=100)]
Rate = Annotated[float, Meta(ge=0, le=1)]


def _any_case(name: str) -> str:
    """A pattern for *name* in any case; JavaScript has no flags inside a pattern."""
    return "".join(f"[{char.upper()}{char}]" if char.isalpha() else char for char in name)


_RESERVED: Final = "|".join(
    map(
        _any_case,
        ("content-length", "transfer-encoding", "connection", "x-request-id", "traceid"),
    )
)

HeaderName = Annotated[
    str,
    Meta(
        pattern=rf"^(?!(?:{_RESERVED})$|{_any_case('x-gesmock-')})"
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?![\s\S])",
        description="a header name, but no framing header, X-Request-Id, TraceID or name that "
        "begins with X-Gesmock-",
    ),
]
HeaderValue = Annotated[
    Annotated[str, Meta(pattern=r"^[\t\x20-\x7e\xa0-\xff]*(?![\s\S])")] | int | float,
    Meta(description="one line of Latin-1 text, or a number"),
]


class Kind(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """What all kinds have in common.

    *phases* are those that it can come in, the default first; *why* says why there are no others.
    """

    phases: ClassVar[tuple[Phase, ...]] = ("before", "after")
    why: ClassVar[str] = ""

    @property
    def name(self) -> str:
        return str(self.__struct_config__.tag)

    def apply(self, reply: Reply, /) -> Reply:
        """*reply* as the client gets it; ``MatchedFault.apply`` sets its times."""
        return reply


# --- Instead of the real answer -----------------------------------------------------------------


class Error(Kind, frozen=True, tag="error"):
    """Answer with an HTTP error instead of the real reply.

    *status* is any of 400-599. *code* and *message* default to what the documentation has for this
    status and operation, in the dialect; for an undocumented status, to those of 400 or 500, since
    HTTP clients treat it like these (RFC 9110, 15). *headers* are added to the answer, and replace
    those of the same name; *retry_after* is short for the header with this number of seconds.
    """

    status: ErrorStatus
    code: str | None = None
    message: str | None = None
    headers: dict[HeaderName, HeaderValue] = field(default_factory=dict)
    retry_after: Annotated[int, Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        names = [name.lower() for name in self.headers]
        if self.retry_after is not None and "retry-after" in names:
            raise ValueError("retry_after: the headers have a Retry-After already")

    def apply(self, reply: Reply, /) -> Reply:
        """Add the headers to *reply*, which already is the refusal with this status."""
        headers = {name: f"{value}" for name, value in self.headers.items()}
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after}"
        return replace(reply, headers={**reply.headers, **headers})


class Reset(Kind, frozen=True, tag="reset"):
    """Reset the connection (TCP RST) instead of answering."""

    def apply(self, _reply: Reply, /) -> Reply:
        return Reply(NO_STATUS, {}, delivery=Delivery(end="reset"))


class Close(Kind, frozen=True, tag="close"):
    """Close the connection (TCP FIN) without a byte of an answer."""

    def apply(self, _reply: Reply, /) -> Reply:
        return Reply(NO_STATUS, {}, delivery=Delivery(end="close"))


class Hang(Kind, frozen=True, tag="hang"):
    """Never answer: the connection stays open until the client gives up."""

    def apply(self, _reply: Reply, /) -> Reply:
        return Reply(NO_STATUS, {}, delivery=Delivery(end="hang"))


class Garbage(Kind, frozen=True, tag="garbage"):
    """Send *text*, in UTF-8, which is not HTTP, and close the connection."""

    text: Annotated[str, Meta(min_length=1)] = "This is not HTTP.\r\n"

    def apply(self, _reply: Reply, /) -> Reply:
        return Reply(NO_STATUS, {}, delivery=Delivery(raw=self.text.encode()))


# --- The real answer, altered -------------------------------------------------------------------


class _Altering(Kind, frozen=True):
    phases = ("after",)
    why = "it alters the real answer: the operation is always carried out"


class Malformed(_Altering, frozen=True, tag="malformed"):
    """Send the answer as broken JSON of the right length: its last byte is wrong."""

    def apply(self, reply: Reply, /) -> Reply:
        payload = reply.payload
        broken = (lambda: _broken(payload())) if callable(payload) else _broken(payload)
        body = ReplyBody() if reply.body is None else ReplyBody(secrets=reply.body.secrets)
        return replace(reply, payload=broken, statuses=None, body=body)


def _broken(payload: Any) -> Encoded:
    """*payload* as JSON with a comma where its last brace would be."""
    encoded = isinstance(payload, Encoded)
    *whole, last = payload.blocks if encoded else [msgspec.json.encode(payload)]
    return Encoded([*whole, b"%b," % last[:-1]])


class Truncate(_Altering, frozen=True, tag="truncate"):
    """Send the head, with the full Content-Length, and *after_bytes* of the body; then close."""

    after_bytes: Annotated[int, Meta(ge=0)]

    def apply(self, reply: Reply, /) -> Reply:
        return replace(reply, delivery=Delivery(after_bytes=self.after_bytes), statuses=None)


class Drip(_Altering, frozen=True, tag="drip"):
    """Send the body in *parts* pieces over *seconds*; *real* is as for ``delay``."""

    parts: Annotated[int, Meta(ge=2, le=100_000)]
    seconds: Seconds
    real: bool | None = None

    def apply(self, reply: Reply, /) -> Reply:
        return replace(reply, delivery=Delivery(parts=self.parts, spread_s=self.seconds))


class Uniform(Struct, frozen=True, forbid_unknown_fields=True):
    """Any time from *low_s* to *high_s*, all equally likely."""

    low_s: Seconds
    high_s: Seconds

    def __post_init__(self) -> None:
        if self.low_s > self.high_s:
            raise ValueError(f"low_s: {self.low_s:g} is above high_s, {self.high_s:g}")

    def draw_s(self, rng: Random) -> float:
        return rng.uniform(self.low_s, self.high_s)


class Lognormal(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Times as in real networks: half of them below *median_s*, a few far above.

    *sigma* is the standard deviation of their logarithm: with 0.5, one in ten takes 1.9 times the
    median or longer, with 1.0 3.6 times. None takes longer than *cap_s*.
    """

    median_s: PositiveSeconds
    sigma: Annotated[float, Meta(ge=0, le=10)]
    cap_s: Seconds | None = None

    def __post_init__(self) -> None:
        if self.cap_s is not None and self.cap_s < self.median_s:
            raise ValueError(f"cap_s: {self.cap_s:g} is below median_s, {self.median_s:g}")

    def draw_s(self, rng: Random) -> float:
        drawn_s = rng.lognormvariate(log(self.median_s), self.sigma)
        return min(drawn_s, 1e9 if self.cap_s is None else self.cap_s)


class Delay(Kind, frozen=True, tag="delay"):
    """Delay the answer by a fixed number of *seconds*, or by one that is drawn for each call.

    The operation is performed first. The seconds are those of the project's clock: with a faster
    clock the delay is shorter, and with a frozen one there is none. If *real* is true, they are
    real ones, whatever the clock does (default: as the clock's ``real_delays`` says). Delays add up
    with each other and with any other fault.
    """

    phases = ("after",)
    why = "the operation is carried out, and then its answer waits"

    seconds: Seconds | None = None
    uniform: Uniform | None = None
    lognormal: Lognormal | None = None
    real: bool | None = None

    def __post_init__(self) -> None:
        if [self.seconds, self.uniform, self.lognormal].count(None) != 2:
            raise ValueError(
                "a delay takes one of seconds (such as seconds=2), uniform and lognormal"
            )

    def draw_s(self, draw_seed: str) -> float:
        """How many seconds it takes this time."""
        spread = self.uniform or self.lognormal
        if spread is not None:
            return spread.draw_s(Random(draw_seed))  # noqa: S311 no secret
        return self.seconds or 0.0


# --- Faults of lists, which ``fake.jobs`` carries out -------------------------------------------


class ListFault(Kind, frozen=True):
    """A change of a list just before one of its pages is read."""

    phases = ()
    why = "it comes just before the list is read"
    editions: ClassVar[tuple[Edition, ...]] = ("database", "memory")

    def suits(self, operation: str | None, edition: Edition) -> bool:
        """Whether it can happen to a call of *operation* on a graph of this *edition*."""
        return operation == "list_jobs" and edition in self.editions


class InsertJobs(ListFault, frozen=True, tag="insert_jobs"):
    """Add *count* finished jobs as the newest: later rows move down, and some are listed twice."""

    count: Count = 1


class RemoveJobs(ListFault, frozen=True, tag="remove_jobs"):
    """Remove *count* jobs: later rows move up, and some are never listed.

    They are drawn from those before the requested page; if there are none, from all.
    """

    count: Count = 1


class FinishJobs(ListFault, frozen=True, tag="finish_jobs"):
    """Finish *count* jobs with success: pages read before show them as unfinished.

    They are drawn from the unfinished ones among the 500 rows around the start of the page.
    """

    count: Count = 1


class ShrinkTotal(ListFault, frozen=True, tag="shrink_total"):
    """Report a ``totalCount`` that is *count* too low; only the database edition has one."""

    editions = ("database",)

    count: Count = 1


class RepeatRow(ListFault, frozen=True, tag="repeat_row"):
    """List one of the page's rows twice: the page has one row too many."""


class CapLimit(ListFault, frozen=True, tag="cap_limit"):
    """List at most *limit* rows, however many are requested, without saying so."""

    limit: Annotated[int, Meta(ge=1)]


# --- Faults that look at the clock --------------------------------------------------------------
# ``decide`` returns the fault that happens to a call, if any, and what to remember for the next.
# ``remainder`` returns what remains of the fault; None if it is over. *elapsed* is in nanoseconds
# of the project's clock since the rule was armed.


class Throttle(Kind, frozen=True, tag="throttle"):
    """Let *limit* requests through in *window_s* seconds, and answer the others with 429.

    A window begins with the first request after the previous window has ended; ``Retry-After`` is
    the number of seconds to its end, rounded up. The seconds are those of the project's clock.
    """

    phases = ("before",)
    why = "what is throttled is not carried out"

    limit: Annotated[int, Meta(ge=1)]
    window_s: PositiveSeconds

    def decide(
        self, elapsed: int, _draw_seed: str, memory: Memory, /
    ) -> tuple[Kind | None, Memory]:
        """Remembers when the window ends, and how many calls came in it."""
        end, count = memory or (0, 0)
        if elapsed >= end:
            end, count = elapsed + nanoseconds(self.window_s), 0
        if count < self.limit:
            return None, (end, count + 1)
        remaining_s = -(-(end - elapsed) // NANOSECONDS)
        return Error(429, headers={"Retry-After": f"{remaining_s}"}), (end, count)


Failure = Error | Reset | Close | Hang | Garbage


class Failing(Kind, frozen=True, kw_only=True):
    """A kind that leads to another *fault*, which may also be a status or a name."""

    fault: ErrorStatus | Literal["reset", "close", "hang", "garbage"] | Failure = 503

    def __post_init__(self) -> None:
        force_setattr(self, "fault", fault_of(self.fault))

    @property
    def failure(self) -> Failure:
        return cast("Failure", self.fault)


class Outage(Failing, frozen=True, tag="outage", kw_only=True):
    """Answer every call with *fault*, *from_s* to *until_s* seconds after it was armed.

    The seconds are those of the project's clock. The fault is a status or one of error, reset,
    close, hang and garbage (default: 503).
    """

    from_s: Seconds = 0.0
    until_s: PositiveSeconds

    def __post_init__(self) -> None:
        if self.until_s <= self.from_s:
            raise ValueError(f"until_s: {self.until_s:g} is not after from_s, {self.from_s:g}")
        super().__post_init__()

    def decide(
        self, elapsed: int, _draw_seed: str, memory: Memory, /
    ) -> tuple[Kind | None, Memory]:
        lasts = nanoseconds(self.from_s) <= elapsed < nanoseconds(self.until_s)
        return (self.failure if lasts else None), memory

    def remainder(self, elapsed: int, /) -> Kind | None:
        until = nanoseconds(self.until_s) - elapsed
        if until <= 0:
            return None
        begin = max(nanoseconds(self.from_s) - elapsed, 0) / NANOSECONDS
        return replace(self, from_s=begin, until_s=until / NANOSECONDS)


class Ramp(Failing, frozen=True, tag="ramp", kw_only=True):
    """Answer a share of the calls with *fault*, growing from *begin* to *to* over *over_s* seconds.

    It grows from when it is armed, on the project's clock, and then stays at *to*. The fault is a
    status or one of error, reset, close, hang and garbage (default: 503).
    """

    to: Rate
    over_s: PositiveSeconds
    begin: Rate = 0.0

    def _rate(self, elapsed: int) -> float:
        span = nanoseconds(self.over_s)
        done = elapsed / span if elapsed < span else 1.0
        return self.begin + (self.to - self.begin) * done

    def decide(self, elapsed: int, draw_seed: str, memory: Memory, /) -> tuple[Kind | None, Memory]:
        drawn = Random(draw_seed).random()  # noqa: S311 no secret
        return (self.failure if drawn < self._rate(elapsed) else None), memory

    def remainder(self, elapsed: int, /) -> Kind | None:
        remaining = nanoseconds(self.over_s) - elapsed
        over_s = remaining / NANOSECONDS if remaining > 0 else self.over_s
        return replace(self, begin=self._rate(elapsed), over_s=over_s)


EveryListFault = InsertJobs | RemoveJobs | FinishJobs | ShrinkTotal | RepeatRow | CapLimit
"""The kinds of list fault, each of which ``fake.jobs`` carries out."""

SingleFault = (
    Error | Delay | Reset | Close | Hang | Garbage | Malformed | Truncate | Drip | EveryListFault
)
"""The kinds that can be an entry of a script: the others are about more than one call."""

Varying = Throttle | Outage | Ramp
"""The kinds that look at the clock, and are about more than one call."""

Fault = SingleFault | Varying
"""Every kind of fault."""

PlainKind = Literal[
    "reset", "close", "hang", "garbage", "malformed",
    "insert_jobs", "remove_jobs", "finish_jobs", "shrink_total", "repeat_row",
]  # fmt: skip
"""The kinds that need no fields, so that their names are enough."""

KINDS: Final[dict[str, type[Kind]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Fault)
}
"""Every kind, by its name."""


def fault_of(fault: int | str | Kind) -> Kind:
    """The kind that *fault* is, or is short for."""
    if isinstance(fault, int):
        return Error(fault)
    return KINDS[fault]() if isinstance(fault, str) else fault
