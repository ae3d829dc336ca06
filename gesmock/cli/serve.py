"""``gesmock serve`` and ``gesmock proxy``: commands that run until a signal stops them."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import msgspec

import gesmock
from gesmock.cli import options, output, state_file
from gesmock.cli.options import LineParamType, command, file_option, option
from gesmock.fake import fixtures
from gesmock.model.errors import GesmockError, InvalidInput
from gesmock.web.guard import CONTROL, DEMO, LARGEST_CONTROL_BODY, reachable

if TYPE_CHECKING:
    from gesmock.fake.fake import Fake
    from gesmock.mock import GesMock
    from gesmock.remote.proxy import ProxyServer
    from gesmock.remote.target import Target

log = logging.getLogger("gesmock.serve")

_LOOK_EVERY_S = 0.5

_Version = tuple[int, int, int]

_SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while others wait for it.

While a worker generates jobs, the loop has to ask for the interpreter with each system call: at
Python's default of 5 ms, sixteen clients would wait 160 ms.
"""


def _catch(caught: Callable[..., object]) -> None:
    """Call *caught* on the signals that stop a command; ``nohup`` has SIGHUP ignored."""
    numbers = {signal.SIGINT, signal.SIGTERM}
    hang_up = getattr(signal, "SIGHUP", signal.SIGTERM)  # Windows has none
    if signal.getsignal(hang_up) is not signal.SIG_IGN:
        numbers.add(hang_up)
    for number in numbers:
        signal.signal(number, caught)


def stop_signals() -> Callable[[], object]:
    """Catch SIGINT, SIGTERM and SIGHUP from now on; the result waits for one.

    The interpreter writes each to a pipe. A handler that set an Event could deadlock: it runs in
    the thread that waits for it, which may hold the Event's lock.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    _catch(lambda *_: None)
    return partial(os.read, reader, 1)


def _log_to_standard_error(level: str, log_format: str) -> None:
    from gesmock.web import logs  # what the other commands need not wait for

    log = logging.getLogger("gesmock")
    standard_error = logs.JsonLogHandler() if log_format == "json" else logs.LogHandler()
    click.get_current_context().call_on_close(standard_error.close)
    for each in (log, logs.ACCESS):
        each.addHandler(standard_error)
    logs.ACCESS.propagate = False
    log.setLevel(level.upper())


def _versions(files: Sequence[str], state: Path | None) -> dict[str, _Version | None]:
    """The version of each of the fixture *files* to watch. Raises InvalidInput."""
    if state is not None:
        raise InvalidInput.at("--watch", "of no use with --state, which replaces the fixture files")
    if not files:
        raise InvalidInput.at("--watch", "needs a fixture file")
    return {file: _version(file) for file in files}


def _version(file: str) -> _Version | None:
    """A value that differs after each change of *file*; None while there is no such file."""
    try:
        status = fixtures.find(file).stat()
    except (InvalidInput, OSError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@contextmanager
def _watching(fake: "Fake", files: dict[str, _Version | None]) -> Iterator[None]:
    """While the block runs, reload into *fake* each of *files* that changes."""
    ended = Event()

    def watch() -> None:
        while not ended.wait(_LOOK_EVERY_S):
            for file, before in files.items():
                now = _version(file)
                if now == before:
                    continue
                files[file] = now
                try:
                    fake.reload(file)
                except GesmockError as error:
                    log.warning("the state stays as it was: %s", error)
                else:
                    log.info("%s: reloaded", file)

    thread = Thread(target=watch, name="gesmock-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _run(
    server: "GesMock | ProxyServer",
    wait: Callable[[], object],
    *,
    host: str,
    suffix: str = "",
    curl: str,
    demo: str = "",
    control: bool = True,
    token: bool,
    show: bool = False,
) -> None:
    """Run *server* until *wait* returns.

    Prints its URL and the *suffix*; a *curl* command; with *control*, the panel's URL; the URL of
    the *demo*, if there is one; and, with *token*, its control token. *show* opens the panel.
    """
    also = "" if reachable(host) == host else ", and on all other addresses of this machine"
    with server:
        click.echo(f"gesmock {gesmock.__version__} listening on {server.url}{also}{suffix}")
        click.echo(f"curl {curl}")
        if control:
            click.echo(f"panel {server.url}{CONTROL}/")
        if demo:
            click.echo(f"demo {demo}")
        if token and server.control_token:
            click.echo(f"control token: {server.control_token}")
        if show:
            import webbrowser  # 20 ms that most runs need not wait for

            if not webbrowser.open(f"{server.url}{CONTROL}/"):
                log.warning("--open: found no browser; open the panel yourself")
        wait()


@command()
@click.argument("fixture", nargs=-1, metavar="[FIXTURE_FILE]...")
@options.host(help="The address to listen on.")
@options.port
@option("--project-id", help="The default project.")
@option("--generate", multiple=True, metavar="[GRAPH=]N", help="Add N realistic jobs.")
@option("--seed", type=int, help="The seed of all random choices [default: the file's, else 0].")
@options.faults
@options.preset
@option(
    "--plan",
    multiple=True,
    type=LineParamType(),
    metavar="[COMMAND=]PLAN[,...]",
    help="How submitted jobs progress: slow or import_graph=fails_late,times=1 or a plan rule as "
    "JSON. In the environment, one per line.",
)
@option("--frozen", is_flag=True, help="Start with a frozen clock.")
@option("--rate", type=float, help="The clock's seconds per real second [default: 1].")
@option(
    "--tick-s",
    type=float,
    help="By how many seconds each request to a project advances its clock [default: 0].",
)
@option("--real-delays", is_flag=True, help="Delay answers by real seconds, not by the clock's.")
@option("--token", multiple=True, help="Require this X-Auth-Token; repeat it to accept several.")
@option(
    "--dialect",
    type=click.Choice(["page", "error_table"]),
    help="Which statuses to answer with: the page's own, or those of the error-code table.",
)
@option("--set", multiple=True, metavar="NAME=VALUE", help="Change a setting.")
@option(
    "--journal-size",
    type=int,
    help="How many of the latest requests the journal keeps [default: 10000].",
)
@options.control_token
@option("--allow-host", multiple=True, help="Answer control calls under this host name too.")
@option(
    "--control-origin",
    multiple=True,
    metavar="URL",
    help="Let pages of this origin, such as http://127.0.0.1:5173, call the control API.",
)
@option("--cert", metavar="FILE", help="Serve HTTPS with this certificate chain (PEM).")
@option("--key", metavar="FILE", help="The certificate's key [default: in the same file].")
@option(
    "--max-control-body",
    type=int,
    metavar="BYTES",
    default=LARGEST_CONTROL_BODY,
    help="The longest body of a control call; a state of 100,000 jobs has 57 MB.",
)
@option("--no-control", is_flag=True, help="Serve neither the control API nor the panel.")
@option("--open", is_flag=True, help="Open the panel in the browser.")
@option(
    "--demo",
    is_flag=True,
    help="Print the URL of a demo application; without fixture files and --generate, serve the "
    "fixture file living with --generate 100.",
)
@option(
    "--watch",
    is_flag=True,
    help="Reload a fixture file when it changes; while it is broken, keep the old state.",
)
@file_option(
    "--state",
    help="Save the state, without secrets, to this file at the end, and start from it if it exists "
    "already, in place of fixture files, --generate, --fault, --preset and --plan.",
)
@options.log_level
@options.log_format
def serve(
    *,
    fixture: tuple[str, ...],
    generate: tuple[str, ...],
    fault: tuple[str, ...],
    plan: tuple[str, ...],
    frozen: bool,
    rate: float | None,
    tick_s: float | None,
    real_delays: bool,
    token: tuple[str, ...],
    dialect: str | None,
    set: tuple[str, ...],
    control_token: str | None,
    allow_host: tuple[str, ...],
    control_origin: tuple[str, ...],
    cert: str | None,
    key: str | None,
    no_control: bool,
    demo: bool,
    open: bool,
    watch: bool,
    state: Path | None,
    log_level: str,
    log_format: str,
    **parameters: Any,
) -> None:
    """Serve fixture files: paths, or names of those gesmock ships.

    Without a fixture file and without --generate, serves the example of the service's own page.
    """
    if demo and not (fixture or generate):
        fixture, generate = ("living",), ("100",)
    # Until it listens, there is nothing to stop. An import could swallow a SystemExit.
    _catch(lambda *_: os._exit(0))
    from gesmock.mock import GesMock

    _log_to_standard_error(log_level, log_format)
    sys.setswitchinterval(_SWITCH_S)
    changes = {} if dialect is None else {"dialect": dialect}
    flags = {"frozen": frozen or None, "real_delays": real_delays or None}
    clock = {**flags, "rate": rate, "tick_s": tick_s}
    begins: dict[str, Any] = {
        "fixture": fixture or (() if generate else "page_example"),
        "generate": [options.generator(text, "--generate") for text in generate],
        "faults": [options.fault_rule(text) for text in fault],
        "plans": [options.plan_rule(text) for text in plan],
        "clock": {name: value for name, value in clock.items() if value is not None} or None,
        "tokens": token,
        "settings": changes | dict(options.setting(text, "--set") for text in set),
        **parameters,
    }
    versions = _versions(fixture, state) if watch else {}
    if open and no_control:
        raise InvalidInput.at("--open", "of no use with --no-control, which leaves out the panel")
    output.check_writable({"--state": state})
    if state is not None:
        click.get_current_context().with_resource(state_file.locked(state))
        if state.exists():
            begins = state_file.options_from(state, begins)
    with options.naming_options():
        ges = GesMock(
            control=not no_control,
            control_token=control_token,
            allow_hosts=allow_host,
            control_origins=control_origin,
            ssl_context=options.tls(cert, key),
            progress=output.progress,
            **begins,
        ).start()
    if watch:
        click.get_current_context().with_resource(_watching(ges.fake, versions))
    header = "-H 'X-Auth-Token: <token>' " if ges.fake.default.tokens else ""
    graph = quote(ges.graph_url().removeprefix(ges.url))
    _run(
        ges,
        stop_signals(),
        host=parameters["host"],
        curl=f"{header}'{ges.jobs_url()}'",
        control=not no_control,
        demo=f"{ges.url}{DEMO}/?graph={graph}" if demo else "",
        token=not (no_control or control_token),
        show=open,
    )
    if state is not None:
        state_file.save(state, ges.fake)


@command()
@options.target_options
@options.host(help="The address to listen on; one that other machines reach needs --allow-others.")
@options.port
@option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="A host name to answer to, besides localhost and addresses.",
)
@option(
    "--allow-others",
    is_flag=True,
    help="Let other machines use the proxy, with your credentials, if --host lets them reach it.",
)
@options.control_token
@options.faults
@options.preset
@option("--seed", type=int, help="The seed of all random choices [default: 0].")
@file_option("--har", help="Write the journal as an HTTP archive to this file at the end.")
@options.log_level
@options.log_format
def proxy(
    *,
    target: "Target",
    allow_host: tuple[str, ...],
    control_token: str | None,
    fault: tuple[str, ...],
    har: Path | None,
    log_level: str,
    log_format: str,
    **parameters: Any,
) -> None:
    """Forward requests to a server, journal them, and inject faults.

    Requests without credentials are signed in with the token in GESMOCK_TARGET_TOKEN, or with the
    keys in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (and HUAWEICLOUD_SDK_SECURITY_TOKEN, if they
    are temporary; signing needs the extra "cloud"). The control API, below /_gesmock/, has the
    journal, the verdict and the faults. On SIGINT (Ctrl-C), SIGTERM or SIGHUP it prints its
    findings about the client and exits with 0; it exits with 2 if it cannot start.
    """
    wait = stop_signals()  # before all else: whenever one comes, the archive is written
    from gesmock.remote.proxy import ProxyServer

    _log_to_standard_error(log_level, log_format)
    output.check_writable({"--har": har})
    with options.naming_options():
        server = ProxyServer(
            target,
            control_token=control_token,
            allow_hosts=allow_host,
            faults=[options.fault_rule(text) for text in fault],
            **parameters,
        )
    _run(
        server,
        wait,
        host=parameters["host"],
        suffix=f" for {target.url}",
        curl=f"'{server.url}{target.path('/jobs/status')}'",
        token=not control_token,
    )
    project = server.fake.default
    failure = None
    if har is not None:  # first: standard output may be closed
        try:
            output.write(har, msgspec.json.encode(project.journal.har()))
        except GesmockError as error:
            failure = error
    for finding in project.verdict.findings():
        click.echo(str(finding))
    if failure is not None:
        raise failure
