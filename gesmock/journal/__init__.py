"""The journal: what was asked and answered, what clients were shown, and the verdict on them.

May import ``model``, ``faults`` and ``contract``.
"""
