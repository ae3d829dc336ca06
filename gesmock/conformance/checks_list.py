"""Checks of the job list: its pages, and each listed job by itself.

Jobs may come, go and progress between two requests. A check that compares several answers counts
only if the list was the same before and after them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from gesmock.conformance import answers
from gesmock.conformance.answers import follows, request_of, require, skip_if, status_of
from gesmock.conformance.probes import ProbedSession
from gesmock.fake import routes
from gesmock.model.secrets import is_storage_key
from gesmock.model.types import EDITION_STATUSES, FINAL
from gesmock.remote.client import NOT_JSON, ServerReply, json_value
from gesmock.remote.session import (
    LIST,
    MOST_JOBS,
    TRIES,
    CheckFailed,
    ListedJobs,
    Skipped,
    id_of,
    is_count,
    listed_jobs,
)

_FAR: Final = 2_000_000_000
"""An offset past the end of any list."""

_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


# --- The list and its pages -----------------------------------------------------------------------


def list_has_documented_shape(session: ProbedSession) -> None:
    first = session.get(LIST, "limit=1")
    require(isinstance(first.fields.get("jobs"), list), "jobs is not a list", first)
    name = "JobList" if session.edition == "database" else "MemoryJobList"
    error = session.contract.error(session.whole.reply.value, name)
    require(not error, str(error), session.whole.reply)


def keys_are_in_example_order(session: ProbedSession) -> None:
    reply = session.whole.reply
    objects = [(("jobs", "totalCount", "result"), reply.value)]
    if session.edition == "database":
        objects += [(("jobId", "status", "request"), job) for job in session.whole.jobs]
    for order, value in objects:
        keys = [key for key in value if key in order]
        in_order = keys == sorted(keys, key=order.index)
        require(in_order, f"the keys are in the order {', '.join(keys)}", reply)


def ids_are_unique(session: ProbedSession) -> None:
    for job_id, count in Counter(session.whole.ids).most_common(1):
        require(count == 1, f"{count} jobs have the id {job_id!r}", session.whole.reply)


def ids_are_stable(session: ProbedSession) -> None:
    pages = [session.page(limit=session.page_size)]
    for _try in range(TRIES):
        pages.append(session.page(limit=session.page_size))
        first, second = pages[-2:]
        if first.ids == second.ids:
            return
        same_jobs = sorted(map(repr, first.state)) == sorted(map(repr, second.state))
        require(not same_jobs, "the same jobs are in another order", first.reply, second.reply)
    counts = {(len(page.ids), repr(page.total)) for page in pages}
    ids = [job_id for page in pages for job_id in {*page.ids}]
    differ = len(counts) == 1 and len(ids) == len({*ids})
    require(not differ, "all jobs are different each time", pages[0].reply, pages[1].reply)
    raise Skipped("the list changes faster than it can be read")


def pages_add_up_to_the_list(session: ProbedSession) -> None:
    count = _at_least_two_jobs(session)
    step = max(count // 3, 1)
    whole, pages = session.while_unchanged(
        lambda: [session.page_at(step, offset) for offset in range(0, count, step)]
    )
    joined = [job_id for page in pages for job_id in page.ids]
    expected = whole.ids[:count]
    if joined[: len(expected)] != expected or len(joined) > len(pages) * step:
        why = f"pages of {step} jobs do not add up to the whole list"
        raise _paging_failure(session, whole, why, *(page.reply for page in pages[:2]))
    if count == session.page_size:  # more may follow
        _require_deep_pages(session)


def _require_deep_pages(session: ProbedSession) -> None:
    """Raise CheckFailed if pages far behind the first differ from the list without limit."""

    def read() -> tuple[ListedJobs, dict[int, ListedJobs]]:
        unlimited = session.page(offset=0)
        count = len(unlimited.jobs)
        offsets = {session.page_size, count // 2, 3 * count // 4, count - 1}
        return unlimited, {offset: session.page_at(2, offset) for offset in offsets}

    _whole, (unlimited, pages) = session.while_unchanged(read)
    for offset, page in pages.items():
        expected = unlimited.ids[offset : offset + 2]
        same = page.ids[: len(expected)] == expected
        require(same, f"these are not the jobs from {offset} on", page.reply)


def limit_is_respected(session: ProbedSession) -> None:
    count = len(session.whole.jobs)
    limits = {at for at in (1, 2, 4, count // 2, count - 1) if 1 <= at <= session.page_size}
    whole, pages = session.while_unchanged(
        lambda: {limit: session.page(limit=limit) for limit in sorted(limits)}
    )
    for limit, page in pages.items():
        if len(page.jobs) != min(limit, len(whole.jobs)):
            why = f"limit is {limit}, and {len(page.jobs)} of {len(whole.jobs)} jobs were returned"
            raise _paging_failure(session, whole, why, page.reply)
    if len(whole.jobs) == session.page_size:  # more may follow
        _require_all(session, limit=MOST_JOBS)


def offset_skips_jobs(session: ProbedSession) -> None:
    _at_least_two_jobs(session)
    whole, page = session.while_unchanged(lambda: session.page_at(session.page_size, 1))
    if page.ids[: len(whole.ids) - 1] != whole.ids[1:]:
        why = "this is not the list without its first job"
        raise _paging_failure(session, whole, why, page.reply)


def offset_defaults_to_0(session: ProbedSession) -> None:
    whole, page = session.while_unchanged(lambda: session.page(limit=1, offset=0))
    same = page.ids[:1] == whole.ids[:1]
    require(same, "offset=0 and no offset differ", page.reply, whole.reply)


def limit_defaults_to_the_maximum(session: ProbedSession) -> None:
    for window in ({"offset": 0}, {}):
        whole, page = _require_all(session, **window)
        same = page.ids[: len(whole.ids)] == whole.ids
        require(same, "the list with a limit has other jobs", page.reply, whole.reply)


def _require_all(session: ProbedSession, **window: int) -> tuple[ListedJobs, ListedJobs]:
    """The list, and its jobs in *window*. Raises CheckFailed if jobs follow these."""

    def read() -> tuple[ListedJobs, ListedJobs]:
        page = session.page(**window)
        return page, session.page_at(1, len(page.jobs))

    whole, (page, after) = session.while_unchanged(read)
    complete = len(page.jobs) >= MOST_JOBS or {*after.ids} <= {*page.ids}
    require(complete, f"only {len(page.jobs)} jobs are returned, and others follow", page.reply)
    return whole, page


def total_is_the_number_of_jobs(session: ProbedSession) -> None:

    def read() -> tuple[int, ListedJobs, ListedJobs]:
        total = _total(session, session.page(limit=session.page_size))
        return total, session.page_at(1, max(total - 1, 0)), session.page_at(1, total)

    whole, (total, last, after) = session.while_unchanged(read)
    count, ids = len(whole.jobs), {*whole.ids}
    why = f"totalCount is {total}, but "
    require(total >= count, f"{why}there are {count} jobs", whole.reply)
    repeats = {*last.ids} <= ids
    require(total == count or not repeats, f"{why}there are only {count} jobs", last.reply)
    # Past its end, a list may be empty, be refused, or start over (no page says): only a new job
    # shows that it continues.
    require(total > count or {*after.ids} <= ids, f"{why}another job follows", after.reply)


def total_is_independent_of_the_page(session: ProbedSession) -> None:
    total = _total(session, session.whole)
    parts = {total // 4, total // 2, 3 * total // 4}
    offsets = {1, session.page_size, *parts, max(total - 1, 0), total, total + 1, _FAR}

    def read() -> Iterator[ListedJobs]:
        yield session.page(limit=1)
        for offset in sorted(offsets):
            yield session.page_at(1, offset)
        yield session.page_at(session.page_size, max(total - 2, 0))
        yield session.page(offset=0)

    whole, pages = session.while_unchanged(lambda: [*read()])
    for page in pages:
        same = page.reply.status != 200 or page.total == whole.total
        require(same, f"totalCount is {page.total}, not {whole.total}", page.reply)


def list_is_empty_past_its_end(session: ProbedSession) -> None:
    page = session.page_at(1, _FAR)
    require(page.reply.status == 200, "the offset is refused", page.reply)
    require(not page.jobs, "there are jobs past the end", page.reply)


def unknown_parameters_are_ignored(session: ProbedSession) -> None:
    query = f"limit={session.page_size}&gesmock=1"
    whole, reply = session.while_unchanged(
        lambda: session.ask("GET", session.target.path(LIST), query, documented=False)
    )
    require(listed_jobs(reply).ids == whole.ids, "the parameter makes a difference", reply)


def final_statuses_are_final(session: ProbedSession) -> None:
    for job_id, job, later, reply in _histories(session):
        before, after = job.get("status"), later.get("status")
        require(follows(before, after), f"the job {job_id} was {before}, and is {after}", reply)


def progress_never_falls(session: ProbedSession) -> None:
    skip_if(session.edition == "database", "only the memory edition lists the progress")
    for job_id, job, later, reply in _histories(session):
        before, after = (str(it.get("progress")) for it in (job, later))
        falls = before.isdecimal() and after.isdecimal() and int(after) < int(before)
        require(not falls, f"the progress of {job_id} was {before}, and is {after}", reply)


def _histories(
    session: ProbedSession,
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], ServerReply]]:
    """The jobs of each answer that an earlier one had: id, the job then, the job now, the answer.

    Lists and answers about a single job are not compared with each other: they may have different
    words for the same end.
    """
    session.jobs_with()
    session.page(limit=session.page_size)
    latest: dict[tuple[bool, str], dict[str, Any]] = {}
    for reply in session.replies:
        job_id = answers.job_id_of(reply)
        jobs = reply.fields.get("jobs") if job_id is None else [{"status": status_of(reply)}]
        for job in jobs if isinstance(jobs, list) else ():
            if isinstance(job, dict) and job.get("status") is not None:
                key = (job_id is None, id_of(job) if job_id is None else job_id)
                if key in latest:
                    yield key[1], latest[key], job, reply
                latest[key] = job


def _total(session: ProbedSession, page: ListedJobs) -> int:
    """The totalCount. Raises Skipped if there is none, CheckFailed if it is not a number."""
    if session.edition == "memory" or page.total is None:
        raise Skipped(
            "the list has no totalCount: the memory edition's page and pages before 2025 have none"
        )
    if not is_count(page.total):
        raise CheckFailed(f"totalCount is {page.total!r}, which is not a number", page.reply)
    return page.total


def _at_least_two_jobs(session: ProbedSession) -> int:
    count = len(session.whole.jobs)
    skip_if(count < 2, f"this needs 2 jobs; {count} are listed")
    return count


def _paging_failure(
    session: ProbedSession, whole: ListedJobs, why: str, *replies: ServerReply
) -> CheckFailed | Skipped:
    """CheckFailed; Skipped for a target that is like the large graphs of 2021."""
    if session.is_pre_2025 and session.page_at(1, 1).ids == whole.ids:
        ignored = "limit and offset are ignored, as by large graphs in 2021"
        return Skipped(ignored)
    return CheckFailed(why, *replies)


# --- Listed jobs ----------------------------------------------------------------------------------


def statuses_are_documented(session: ProbedSession) -> None:
    statuses = EDITION_STATUSES[session.edition]
    session.jobs_with()
    for reply in session.replies:
        jobs = reply.fields.get("jobs")
        for job in jobs if isinstance(jobs, list) else ():
            if not isinstance(job, dict) or job.get("status") not in statuses:
                expected = ", ".join(statuses)
                raise CheckFailed(f"a status is not one of {expected}: {session.excerpt(job)}")


def raw_requests_are_json(session: ProbedSession) -> None:
    for text in _raw_requests(session):
        if not isinstance(text, str) or json_value(text.encode()) is NOT_JSON:
            raise CheckFailed(f"a rawRequest is not JSON: {session.excerpt(text)}")


def raw_requests_are_compact(session: ProbedSession) -> None:
    for text in _raw_requests(session):
        if re.search(r"\s", _JSON_STRING.sub('""', str(text))):
            raise CheckFailed(f"a rawRequest is not compact: {session.excerpt(text)}")


def requests_show_no_storage_keys(session: ProbedSession) -> None:
    jobs = session.jobs_with("with its request", lambda job: request_of(job) or _raw_request(job))
    for job in jobs:
        query = str(request_of(job).get("url")).partition("?")[2]
        values = [dict(parse_qsl(query, keep_blank_values=True)), _raw_request(job)]
        if _has_storage_keys([*values, request_of(job).get("body")]):
            raise CheckFailed(f"the job {id_of(job)} shows storage keys")


def urls_are_paths(session: ProbedSession) -> None:
    for job in session.jobs_with("with its request", request_of):
        url = request_of(job).get("url")
        if not isinstance(url, str) or not url.startswith("/") or url.startswith("//"):
            raise CheckFailed(f"a url is not a path: {session.excerpt(url)}")


def urls_name_this_graph(session: ProbedSession) -> None:
    names = (session.target.project_id, session.target.graph)
    for job in session.jobs_with("with its request", request_of):
        url = str(request_of(job).get("url"))
        parts = routes.split(url)
        named = parts and (unquote(parts.project_id), unquote(parts.graph_name))
        if parts is None or parts.before or named != names:
            raise CheckFailed(f"a url names another graph: {session.excerpt(url)}")


def memory_jobs_are_consistent(session: ProbedSession) -> None:
    skip_if(session.edition == "database", "this is about the memory edition's list")
    for job in session.jobs_with():
        progress, status = str(job.get("progress")), job.get("status")
        start, end = (str(job.get(key) or "") for key in ("startTime", "endTime"))
        contradictions = {
            f"progress {progress} is not 0 to 100": not re.fullmatch("100|[1-9]?[0-9]", progress),
            "a job that has not failed has a failReason": job.get("failReason")
            and status != "failed",
            "a job that is not an import has files": job.get("files")
            and job.get("taskType") != "ImportGraph",
            "a job that has ended can be stopped": job.get("canStop") and status in FINAL,
            # Either dates or timestamps, both in the same form.
            "a job that has ended has no endTime": status in FINAL and not end,
            "a job that has not ended has an endTime": status in ("pending", "running") and end,
            "a job ends before it starts": end and len(end) == len(start) and end < start,
        }
        for contradiction, applies in contradictions.items():
            if applies:
                raise CheckFailed(f"{contradiction}: {session.excerpt(job)}")


def _raw_request(job: dict[str, Any]) -> Any:
    return (request_of(job) or job).get("rawRequest")


def _raw_requests(session: ProbedSession) -> list[Any]:
    return [_raw_request(job) for job in session.jobs_with("with a rawRequest", _raw_request)]


def _has_storage_keys(value: Any) -> bool:
    """Whether an object has them, in *value* or in the JSON of one of its strings."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str) and "{" in item:
            item = json_value(item.encode())
        if isinstance(item, dict):
            if any(map(is_storage_key, item)):
                return True
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return False
