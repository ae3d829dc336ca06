"""A fake keeps its projects apart, and resets them together."""

import pytest

from gesmock.errors import Unknown
from gesmock.fake import Fake
from gesmock.jobs import Job, JobRequest

NEW = Job("new", "running", JobRequest("import_graph", "/"))


def test_projects_share_nothing() -> None:
    fake = Fake({"project_id": "one"})
    fake.open("two").add_job(NEW)

    assert fake.default.jobs() == []
    assert [world.project_id for world in fake.worlds()] == ["one", "two"]


def test_an_opened_project_stays_what_it_is() -> None:
    fake = Fake()

    assert fake.open("two") is fake.open("two")


def test_a_reset_forgets_the_projects_that_were_opened() -> None:
    fake = Fake({"project_id": "one"})
    fake.open("two")
    fake.default.add_job(NEW)

    assert fake.reset().jobs == 1
    assert [world.project_id for world in fake.worlds()] == ["one"]


def test_a_restart_is_in_place() -> None:
    fake = Fake({"project_id": "one"})
    world = fake.default

    fake.restart({"project_id": "one", "generate": 2})
    assert fake.default is world
    assert len(world.jobs()) == 2
    fake.restart({"project_id": "three"})

    assert [world.project_id for world in fake.worlds()] == ["three"]


def test_an_unknown_project_is_refused() -> None:
    with pytest.raises(Unknown, match="no project 'two' is set up"):
        Fake().world("two")
