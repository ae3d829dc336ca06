"""The fake: its projects and graphs, what they start with, and the service's operations.

It may import model, faults, contract and journal; it knows no HTTP server and no Flask.
"""
