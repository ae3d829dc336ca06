"""A page that raises errors, or asks another host, fails its test."""

import pytest
from browser import Visitor

pytestmark = pytest.mark.deep

WRONG = """data:text/html,<title>wrong</title><img src=http://example.test/pixel.png>
<script>console.error("written"); throw new Error("raised")</script>"""


def test_errors_and_requests_to_other_hosts_fail_the_test_of_a_page(visit: Visitor) -> None:
    visit.allow("written")
    visit(WRONG).context.close()

    complaints, visit.complaints = " ".join(visit.complaints), []
    assert "a request to another host: http://example.test/pixel.png" in complaints
    assert "ERR_NAME_NOT_RESOLVED" in complaints
    assert "raised" in complaints
    assert "written" not in complaints
