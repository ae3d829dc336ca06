"""A client under test with unittest: the fake is started once, and begins anew for each test."""

import unittest
from collections import Counter

import requests

from gesmock import GesMock


def count_by_status(url: str) -> dict[str, int]:
    """The client under test: how many jobs there are in each status, however long the list is."""
    counts: Counter[str] = Counter()
    total = 1
    while counts.total() < total:
        window = {"limit": 2, "offset": counts.total()}
        answer = requests.get(url, params=window, timeout=5)
        answer.raise_for_status()
        page = answer.json()
        counts.update(job["status"] for job in page["jobs"])
        total = page["totalCount"]
    return dict(counts)


class CountByStatus(unittest.TestCase):
    ges: GesMock

    @classmethod
    def setUpClass(cls) -> None:
        cls.ges = cls.enterClassContext(GesMock(fixture="movies"))

    def setUp(self) -> None:
        self.ges.reset()

    def test_it_counts_all_pages(self) -> None:
        self.ges.add_job(status="failed")

        counts = count_by_status(self.ges.jobs_url())

        self.assertEqual(counts["failed"], 2)
        self.assertEqual(sum(counts.values()), 6)

    def test_it_tells_of_an_error_on_the_second_page(self) -> None:
        self.ges.faults.script("list_jobs", "ok", 503)

        with self.assertRaises(requests.HTTPError):
            count_by_status(self.ges.jobs_url())

    def tearDown(self) -> None:
        self.assertEqual(self.ges.findings(), [])


if __name__ == "__main__":
    unittest.main()
