// A JavaScript client under test with Node's own test runner and fetch: `gesmock serve` runs beside it,
// and each test says over the control API what it needs. GESMOCK_URL is where it listens.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const ges = process.env.GESMOCK_URL ?? "http://127.0.0.1:8080";

// The client under test: polls a job until it has ended.
async function waitUntilDone(url, pause) {
  for (;;) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${answer.status} ${(await answer.json()).errorCode}`);
    const { status } = await answer.json();
    if (status !== "pending" && status !== "running") return status;
    await pause(2);
  }
}

async function control(method, path, body) {
  const answer = await fetch(`${ges}/_gesmock/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, await answer.clone().text());
  return answer.json();
}

let graph;

beforeEach(async () => {
  const state = await control("POST", "provider-states", {
    state: "an empty graph whose clock stands still",
    params: { fixture: "empty", clock: { frozen: true } },
  });
  graph = `${ges}/ges/v1.0/${state.project_id}/graphs/${state.graph_name}`;
});

async function submit() {
  const answer = await fetch(`${graph}/action?action_id=export-graph`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      graphExportPath: "bucket/out/",
      edgeSetName: "edges",
      vertexSetName: "vertices",
      schemaName: "schema",
      obsParameters: { accessKey: "AK", secretKey: "SK" },
    }),
  });
  return (await answer.json()).jobId;
}

const pause = (seconds) => control("PATCH", "clock", { advance_s: seconds });

test("it waits until an export has ended", async () => {
  const job = await submit();

  assert.equal(await waitUntilDone(`${graph}/jobs/${job}/status`, pause), "success");
});

test("it tells of an export that fails late", async () => {
  await control("POST", "plans", { command: "export_graph", plan: "fails_late" });
  const job = await submit();

  assert.equal(await waitUntilDone(`${graph}/jobs/${job}/status`, pause), "failed");
});

test("it gives up where the service is down", async () => {
  const job = await submit();
  await control("POST", "faults", { operation: "show_job", fault: { kind: "error", status: 503 } });

  await assert.rejects(waitUntilDone(`${graph}/jobs/${job}/status`, pause), /503 GES.8602/);
});
