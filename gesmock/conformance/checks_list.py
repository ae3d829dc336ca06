"""What has to hold of the job list and its pages, also of a list that lives.

Between two requests, jobs may come, go and move on. What takes two answers to tell is told of a
window in which the list was seen to be the same before and after, or not at all.
"""

from collections import Counter
from typing import Final

from gesmock.conformance.checks import RELATION, Checks
from gesmock.conformance.listed import (
    Broken,
    Listed,
    NotApplicable,
    follows,
    id_of,
    is_count,
    listed,
)
from gesmock.conformance.session import LIST, TRIES, Session
from gesmock.contract.schemas import Contract

CHECKS: Final = Checks()


@CHECKS.add("ges_03_0471, ges_03_0204")
def list_has_its_shape(session: Session, contract: Contract) -> None:
    """The list has the documented keys, and no others, with values of their types."""
    name = "JobList" if session.edition == "database" else "MemoryJobList"
    answer = session.whole.answer
    if error := contract.error(name, answer.value):
        raise Broken(error, answer)


@CHECKS.add("examples of ges_03_0471 and ges_03_0204; JSON knows no order", "inferred")
def keys_stand_as_in_the_example(session: Session, _: Contract) -> None:
    """The keys of the list, and of its jobs, stand in the order of the example."""
    answer = session.whole.answer
    places = [(_KEYS, answer.value)]
    if session.edition == "database":
        places += [(_JOB_KEYS, job) for job in session.whole.jobs]
    for wanted, place in places:
        keys = [key for key in place if key in wanted]
        if keys != sorted(keys, key=wanted.index):
            raise Broken(f"the keys stand in the order {', '.join(keys)}", answer)


_KEYS: Final = ("jobs", "totalCount", "result")
_JOB_KEYS: Final = ("jobId", "status", "request")


@CHECKS.add(RELATION)
def ids_are_unique(session: Session, _: Contract) -> None:
    """No two jobs have one id."""
    for one, count in Counter(session.whole.ids).most_common(1):
        if count > 1:
            raise Broken(f"{count} jobs have the id {one!r}", session.whole.answer)


@CHECKS.add(RELATION)
def ids_are_stable(session: Session, _: Contract) -> None:
    """A list that is read again has the same jobs, in the same order."""
    pages = [session.page(limit=session.size)]
    for _turn in range(TRIES):
        pages.append(session.page(limit=session.size))
        first, second = pages[-2:]
        if first.ids == second.ids:
            return
        if sorted(map(repr, first.seen)) == sorted(map(repr, second.seen)):
            raise Broken("the same jobs stand in another order", first.answer, second.answer)
    counts = {(len(page.ids), repr(page.total)) for page in pages}
    ids = [one for page in pages for one in {*page.ids}]
    if len(counts) == 1 and len(ids) == len({*ids}):
        raise Broken("each time, all jobs are others", pages[0].answer, pages[1].answer)
    raise NotApplicable("the list changes faster than it can be read")


@CHECKS.add(RELATION)
def pages_join_to_the_whole(session: Session, _: Contract) -> None:
    """Pages that are read one after the other are the list, each job once."""
    _several(session, 2)
    step = max(len(session.whole.jobs) // 3, 1)

    def read() -> list[Listed]:
        return [session.part(step, at) for at in range(0, len(session.whole.jobs), step)]

    whole, pages = session.steady(read)
    joined = [one for page in pages for one in page.ids]
    wanted = whole.ids[: len(session.whole.jobs)]
    if joined[: len(wanted)] != wanted or len(joined) > len(pages) * step:
        _unpaged(session, whole)
        answers = [page.answer for page in pages[:2]]
        raise Broken(f"pages of {step} are not the list that comes at once", *answers)


@CHECKS.add("ges_03_0471: limit")
def limit_is_kept(session: Session, _: Contract) -> None:
    """No more jobs come back than limit says, and so many if there are."""
    count = len(session.whole.jobs)
    limits = {one for one in (1, 2, 4, count // 2, count - 1) if 1 <= one <= session.size}

    def read() -> list[tuple[int, Listed]]:
        return [(limit, session.page(limit=limit)) for limit in sorted(limits)]

    whole, pages = session.steady(read)
    for limit, page in pages:
        if len(page.jobs) != min(limit, len(whole.jobs)):
            _unpaged(session, whole)
            told = f"limit is {limit}, and {len(page.jobs)} of {len(whole.jobs)} jobs came back"
            raise Broken(told, page.answer)


@CHECKS.add("ges_03_0471: offset")
def offset_leaves_out_the_first(session: Session, _: Contract) -> None:
    """With offset=1, the first job is left out."""
    _several(session, 2)
    whole, page = session.steady(lambda: session.part(session.size, 1))
    if page.ids[: len(whole.ids) - 1] != whole.ids[1:]:
        _unpaged(session, whole)
        raise Broken("it is not the list without its first job", page.answer)


@CHECKS.add("ges_03_0471: offset is 0 by default")
def offset_is_0_by_default(session: Session, _: Contract) -> None:
    """Without offset, the list begins with its first job."""
    whole, page = session.steady(lambda: session.page(limit=1, offset=0))
    if page.ids[:1] != whole.ids[:1]:
        raise Broken("offset=0 is another page than no offset", page.answer, whole.answer)


@CHECKS.add("ges_03_0471: limit is 100000 by default")
def limit_has_a_default(session: Session, _: Contract) -> None:
    """Without limit, no fewer jobs come back than with one."""
    whole, page = session.steady(lambda: session.page(offset=0))
    if len(page.jobs) < len(whole.jobs):
        raise Broken(f"{len(page.jobs)} came back, {len(whole.jobs)} with a limit", page.answer)


def _total(session: Session, page: Listed) -> int:
    """The totalCount. Raises NotApplicable where there is none, Broken where it is no number."""
    if session.edition == "memory" or page.total is None:
        raise NotApplicable("the list tells no total, as copies before 2025 and ges_03_0204")
    if not is_count(page.total):
        raise Broken(f"totalCount is {page.total!r}, no number", page.answer)
    return page.total


@CHECKS.add("ges_03_0471: totalCount; that it is before paging: inferred")
def total_counts_the_jobs(session: Session, _: Contract) -> None:
    """The totalCount is how many jobs the list has."""

    def read() -> tuple[int, Listed, Listed]:
        total = _total(session, session.page(limit=session.size))
        return total, session.part(1, max(total - 1, 0)), session.part(1, total)

    whole, (total, last, behind) = session.steady(read)
    count = len(whole.jobs)
    if total < count:
        raise Broken(f"totalCount is {total}, of {count} jobs", whole.answer)
    if total > count and {*last.ids} <= {*whole.ids}:
        raise Broken(f"totalCount is {total}, and no job follows the first {count}", last.answer)
    # Past the end, a list may be empty, be refused, or begin anew (no page says): only another
    # job shows that it goes on.
    if total == count and not {*behind.ids} <= {*whole.ids}:
        raise Broken(f"totalCount is {total}, and another job follows", behind.answer)


@CHECKS.add(RELATION, "inferred")
def total_does_not_depend_on_the_page(session: Session, _: Contract) -> None:
    """The totalCount is the same for every limit and offset."""
    _total(session, session.whole)

    def read() -> list[Listed]:
        return [session.page(limit=1), session.part(1, 1), session.page(offset=0)]

    whole, pages = session.steady(read)
    for page in pages:
        if page.answer.status == 200 and page.total != whole.total:
            raise Broken(f"totalCount is {page.total}, and was {whole.total}", page.answer)


@CHECKS.add("documented nowhere", "inferred")
def behind_the_end_there_is_nothing(session: Session, _: Contract) -> None:
    """At an offset past the end, the list is empty."""
    page = session.part(1, 2_000_000_000)
    if page.answer.status != 200:
        raise Broken("such an offset is refused", page.answer)
    if page.jobs:
        raise Broken("there are jobs behind the end", page.answer)


@CHECKS.add("documented nowhere", "inferred")
def unknown_parameters_are_ignored(session: Session, _: Contract) -> None:
    """A parameter that nobody knows makes no difference."""
    whole, answer = session.steady(
        lambda: session.ask(
            "GET", session.target.path(LIST), f"limit={session.size}&gesmock=1", documented=False
        )
    )
    if listed(answer).ids != whole.ids:
        raise Broken("it makes one", answer)


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


def _several(session: Session, least: int) -> None:
    if len(session.whole.jobs) < least:
        raise NotApplicable(f"it takes {least} jobs, {len(session.whole.jobs)} are listed")


def _unpaged(session: Session, whole: Listed) -> None:
    """Raise NotApplicable for a list of old that knows neither parameter (ges_03_0204, 2021)."""
    if session.of_old and session.part(1, 1).ids == whole.ids:
        raise NotApplicable("limit and offset are ignored, as by large graphs of 2021")
