import requests


def test_pages_joined_are_the_whole_list(gesmock):
    gesmock.generate(25)
    pages = [
        requests.get(gesmock.jobs_url(limit=10, offset=offset)).json() for offset in (0, 10, 20)
    ]
    assert [len(page["jobs"]) for page in pages] == [10, 10, 5]
    assert len({job["jobId"] for page in pages for job in page["jobs"]}) == 25
