"""``python -m benchmarks``: measure, write the results, and judge them."""

import sys
import tempfile
from pathlib import Path
from time import monotonic

import click

from benchmarks import report, table
from benchmarks.bench import Bench
from benchmarks.criteria import verdicts
from benchmarks.figures import Results
from benchmarks.machine import machine
from benchmarks.measures import MEASURES
from benchmarks.targets import QUICK, all_targets


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="One round, fewer targets: two and a half minutes.")
@click.option(
    "--only", multiple=True, type=click.Choice(list(MEASURES)), help="Measure this (several)."
)
@click.option("--target", "wanted", multiple=True, help="Measure this target (several) [all].")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--seconds", type=click.IntRange(1), default=1, show_default=True, help="Of a load.")
@click.option(
    "--peers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder in which npm installed the peers.",
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
    help="Measure nothing: tables and plot anew from this results.json.",
)
@click.option("--check", is_flag=True, help="Judge the results; status 1 where one misses.")
def main(
    *,
    quick: bool,
    only: tuple[str, ...],
    wanted: tuple[str, ...],
    rounds: int,
    seconds: int,
    peers: Path | None,
    output: Path,
    again: Path | None,
    check: bool,
) -> None:
    """How fast gesmock is, beside its peers and nginx, in one run on this machine."""
    if again is None:
        rounds = 1 if quick else rounds
        measures = [name for name in MEASURES if not only or name in only]
        results = _measured(measures, wanted, rounds, seconds, peers, quick=quick)
    else:
        results = report.read(again)
    report.write(results, output)
    click.echo(table.markdown(results))
    if check:
        found = verdicts(results)
        click.echo("\n".join(map(str, found)))
        sys.exit(any(verdict.word == "MISS" for verdict in found))


def _measured(
    measures: list[str],
    wanted: tuple[str, ...],
    rounds: int,
    seconds: int,
    peers: Path | None,
    *,
    quick: bool,
) -> Results:
    system, began = machine(), monotonic()
    options = {"measures": measures, "rounds": rounds, "seconds": seconds, "quick": quick}
    names = wanted or (QUICK if quick else ())
    targets = [one for one in all_targets(peers) if not names or one.name in names]
    if not targets:
        known = ", ".join(one.name for one in all_targets(peers))
        raise click.BadParameter(f"there are {known}", param_hint="--target")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as room:
        Path(room).chmod(0o755)  # the workers of nginx may run as another user
        bench = Bench(Path(room), targets, rounds, seconds, quick)
        for target in targets:
            reason = target.missing()
            if reason is not None:
                bench.absent[target.name] = reason
        for number, name in enumerate(measures, 1):
            click.echo(
                f"{number} of {len(measures)}: {name} ({monotonic() - began:.0f} s so far)",
                err=True,
            )
            MEASURES[name](bench)
        options["took_s"] = round(monotonic() - began)
        return report.results_of(bench, options, system)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
