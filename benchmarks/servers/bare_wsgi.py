"""``PORT PATH=FILE...``: gesmock's server with a bare WSGI callable behind it."""

from benchmarks.servers import doors
from benchmarks.servers.bodies import port_and_bodies

if __name__ == "__main__":
    port, bodies = port_and_bodies()
    doors.serve_for_ever(doors.bare(bodies, port))
