"""The files of a run: ``results.json``, ``results.md`` and ``results.svg``."""

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks import plot, table
from benchmarks.bench import Bench
from benchmarks.figures import Results


def results_of(bench: Bench, options: dict[str, object], system: dict[str, object]) -> Results:
    """The results of *bench*."""
    targets: dict[str, dict[str, object]] = {}
    for target in bench.targets:
        absent = bench.absent.get(target.name)
        targets[target.name] = {
            "kind": target.kind,
            "version": None if target.missing() else target.version(),
            "about": " ".join((type(target).__doc__ or "").split()),
            "command": bench.commands.get(target.name),
            "pages": target.pages,
            "exact": target.exact,
            "absent": absent,
        }
    sizes = {str(count): jobs.size for count, jobs in sorted(bench.job_lists.items())}
    samples = {work: dict(of_work) for work, of_work in bench.samples.items()}
    return Results(system, options, targets, sizes, samples, bench.failed)


def write(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(results), indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(f"{text}\n", encoding="utf-8")
    (folder / "results.md").write_text(f"{table.markdown(results).strip()}\n", encoding="utf-8")
    drawn = plot.panels(results)
    if drawn:
        (folder / "results.svg").write_text(plot.svg(drawn), encoding="utf-8")


def read(file: Path) -> Results:
    """The results of an earlier run."""
    return Results(**json.loads(file.read_bytes()))
