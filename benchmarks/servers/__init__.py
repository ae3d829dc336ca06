"""Servers without a command of their own: each module is run with ``python -m``."""
