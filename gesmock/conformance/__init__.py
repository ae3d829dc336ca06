"""The conformance kit: holds any server against the contract, the real service included.

``gesmock verify`` runs it, and so does ``pytest --pyargs gesmock.conformance``.
"""
