"""Errors: the service's refusals, and the errors that a user of gesmock meets."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar


class GesmockError(Exception):
    """The base of every error that gesmock raises on purpose."""


# --- Refusals of the service ------------------------------------------------------------------


class GesError(GesmockError):
    """An error that the service answers with; the constructor's keywords fill *template*.

    *status* is the HTTP status in the ``page`` dialect; *status_setting* names the setting that
    overrides it. With *failed_result* the body always has ``"result": "failed"``. With *in_errors*,
    code and message are in ``errors[]``, as those of Cypher and GQL are. *failed_job* is the job
    whose failure the client learns of.
    """

    status: int = 400
    code: str
    template: ClassVar[str]
    status_setting: ClassVar[str | None] = None
    failed_result: bool = False
    in_errors: bool = False
    failed_job: str | None = None

    def __init__(self, **names: str) -> None:
        super().__init__(self.template.format_map(names))

    @property
    def message(self) -> str:
        return str(self)


class Refused(GesError):
    """A refusal with a code and message of its own, such as those of a call's page."""

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


class ParameterError(GesError):  # ges_03_0471, the only failure example of the job list
    code, template = "GES.8005", "Parameter error!"


class InvalidToken(GesError):  # missing, unknown or expired (ges_03_0110); the status: ges_03_0471
    status, code, template = 401, "GES.8007", "Invalid token."
    status_setting = "invalid_token_status"


class InvalidAccess(GesError):  # a token of another project (ges_03_0110, 2025 wording)
    status, code, template = 403, "GES.8006", "Invalid resource access."
    status_setting = "forbidden_status"


class NoPermission(GesError):  # ges_03_0110
    status, code, template = 403, "GES.8020", "The current user does not have permission."
    status_setting = "forbidden_status"


class UnknownGraph(GesError):  # the text: ges_03_0533; the status: the list of ges_03_0471
    status, code = 404, "GES.8000"
    template = (
        "Graph [{project_id}-{graph_name}] does not exist, please check project_id and graph_name."
    )
    status_setting = "unknown_graph_status"


class UnknownMemoryGraph(GesError):  # ges_03_0204, 2021 to 2025-03
    code, template, failed_result = "GES.8000", "graph : {graph_name} not exist", True


class UnknownHygGraph(GesError):  # ges_03_0533
    code, template, failed_result = "GES.8000", UnknownGraph.template, True


class UnknownJob(GesError):  # ges_03_0472
    code, template, failed_result = "GES.8301", "can not find job, jobId is {job_id}", True


class UnknownMemoryJob(UnknownJob):  # ges_03_0037
    failed_result = False


class AlgorithmFailed(GesError):  # it has no result (ges_03_0446)
    code, template = "GES.8301", "{reason}"

    def __init__(self, *, job_id: str, reason: str) -> None:
        super().__init__(reason=reason)
        self.failed_job = job_id


class UnknownJobToCancel(GesError):  # ges_03_0038, 2025
    code, template = "GES.8303", "Can not find job to cancel, jobId is {job_id}"


class JobHasEnded(GesError):  # ges_03_0038; the text: ges_03_0110
    code, template = "GES.8303", "Failed to terminate a job."


class NotCancellable(GesError):  # ges_03_0038; code and text are inferred
    code, template = "GES.8303", "Unsupported operation."


class UnknownUrl(GesError):  # ges_03_0122, the only documented 404 body of this plane
    status, code, template = 404, "GES.8000", "Not found. Please check the input parameters."


class WrongMethod(UnknownUrl):  # inferred: no page shows a 405, so the 404's text stands in
    status = 405


class JobQueryFailed(GesError):  # ges_03_0110
    status, code, template = 500, "GES.8302", "Job query error."


class EngineUnavailable(GesError):  # inferred for 503: ges_03_0110 lists the code under 500
    status, code, template = 503, "GES.8602", "Engine service unavailable."


class UnknownPreference(ParameterError):  # ``Prefer: code=...``; not the service's
    template = "Prefer: code={code}: {code!r} is not 200 or from 400 to 599."


class Overtaken(EngineUnavailable):  # not the service's
    template = "gesmock was reset while this request was on its way."


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
