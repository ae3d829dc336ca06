"""What gesmock refuses, as classes: the service's refusals, and bad input from whoever sets it up.

Nothing here knows JSON or HTTP headers; ``shapes.py`` and ``web/control.py`` write these down.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar


class GesmockError(Exception):
    """Anything that gesmock raises on purpose."""


# --- What the service refuses -----------------------------------------------------------------


class GesError(GesmockError):
    """An error in the service's own shape.

    *status* is the HTTP status of the ``page`` dialect; *status_setting* names the setting that
    overrides it. *failed_result* tells whether the body has a ``"result": "failed"`` in any case,
    *in_errors* whether code and message stand in ``errors[]``, as those of Cypher and GQL do.
    *failed_job* is the job that the client learns has failed. The keywords of the constructor fill
    the braces of *template*.
    """

    status: int = 400
    failed_result: bool = False
    in_errors: bool = False
    failed_job: str | None = None
    code: str
    template: ClassVar[str]
    status_setting: ClassVar[str | None] = None

    def __init__(self, **names: str) -> None:
        super().__init__(self.template.format_map(names))

    @property
    def message(self) -> str:
        """The text of ``errorMessage``."""
        return str(self)


class ParameterError(GesError):
    """A parameter is wrong (ges_03_0471, the only failure example of the job list)."""

    code = "GES.8005"
    template = "Parameter error!"


class InvalidToken(GesError):
    """The token is missing, unknown or expired (ges_03_0110; the status from the page's list)."""

    status = 401
    code = "GES.8007"
    template = "Invalid token."
    status_setting = "invalid_token_status"


class InvalidAccess(GesError):
    """The token belongs to another project (ges_03_0110, 2025 wording)."""

    status = 403
    code = "GES.8006"
    template = "Invalid resource access."
    status_setting = "forbidden_status"


class NoPermission(GesError):
    """The token lacks the permission (ges_03_0110)."""

    status = 403
    code = "GES.8020"
    template = "The current user does not have permission."
    status_setting = "forbidden_status"


class UnknownGraph(GesError):
    """The graph does not exist (text: ges_03_0533; status: the list of ges_03_0471)."""

    status = 404
    code = "GES.8000"
    template = (
        "Graph [{project_id}-{graph_name}] does not exist, please check project_id and graph_name."
    )
    status_setting = "unknown_graph_status"


class UnknownMemoryGraph(GesError):
    """The graph does not exist, in the memory edition (ges_03_0204, 2021 to 2025-03)."""

    failed_result = True
    code = "GES.8000"
    template = "graph : {graph_name} not exist"


class UnknownHygGraph(GesError):
    """The graph does not exist, for a HyG call (ges_03_0533)."""

    failed_result = True
    code = "GES.8000"
    template = UnknownGraph.template


class UnknownJob(GesError):
    """No job of the graph has this id (ges_03_0472)."""

    failed_result = True
    code = "GES.8301"
    template = "can not find job, jobId is {job_id}"


class UnknownMemoryJob(UnknownJob):
    """No job of the graph has this id, in the memory edition (ges_03_0037)."""

    failed_result = False


class AlgorithmFailed(GesError):
    """The job whose result is asked for is an algorithm that failed (ges_03_0446)."""

    code = "GES.8301"
    template = "{reason}"

    def __init__(self, *, job_id: str, reason: str) -> None:
        super().__init__(reason=reason)
        self.failed_job = job_id


class UnknownJobToCancel(GesError):
    """No job of the graph has this id (ges_03_0038, 2025)."""

    code = "GES.8303"
    template = "Can not find job to cancel, jobId is {job_id}"


class JobHasEnded(GesError):
    """A job that has ended cannot be cancelled (ges_03_0038; the text: ges_03_0110)."""

    code = "GES.8303"
    template = "Failed to terminate a job."


class NotCancellable(GesError):
    """A job of this kind cannot be cancelled (ges_03_0038; code and text are inferred)."""

    code = "GES.8303"
    template = "Unsupported operation."


class Refused(GesError):
    """A call is refused as its own page has it."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        failed_result: bool = False,
        in_errors: bool = False,
    ) -> None:
        GesmockError.__init__(self, message)
        self.code = code
        self.status = status
        self.failed_result = failed_result
        self.in_errors = in_errors


class UnknownUrl(GesError):
    """No operation has this path (ges_03_0122, the only documented 404 body of this plane)."""

    status = 404
    code = "GES.8000"
    template = "Not found. Please check the input parameters."


class WrongMethod(UnknownUrl):
    """The path has no such method. Inferred: no page shows a 405, so the 404's text stands in."""

    status = 405


class JobQueryFailed(GesError):
    """The service failed while it read jobs (ges_03_0110)."""

    status = 500
    code = "GES.8302"
    template = "Job query error."


class EngineUnavailable(GesError):
    """The graph engine is down. Inferred for 503: ges_03_0110 lists the code under 500."""

    status = 503
    code = "GES.8602"
    template = "Engine service unavailable."


class UnknownPreference(ParameterError):
    """A client prefers a status that cannot be had (``Prefer: code=...``); not the service's."""

    template = "Prefer: code={code}: {code!r} is not 200 or from 400 to 599."


class NotUnderstood(ParameterError):
    """What came is no request, and it is known why; not the service's."""

    template = "{reason}"


class Overtaken(EngineUnavailable):
    """gesmock was reset while the request was on its way; not the service's."""

    template = "gesmock was reset while this request was on its way."


class Unanswered(EngineUnavailable):
    """The server that a proxy stands in front of has not answered; not the service's."""

    status = 502
    template = "{reason}"


class AnsweredTooLate(Unanswered):
    """The same, where it might have answered later."""

    status = 504


class NotPassedOn(GesError):
    """A proxy asks in its owner's name, and for nobody else's pages; not the service's."""

    status = 403
    code = "GES.8006"
    template = "{reason}"


class InjectedError(Refused):
    """An error that a test ordered, with the status, code and message it asked for."""


# --- What the one who sets gesmock up is told ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputError:
    """One thing that is wrong with some input: where (file, JSON path), and what.

    *message* says what was seen and what would be right.
    """

    path: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.message) if part)


class InvalidInput(GesmockError, ValueError):
    """Some input is wrong; *errors* holds everything that is wrong with it."""

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))

    @classmethod
    def at(cls, path: str, message: str) -> "InvalidInput":
        """An input with a single error."""
        return cls([InputError(path, message)])


@contextmanager
def naming_file(file: str) -> Iterator[None]:
    """Flaws that are raised inside are said to be in *file*."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(replace(error, file=file) for error in error.errors) from None


class NotFound(GesmockError, LookupError):
    """A job, graph, fault rule or project that does not exist was named."""


class Conflict(GesmockError, ValueError):
    """The input is well formed, but what it asks for clashes with what is there."""


class TimedOut(GesmockError, TimeoutError):
    """What was waited for has not come, or can come no more."""


class ExpectationFailed(GesmockError, AssertionError):
    """What was asserted of the requests does not hold."""
