"""Printable: what others have sent, as a message may show it."""


def printable(text: str) -> str:
    """*text* in one line that a terminal shows as it stands: what it would obey is escaped."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
