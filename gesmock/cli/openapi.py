"""The command line: openapi."""

import click
import msgspec

from gesmock.cli import options as cli_options
from gesmock.cli.terminal import give_up
from gesmock.model.errors import GesmockError
from gesmock.model.settings import Settings


@click.command()
@click.option("--control", is_flag=True, help="The control API instead of the service.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Read the pages as it says."
)
def openapi(control: bool, settings: tuple[str, ...]) -> None:
    """Print the OpenAPI document of the service, or of the control API."""
    from gesmock.contract import service_document
    from gesmock.web.control_document import control_document

    try:
        changes = dict(cli_options.setting(text, "--set") for text in settings)
        read = Settings().changed(changes, "--set")
    except GesmockError as error:
        give_up(error)
    document = control_document() if control else service_document(read)
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
