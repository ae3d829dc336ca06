"""An HTTP/1.1 server over sockets that we own: it knows WSGI, and nothing of the service."""
