"""Whatever is done to jobs, in whichever order, they are as a simple model says."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import PROJECT, Service
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
FINAL = ("complete", "success", "failed")

# Each plan as what it comes to: after so many hundredths of a second, which status.
NORMAL = [(0, "pending"), *((at, "running") for at in (200, 400, 600, 800))]
PLANS: dict[str, list[tuple[int, str]]] = {
    "instant": [(0, "end")],
    "normal": [*NORMAL, (1000, "end")],
    "stuck_pending": [(0, "pending")],
    "stuck_at_99": [*NORMAL, (1000, "running")],
    "fails_early": [
        (0, "pending"), *((at, "running") for at in (200, 225, 250, 275)), (300, "failed")
    ],
    "fails_late": [*NORMAL, (1000, "failed")],
    "never_listed_for_s": [*NORMAL, (1000, "end")],
}  # fmt: skip
COMMANDS = {
    "execute-algorithm": ("execute_algorithm", "complete"),
    "import-graph": ("import_graph", "success"),
    "clear-graph": ("clear_graph", "success"),
}


@dataclass
class Modelled:
    """A job of the model; times are hundredths of a second."""

    command: str
    timeline: list[tuple[int, str]]
    listed: int
    erases: "Modelled | None" = None
    gone: bool = False
    statuses_shown: list[str] = field(default_factory=list)

    def status(self, now: int) -> str:
        return next(status for time, status in reversed(self.timeline) if time <= now)

    def ended_well(self) -> int | None:
        return next((t for t, status in self.timeline if status in ("complete", "success")), None)


class LivingJobs(RuleBasedStateMachine):
    """The service over WSGI beside a model that keeps, for each job, its whole timeline."""

    jobs = Bundle("jobs")
    service: Service

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.model: dict[str, Modelled] = {}  # oldest first
        self.start: tuple[int, dict[str, Modelled]] = (0, {})  # what a reset returns to

    @initialize()
    def begin(self) -> None:
        # Cancelling and exporting are calls of the other edition.
        self.service.begin(clock={"frozen": True}, settings={"strict_edition": False})

    # --- What is done ---

    @rule(target=jobs, action=st.sampled_from([*COMMANDS]), plan=st.sampled_from([*PLANS]))
    def submit(self, action: str, plan: str) -> str:
        command, end = COMMANDS[action]
        return self._submitted(f"{G}/action?action_id={action}", command, plan, end)

    @rule(target=jobs, source=jobs, plan=st.sampled_from(["instant", "normal", "fails_late"]))
    def export_and_erase(self, source: str, plan: str) -> str:
        url = f"{G}/jobs/{source}/action?action_id=export-result"
        exported = self._there().get(source)
        # Which of two exports ends first would be another model.
        assume(exported is None or exported.command != "export_result")
        if exported is None:
            assert self._post(url).status_code == 400
            return source
        job_id = self._submitted(url, "export_result", plan, "success", exported)
        self._erase()
        return job_id

    @rule(hundredths=st.integers(0, 120).map(lambda number: number * 5))
    def advance(self, hundredths: int) -> None:
        before = {name: each.status(self.now) for name, each in self._there().items()}
        self.now += hundredths
        self._erase()

        moved = self.service.control("PATCH", "clock", {"advance_s": hundredths / 100}).json

        last = {each["job_id"]: each["status"] for each in moved["transitions"]}
        for name, each in self._there().items():
            changed = before[name] != each.status(self.now)
            assert last.get(name) == (each.status(self.now) if changed else None)

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        response = self.service.client.delete(f"{G}/jobs/{job_id}")

        each = self.model.get(job_id)
        alive = each is not None and not each.gone and each.status(self.now) not in FINAL
        if each is not None and alive and each.command == "import_graph":
            assert response.status_code == 200
            self._end(each, "failed")
        else:
            assert response.get_json()["errorCode"] == "GES.8303"

    @rule(job_id=jobs, to=st.sampled_from(["pending", "running", *FINAL]))
    def move(self, job_id: str, to: str) -> None:
        response = self.service.control("PATCH", f"jobs/{job_id}", {"status": to})

        each = self.model.get(job_id)
        if each is None or each.gone:
            assert response.status_code == 404
            return
        status = each.status(self.now)
        if status in FINAL or to == "pending":
            assert response.status_code == 409
            assert f"it is {status}" in response.json["error"]
            return
        assert response.json["job"]["status"] == to
        self._move(each, to)
        self._erase()

    @rule(job_id=jobs)
    def remove(self, job_id: str) -> None:
        response = self.service.control("DELETE", f"jobs/{job_id}")

        each = self.model.get(job_id)
        assert response.status_code == (404 if each is None or each.gone else 200)
        if each is not None:
            each.gone = True

    @rule(job_id=jobs)
    def add_again(self, job_id: str) -> None:
        """An id that is taken is refused, hidden or not; one that is free again is not."""
        request = {"command": "x", "url": "/"}
        job = {"jobId": job_id, "status": "running", "request": request}
        taken = job_id in self._there()

        response = self.service.control("POST", "jobs", {"job": job})

        assert response.status_code == (409 if taken else 201)
        if not taken:
            self.model.pop(job_id, None)
            self.model[job_id] = Modelled("x", [(self.now, "running")], self.now)

    @rule()
    def reset(self) -> None:
        self.service.control("POST", "reset")
        self.now, self.model = deepcopy(self.start)

    @rule()
    def export_and_load(self) -> None:
        """A project's state can be loaded again, except for what jobs do to others."""
        assume(not any(each.erases for each in self._there().values()))
        state = self.service.control("GET", "state").json
        assert self.service.control("PUT", "state", state).status_code == 200
        for each in self._there().values():
            later = [(time, status) for time, status in each.timeline if time > self.now]
            each.timeline = [(self.now, each.status(self.now)), *later]
        self.start = deepcopy((self.now, self.model))

    # --- What always holds ---

    @invariant()
    def list_and_status_agree_with_the_model_and_with_each_other(self) -> None:
        there = self._there()
        response = self.service.list()
        listed = {job["jobId"]: job["status"] for job in response.json["jobs"]}
        visible = [name for name, each in there.items() if each.listed <= self.now]
        assert [*listed] == visible[::-1]
        assert response.json["totalCount"] == len(visible)
        for name, each in there.items():
            expected = each.status(self.now)
            assert listed.get(name, expected) == expected
            answer = self.service.client.get(f"{G}/jobs/{name}/status")
            if expected == "failed" and each.command == "execute_algorithm":
                assert answer.get_json()["errorCode"] == "GES.8301"
            else:
                assert answer.get_json()["status"] == expected
            each.statuses_shown.append(expected)

    @invariant()
    def what_is_final_stays(self) -> None:
        for each in self.model.values():
            final = next((status for status in each.statuses_shown if status in FINAL), None)
            if final is not None:
                assert set(each.statuses_shown[each.statuses_shown.index(final) :]) == {final}

    @invariant()
    def the_list_is_as_if_encoded_again(self) -> None:
        response = self.service.list()
        compact = json.dumps(response.json, separators=(",", ":"), ensure_ascii=False)
        assert response.get_data(as_text=True) == compact
        graph = self.service.fake.default.graphs.get("movie")
        assert graph is not None
        for job in graph:
            timeline = graph.timeline(job.job_id)
            age = self.service.fake.default.time.age()
            assert timeline is None or timeline.at(age).status == job.status

    # --- The model ---

    def _there(self) -> dict[str, Modelled]:
        return {name: each for name, each in self.model.items() if not each.gone}

    def _post(self, url: str) -> Any:
        keys = {"accessKey": "AK", "secretKey": "SK"}
        body = {
            "algorithmName": "shortest_path",
            "executionMode": "async",
            "edgesetPath": "b/",
            "exportPath": "b/",
            "obsParameters": keys,
        }
        return self.service.client.post(url, json=body)

    def _submitted(
        self, url: str, command: str, plan: str, end: str, erases: Modelled | None = None
    ) -> str:
        self.service.control("POST", "plans", {"plan": plan, "times": 1})
        job_id: str = self._post(url).get_json()["jobId"]
        timeline = [
            (self.now + time, end if status == "end" else status) for time, status in PLANS[plan]
        ]
        listed = self.now + (500 if plan == "never_listed_for_s" else 0)
        self.model.pop(job_id, None)  # a state that was loaded may give an id again
        self.model[job_id] = Modelled(command, timeline, listed, erases)
        return job_id

    def _end(self, each: Modelled, status: str) -> None:
        past = [(time, name) for time, name in each.timeline if time <= self.now]
        each.timeline = [*past, (self.now, status)]

    def _move(self, each: Modelled, to: str) -> None:
        """The job continues its plan from where that first has this status, as of now."""
        present = max(i for i, (time, _) in enumerate(each.timeline) if time <= self.now)
        remainder = each.timeline[present:]
        index = next((i for i, (_, status) in enumerate(remainder) if status == to), None)
        later = [] if index is None else remainder[index + 1 :]
        shift = 0 if index is None else self.now - remainder[index][0]
        self._end(each, to)
        each.timeline += [(time + shift, status) for time, status in later]

    def _erase(self) -> None:
        for each in self._there().values():
            ended = each.ended_well()
            if each.erases is not None and ended is not None and ended <= self.now:
                each.erases.gone = True


@pytest.mark.hypothesis
def test_list_and_status_agree_with_the_model_after_any_actions(shared_service: Service) -> None:
    LivingJobs.service = shared_service

    examples = settings().max_examples // 2
    run_state_machine_as_test(
        LivingJobs, settings=settings(max_examples=examples, stateful_step_count=25)
    )
