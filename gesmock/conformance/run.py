"""A run: holds every check against a target, and probes what the documentation leaves open."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from gesmock.conformance import checks_jobs as jobs
from gesmock.conformance import checks_list as lists
from gesmock.conformance import checks_refusals as refusals
from gesmock.conformance import checks_writes as writes
from gesmock.conformance.probes import Probe, probe, settings_of, shape_settings
from gesmock.contract.schemas import Contract
from gesmock.remote.http import Unreachable
from gesmock.remote.session import CheckFailed, Session, Skipped

State = Literal["passed", "failed", "deviation", "skipped"]

_RELATION: Final = "holds for any jobs"


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """A function that raises CheckFailed or Skipped; the first line of its docstring is the rule.

    *source* is where the rule is documented. A target that breaks an *inferred* rule only deviates.
    Checks that make jobs have *writes*.
    """

    run: Callable[[Session, Contract], None]
    source: str
    inferred: bool = False
    writes: bool = False

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.run.__name__

    @property
    def rule(self) -> str:
        """What must hold, in a sentence."""
        return (self.run.__doc__ or "").partition("\n")[0]

    @property
    def fidelity(self) -> Literal["documented", "inferred"]:
        """How certain the rule is."""
        return "inferred" if self.inferred else "documented"


CHECKS: Final[tuple[ServiceCheck, ...]] = (
    ServiceCheck(lists.list_has_documented_shape, "ges_03_0471, ges_03_0204"),
    ServiceCheck(
        lists.keys_are_in_example_order,
        "examples of ges_03_0471 and ges_03_0204; JSON objects are unordered",
        inferred=True,
    ),
    ServiceCheck(lists.ids_are_unique, _RELATION),
    ServiceCheck(lists.ids_are_stable, _RELATION),
    ServiceCheck(lists.pages_add_up_to_the_list, _RELATION),
    ServiceCheck(lists.limit_is_respected, "ges_03_0471: limit"),
    ServiceCheck(lists.offset_skips_jobs, "ges_03_0471: offset"),
    ServiceCheck(lists.offset_defaults_to_0, "ges_03_0471: offset is 0 by default"),
    ServiceCheck(lists.limit_defaults_to_the_maximum, "ges_03_0471: limit is 100000 by default"),
    ServiceCheck(
        lists.total_is_the_number_of_jobs,
        "ges_03_0471: totalCount; that it counts before paging is inferred",
    ),
    ServiceCheck(lists.total_is_independent_of_the_page, _RELATION, inferred=True),
    ServiceCheck(lists.list_is_empty_past_its_end, "undocumented", inferred=True),
    ServiceCheck(lists.unknown_parameters_are_ignored, "undocumented", inferred=True),
    ServiceCheck(lists.final_statuses_are_final, _RELATION, inferred=True),
    ServiceCheck(lists.statuses_are_documented, "ges_03_0471, ges_03_0204, 2025"),
    ServiceCheck(lists.raw_requests_are_json, "ges_03_0471: rawRequest is JSON in a string"),
    ServiceCheck(
        lists.raw_requests_are_compact, "examples of ges_03_0471 and ges_03_0204", inferred=True
    ),
    ServiceCheck(
        lists.requests_show_no_storage_keys,
        "examples of ges_03_0471 have no obsParameters",
        inferred=True,
    ),
    ServiceCheck(lists.urls_are_paths, "ges_03_0471: path and query"),
    ServiceCheck(lists.urls_name_this_graph, "examples of ges_03_0471", inferred=True),
    ServiceCheck(lists.memory_jobs_are_consistent, "ges_03_0204, 2025-11-28"),
    ServiceCheck(jobs.job_status_agrees_with_list, "ges_03_0472, ges_03_0037"),
    ServiceCheck(jobs.job_has_documented_shape, "ges_03_0472, ges_03_0037"),
    ServiceCheck(
        jobs.only_successful_jobs_have_results,
        "ges_03_0472: data is empty where the query fails",
        inferred=True,
    ),
    ServiceCheck(jobs.results_are_paged, "ges_03_0037: offset and limit page the rows of a result"),
    ServiceCheck(jobs.results_are_stable, _RELATION),
    ServiceCheck(jobs.unknown_jobs_are_refused, "ges_03_0472, ges_03_0037: GES.8301"),
    ServiceCheck(
        writes.submitted_jobs_run_to_an_end,
        "ges_03_0471, ges_03_0472 and the page of the call",
        writes=True,
    ),
    ServiceCheck(writes.jobs_can_be_cancelled, "ges_03_0038", writes=True),
    ServiceCheck(writes.cancelled_jobs_end, "undocumented", inferred=True, writes=True),
    ServiceCheck(writes.cancelling_an_unknown_job_is_refused, "ges_03_0038: GES.8303", writes=True),
    ServiceCheck(writes.invalid_bodies_are_refused, "the page of the call", writes=True),
    ServiceCheck(
        writes.unsupported_methods_are_refused, "undocumented", inferred=True, writes=True
    ),
    # Last, since some of these look at all answers so far.
    ServiceCheck(
        refusals.invalid_numbers_are_refused,
        "ges_03_0471: 400 GES.8005; no page says for which values",
        inferred=True,
    ),
    ServiceCheck(
        refusals.unknown_graphs_are_refused,
        "status list of ges_03_0471, or ges_03_0110; messages: ges_03_0533, ges_03_0204",
    ),
    ServiceCheck(
        refusals.invalid_projects_are_refused,
        "ges_03_0471: 1 to 64 letters and digits; how others are refused is inferred",
        inferred=True,
    ),
    ServiceCheck(
        refusals.unknown_urls_are_refused, "ges_03_0122; inferred for other URLs", inferred=True
    ),
    ServiceCheck(
        refusals.invalid_tokens_are_refused,
        "ges_03_0110: GES.8007, or GES.8005 by its advice; status list of ges_03_0471",
    ),
    ServiceCheck(
        refusals.anonymous_requests_are_refused,
        "ges_03_0121: mandatory up to 2025-08; how they are refused is inferred",
        inferred=True,
    ),
    ServiceCheck(refusals.refusals_have_documented_shape, "ges_03_0471"),
    ServiceCheck(
        refusals.refusals_have_documented_statuses, "ges_03_0110, and the statuses of every page"
    ),
    ServiceCheck(refusals.codes_match_their_statuses, "ges_03_0110"),
    ServiceCheck(refusals.answers_are_json, "ges_03_0121: application/json"),
    ServiceCheck(refusals.head_equals_get_without_body, "RFC 9110, 9.3.2", inferred=True),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a *check* ended; *detail* says why, unless it passed."""

    check: ServiceCheck
    state: State
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run against the graph at *target*, for which *requests* were sent."""

    target: str
    outcomes: tuple[Outcome, ...]
    probes: tuple[Probe, ...]
    requests: int
    seconds: float

    def count(self, state: State) -> int:
        """The number of checks with this outcome."""
        return sum(outcome.state == state for outcome in self.outcomes)

    def passed(self, *, strict: bool = False) -> bool:
        """Whether no check failed; *strict* counts deviations as failures."""
        return not (self.count("failed") or (strict and self.count("deviation")))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which gesmock answers alike, as far as they were found."""
        return settings_of([*self.probes])

    @property
    def empty(self) -> bool:
        """Whether all documented checks were skipped."""
        return all(it.check.inferred or it.state == "skipped" for it in self.outcomes)


def run(session: Session, progress: Callable[[Outcome], None] = lambda _: None) -> Report:
    """Run all checks and probes; calls *progress* after each check.

    Raises what ``Session.begin`` does.
    """
    started = time.monotonic()
    session.begin()
    contract = Contract(shape_settings(session))
    outcomes = []
    for check in CHECKS:
        if check.writes and session.submit is None:
            continue
        outcomes.append(run_check(check, session, contract))
        progress(outcomes[-1])
    target, probes = session.target, tuple(probe(session))
    return Report(
        target=target.url + target.path(),
        outcomes=tuple(outcomes),
        probes=probes,
        requests=session.client.requests,
        seconds=time.monotonic() - started,
    )


def run_check(check: ServiceCheck, session: Session, contract: Contract) -> Outcome:
    """Run one check."""
    started = time.monotonic()
    state, detail = _state_and_detail(check, session, contract)
    return Outcome(check, state, session.redact(detail), time.monotonic() - started)


def _state_and_detail(
    check: ServiceCheck, session: Session, contract: Contract
) -> tuple[State, object]:
    try:
        if check.writes:
            _ = session.submission  # raises Skipped where writing is not allowed
        check.run(session, contract)
    except Skipped as error:
        return "skipped", error
    except (CheckFailed, Unreachable) as error:
        return "deviation" if check.inferred else "failed", error
    except RecursionError:
        return "deviation" if check.inferred else "failed", "an answer is nested too deeply"
    return "passed", ""
