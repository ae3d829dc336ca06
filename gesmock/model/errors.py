"""Errors: the service's refusals, and those that a user of gesmock meets.

How they become JSON is in ``replies`` and ``web/control``.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar


class GesmockError(Exception):
    """The base of every error that gesmock raises on purpose."""


# --- Refusals of the service ------------------------------------------------------------------


class GesError(GesmockError):
    """An error that the service answers with.

    *status* is the HTTP status of the ``page`` dialect; *status_setting* names the setting that
    overrides it. With *failed_result* the body always has ``"result": "failed"``, with *in_errors*
    code and message are in ``errors[]``, as those of Cypher and GQL are. *failed_job* is the job
    whose failure the client learns of. The constructor's keywords fill the braces of *template*.
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
    """The job is an algorithm that failed, and has no result (ges_03_0446)."""

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
    """A refusal with the code and message of the call's own page."""

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
    """``Prefer: code=...`` asks for a status that gesmock cannot send; not the service's."""

    template = "Prefer: code={code}: {code!r} is not 200 or from 400 to 599."


class NotUnderstood(ParameterError):
    """The bytes are no valid HTTP request; not the service's."""

    template = "{reason}"


class Overtaken(EngineUnavailable):
    """gesmock was reset while it handled the request; not the service's."""

    template = "gesmock was reset while this request was on its way."


class Unanswered(EngineUnavailable):
    """The server behind the proxy has not answered; not the service's."""

    status = 502
    template = "{reason}"


class AnsweredTooLate(Unanswered):
    """The server behind the proxy has not answered in time; not the service's."""

    status = 504


class NotPassedOn(GesError):
    """The proxy does not forward this request in its owner's name; not the service's."""

    status = 403
    code = "GES.8006"
    template = "{reason}"


class InjectedError(Refused):
    """The error of a fault rule, with its status, code and message."""


# --- Errors of gesmock's own API ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputError:
    """An error in some input: where it is, the wrong value, and what would be right."""

    path: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.message) if part)


class InvalidInput(GesmockError, ValueError):
    """Some input is wrong; *errors* has every error in it."""

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))

    @classmethod
    def at(cls, path: str, message: str) -> "InvalidInput":
        """An InvalidInput with a single error."""
        return cls([InputError(path, message)])


@contextmanager
def naming_file(file: str) -> Iterator[None]:
    """Add *file* to the errors of an InvalidInput that is raised inside."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(replace(error, file=file) for error in error.errors) from None


class NotFound(GesmockError, LookupError):
    """There is no job, graph, fault rule or project with this name."""


class Conflict(GesmockError, ValueError):
    """The input is valid, but clashes with the current state."""


class TimedOut(GesmockError, TimeoutError):
    """What was waited for has not happened in time, or can no longer happen."""


class ExpectationFailed(GesmockError, AssertionError):
    """An assertion about the requests does not hold."""
