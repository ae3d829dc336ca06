"""Records a server's job list as a fixture file: page by page, without secrets, under other names.

What has been read is stored beside the file, so that an interrupted recording can be resumed.
"""

import os
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

import msgspec

from gesmock.fake import fixtures, routes
from gesmock.model import validation
from gesmock.model.errors import GesmockError, one_line
from gesmock.model.listed_requests import without_secrets
from gesmock.model.secrets import Secrets, compact, is_storage_key
from gesmock.model.types import FINAL
from gesmock.remote.client import NOT_JSON, json_value
from gesmock.remote.http import Unresponsive
from gesmock.remote.session import (
    LIST,
    ListedJob,
    ListedJobs,
    Session,
    id_of,
    is_count,
    listed_jobs,
)

ReadSoFar = tuple[int, int | None]
"""How many jobs have been read, and of how many, if that is known."""


class CannotRecord(GesmockError):
    """Why the list cannot be recorded."""


class Recorder:
    """Records the list of *session*, *session.most* jobs at a time, in the file *output*.

    With *most*, only the first jobs are recorded. *as_project* and *as_graph* replace the names of
    the target's project and graph. *notes* say how the list changed while it was read; *exact* says
    whether gesmock would serve it in the same bytes.
    """

    def __init__(
        self,
        session: Session,
        output: Path,
        *,
        most: int | None = None,
        as_project: str | None = None,
        as_graph: str | None = None,
    ) -> None:
        target = session.target
        self.exact = True
        self.notes: list[str] = []
        self._session = session
        self._secrets = Secrets(target.sign_in.secrets)
        self._page_size, self._most = session.most, most
        self._project = (target.project_id, as_project or target.project_id)
        self._graph = (target.graph, as_graph or target.graph)
        self._limit_works = True
        self._total: int | None = None
        """The first totalCount of this reading."""
        self._total_misleads = False
        source = target.url + target.path()
        self.part = PartFile(output.with_name(f"{output.name}.part"), source)

    def read(self) -> Iterator[ReadSoFar]:
        """Read the list, and yield after each page.

        If it changes too much meanwhile, it is read again from the start, once. Raises
        CannotRecord, Unreachable, NoJobList, CheckFailed, Skipped.
        """
        try:
            first = self._session.begin()
            if first is not None and first.jobs and self._session.edition == "memory":
                raise CannotRecord(
                    "a list of the memory edition lacks the requests of its jobs: "
                    "it cannot be served"
                )
            self._limit_works = first is None or len(first.jobs) < 2  # one was asked for
            resumed = self._resume() if self.part.jobs else ""
            if (yield from self._read_pages()):
                if resumed:
                    self.notes.append(resumed)
                return
            self.notes.append("it changed too much, and was read again from the start")
            self.part.clear()
            if not (yield from self._read_pages()):
                raise CannotRecord(
                    "the list changes faster than it can be read, "
                    f"{self._page_size} jobs at a time; a larger --page may help"
                )
        except RecursionError:
            raise CannotRecord("an answer is nested too deeply") from None

    def fixture(self) -> bytes:
        """The fixture file's content. Raises InvalidInput if gesmock cannot serve such jobs."""
        jobs, rename = self.part.jobs[: self._most], Renaming(self._project, self._graph)
        state: dict[str, Any] = {
            "project_id": self._project[1],
            "graphs": {
                self._graph[1]: {"jobs": [rename.renamed_job(_listed(job)) for job in jobs]}
            },
        }
        keys = {tuple(key for key in _ID_KEYS if key in job) for job in jobs}
        if keys and keys != {("jobId",)}:
            state["settings"] = {"id_key": "both" if _ID_KEYS in keys else "job_id"}
        text = msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n"
        fixtures.parse(text)
        return text

    def _resume(self) -> str:
        """Take the stored jobs for the start of the list; returns a note about it.

        Those on the first page are taken as they are now. If the first stored job is not there,
        nothing is resumed, and the note is empty.
        """
        jobs = self.part.jobs
        current = {id_of(job): job for job in self._page(0).jobs}
        if id_of(jobs[0]) not in current:
            why = "its first job is no longer at the beginning of the list"
            self.part.stale = f"{self.part.file} was stale, and is replaced: {why}"
            self.part.clear()
            return ""
        old = sum(job.get("status") not in FINAL for job in jobs if id_of(job) not in current)
        jobs[:] = [redacted(current.get(id_of(job), job), self._secrets) for job in jobs]
        since = f"; {old} of them had not ended, and may have since" if old else ""
        return f"it was resumed after {len(jobs)} jobs{since}"

    def _read_pages(self) -> Generator[ReadSoFar, None, bool]:
        """Read the list as it was at the beginning; returns whether it was read without a gap.

        Each page begins with the last job of the one before, so that a gap shows. New jobs at the
        start of the list push that job down: *pushed* corrects the offset. Only the pages show
        where the list ends: a totalCount may be that of its page.
        """
        jobs, pushed = self.part.jobs, 0
        ids = [id_of(job) for job in jobs]
        self._total, self._total_misleads = None, False
        while self._most is None or len(jobs) < self._most:
            offset = max(len(jobs) - 1, 0) + pushed
            page = self._page(offset)
            ignores_offset = offset > 0 and self._ignores_offset(page, ids)
            if ignores_offset:
                self._check_complete(page)
            if ids and ids[-1] not in page.ids:
                return False
            start = page.ids.index(ids[-1]) if ids and not ignores_offset else 0
            pushed += start
            recorded = {*ids}
            new = [job for job in page.jobs[start:] if id_of(job) not in recorded]
            if new and self._explain_excess(len(new)):
                break
            if not ids:
                self._check_gaps_would_show(page)
            self.part.add([redacted(job, self._secrets) for job in new])
            if self._total is None and is_count(page.total):
                self._total = page.total
            yield len(jobs), self._most or (None if self._total_misleads else self._total)
            if ignores_offset or page.ids == ids[-1:]:
                break
            if not new:
                return False
            ids += [id_of(job) for job in new]
        if pushed:
            new_jobs = f"{pushed} new job{'' if pushed == 1 else 's'}"
            self.notes.append(f"{new_jobs} appeared at its start: not recorded")
        total = self._total
        if self._most is None and total and len(jobs) + pushed < total:
            self.notes.append(f"its totalCount was {total}, but {len(jobs)} jobs were read")
        return True

    def _ignores_offset(self, page: ListedJobs, ids: list[str]) -> bool:
        """Whether *page*, from an offset, begins like the list, whose first jobs have *ids*."""
        return page.ids[:1] == ids[:1] and self._page(0).ids[:1] == ids[:1]

    def _check_gaps_would_show(self, page: ListedJobs) -> None:
        """Raise CannotRecord if pages, of which *page* is the first, are too short to overlap."""
        if len(page.ids) == 1 and not {*self._page(1).ids} <= {*page.ids}:
            raise CannotRecord("it returns only one job at a time, so that gaps would not show")

    def _explain_excess(self, count: int) -> bool:
        """Find out why *count* jobs follow, if the totalCount left them out.

        Returns whether they have come since. If not, the totalCount misleads, which is noted once.
        """
        read = len(self.part.jobs)
        if self._total_misleads or self._total is None or read < self._total:
            return False
        if self._current_total() >= read + count:
            return True
        self._total_misleads = True
        self.notes.append(f"its totalCount was {self._total}, but more jobs followed")
        return False

    def _current_total(self) -> int:
        """The current totalCount; 0 if there is none."""
        page = listed_jobs(self._session.get(LIST, "limit=1&offset=0", documented=False))
        return page.total if is_count(page.total) else 0

    def _check_complete(self, page: ListedJobs) -> None:
        """Raise CannotRecord unless *page*, which comes at every offset, is the whole list.

        The largest graphs ignored limit and offset (ges_03_0204, 2021 and 2022).
        """
        total = page.total if is_count(page.total) else None
        incomplete = self._limit_works if total is None else total > len(page.jobs)
        if incomplete:
            self.part.clear()  # resuming it would lead nowhere
            of = "" if total is None else f" of {total}"
            raise CannotRecord(
                "its answers are the same at every offset: "
                f"only the first {len(page.jobs)}{of} jobs can be read"
            )

    def _page(self, offset: int) -> ListedJobs:
        query = f"limit={self._page_size}&offset={offset}"
        # documented=False keeps the session from storing all pages.
        ask = partial(self._session.get, LIST, query, documented=False)
        try:
            reply = ask()
        except Unresponsive:  # a single timeout may be bad luck
            reply = ask()
        page = listed_jobs(reply)
        for job in page.jobs:
            ids = [job[name] for name in _ID_KEYS if name in job]
            if not ids or not all(isinstance(job_id, str) and job_id for job_id in ids):
                written = self._session.excerpt(ids[0]) if ids else "missing"
                why = f"the id of a job must be a nonempty string, but is {written}"
                raise CannotRecord(f"{why}: {page.reply}")
        self.exact = self.exact and is_exact(page)
        return page


class PartFile:
    """The *jobs* read so far, in *file*, one per line; its first line names the *source*.

    A file of another source, or one that cannot be read, is replaced; *stale* then says so.
    """

    def __init__(self, file: Path, source: str) -> None:
        self.file = file
        self.jobs: list[ListedJob] = []
        self.stale = ""
        self._header = msgspec.json.encode({"target": source}) + b"\n"
        text = file.read_bytes() if file.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]  # the last line may have been cut off
        if self._header.startswith(text):
            return
        head, _, lines = whole.partition(b"\n")
        try:
            named = msgspec.json.decode(head, type=dict[str, Any]).get("target")
            jobs = msgspec.json.Decoder(ListedJob).decode_lines(lines)
        except validation.REFUSED:
            self.stale = f"{file} was damaged, and is replaced"
            return
        if named != source:
            of = one_line(str(named))
            self.stale = f"{file} was of another recording, of {of}, and is replaced"
            return
        self.jobs = jobs
        if jobs:
            os.truncate(file, len(whole))

    @property
    def hint(self) -> str:
        """How to resume, to be added to an error message; empty if nothing has been read."""
        if not self.jobs:
            return ""
        return f"; {len(self.jobs)} jobs are stored in {self.file}: the same command resumes there"

    def add(self, jobs: list[ListedJob]) -> None:
        text = msgspec.json.Encoder().encode_lines(jobs)
        if not self.jobs:
            self.file.unlink(missing_ok=True)
            text = self._header + text
        self.jobs += jobs
        self.file.touch(0o600)
        with self.file.open("ab") as file:
            file.write(text)

    def clear(self) -> None:
        self.jobs.clear()
        self.file.unlink(missing_ok=True)


# --- Names and secrets --------------------------------------------------------------------------

_ID_KEYS: Final = ("jobId", "job_id")
_VALUE: Final = re.compile(r"(?<==)(?<![?&]action_id=)[^&]+")


@dataclass(frozen=True, slots=True)
class Renaming:
    """The old and the new name of the *project*, and of the *graph*."""

    project: tuple[str, str]
    graph: tuple[str, str]

    def renamed(self, text: str) -> str:
        """*text* with the new names in place of whole words, percent-encoded ones too.

        If project and graph have the same name, the graph's new name is used.
        """
        pairs = [pair for pair in (self.project, self.graph) if pair[0] != pair[1]]
        if not pairs:
            return text
        names = {quote(old, safe=""): quote(new, safe="") for old, new in pairs} | dict(pairs)
        words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        # The graph movie is not part of movies.
        return re.sub(
            rf"(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])", lambda match: names[match[0]], text
        )

    def renamed_url(self, url: str) -> str:
        """*url* with the new names in its path, and as words in the values of its query.

        The rest of the path, and the value of action_id, are words of the service.
        """
        parts = routes.split(url)
        if parts is None:
            return self.renamed(url)
        path, mark, query = parts.after.partition("?")
        renamed = parts._replace(
            project_id=_renamed(parts.project_id, self.project),
            graph_name=_renamed(parts.graph_name, self.graph),
            after=path + _VALUE.sub(lambda value: self.renamed(value[0]), mark + query),
        )
        return str(renamed)

    def renamed_job(self, job: ListedJob) -> ListedJob:
        """A listed *job* with the new names in its request, except in its command.

        Its id is under ``jobId`` only.
        """
        fields = {name: value for name, value in job.items() if name not in _ID_KEYS}
        return {"jobId": id_of(job), **_change_request(fields, self._of_field)}

    def _of_field(self, name: str, text: str) -> str:
        if name == "command":
            return text
        return self.renamed_url(text) if name == "url" else self.renamed(text)


def _renamed(segment: str, pair: tuple[str, str]) -> str:
    return quote(pair[1], safe="") if unquote(segment) == pair[0] else segment


def redacted(job: ListedJob, secrets: Secrets) -> ListedJob:
    """A listed *job* without storage keys, values named like secrets, and *secrets* themselves.

    Raises CannotRecord if a job's id, which cannot be masked, contains a secret.
    """
    ids = {name: job[name] for name in _ID_KEYS if name in job}
    for job_id in map(str, ids.values()):
        masked = secrets.mask(job_id)
        if masked != job_id:
            raise CannotRecord(
                f"the id of a job ({one_line(masked)}) contains the token or a key that the list "
                "was asked for with: it can be neither stored nor changed"
            )
    return {**secrets.redact_value(_change_request(without_secrets(job), _without_keys)), **ids}


def _listed(job: ListedJob) -> ListedJob:
    """*job* with a rawRequest; the lists of 2023 have its value as ``body`` (ges_03_0471)."""
    request = job.get("request")
    if not isinstance(request, dict) or "body" not in request or "rawRequest" in request:
        return job
    fields = {name: value for name, value in request.items() if name != "body"}
    body = request["body"]
    raw = body if isinstance(body, str) else compact(body)
    return {**job, "request": {**fields, "rawRequest": raw}}


def _change_request(job: ListedJob, change: Callable[[str, str], str]) -> ListedJob:
    request = job.get("request")
    if not isinstance(request, dict):
        return job
    fields = {
        name: change(name, value) if isinstance(value, str) else value
        for name, value in request.items()
    }
    return {**job, "request": fields}


def _without_keys(name: str, text: str) -> str:
    if name == "url":
        path, mark, query = text.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        if any(is_storage_key(key) for key, _ in pairs):
            query = urlencode([pair for pair in pairs if not is_storage_key(pair[0])])
        return f"{path}{mark}{query}"
    body = json_value(text.encode())
    clean = without_secrets(body)
    if name != "rawRequest" or body is NOT_JSON or clean == body:
        return text
    return compact(clean)


def is_exact(page: ListedJobs) -> bool:
    """Whether gesmock would serve the page in the same bytes, as in the example of ges_03_0471."""
    jobs = []
    for job in page.jobs:
        request = _picked(job.get("request"), "command", "url", "rawRequest")
        jobs.append(_picked({**job, "request": request}, *_ID_KEYS, "status", "request"))
    answer = _picked({**page.reply.value, "jobs": jobs}, "jobs", "totalCount", "result")
    return compact(answer).encode() == page.reply.body


def _picked(value: Any, *keys: str) -> Any:
    return {key: value[key] for key in keys if key in value} if isinstance(value, dict) else value
