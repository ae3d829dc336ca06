"""The edge: the only room that imports flask and werkzeug, and only when they are needed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gesmock.web.app import create_app as create_app
else:

    def __getattr__(name: str) -> object:
        """Import Flask only when an app is made: it takes longer than most tests."""
        if name != "create_app":
            raise AttributeError(f"module 'gesmock.web' has no attribute {name!r}")
        from gesmock.web.app import create_app

        return create_app
