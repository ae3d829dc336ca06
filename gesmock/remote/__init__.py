"""Another server, the target: sends it requests, records its list, and is a proxy in front of it.

It may import every room but conformance, the command line and the pytest plugin.
"""
