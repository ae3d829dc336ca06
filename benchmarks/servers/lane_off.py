"""``PORT FIXTURE...``: gesmock without its fast lane."""

import sys

from benchmarks.servers import doors
from gesmock.fake.fake import Fake

if __name__ == "__main__":
    port, *fixtures = sys.argv[1:]
    doors.serve_for_ever(doors.lane_off(Fake({"fixture": fixtures}), int(port)))
