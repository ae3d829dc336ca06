"""Errors: the service's refusals, and the errors that a user of gesmock meets."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace


class GesmockError(Exception):
    """The base of every error that gesmock raises on purpose."""


# --- Refusals of the service ------------------------------------------------------------------


class Refusal(Struct, frozen=True, forbid_unknown_fields=True):
    """The *code* and *message* of a refusal, and the page that has them (*source*).

    If there is a page, the dialect ``error_table`` replaces the message with that of its table.
    The names in braces in the message are filled in. *status* is the HTTP status, or the name of
    the setting that has it. With *failed_result* the body always has ``"result": "failed"``. With
    *in_errors*, code and message are in ``errors[]``, like those of Cypher and GQL.
    """

    code: str
    message: str
    source: str = ""
    status: int | str = 400
    failed_result: bool = False
    in_errors: bool = False


class GesError(GesmockError):
    """The service refuses a request; *names* fill the message of the *refusal*.

    *failed_job* is the id of the job whose failure the answer shows.
    """

    def __init__(self, refusal: Refusal, failed_job: str | None = None, **names: str) -> None:
        super().__init__(refusal.message.format_map(names) if names else refusal.message)
        self.refusal = refusal
        self.failed_job = failed_job


PARAMETER_ERROR: Final = Refusal("GES.8005", "Parameter error!", "ges_03_0471")
INVALID_TOKEN: Final = Refusal(  # missing, unknown or expired
    "GES.8007", "Invalid token.", "ges_03_0110", "invalid_token_status"
)
INVALID_ACCESS: Final = Refusal(  # a token of another project
    "GES.8006", "Invalid resource access.", "ges_03_0110 (2025)", "forbidden_status"
)
NO_PERMISSION: Final = Refusal(
    "GES.8020", "The current user does not have permission.", "ges_03_0110", "forbidden_status"
)
UNKNOWN_GRAPH: Final = Refusal(  # inferred for the memory edition
    "GES.8000",
    "Graph [{project_id}-{graph_name}] does not exist, please check projectId and graphName.",
    "ges_03_0440, ges_03_0442, ges_03_0454, ges_03_0458",
    "unknown_graph_status",
    failed_result=True,
)
UNKNOWN_HYG_GRAPH: Final = Refusal(
    "GES.8000",
    "Graph [{project_id}-{graph_name}] does not exist, please check project_id and graph_name.",
    "ges_03_0533",
    failed_result=True,
)
UNKNOWN_JOB: Final = Refusal(
    "GES.8301", "can not find job, jobId is {job_id}", "ges_03_0472", failed_result=True
)
UNKNOWN_MEMORY_JOB: Final = Refusal("GES.8301", UNKNOWN_JOB.message, "ges_03_0037")
ALGORITHM_FAILED: Final = Refusal("GES.8301", "{reason}", "ges_03_0446")
UNKNOWN_JOB_TO_CANCEL: Final = Refusal(
    "GES.8303", "Can not find job to cancel, jobId is {job_id}", "ges_03_0038 (2025)"
)
JOB_HAS_ENDED: Final = Refusal("GES.8303", "Failed to terminate a job.", "ges_03_0038, ges_03_0110")
NOT_CANCELLABLE: Final = Refusal("GES.8303", "Unsupported operation.", "ges_03_0038 (inferred)")
UNKNOWN_URL: Final = Refusal(  # the only documented 404 body of this plane (ges_03_0122)
    "GES.8000", "Not found. Please check the input parameters.", status=404
)
# Inferred: no page shows a 405.
WRONG_METHOD: Final = Refusal("GES.8000", UNKNOWN_URL.message, status=405)
JOB_QUERY_FAILED: Final = Refusal("GES.8302", "Job query error.", "ges_03_0110", 500)
ENGINE_UNAVAILABLE: Final = Refusal(  # inferred for 503: the page has the code under 500
    "GES.8602", "Engine service unavailable.", "ges_03_0110", 503
)

# These are not the service's.
OTHER_PLANE: Final = Refusal(
    "GES.8000", "This is a call of {plane}; gesmock serves the service plane only.", status=404
)
UNKNOWN_PREFERENCE: Final = Refusal(
    "GES.8005", "Prefer: code={code}: {code!r} is not 200 or from 400 to 599."
)
FULL_GRAPH: Final = Refusal(
    "GES.8005", "gesmock keeps no more submitted jobs and labels of this graph.", status=413
)
OVERTAKEN: Final = Refusal(
    "GES.8602", "gesmock was reset while this request was on its way.", status=503
)


# --- Errors of gesmock's own API ------------------------------------------------------------------

MOST_ERRORS: Final = 20
"""An InvalidInput has at most this many errors, and counts the others."""

MOST_COUNTED: Final = 1_000
"""At most this many errors are counted: finding each takes time."""

LONGEST_VALUE: Final = 200
"""A message shows at most this many characters of a value or a name."""


def shortened(text: str) -> str:
    """*text* as messages show it: cut to ``LONGEST_VALUE`` characters."""
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def listed(names: Collection[str]) -> str:
    """*names* as messages list them: the first ``MOST_ERRORS``, each shortened."""
    first = map(shortened, islice(names, MOST_ERRORS))
    return ", ".join([*first, "..."] if len(names) > MOST_ERRORS else first)


def one_line(text: str) -> str:
    """*text* on one line, with control characters escaped so that no terminal obeys them."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


class InputError(Struct, frozen=True):
    """An error in some input: where it is, the wrong value, and what would be right."""

    path: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.message) if part)


class InvalidInput(GesmockError, ValueError):
    """Some input is wrong; *errors* has the first errors in it, *more* counts the others.

    Counting stops at ``MOST_COUNTED`` errors in all.
    """

    def __init__(self, errors: Iterable[InputError], more: int = 0) -> None:
        remaining = iter(errors)
        self.errors = tuple(islice(remaining, MOST_ERRORS))
        most = MOST_COUNTED - MOST_ERRORS
        self.more = min(more + sum(1 for _ in islice(remaining, most)), most)
        lines = [*map(str, self.errors)]
        if self.more:
            at_least = "at least " if self.more == most else ""
            lines.append(f"and {at_least}{self.more} more")
        super().__init__("\n".join(lines))

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
        errors = (replace(each, file=file) for each in error.errors)
        raise InvalidInput(errors, error.more) from None


class NotFound(GesmockError, LookupError):
    """Nothing has the name or id that was asked for."""


class Conflict(GesmockError, ValueError):
    """The input is valid, but clashes with the current state."""


class TimedOut(GesmockError, TimeoutError):
    """Something that was waited for did not happen in time, or can no longer happen."""


class ExpectationFailed(GesmockError, AssertionError):
    """An assertion about the requests does not hold."""
