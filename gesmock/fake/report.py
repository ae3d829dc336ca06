"""Judging: the verdict on the client of one project, as it is now."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import structs

from gesmock.fake.project import Project
from gesmock.journal.entries import Entry
from gesmock.journal.observations import Seen, Sights, Stretch
from gesmock.journal.verdict import judge
from gesmock.journal.verdict.config import VerdictConfig
from gesmock.journal.verdict.contract import Breach
from gesmock.journal.verdict.findings import Finding
from gesmock.journal.verdict.traffic import Case
from gesmock.model.clock import NANOSECONDS
from gesmock.model.errors import NotFound


def findings(project: Project, codes: Collection[str] = ()) -> list[Finding]:
    """What is found, but for what is ignored; only findings of these *codes*, where given."""
    with project.lock:
        kept, config = project.journal.kept(), project.config
        faults, plans = project.faults.untried(), project.plans.untried()
        noticed = project.notes.noticed({str(one): one.calls for one in faults}, [*map(str, plans)])
    case = Case(
        lambda: [record.entry for record in kept.records],
        dropped=kept.dropped,
        noticed=noticed,
        client_header=config.client_header,
        contract=_breaches,
    )
    return judge(case, config, codes)


def _breaches(entry: Entry) -> list[Breach]:
    from gesmock.journal.verdict.breaches import breaches  # most runs never ask

    return breaches(entry)


def configure(project: Project, changes: Mapping[str, Any], path: str = "$") -> VerdictConfig:
    """From now on, hold the client to another standard: the present one with *changes*.

    Raises InvalidInput, with nothing changed, where any is wrong.
    """
    with project.lock:
        project.config = project.config.changed(changes, path)
        return project.config


def failing(project: Project) -> list[Finding]:
    """What is found that fails a strict test."""
    return findings(project, project.config.fail_on) if project.config.fail_on else []


def observation(project: Project, job_id: str, graph: str | None = None) -> Seen:
    """What the job *job_id* went through, and what the client was shown of it.

    Raises NotFound where nobody has heard of such a job; Conflict where several graphs have one and
    *graph* does not say which is meant, or where what was shown is no longer known.
    """
    kept = project.journal.kept()
    entries = [record.entry for record in kept.records]
    name = _graph_of(project, job_id, graph, entries)
    return Seen(
        job_id,
        name,
        _went_through(project, name, job_id),
        Sights(entries, kept.dropped).of(name, job_id),
    )


def observations(project: Project) -> list[Seen]:
    """The same for every job that was made or shown; where something is not known, with a doubt."""
    kept = project.journal.kept()
    sights = Sights((record.entry for record in kept.records), kept.dropped)
    return [
        Seen(
            job_id,
            graph,
            _went_through(project, graph, job_id),
            sights.known_of(graph, job_id),
            sights.doubt(graph, job_id),
        )
        for graph, job_id in sights
    ]


def report(project: Project) -> dict[str, Any]:
    """The whole verdict: what was found, which cells were met, what was shown of the jobs."""
    found = findings(project, ("GM", "GM9"))
    return {
        "findings": found,
        "failing": len(failing(project)),
        "config": config_as_json(project.config),
        "coverage": project.coverage.told(),
        "seen": observations(project),
        "dropped": project.journal.dropped,
    }


def config_as_json(config: VerdictConfig) -> dict[str, Any]:
    """*standard* in full: what is left as it comes, too."""
    return structs.asdict(config)


def _graph_of(project: Project, job_id: str, graph: str | None, entries: Sequence[Entry]) -> str:
    """The graph that the job is in, or was in when it was last heard of."""
    try:
        return project.graphs.find(job_id, graph)[0]
    except NotFound:
        for entry in reversed(entries):
            name = entry.args.get("graph_name", "")
            told = entry.job_id == job_id or job_id in (entry.shown or ())
            if told and graph in (None, name):
                return name
        raise


def _went_through(project: Project, graph: str, job_id: str) -> tuple[Stretch, ...]:
    """The statuses of the job until now; none where it is gone."""
    with project.lock:
        jobs = project.graphs.get(graph)
        if jobs is None or job_id not in jobs:
            return ()
        timeline = jobs.timeline(job_id)
        if timeline is None:
            return (Stretch(jobs.job(job_id).status, None),)
        stages = [stage for stage in timeline.stages if stage.time <= jobs.now]
        began = project.time.at(0)
    stretches: list[Stretch] = []
    for stage, later in zip(stages, (*stages[1:], None), strict=True):
        if stretches and stretches[-1].status == stage.status:
            continue
        # A job that was moved by hand had its first status for nobody knows how long.
        known = later is None or later.time > stage.time
        stretches.append(Stretch(stage.status, began + stage.time / NANOSECONDS if known else None))
    return tuple(stretches)
