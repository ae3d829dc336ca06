"""The commands: one module each, what they share in ``options``, ``terminal`` and ``files``.

The only room that imports click; nothing imports it but ``gesmock.__main__``.
"""
