"""A client of the job API as it should be: gesmock finds nothing to say about it."""

import time

import requests

ENDED = ("success", "complete", "partiallyFailed", "failed")


class CarefulClient:
    """Waits between polls, backs off, reads pages by what it got, and looks before it repeats."""

    def __init__(self, graph_url, token=None, renew=lambda: None):
        self._url = graph_url
        self._session = requests.Session()
        self._session.headers["X-Auth-Token"] = token
        self._renew = renew

    def _send(self, method, path, **arguments):
        pause = 1.0
        for _ in range(6):
            try:
                response = self._session.request(method, self._url + path, **arguments)
            except requests.RequestException:
                time.sleep(pause)
            else:
                if response.status_code == 401 and (token := self._renew()):
                    self._session.headers["X-Auth-Token"] = token
                    continue
                if response.status_code not in (429, 500, 503):
                    return response
                time.sleep(float(response.headers.get("Retry-After", pause)))
            pause *= 2
        raise requests.ConnectionError("the service stays away")

    def jobs(self, limit=10):
        jobs: list[dict[str, object]] = []
        total = 1
        while len(jobs) < total:
            page = self._send("GET", f"/jobs/status?limit={limit}&offset={len(jobs)}").json()
            jobs, total = jobs + page["jobs"], page["totalCount"]
        return jobs

    def submit(self, body):
        """The id of the job; None where the service refuses it."""
        known = {job["jobId"] for job in self.jobs()}
        for _ in range(3):
            try:
                path = f"{self._url}/action?action_id=import-graph"
                response = self._session.post(path, json=body)
            except requests.RequestException:
                response = None
            if response is not None and response.status_code < 500:
                return response.json().get("jobId")
            time.sleep(5)
            made = [job["jobId"] for job in self.jobs() if job["jobId"] not in known]
            if made:
                return made[0]
        raise requests.ConnectionError("the service stays away")

    def status(self, job_id):
        return self._send("GET", f"/jobs/{job_id}/status").json()["status"]

    def wait(self, job_id):
        while (status := self.status(job_id)) not in ENDED:
            time.sleep(2)
        return status

    def cancel(self, job_id):
        if self.status(job_id) not in ENDED:
            self._send("DELETE", f"/jobs/{job_id}")
