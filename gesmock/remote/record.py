"""Recording: a server's job list, read page by page, as a fixture.

What was read so far is kept beside the fixture, so that an interrupted recording goes on. The list
may grow meanwhile; where jobs go, it is read anew.
"""

import json
import os
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from gesmock.conformance.client import Client
from gesmock.conformance.listed import Listed, id_of, is_count, listed
from gesmock.conformance.session import LIST, Session
from gesmock.fake import fixtures
from gesmock.model.errors import GesmockError
from gesmock.remote.failures import Silent
from gesmock.remote.recorded_jobs import Renaming, cleaned, in_order, same_bytes

TRIES: Final = 4
"""How often a list is read anew from which jobs go meanwhile, or to which they come."""

AGAIN: Final = 10
"""How often a page is asked for while the server is busy."""


class CannotRecord(GesmockError):
    """The list cannot be recorded, and why."""


@dataclass(slots=True)
class Kept:
    """What was read so far, in the *file*, a line each; the first says of *what*."""

    file: Path
    what: dict[str, Any]
    jobs: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(cls, file: Path, what: dict[str, Any]) -> "Kept":
        """What *file* has of a recording of *what*; nothing where it has none.

        Raises CannotRecord where it is of something else.
        """
        kept = cls(file, what)
        if not file.exists():
            return kept
        try:
            text = file.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]  # the last line may have been cut off
            lines = whole.split("\n")[1:-1]
            jobs = msgspec.convert([*map(json.loads, lines)], list[dict[str, Any]])
            header = kept.header
            known = whole.startswith(header) if whole else header.startswith(text)
        except (ValueError, RecursionError):
            known = False
        if not known:
            raise CannotRecord(f"{file} is of another recording; remove it to begin anew")
        if jobs:
            os.truncate(file, len(whole))  # of ASCII
        else:
            file.unlink()
        kept.jobs = jobs
        return kept

    @property
    def header(self) -> str:
        """The first line: of what it is."""
        return f"{json.dumps(self.what)}\n"

    def add(self, jobs: Iterable[dict[str, Any]]) -> None:
        """Keep *jobs* too."""
        new = [*jobs]
        lines = [f"{json.dumps(job)}\n" for job in new]
        header = [] if self.jobs else [self.header]
        self.jobs += new
        self.file.touch(0o600)
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines([*header, *lines])

    def forget(self) -> None:
        """Begin anew."""
        self.jobs = []
        self.file.unlink(missing_ok=True)


class Recorder:
    """Reads the list that *client* asks for into the fixture *output*, *page* jobs at a time.

    Where *most* is given, the first jobs are recorded, so many of them.
    """

    def __init__(
        self,
        client: Client,
        output: Path,
        page: int,
        rename: Renaming | None = None,
        most: int | None = None,
    ) -> None:
        self._session = Session(client, page)
        self._page = page
        self._most = most
        target = client.target
        same = Renaming((target.project_id, target.project_id), (target.graph, target.graph))
        self._rename = rename or same
        self._output = output
        self.exact = True
        """Whether gesmock would serve what was read in the same bytes."""
        self.moved: list[str] = []
        """What has moved in the list while it was read."""
        what = {"target": target.url + target.path(), "page": page}
        self.kept = Kept.open(output.with_name(f"{output.name}.part"), what)
        self._limited = True  # whether the limit is heeded
        self._too_high: int | None = None  # a total that the end of the list belies

    def read(self) -> Iterator[tuple[int, int | None]]:
        """Read the list; how many jobs are read, and of how many, as far as that is told.

        Raises CannotRecord, Unreachable, NotTheService, RefusedAtOnce, NotApplicable.
        """
        try:
            yield from self._read()
        except RecursionError:
            raise CannotRecord("an answer is nested too deeply") from None

    def _read(self) -> Iterator[tuple[int, int | None]]:
        begun = self._session.begin()
        if begun is not None and begun.jobs and self._session.edition == "memory":
            raise CannotRecord(
                "a list of the memory edition does not tell what its jobs were: it cannot be served"
            )
        self._limited = begun is None or len(begun.jobs) < 2  # one was asked for
        older = len(self.kept.jobs)
        for _ in range(TRIES):
            whole = yield from self._pages()
            if whole and self._beginning():
                if older:
                    told = f"it was broken off: of {older} jobs, the statuses are those of before"
                    self.moved.append(told)
                return
            self.moved.append("jobs went from it: it was read anew")
            self.kept.forget()
            older = 0
        raise CannotRecord("jobs go from the list faster than it can be read")

    def _pages(self) -> Generator[tuple[int, int | None], None, bool]:
        """Read on to the end; whether what was read is still there.

        Each page begins with the last job of the one before, or with an earlier one where the list
        has grown at its beginning. The end is where it was at first: what comes there later is not
        waited for.
        """
        jobs, grown, end, stuck = self.kept.jobs, 0, self._most, 0
        self._too_high = None
        if not jobs:
            first = self._listed(0)
            self._keep(first.jobs)
            end = end or _count(first)
            yield len(jobs), end
        while jobs and not (end is not None and len(jobs) >= end):
            if stuck > TRIES:
                raise self._too_fast()
            offset, count = len(jobs) - 1 + grown, len(jobs)
            page = self._listed(offset)
            end = end or _count(page)
            places = {id_of(job): place for place, job in enumerate(jobs)}
            known = [(at, places[one]) for at, one in enumerate(page.ids) if one in places]
            rest = page.jobs[known[-1][0] + 1 :] if known and known[-1][1] == count - 1 else []
            # It begins like the first page, or jobs seem to come too fast: is the offset heeded?
            odd = known[:1] == [(0, 0)] or stuck == TRIES
            if offset and odd and self._is_first(page):
                self._check_whole(page)
                self._keep(rest)
                yield len(jobs), end
                return len(known) == count
            moved = offset + known[-1][0] - known[-1][1] if known else -1
            if moved < grown:
                return False
            grown = moved
            self._keep(rest)
            yield len(jobs), end
            stuck = 0 if len(jobs) > count else stuck + 1
            if page.ids == [id_of(jobs[-1])]:
                total = _count(page) or 0
                self._too_high = total if total > offset + 1 else None
                break
        return True

    def _is_first(self, page: Listed) -> bool:
        """Whether *page*, which was asked for at a later offset, is what is given at 0 too."""
        return self._listed(0).ids[:1] == page.ids[:1]

    def _check_whole(self, page: Listed) -> None:
        """Raise CannotRecord where *page*, which is given at every offset, is not the whole list.

        The largest graphs knew neither limit nor offset (ges_03_0204, 2021 and 2022).
        """
        total = _count(page)
        if self._limited if total is None else total > len(page.jobs):
            of = "" if total is None else f" of {total}"
            told = f"only the first {len(page.jobs)}{of} jobs can be read"
            self.kept.forget()  # it leads nowhere
            raise CannotRecord(f"its answers are the same at every offset: {told}")

    def _keep(self, jobs: Iterable[dict[str, Any]]) -> None:
        secrets = self._session.target.sign_in.secrets
        self.kept.add(cleaned(job, secrets) for job in jobs)

    def _listed(self, offset: int) -> Listed:
        try:
            page = self._asked(offset)
        except Silent:  # once may be chance
            page = self._asked(offset)
        value = page.answer.value
        self.exact = self.exact and same_bytes(value, page.answer.body)
        self.exact = self.exact and all(map(in_order, page.jobs))
        return page

    def _asked(self, offset: int) -> Listed:
        path, query = self._session.target.path(LIST), f"limit={self._page}&offset={offset}"
        # The session is to forget it: all pages together may be more than there is room for.
        return listed(self._session.ask("GET", path, query, documented=False))

    def _beginning(self) -> bool:
        """Put in front what has come meanwhile; whether that, and what was read, is still there."""
        come = 0
        for _ in range(TRIES):
            known = {id_of(job) for job in self.kept.jobs}
            page = self._listed(0)
            new: list[dict[str, Any]] = []
            while page.ids and known.isdisjoint(page.ids) and len(new) < TRIES * self._page:
                new += page.jobs
                page = self._listed(len(new))
            at = next((at for at, one in enumerate(page.ids) if one in known), len(page.ids))
            fresh = {id_of(job): job for job in [*new, *page.jobs[:at]]}
            secrets = self._session.target.sign_in.secrets
            self.kept.jobs[:0] = [cleaned(job, secrets) for job in fresh.values()]
            come += len(fresh)
            if new:  # the pages may have moved while they were read
                continue
            there = at + len(known)
            if self._most is None and is_count(page.total) and page.total < there:
                return False
            if come:
                self.moved.append(f"{come} jobs came to its beginning, and are recorded too")
            if self._too_high is not None:
                told = f"but no job followed the {there} that were read"
                self.moved.append(f"its totalCount was {self._too_high}, {told}")
            elif self._most is None and is_count(page.total) and page.total > there:
                self.moved.append(f"{page.total - there} came to its end, and are not recorded")
            return True
        raise self._too_fast()

    def _too_fast(self) -> CannotRecord:
        return CannotRecord(
            f"jobs come faster than {self._page} at a time can be read; a greater --page helps"
        )

    def left(self) -> str:
        """What is said of what was read, where it was not to the end."""
        if not self.kept.jobs:
            return ""
        told = f"{len(self.kept.jobs)} jobs are kept in {self.kept.file}"
        return f"; {told}: the same command goes on from there"

    def fixture(self) -> bytes:
        """The text of the fixture, without secrets and under the other names.

        Raises InvalidInput where gesmock cannot serve such jobs.
        """
        target = self._session.target
        secrets = target.sign_in.secrets
        jobs = self.kept.jobs[: self._most]
        state: dict[str, Any] = {
            "project_id": self._rename.project[1],
            "graphs": {
                self._rename.graph[1]: {
                    "jobs": [self._rename.of_job(cleaned(job, secrets)) for job in jobs]
                }
            },
        }
        keys = {tuple(key for key in ("jobId", "job_id") if key in job) for job in jobs}
        if keys and keys != {("jobId",)}:
            state["settings"] = {"id_key": "both" if ("jobId", "job_id") in keys else "job_id"}
        text = msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n"
        fixtures.parse(text)
        return text


def _count(page: Listed) -> int | None:
    """How many jobs the list has, as far as it tells."""
    return page.total if is_count(page.total) else None
