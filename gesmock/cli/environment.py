"""The environment: where every option of the command line may come from too."""

from typing import Any

import click


class Line(click.types.StringParamType):
    """A text that may hold blanks: several of them in the environment are a line each."""

    envvar_list_splitter = "\n"


def env(name: str) -> dict[str, Any]:
    """What makes an option come from ``GESMOCK_<name>`` where it is not given."""
    return {"envvar": f"GESMOCK_{name}", "show_envvar": True}
