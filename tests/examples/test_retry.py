import requests
from requests.adapters import HTTPAdapter, Retry


def test_a_client_that_fails_twice_succeeds(gesmock):
    gesmock.faults.script("list_jobs", 503, 503, "ok")
    with requests.Session() as client:
        client.mount("http://", HTTPAdapter(max_retries=Retry(2, status_forcelist=[503])))
        assert client.get(gesmock.jobs_url()).json()["result"] == "success"
