"""``python -m gesmock``: the command line."""

from gesmock.cli import run

run()
