"""``python -m gesmock``: the command line."""

from gesmock.cli.main import run

run()
