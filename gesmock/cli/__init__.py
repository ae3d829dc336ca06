"""The commands (click); what they share is in ``options`` and ``output``.

The only room that imports click; nothing imports it but ``gesmock.__main__``.
"""
