"""An HTTP/1.1 server on sockets of its own, so that faults can reach down to TCP.

It knows WSGI, but nothing of the service. It may import ``model`` only.
"""
