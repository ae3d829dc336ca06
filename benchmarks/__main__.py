"""``python -m benchmarks``: measure, write the results, and judge them."""

import os
import sys
import tempfile
from pathlib import Path
from time import monotonic

import click

from benchmarks import report, table
from benchmarks.bench import FAILURES, Bench
from benchmarks.criteria import CRITERIA
from benchmarks.figures import Results
from benchmarks.machine import machine
from benchmarks.measures import MEASURES
from benchmarks.targets import QUICK, all_targets


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="One round, fewer targets: three minutes.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="Run only this measure (repeatable).",
)
@click.option(
    "--target", "names", multiple=True, help="Measure only this target (repeatable) [default: all]."
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--seconds", type=click.IntRange(1), default=1, show_default=True, help="How long a load lasts."
)
@click.option(
    "--peers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder in which npm has installed the peers.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("benchmarks/results"),
    show_default=True,
)
@click.option(
    "--again",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measure nothing: make tables and plot from this results.json.",
)
@click.option("--check", is_flag=True, help="Exit with 1 if a criterion is missed.")
def main(
    *,
    quick: bool,
    only: tuple[str, ...],
    names: tuple[str, ...],
    rounds: int,
    seconds: int,
    peers: Path | None,
    output: Path,
    again: Path | None,
    check: bool,
) -> None:
    """Compare the speed of gesmock with its peers' and nginx's, in one run on this machine."""
    if again is None:
        rounds = 1 if quick else rounds
        measures = [name for name in MEASURES if not only or name in only]
        results = _measure(measures, names, rounds, seconds, peers, quick=quick)
    else:
        results = report.read(again)
    report.write(results, output)
    click.echo(table.markdown(results))
    if check:
        words = {criterion.verdict(criterion.value(results)) for criterion in CRITERIA}
        sys.exit("NOT REACHED" in words)


def _measure(
    measures: list[str],
    names: tuple[str, ...],
    rounds: int,
    seconds: int,
    peers: Path | None,
    *,
    quick: bool,
) -> Results:
    for variable in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):  # as users have it
        os.environ.pop(variable, None)
    system, started = machine(), monotonic()
    options = {"measures": measures, "rounds": rounds, "seconds": seconds, "quick": quick}
    names = names or (QUICK if quick else ())
    known = all_targets(peers)
    targets = [target for target in known if not names or target.name in names]
    if not targets:
        listed = ", ".join(target.name for target in known)
        raise click.BadParameter(f"the targets are {listed}", param_hint="--target")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as room:
        Path(room).chmod(0o755)  # the workers of nginx may run as another user
        bench = Bench(Path(room), targets, rounds, seconds, quick)
        for target in targets:
            reason = target.missing()
            if reason is not None:
                bench.absent[target.name] = reason
        for number, name in enumerate(measures, 1):
            click.echo(
                f"{number} of {len(measures)}: {name} ({monotonic() - started:.0f} s so far)",
                err=True,
            )
            try:
                MEASURES[name](bench)
            except FAILURES as error:
                bench.failed[name] = str(error)
        options["took_s"] = round(monotonic() - started)
        return report.results_of(bench, options, system)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
