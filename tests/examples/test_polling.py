import time

import pytest
import requests

IMPORT = {
    "edgesetPath": "bucket/edges/",
    "vertexsetPath": "bucket/vertices/",
    "obsParameters": {"accessKey": "AK", "secretKey": "SK"},
}


class StillRunning(Exception):
    pass


def import_graph(graph_url):
    """A client: submits an import, polls every two seconds, at most a minute, and gives up."""
    submitted = requests.post(f"{graph_url}/action?action_id=import-graph", json=IMPORT)
    job_id = submitted.json()["jobId"]
    seen = []
    for _ in range(30):
        status = requests.get(f"{graph_url}/jobs/{job_id}/status").json()["status"]
        seen.append(status)
        if status in ("success", "complete", "failed"):
            return seen
        time.sleep(2)
    raise StillRunning(seen)


@pytest.fixture
def sleepless(gesmock, monkeypatch):
    """The client's sleep advances the clock of the fake, and takes no time."""
    gesmock.clock.freeze()
    monkeypatch.setattr(time, "sleep", gesmock.clock.advance)


def test_an_import_that_goes_well(gesmock, sleepless):
    gesmock.plans.arm(command="import_graph", plan="normal", times=1)

    assert import_graph(gesmock.graph_url()) == ["pending", *["running"] * 4, "success"]

    newest = requests.get(gesmock.jobs_url(limit=1)).json()["jobs"][0]
    assert newest["status"] == "success"
    assert newest["request"]["command"] == "import_graph"
    assert "AK" not in newest["request"]["rawRequest"]


def test_an_import_that_never_ends(gesmock, sleepless):
    gesmock.plans.arm(command="import_graph", plan="stuck_at_99")

    with pytest.raises(StillRunning):
        import_graph(gesmock.graph_url())

    assert requests.get(gesmock.jobs_url()).json()["jobs"][0]["status"] == "running"


def test_an_import_that_fails_at_last(gesmock, sleepless):
    gesmock.plans.arm(command="import_graph", plan="fails_late", times=1)

    assert import_graph(gesmock.graph_url())[-1] == "failed"
    assert import_graph(gesmock.graph_url())[-1] == "success"


@pytest.mark.gesmock(clock={"frozen": True, "tick_s": 5})
def test_a_client_that_does_not_sleep_meets_every_status_all_the_same(gesmock, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    seen = import_graph(gesmock.graph_url())

    assert list(dict.fromkeys(seen)) == ["pending", "running", "success"]
