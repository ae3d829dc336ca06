"""Servers that have no command of their own: each module is run with ``python -m``."""
