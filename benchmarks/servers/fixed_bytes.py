"""``PORT PATH=FILE...``: gesmock's server with answers that were made before."""

from benchmarks.servers import doors
from benchmarks.servers.bodies import port_and_bodies

if __name__ == "__main__":
    port, bodies = port_and_bodies()
    doors.serve_for_ever(doors.fixed(bodies, port))
