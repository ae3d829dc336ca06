"""``python -m gesmock``: the command line."""

from gesmock.cli import main

main()
