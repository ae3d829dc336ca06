"""The domain: jobs, their statuses over time, and what the service's documentation says of them.

Values and pure functions, without I/O, threads or Flask. This room imports no other.
"""
