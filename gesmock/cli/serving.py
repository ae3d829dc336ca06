"""The command line: the options of what listens, be it a fake or a proxy."""

from typing import get_args

import click

from gesmock.cli.environment import Line, env
from gesmock.faults import PresetName

port = click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0: any free port.",
    **env("PORT"),
)

control_token = click.option(
    "--control-token",
    metavar="TOKEN",
    help="What a caller of the control API has to show [default: nothing on this machine, else "
    "one that is made and printed].",
    **env("CONTROL_TOKEN"),
)

faults = click.option(
    "--fault",
    "faults",
    multiple=True,
    type=Line(),
    metavar="[OPERATION=]FAULT[,...]",
    help="Make things go wrong: list_jobs=503,times=2 or delay,seconds=2 or 503,reset,ok or an "
    "fault rule as JSON. Several in the environment are a line each.",
    **env("FAULT"),
)

preset = click.option(
    "--preset",
    type=click.Choice(get_args(PresetName)),
    help="A named list of faults.",
    **env("PRESET"),
)

log_level = click.option(
    "--log-level",
    default="info",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is logged on standard error; info: a line a request.",
    **env("LOG_LEVEL"),
)
