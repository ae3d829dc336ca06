"""Judging: the verdict on the client of one world, as it is now."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import structs

from gesmock.fake.project import World
from gesmock.journal.entries import Entry
from gesmock.journal.observations import Seen, Sights, Stretch
from gesmock.journal.verdict import judge
from gesmock.journal.verdict.config import Standard
from gesmock.journal.verdict.contract import Breach
from gesmock.journal.verdict.findings import Finding
from gesmock.journal.verdict.traffic import Case
from gesmock.model.errors import Unknown


def problems(world: World, codes: Collection[str] = ()) -> list[Finding]:
    """What is found, but for what is ignored; only findings of these *codes*, where given."""
    with world.lock:
        kept, standard = world.journal.kept(), world.standard
        faults, plans = world.faults.untried(), world.plans.untried()
        noticed = world.notes.noticed({str(one): one.calls for one in faults}, [*map(str, plans)])
    case = Case(
        lambda: [record.entry for record in kept.records],
        dropped=kept.dropped,
        noticed=noticed,
        client_header=standard.client_header,
        contract=_breaches,
    )
    return judge(case, standard, codes)


def _breaches(entry: Entry) -> list[Breach]:
    from gesmock.journal.verdict.breaches import breaches  # most runs never ask

    return breaches(entry)


def hold_to(world: World, changes: Mapping[str, Any], path: str = "$") -> Standard:
    """From now on, hold the client to another standard: the present one with *changes*.

    Raises InvalidInput, with nothing changed, where any is wrong.
    """
    with world.lock:
        world.standard = world.standard.changed(changes, path)
        return world.standard


def failing(world: World) -> list[Finding]:
    """What is found that fails a strict test."""
    return problems(world, world.standard.fail_on) if world.standard.fail_on else []


def seen(world: World, job_id: str, graph: str | None = None) -> Seen:
    """What the job *job_id* went through, and what the client was shown of it.

    Raises Unknown where nobody has heard of such a job; Conflict where several graphs have one and
    *graph* does not say which is meant, or where what was shown is no longer known.
    """
    kept = world.journal.kept()
    entries = [record.entry for record in kept.records]
    name = _graph_of(world, job_id, graph, entries)
    return Seen(
        job_id,
        name,
        _went_through(world, name, job_id),
        Sights(entries, kept.dropped).of(name, job_id),
    )


def all_seen(world: World) -> list[Seen]:
    """The same for every job that was made or shown; where something is not known, with a doubt."""
    kept = world.journal.kept()
    sights = Sights((record.entry for record in kept.records), kept.dropped)
    return [
        Seen(
            job_id,
            graph,
            _went_through(world, graph, job_id),
            sights.known_of(graph, job_id),
            sights.doubt(graph, job_id),
        )
        for graph, job_id in sights
    ]


def report(world: World) -> dict[str, Any]:
    """The whole verdict: what was found, which cells were met, what was shown of the jobs."""
    found = problems(world, ("GM", "GM9"))
    return {
        "problems": found,
        "failing": len(failing(world)),
        "standard": told_standard(world.standard),
        "coverage": world.coverage.told(),
        "seen": all_seen(world),
        "dropped": world.journal.dropped,
    }


def told_standard(standard: Standard) -> dict[str, Any]:
    """*standard* in full: what is left as it comes, too."""
    return structs.asdict(standard)


def _graph_of(world: World, job_id: str, graph: str | None, entries: Sequence[Entry]) -> str:
    """The graph that the job is in, or was in when it was last heard of."""
    try:
        return world.graphs.find(job_id, graph)[0]
    except Unknown:
        for entry in reversed(entries):
            name = entry.args.get("graph_name", "")
            told = entry.job_id == job_id or job_id in (entry.shown or ())
            if told and graph in (None, name):
                return name
        raise


def _went_through(world: World, graph: str, job_id: str) -> tuple[Stretch, ...]:
    """The statuses of the job until now; none where it is gone."""
    with world.lock:
        jobs = world.graphs.get(graph)
        if jobs is None or job_id not in jobs:
            return ()
        life = jobs.life(job_id)
        if life is None:
            return (Stretch(jobs.job(job_id).status, None),)
        stages = [stage for stage in life.stages if stage.time <= jobs.now]
        clock = world.clock
    stretches: list[Stretch] = []
    for stage, later in zip(stages, (*stages[1:], None), strict=True):
        if stretches and stretches[-1].status == stage.status:
            continue
        # A job that was moved by hand had its first status for nobody knows how long.
        known = later is None or later.time > stage.time
        stretches.append(Stretch(stage.status, clock.at(stage.time) if known else None))
    return tuple(stretches)
