"""Holds any server against the contract, the real service included.

``gesmock verify`` runs the checks, and so does ``pytest --pyargs gesmock.conformance``.
It may import every room but the command line and the pytest plugin.
"""
