"""A fake keeps its projects apart, and resets them together."""

import json
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from conftest import record, until
from msgspec.structs import replace

from gesmock import Entry, GesMock
from gesmock.fake.fake import Fake
from gesmock.fake.project import Project
from gesmock.journal.filters import EntryFilter
from gesmock.journal.journal import Journal
from gesmock.model.errors import Conflict, InvalidInput, NotFound
from gesmock.model.jobs import Job, JobRequest
from gesmock.model.messages import Reply, Request
from gesmock.web import create_app

NEW = Job("new", "running", JobRequest("import_graph", "/"))


def test_projects_share_nothing() -> None:
    fake = Fake({"project_id": "one"})
    fake.open("two").graphs.add(NEW)

    assert fake.default.graphs.jobs() == []
    assert [project.project_id for project in fake.projects.values()] == ["one", "two"]


def test_an_opened_project_stays_what_it_is() -> None:
    fake = Fake()

    assert fake.open("two") is fake.open("two")


def test_a_reset_forgets_the_projects_that_were_opened() -> None:
    fake = Fake({"project_id": "one"})
    fake.open("two")
    fake.default.graphs.add(NEW)

    assert fake.reset().jobs == 1
    assert [project.project_id for project in fake.projects.values()] == ["one"]


def test_a_restart_is_in_place() -> None:
    fake = Fake({"project_id": "one"})
    project = fake.default

    fake.restart({"project_id": "one", "generate": 2})
    assert fake.default is project
    assert len(project.graphs.jobs()) == 2
    fake.restart({"project_id": "three"})

    assert [project.project_id for project in fake.projects.values()] == ["three"]


def test_each_reset_of_any_project_begins_an_epoch() -> None:
    fake = Fake({"project_id": "one"})
    assert fake.default.epoch == 1

    epochs = [
        fake.reset().epoch,
        fake.restart({"project_id": "two"}).epoch,
        fake.restart({"project_id": "one"}).epoch,
        fake.open("three").reset().epoch,
    ]

    assert sorted({1, *epochs}) == [1, *epochs]
    assert fake.open("four").epoch < epochs[-1]


def test_a_project_that_is_opened_while_the_fake_is_reset_belongs_to_the_new_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = Fake({"generate": 2, "settings": {"open_projects": True}})

    new = fake._new

    def slow(*args: Any, **fields: Any) -> Project:
        monkeypatch.setattr(fake, "_new", new)
        fake.restart({})
        return new(*args, **fields)

    monkeypatch.setattr(fake, "_new", slow)

    assert fake.open("late").graphs.jobs() == []


def test_a_reset_of_one_project_leaves_the_requests_of_another_alone() -> None:
    fake = Fake({"settings": {"open_projects": True}})
    epoch = fake.epochs.current
    fake.default.reset()

    assert fake.open("other").epoch <= epoch


def test_a_reset_that_drops_a_project_ends_the_waits_in_it() -> None:
    fake = Fake()
    outcomes: list[list[Entry]] = []

    def wait(journal: Journal) -> None:
        outcomes.append(journal.wait(EntryFilter(), 1, 60))

    for begin_again in (fake.reset, partial(fake.restart, {})):
        journal = fake.open("one").journal
        thread = Thread(target=wait, args=[journal])
        thread.start()
        until(partial(getattr, journal._waiters, "count"))
        begin_again()
        thread.join()

    assert outcomes == [[], []]


def test_a_reset_and_requests_with_tokens_do_not_block_each_other() -> None:
    fake = Fake({"tokens": ["t"]})
    client = create_app(fake).test_client()
    path = f"/ges/v1.0/{fake.default.project_id}/graphs/movie/jobs/status"

    def list_jobs() -> None:
        for _ in range(50):
            client.get(path, headers={"X-Auth-Token": "t"})

    threads = [Thread(target=list_jobs, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        fake.reset()
    for thread in threads:
        thread.join(30)

    assert not any(thread.is_alive() for thread in threads)


def test_an_unknown_project_is_refused() -> None:
    with pytest.raises(NotFound, match="no project 'two' is set up"):
        Fake().project("two")


def test_a_watcher_is_called_once_a_reset_has_overtaken_earlier_requests() -> None:
    fake = Fake({"project_id": "one"})
    two = fake.open("two")
    observed: list[list[bool]] = []

    def watcher() -> None:
        observed.append([fake.overtaken(name, 1) for name in ("one", "two", "none")])

    fake.epochs.watchers.append(watcher)
    two.reset()
    fake.restart({"project_id": "one"})
    fake.epochs.watchers.remove(watcher)
    fake.reset()

    assert observed == [[False, True, False], [False, True, False], [True, True, True]]
    assert fake.overtaken("two", 1)
    assert not fake.overtaken("one", fake.epochs.current)


def test_only_a_fake_with_sockets_of_its_own_can_deliver_faults_below_http() -> None:
    below_http = ["reset", "close", "hang", "garbage", "truncate"]
    fake = Fake()

    assert not any(fake.can_deliver(kind) for kind in below_http)
    assert all(fake.can_deliver(kind) for kind in ("delay", "drip", "error"))
    assert all(GesMock().fake.can_deliver(kind) for kind in below_http)


# --- A fixture file that changes ------------------------------------------------------------------


def write(file: Path, *job_ids: str, **more: Any) -> str:
    """Write a fixture file with these jobs; returns its path."""
    jobs = [msgspec.to_builtins(replace(NEW, job_id=job_id)) for job_id in job_ids]
    file.write_text(json.dumps({"graphs": {"g": {"jobs": jobs}}, **more}))
    return str(file)


def ids(project: Project) -> list[str]:
    return [job.job_id for _, job in project.graphs.jobs()]


def test_a_file_is_reloaded_and_the_journal_stays(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", "a")
    fake = Fake({"fixture": [file, "empty"], "generate": {"graph": "h", "count": 1}})
    project = fake.default
    epoch, generated = project.epoch, ids(project)[-1]
    project.graphs.add(NEW)
    request = Request(operation=None, method="GET", path="/", epoch=epoch)
    record(project.journal, request, Reply(200, {}))

    write(tmp_path / "a.json", "a", "b")
    fake.reload(file)

    assert sorted(ids(project)) == sorted(["a", "b", generated])
    assert (project.epoch, len(project.journal), project.changed) == (epoch, 1, False)
    project.reset()
    assert len(ids(project)) == 3


def test_a_file_is_reloaded_only_in_projects_that_a_reset_returns_to_it(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", "a", project_id="p")
    fake = Fake({"fixture": file})
    chosen, other, opened = (fake.open(name) for name in ("chosen", "other", "opened"))
    fake.choose(chosen, file)
    fake.choose(other, "empty")
    fake.choose(fake.default, "empty")

    write(tmp_path / "a.json", "b", project_id="p")
    fake.reload(file)

    projects = (fake.default, chosen, other, opened)
    assert [ids(project) for project in projects] == [[], ["b"], [], []]
    assert [project.start.scenario for project in projects] == ["empty", file, "empty", None]
    fake.restart({"fixture": file})
    assert ids(fake.default) == ["b"]


def test_a_broken_file_and_one_of_another_project_change_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", "a", project_id="p")
    fake = Fake({"fixture": file})

    write(tmp_path / "a.json", "b", project_id="q")
    with pytest.raises(Conflict, match="a.json: names another project now; start gesmock again"):
        fake.reload(file)
    write(tmp_path / "a.json", "b", "b")
    with pytest.raises(InvalidInput, match=r"a\.json: .*'b' is the id of job 0 too"):
        fake.reload(file)

    assert ids(fake.default) == ["a"]
