"""``PORT FIXTURE...``: gesmock with each request through Flask."""

import sys

from benchmarks.servers import doors
from gesmock.fake.fake import Fake

if __name__ == "__main__":
    port, *fixtures = sys.argv[1:]
    doors.serve_for_ever(doors.through_flask(Fake({"fixture": fixtures}), int(port)))
