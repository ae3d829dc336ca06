"""Another server, the target: it is asked, its list is recorded, and a proxy stands in front of it.

It may import every room but conformance, the command line and the pytest plugin.
"""
