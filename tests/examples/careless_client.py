"""A client of the job API with every mistake that gesmock knows."""

import time

import requests


class CarelessClient:
    """Polls without end, tries again at once, and reads pages in five wrong ways."""

    def __init__(self, graph_url, token=None, renew=lambda: None):
        self._url = graph_url
        self._session = requests.Session()
        self._session.headers["X-Auth-Token"] = token
        self.next_offset = lambda page, limit: page * limit
        self.stops_at = lambda page, limit: not page["jobs"]

    def _send(self, method, path, **arguments):
        for _ in range(6):
            try:
                response = self._session.request(method, self._url + path, **arguments)
            except requests.ConnectionError:
                continue
            if response.status_code < 400:
                break
            time.sleep(0.1)  # whatever the answer says
        return response

    def jobs(self, limit=10):
        jobs: list[object] = []
        page = 0
        while True:
            offset = self.next_offset(page, limit)
            response = self._send("GET", f"/jobs/status?limit={limit}&offset={offset}")
            if response.status_code >= 400:
                return jobs
            jobs += response.json()["jobs"]
            page += 1
            if self.stops_at(response.json(), limit) or page > 8:
                return jobs

    def submit(self, body):
        """The id of the job; None where the service refuses it."""
        return self._send("POST", "/action?action_id=import-graph", json=body).json().get("jobId")

    def status(self, job_id):
        return self._send("GET", f"/jobs/{job_id}/status").json()["status"]

    def wait(self, job_id):
        polls = 0
        while self.status(job_id) != "complete" and polls < 300:  # an import ends as success
            time.sleep(0.05)
            polls += 1

    def cancel(self, job_id):
        self.status(job_id)
        self._send("DELETE", f"/jobs/{job_id}")
