import requests


def test_pages_joined_are_the_whole_list(gesmock):
    gesmock.generate(25)
    urls = [gesmock.jobs_url(limit=10, offset=offset) for offset in (0, 10, 20)]
    pages = [requests.get(url).json()["jobs"] for url in urls]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert len({job["jobId"] for page in pages for job in page}) == 25
