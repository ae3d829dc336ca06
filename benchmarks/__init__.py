"""Compares the speed of gesmock with its peers' and the limit. Run ``python -m benchmarks``."""
