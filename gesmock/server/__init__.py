"""An HTTP/1.1 server on our own sockets, whose faults can go down to TCP.

It knows WSGI, but nothing of the service. It may import ``model`` only.
"""
