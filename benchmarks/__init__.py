"""How fast gesmock is, beside its peers and the physical limit. Run ``python -m benchmarks``."""
