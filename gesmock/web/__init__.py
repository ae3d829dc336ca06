"""The edge: the only place that imports flask and werkzeug, and knows sockets."""

from gesmock.web.app import create_app as create_app
