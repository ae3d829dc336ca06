"""``gesmock health``, ``wait``, ``env`` and ``reset``: commands about servers that run."""

import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from gesmock.cli import options
from gesmock.cli.options import command, option
from gesmock.cli.output import fail
from gesmock.model.clock import real_time
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.model.sdk_environment import sdk_environment
from gesmock.web.guard import local_url

if TYPE_CHECKING:
    from gesmock.remote.target import Target

_POLL_S: Final = 0.1


def server_options(
    timeout_s: float, timeout_help: str = "How long an answer may take.", *, several: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options for a server to ask, or for *several*; a function gets a ``Target``, or a list.

    *timeout_s* is the default of ``--timeout-s``, and *timeout_help* its help. Without a URL, it is
    the server that ``gesmock serve`` starts in this environment.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @click.argument("url", nargs=-1 if several else 1, required=False, envvar="GESMOCK_URL")
        @option("--timeout-s", default=timeout_s, help=timeout_help)
        @options.cafile
        @options.insecure
        @wraps(function)
        def with_targets(*, url: Any, insecure: bool, **values: Any) -> None:
            from gesmock.remote.target import Target

            limits = {name: values.pop(name) for name in ("timeout_s", "cafile")}
            if url:
                limits["insecure"] = insecure
            else:  # its certificate may not name this machine's loopback address
                url, limits["insecure"] = own_url(os.environ), True
            urls = [url] if isinstance(url, str) else url
            targets = [Target.of_server(each, **limits) for each in urls]
            if several:
                function(targets=targets, **values)
            else:
                function(target=targets[0], **values)

        return with_targets

    return decorate


def own_url(environ: Mapping[str, str]) -> str:
    """The URL of the server that *environ* has ``gesmock serve`` start. Raises InvalidInput."""
    host = (environ.get("GESMOCK_HOST") or "127.0.0.1").strip("[]")
    port = environ.get("GESMOCK_PORT") or "8080"
    if port == "0":
        raise InvalidInput.at("GESMOCK_PORT", "0 stands for any free port; name the server's URL")
    if not re.fullmatch("[0-9]{1,5}", port):
        raise InvalidInput.at("GESMOCK_PORT", f"{port!r} is not a port")
    return local_url(host, port, secure=bool(environ.get("GESMOCK_CERT")))


@command()
@server_options(3.0)
def health(target: "Target") -> None:
    """Exit with 0 if the server at URL is ready, with 1 if it is not.

    Needs no token. Without URL, it asks the server at GESMOCK_URL, or else the one that gesmock
    serve starts in this environment (GESMOCK_HOST, GESMOCK_PORT, GESMOCK_CERT), whatever its
    certificate.
    """
    try:
        _show_health(target)
    except GesmockError as error:
        fail(error, 1)


@command()
@server_options(30.0, "How long to wait.")
def wait(target: "Target") -> None:
    """Wait until the server at URL is ready.

    Exits with 1 if it is not ready in time. Without URL, it asks the same server as gesmock health.
    """
    until = real_time() + target.timeout_s
    while True:
        try:
            _show_health(replace(target, timeout_s=max(until - real_time(), 0.01)))
        except GesmockError as error:
            if real_time() + _POLL_S > until:
                fail(GesmockError(f"not ready after {target.timeout_s:g} s: {error}"), 1)
            time.sleep(_POLL_S)
        else:
            return


def _show_health(target: "Target") -> None:
    from gesmock.remote import control

    version = control.health(target).version
    click.echo(f"{target.url}: {f'gesmock {version}' if version else 'gesmock'} is ready")


@command()
@server_options(3.0)
def env(target: "Target") -> None:
    """Print the environment for programs that call the server at URL.

    It is that of the pytest fixture gesmock_env, for code that uses the vendor's SDK:

    eval "$(gesmock env http://127.0.0.1:8080)"

    Without URL, it asks the same server as gesmock health.
    """
    from gesmock.remote import control

    project_id = control.health(target).project_id
    if not project_id:
        why = "its project is unknown, as it serves no control API (--no-control)"
        raise GesmockError(f"{target.url}: {why}")
    for name, value in sdk_environment(target.url, project_id, os.environ).items():
        click.echo(f"export {name}={shlex.quote(value)}")


@command()
@server_options(30.0, several=True)
@option("--control-token", metavar="TOKEN", help="The control token of the servers.")
def reset(targets: "list[Target]", control_token: str | None) -> None:
    """Reset every project of each server.

    Drops the projects that only calls have opened. Exits with 1 if a server cannot be reset, but
    resets the others. Without URL, it resets the server that gesmock health asks. GESMOCK_URL may
    contain several URLs, separated by spaces.
    """
    from gesmock.remote import control

    failed = False
    for target in targets:
        try:
            epoch = control.reset(target, control_token)
        except GesmockError as error:
            click.echo(f"gesmock: {error}", err=True)
            failed = True
        else:
            click.echo(f"{target.url}: reset, epoch {epoch}")
    sys.exit(1 if failed else 0)
