"""The command line: which server is asked, in whose name, how, and how fast."""

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from gesmock.cli.environment import env
from gesmock.cli.terminal import give_up
from gesmock.model.errors import GesmockError

if TYPE_CHECKING:
    from gesmock.remote.target import Target


def asking_options(command: Any) -> Any:
    """*command* with the options that say which server it asks, how, and how fast."""
    paced = click.option(
        "--per-second",
        default=20.0,
        show_default=True,
        type=float,
        help="How many requests are sent in a second at most; 0: no limit.",
        **env("PER_SECOND"),
    )
    return target_options(paced(command))


def target_options(command: Callable[..., None]) -> Any:
    """*command*, which takes a ``Target`` first, with the options that say which it is.

    It ends with 2 where they are wrong.
    """

    @wraps(command)
    def asked(**given: Any) -> None:
        names = ("target", "project_id", "graph", "timeout_s", "per_second", "cafile", "insecure")
        said = {name: given.pop(name) for name in names if name in given}
        command(target=_target(**said), **given)

    options = [
        click.option(
            "--target",
            required=True,
            metavar="URL",
            help="The server, or the URL of a graph or its list there.",
            **env("TARGET"),
        ),
        click.option("--project-id", help="The project [default: the URL's].", **env("PROJECT_ID")),
        click.option("--graph", help="The graph [default: the URL's].", **env("GRAPH")),
        click.option(
            "--timeout-s",
            default=30.0,
            show_default=True,
            type=float,
            help="How long an answer may take as a whole.",
            **env("TIMEOUT_S"),
        ),
        click.option(
            "--cafile", metavar="FILE", help="The certificates to trust.", **env("CAFILE")
        ),
        click.option("--insecure", is_flag=True, help="Trust any certificate.", **env("INSECURE")),
    ]
    asking = asked
    for option in reversed(options):
        asking = option(asking)
    return asking


def _target(target: str, project_id: str | None, graph: str | None, **how: Any) -> "Target":
    from gesmock.remote.sign_in import SignIn
    from gesmock.remote.target import Target

    try:
        return Target.of(target, project_id, graph, sign_in=SignIn.of(os.environ), **how)
    except GesmockError as error:
        give_up(error)
