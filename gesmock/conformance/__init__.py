"""Checks any server against the contract, the real service included.

``gesmock verify`` runs the checks, and so does ``pytest --pyargs gesmock.conformance``.
Each check is a row of ``checks.json`` and the function of the same name.
This room may import every other but the command line and the pytest plugin.
"""
