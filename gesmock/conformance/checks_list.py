"""What has to hold of the job list."""

import json
import re
from itertools import pairwise
from typing import Any, Final

from gesmock.conformance.checks import RELATION, Checks
from gesmock.conformance.client import NO_JSON
from gesmock.conformance.contract import Contract
from gesmock.conformance.session import (
    LIST,
    Broken,
    Listed,
    NotApplicable,
    Session,
    follows,
    id_of,
)
from gesmock.raw_requests import without_secrets
from gesmock.statuses import EDITION_STATUSES, FINAL

CHECKS: Final = Checks()
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")


@CHECKS.add("ges_03_0471, ges_03_0204")
def list_has_its_shape(session: Session, contract: Contract) -> None:
    """The list has the documented keys, and no others, with values of their types."""
    name = "JobList" if session.edition == "database" else "MemoryJobList"
    answer = session.whole.answer
    if flaw := contract.flaw(name, answer.value):
        raise Broken(flaw, answer)
    [*keys] = answer.value
    wanted = ["jobs", "totalCount", "result"] if name == "JobList" else ["jobs", "result"]
    if [key for key in keys if key in wanted] != wanted:
        raise Broken(f"the keys stand in the order {', '.join(keys)}", answer)


@CHECKS.add(RELATION)
def ids_are_unique(session: Session, _: Contract) -> None:
    """No two jobs have one id."""
    ids = session.whole.ids
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise Broken(f"several jobs have the id {twice[0]}", session.whole.answer)


@CHECKS.add(RELATION)
def ids_are_stable(session: Session, _: Contract) -> None:
    """A list that is read again has the same jobs, in the same order."""
    first, second = session.page(limit=session.size), session.page(limit=session.size)
    new = [one for one in second.ids if one not in first.ids]
    kept = [one for one in second.ids if one in first.ids]
    if kept != [one for one in first.ids if one in second.ids] or (
        len(first.ids) - len(kept) > len(new)
    ):
        raise Broken("the jobs are others, or in another order", first.answer, second.answer)


@CHECKS.add("ges_03_0471, ges_03_0204, 2025")
def statuses_are_of_the_list(session: Session, _: Contract) -> None:
    """Each status is one that the edition has."""
    known = EDITION_STATUSES[session.edition]
    for job in session.some("", lambda _: True):
        if job.get("status") not in known:
            raise Broken(f"{job.get('status')!r} is none of {', '.join(known)}: {_shown(job)}")


@CHECKS.add(RELATION)
def pages_join_to_the_whole(session: Session, _: Contract) -> None:
    """Pages that are read one after the other are the list, each job once."""
    _several(session, 2)
    step = max(len(session.whole.jobs) // 3, 1)

    def read() -> list[Listed]:
        count = len(session.whole.jobs)
        return [session.page(limit=step, offset=at) for at in range(0, count, step)]

    whole, pages = session.steady(read)
    joined = [one for page in pages for one in page.ids][: len(whole.ids)]
    if joined != whole.ids[: len(joined)] or len(joined) < len(whole.ids):
        answers = [page.answer for page in pages[:2]]
        raise Broken(f"pages of {step} are not the list that comes at once", *answers)


@CHECKS.add("ges_03_0471: limit")
def limit_is_kept(session: Session, _: Contract) -> None:
    """No more jobs come back than limit says, and so many if there are."""
    for limit in (1, 2):
        page = session.page(limit=limit)
        if len(page.jobs) != min(limit, len(session.whole.jobs)):
            raise Broken(f"{len(page.jobs)} jobs came back, limit is {limit}", page.answer)


@CHECKS.add("ges_03_0471: offset")
def offset_leaves_out_the_first(session: Session, _: Contract) -> None:
    """With offset=1, the first job is left out."""
    _several(session, 2)
    whole, page = session.steady(lambda: session.page(limit=session.size, offset=1))
    if page.ids[: len(whole.ids) - 1] != whole.ids[1:]:
        raise Broken("it is not the list without its first job", page.answer)


@CHECKS.add("ges_03_0471: offset is 0 by default")
def offset_is_0_by_default(session: Session, _: Contract) -> None:
    """Without offset, the list begins with its first job."""
    whole, page = session.steady(lambda: session.page(limit=1, offset=0))
    if page.ids != whole.ids[:1]:
        raise Broken("offset=0 is another page than no offset", page.answer, whole.answer)


@CHECKS.add("ges_03_0471: limit is 100000 by default")
def limit_has_a_default(session: Session, _: Contract) -> None:
    """Without limit, no fewer jobs come back than with one."""
    whole, page = session.steady(lambda: session.page(offset=0))
    if len(page.jobs) < len(whole.jobs):
        raise Broken(f"{len(page.jobs)} came back, {len(whole.jobs)} with a limit", page.answer)


def _total(session: Session) -> int:
    if session.edition == "memory":
        raise NotApplicable("the memory edition tells no total")
    total = session.whole.total
    if not isinstance(total, int):
        raise Broken(f"totalCount is {total!r}, no number", session.whole.answer)
    return total


@CHECKS.add("ges_03_0471: totalCount; that it is before paging: inferred")
def total_counts_the_jobs(session: Session, _: Contract) -> None:
    """The totalCount is how many jobs the list has."""
    _total(session)
    offset = len(session.whole.jobs)
    whole, behind = session.steady(lambda: session.page(limit=1, offset=offset))
    count = len(whole.jobs)
    more = isinstance(whole.total, int) and whole.total > count
    if (whole.total != count and not more) or (count == offset and more != bool(behind.jobs)):
        raise Broken(f"totalCount is {whole.total}, of {count} jobs", whole.answer)


@CHECKS.add(RELATION, "inferred")
def total_does_not_depend_on_the_page(session: Session, _: Contract) -> None:
    """The totalCount is the same for every limit and offset."""
    _total(session)

    def read() -> list[Listed]:
        return [session.page(limit=1), session.page(limit=1, offset=1), session.page(offset=0)]

    whole, pages = session.steady(read)
    for page in pages:
        if page.total != whole.total:
            raise Broken(f"totalCount is {page.total}, and was {whole.total}", page.answer)


@CHECKS.add("documented nowhere", "inferred")
def behind_the_end_there_is_nothing(session: Session, _: Contract) -> None:
    """At an offset past the end, the list is empty."""
    page = session.page(limit=1, offset=2_000_000_000)
    if page.jobs:
        raise Broken("there are jobs behind the end", page.answer)


@CHECKS.add("documented nowhere", "inferred")
def unknown_parameters_are_ignored(session: Session, _: Contract) -> None:
    """A parameter that nobody knows makes no difference."""
    answer = session.get(LIST, "limit=1&gesmock=1")
    if answer.status != 200:
        raise Broken("it is refused", answer)


@CHECKS.add("ges_03_0471: rawRequest is compact JSON in a string")
def raw_requests_are_json(session: Session, _: Contract) -> None:
    """Each rawRequest is JSON in a string."""
    for job in session.some("with a rawRequest", _raw_request):
        if _parsed(job) is NO_JSON:
            raise Broken(f"it is no JSON: {_raw_request(job)!r:.200}")


def _parsed(job: dict[str, Any]) -> Any:
    try:
        return json.loads(_raw_request(job))
    except (TypeError, ValueError):
        return NO_JSON


def _raw_request(job: dict[str, Any]) -> Any:
    request = job.get("request")
    return (request if isinstance(request, dict) else job).get("rawRequest")


@CHECKS.add("examples of ges_03_0471 have no obsParameters", "inferred")
def raw_requests_have_no_secrets(session: Session, _: Contract) -> None:
    """No rawRequest shows storage keys."""
    for job in session.some("with a rawRequest", _raw_request):
        body = _parsed(job)
        if without_secrets(body) != body:
            raise Broken(f"the job {id_of(job)} shows storage keys")


@CHECKS.add("ges_03_0471: path and query")
def urls_are_paths(session: Session, _: Contract) -> None:
    """The url of a listed request is path and query, of this graph."""
    for job in session.some("with its request", lambda job: "request" in job):
        url = job["request"].get("url")
        if not isinstance(url, str) or not url.startswith("/"):
            raise Broken(f"it is no path: {url!r}")


@CHECKS.add("a job that has ended has ended", "inferred")
def what_is_final_stays(session: Session, _: Contract) -> None:
    """A job that has ended keeps its status, and none goes back."""
    before = {id_of(job): job.get("status") for job in session.whole.jobs}
    if not before:
        raise NotApplicable("no job is listed")
    after = session.page(limit=session.size)
    for job in after.jobs:
        was, status = before.get(id_of(job)), job.get("status")
        if id_of(job) in before and not follows(was, status):
            raise Broken(f"the job {id_of(job)} was {was}, and is {status}", after.answer)


@CHECKS.add("ges_03_0204, 2025-11-28")
def memory_items_are_in_themselves_right(session: Session, _: Contract) -> None:
    """Progress is 0 to 100; a reason has who failed, files has an import, canStop who goes on."""
    if session.edition == "database":
        raise NotApplicable("it is of the memory edition's list")
    for job in session.some("", lambda _: True):
        progress = str(job.get("progress"))
        times = [job[key] for key in ("startTime", "endTime") if job.get(key)]
        rules = {
            f"progress {progress} is not 0 to 100": progress.isdecimal() and int(progress) <= 100,
            "a job that has not failed has a failReason": "failReason" not in job
            or job.get("status") == "failed",
            "a job that is no import has files": "files" not in job
            or job.get("taskType") == "ImportGraph",
            "a job that has ended can be stopped": not (
                job.get("canStop") and job.get("status") in FINAL
            ),
            "it has ended before it began": all(a <= b for a, b in pairwise(times)),
            "a time is not like 2024-05-23 09:54:00": all(map(_TIME.fullmatch, times)),
        }
        for wrong, right in rules.items():
            if not right:
                raise Broken(f"{wrong}: {_shown(job)}")


def _several(session: Session, least: int) -> None:
    if len(session.whole.jobs) < least:
        raise NotApplicable(f"it takes {least} jobs, {len(session.whole.jobs)} are listed")


def _shown(job: dict[str, Any]) -> str:
    return json.dumps(job)[:200]
