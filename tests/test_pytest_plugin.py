"""The pytest plugin, as a user's test run sees it."""

import subprocess
import sys
from pathlib import Path

import fastjsonschema  # noqa: F401 an inner run that imports it first would drop it again
import pytest
import requests  # noqa: F401 an inner run that imports it first would drop half of it again
from conftest import IMPORTED, PROJECT

import gesmock.mock  # noqa: F401 the same

USER = """
import pytest, requests

def total(gesmock):
    return requests.get(gesmock.jobs_url()).json()["totalCount"]
"""


def run(pytester: pytest.Pytester, test: str, *args: str) -> pytest.RunResult:
    """Run these tests."""
    pytester.makepyfile(USER + test)
    return pytester.runpytest_inprocess(
        "-W", "error", *IMPORTED, "-p", "gesmock.pytest_plugin", *args
    )


def test_each_test_gets_a_fresh_fake_at_the_same_url(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
URLS = set()

@pytest.mark.parametrize("number", range(3))
def test_it(gesmock, number):
    assert total(gesmock) == 0
    gesmock.add_job()
    gesmock.configure(limit_zero="refuse")
    URLS.add(gesmock.jobs_url())
    assert len(URLS) == 1

def test_settings_are_reset(gesmock):
    assert gesmock.settings.limit_zero == "empty"

class TestMarkers:
    pytestmark = pytest.mark.gesmock(seed=7, generate=3)

    @pytest.mark.gesmock(fixture="movies", generate={"graph": "films", "count": 2})
    def test_fixture(self, gesmock):
        assert (gesmock.graph_name, total(gesmock)) == ("movies", 5)
        assert len(gesmock.jobs("films")) == 2

    @pytest.mark.gesmock(settings={"dialect": "error_table"})
    def test_settings(self, gesmock):
        assert gesmock.settings.forbidden_status == 400
        assert total(gesmock) == 3
        assert gesmock.state()["seed"] == 7

    @pytest.mark.gesmock(journal_size=2)
    def test_journal(self, gesmock):
        assert [total(gesmock) for _ in range(3)] == [3, 3, 3]
        assert gesmock.journal.dropped == 1

    @pytest.mark.gesmock(queries=[{"statement": "q", "columns": ["n"], "rows": [[1], [2]]}])
    def test_queries(self, gesmock):
        url = gesmock.graph_url() + "/action?action_id=execute-cypher-query"
        answer = requests.post(url, json={"statements": [{"statement": "q"}]}).json()
        assert [each["row"] for each in answer["results"][0]["data"]] == [[1], [2]]
        assert len(gesmock.queries) == 1
        assert total(gesmock) == 3

    def test_no_queries(self, gesmock):
        assert len(gesmock.queries) == 0

    @pytest.mark.gesmock(strict=False)
    def test_lenient(self, gesmock):
        gesmock.faults.arm("list_jobs", 503, after=5)
        requests.post(gesmock.jobs_url())
""",
    )

    result.assert_outcomes(passed=10)


def test_an_overridden_server_restarts_with_its_own_options_and_the_marker(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
from gesmock import GesMock

@pytest.fixture(scope="session", params=["database", "memory"])
def gesmock_server(request):
    settings = {"edition": request.param}
    with GesMock(fixture="movies", settings=settings, verdict={"fail_on": []}) as ges:
        yield ges

def test_its_own(gesmock):
    answer = requests.get(gesmock.jobs_url()).json()
    assert len(answer["jobs"]) == 5
    assert ("totalCount" in answer) is (gesmock.settings.edition == "database")

@pytest.mark.gesmock(fixture="empty", verdict=None)
def test_on_top(gesmock, request):
    assert requests.get(gesmock.jobs_url()).json()["jobs"] == []
    assert gesmock.settings.edition == request.node.callspec.params["gesmock_server"]
    assert requests.get(gesmock.url + "/ges/nothing").status_code == 404

def test_as_it_began(gesmock_server):
    gesmock_server.reset()
""",
    )

    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["*GM002*"])


def test_a_wrong_marker_is_refused_by_name(pytester: pytest.Pytester) -> None:
    wrong = {
        "fixtures='movies'": "*fixtures: unknown key; did you mean 'fixture'? known keys: fixture, project_id, graph_name*",
        "'movies'": "*@pytest.mark.gesmock takes keyword arguments only, such as fixture='movies'; got 'movies'",
        "graphs={}": "*graphs: unknown key; did you mean 'graph_name'? known keys: *",
        "fixture='nothing'": "*nothing: no such file, and none of gesmock's own fixture files*",
        "settings={'limits': 0}": "*settings.limits: unknown key*",
        "verdict=5": "*verdict: expected an object, got 5*",
        "ignore=5": "*verdict.ignore[[]0]: 5 is not *",
        "strict='no'": "*@pytest.mark.gesmock: strict: expected True or False, got 'no'*",
    }

    result = run(
        pytester,
        "".join(
            f"@pytest.mark.gesmock({marker})\ndef test_{number}(gesmock):\n    pass\n"
            for number, marker in enumerate(wrong)
        )
        + "@pytest.mark.gesmock(see=7)\ndef test_without_the_fake():\n    pass\n",
    )

    result.assert_outcomes(errors=9)
    result.stdout.fnmatch_lines_random([*wrong.values()])


def test_findings_fail_the_test_in_one_message_or_are_added_to_its_failure(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
def test_passes(gesmock):
    gesmock.faults.arm("list_jobs", 503, after=5)
    requests.post(gesmock.jobs_url())
    requests.get(gesmock.jobs_url().replace("jobs", "job"))

def test_fails(gesmock):
    requests.post(gesmock.jobs_url())
    assert False, "its own reason"

def test_fails_without_findings(gesmock):
    assert False, "another reason"

@pytest.fixture
def client(gesmock):
    yield
    requests.delete(gesmock.jobs_url())

def test_a_mistake_in_the_teardown(client):
    pass

@pytest.fixture
def broken(gesmock):
    gesmock.faults.arm("list_jobs", 503)
    raise RuntimeError("in its setup")

def test_with_a_failing_setup(broken):
    pass
""",
    )

    result.assert_outcomes(failed=3, passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["gesmock found 1 finding: GM002 no operation serves this: DELETE /ges/v1.0/*"]
    )
    result.stdout.fnmatch_lines(
        [
            "gesmock found 3 findings: GM002 no operation serves this: POST /ges/*",
            "- GM002 no operation serves this: GET /ges/v1.0/*/job/status answered 404; *",
            "- GM003 fault rule never fired; it matched no requests: f1 *",
            "*its own reason",
            "*Captured gesmock call*",
            "gesmock found 1 finding: GM002 *",
        ]
    )
    result.stdout.no_fnmatch_line("*gesmock found 0*")


def test_a_failed_test_shows_how_to_arm_its_faults_again(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.gesmock(preset="slow", clock={"frozen": True}, faults=[{"fault": 401, "nth": 9}], strict=False)
def test_fails(gesmock):
    gesmock.faults.arm("list_jobs", 503, times=2)
    assert total(gesmock) == 0

def test_problem(gesmock):
    gesmock.faults.arm("list_jobs", 503, after=9)

def test_passes(gesmock):
    gesmock.faults.arm("list_jobs", 503)
    requests.get(gesmock.jobs_url())

def test_fails_without_a_fault(gesmock):
    assert False
""",
    )

    result.assert_outcomes(failed=3, passed=1)
    armed = (
        "gesmock.faults.arm({'operation': 'list_jobs', 'fault': {'kind': 'error', 'status': 503}"
    )
    armed_again = [line for line in result.outlines if line.startswith("gesmock.faults.arm")]
    assert armed_again == [
        f"{armed}, 'times': 2}})  # f4: fired at 1 of 1 calls",
        f"{armed}, 'after': 9}})  # f1: fired at 0 of 0 calls",
    ]
    titles = [line for line in result.outlines if "Captured gesmock faults call" in line]
    assert len(titles) == 2


def test_a_restart_in_a_test_keeps_the_codes_of_the_ini_file_and_the_marker(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\ngesmock_fail_on = GM0 GM1\ngesmock_ignore = GM109\n")

    result = run(
        pytester,
        """
def refused_twice(gesmock, **options):
    gesmock.restart(fixture="movies", **options)
    for _ in range(3):
        requests.get(gesmock.jobs_url(limit=-1))

def test_by_the_ini_file(gesmock):
    refused_twice(gesmock)
    assert gesmock.verdict.config.ignore == ["GM109"]

def test_with_a_verdict_of_its_own(gesmock):
    refused_twice(gesmock, verdict={"ignore": ["GM107"]})
    assert gesmock.verdict.config.ignore == ["GM109", "GM107"]

@pytest.mark.gesmock(fail_on="GM0")
def test_by_the_marker(gesmock):
    refused_twice(gesmock)
    refused_twice(gesmock, verdict={"poll_s": 2})
    assert gesmock.verdict.config.poll_s == 2

def test_not_beyond_the_test(gesmock_server):
    gesmock_server.restart()
    assert gesmock_server.verdict.config.fail_on == ["GM0"]
""",
        "-p",
        "no:randomly",
    )

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["gesmock found 1 finding: GM107 *", "FAILED *by_the_ini_file*"])


def test_a_failed_test_shows_the_last_requests(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_fails(gesmock):
    other = gesmock.project("other")
    for offset in range(8):
        requests.get(gesmock.jobs_url(offset=offset))
        requests.get(other.jobs_url(offset=offset))
    assert False

def test_fails_after_one(gesmock):
    requests.get(gesmock.jobs_url(), headers={"Prefer": "code=503"})
    assert False

def test_fails_without_any(gesmock):
    assert False
""",
    )

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines_random(["the last 10 of 16:"])
    listed = [line.partition("/ges/v1.0/") for line in result.outlines if line.startswith("#")]
    assert [line[2].rpartition("=")[2] for line in listed] == [
        *(f"{offset} answered 200" for offset in (3, 3, 4, 4, 5, 5, 6, 6, 7, 7)),
        f"{PROJECT}/graphs/movie/jobs/status answered 503 (prefer#1)",
    ]
    assert sum("other/" in line[2] for line in listed) == 5
    titles = [line for line in result.outlines if "Captured gesmock requests call" in line]
    assert len(titles) == 2


def test_the_last_requests_of_a_failed_test_say_why_one_was_refused(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
def test_fails(gesmock):
    requests.get(gesmock.jobs_url("films"))
    gesmock.faults.arm("list_jobs", "hang")
    with pytest.raises(requests.Timeout):
        requests.get(gesmock.jobs_url(), timeout=0.3)
    assert False
""",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '#1 GET */graphs/films/jobs/status answered 400: {"errorMessage":"Graph *films] does not exist*',
            "#2 GET */graphs/movie/jobs/status not answered (f1#1)",
        ]
    )


def test_a_strict_fake_of_a_wider_scope_fails_for_its_findings(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
from gesmock import GesMock

@pytest.fixture(scope="module")
def ges():
    with GesMock(strict=True) as ges:
        ges.faults.arm("delete_job", 503)
        yield ges

def test_passes(ges):
    assert total(ges) == 0
""",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ExpectationFailed: gesmock found 1 finding: GM003 *"])


def test_the_environment_points_the_sdk_at_the_fake(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.delenv("no_proxy", raising=False)
    result = run(
        pytester,
        """
        import os

        @pytest.mark.gesmock(fixture="movies")
        def test_it(gesmock_env, gesmock):
            assert os.environ["HUAWEICLOUD_SDK_AK"]
            assert os.environ["HUAWEICLOUD_SDK_SK"] == gesmock_env["HUAWEICLOUD_SDK_SK"]
            assert os.environ["HUAWEICLOUD_SDK_PROJECT_ID"] == gesmock.project_id
            assert os.environ["HUAWEICLOUD_SDK_REGION_GES_CN_NORTH_4"] == gesmock.url
            assert os.environ["NO_PROXY"] == "intranet,127.0.0.1,localhost"
            assert os.environ["no_proxy"] == "127.0.0.1,localhost"

        def test_afterwards():
            assert os.environ["NO_PROXY"] == "intranet"
            assert "HUAWEICLOUD_SDK_AK" not in os.environ
        """.replace("\n        ", "\n"),
    )

    result.assert_outcomes(passed=2)


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep inner runs from importing every installed plugin, which takes most of their time.

    This run itself shows that the plugin is found without ``-p``.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.mark.deep
def test_xdist_workers_have_a_server_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        USER
        + """
@pytest.mark.parametrize("number", range(6))
def test_it(gesmock, number):
    assert total(gesmock) == 0
    gesmock.generate(number)
    assert total(gesmock) == number
"""
    )

    result = pytester.runpytest_subprocess(
        "-p", "xdist", "-p", "gesmock.pytest_plugin", "-n", "2", "-W", "error"
    )

    result.assert_outcomes(passed=6)


def test_it_can_be_switched_off(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile("def test_it():\n    pass\n")

    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")

    result = pytester.runpytest_inprocess(
        "-p", "no:gesmock", "-W", "error", *IMPORTED, "--fixtures"
    )

    assert result.ret == 0
    result.stdout.no_fnmatch_line("*gesmock_env*")


@pytest.mark.deep
def test_these_tests_pass_under_the_pytest_command() -> None:
    command = Path(sys.executable).with_name("pytest")
    ran = subprocess.run(
        [command, "-p", "no:randomly", __file__, "-k", "wrong_marker"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout


def test_it_imports_the_standard_library_and_pytest_only() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import gesmock.pytest_plugin; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )

    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()

    assert set(loaded) - set(sys.stdlib_module_names) <= {"gesmock"}
