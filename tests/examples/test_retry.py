import requests
from requests.adapters import HTTPAdapter, Retry


def test_a_client_that_retries_twice_gets_its_list(gesmock):
    gesmock.faults.script("list_jobs", 503, 503, "ok")
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(2, status_forcelist=[503])))
        assert session.get(gesmock.jobs_url()).json()["result"] == "success"
    assert [entry.status for entry in gesmock.journal] == [503, 503, 200]
