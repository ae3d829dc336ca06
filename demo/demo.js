// Lists the jobs of a graph, submits imports and cancels jobs. Nothing here is about gesmock.

const graph =
  new URLSearchParams(location.search).get("graph") ?? "/ges/v1.0/0123456789abcdef0123456789abcdef/graphs/movies";
const limit = 10;
const reasons = {
  SyntaxError: "The answer is not JSON.",
  TimeoutError: "The service did not answer within 10 s.",
  TypeError: "The network failed: no complete answer came.",
};
const [message, outcome] = ["message", "outcome"].map((id) => document.getElementById(id));
const [newer, older] = ["newer", "older"].map((id) => document.getElementById(id));
let offset = 0;
let latest = 0;
let timer;

async function call(method, url, body) {
  const headers = { "X-Auth-Token": "demo", "Content-Type": "application/json" };
  const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10_000) };
  const answer = await fetch(url, request);
  const content = await answer.json();
  if (answer.ok) return content;
  const error = new Error(`${answer.status} ${content.errorCode}: ${content.errorMessage}`);
  throw Object.assign(error, { status: answer.status, retryAfter: Number(answer.headers.get("Retry-After")) });
}

/** A page of the list. A 503 is retried twice, after the time that the answer names, or 1 s and 2 s. */
async function read(retry = 1) {
  const slow = setTimeout(() => say(message, "Waiting for the service ..."), 500);
  const reading = call("GET", `${graph}/jobs/status?limit=${limit}&offset=${offset}`);
  try {
    return await reading.finally(() => clearTimeout(slow));
  } catch (error) {
    if (error.status !== 503 || retry > 2) throw error;
    const pause_s = error.retryAfter || retry;
    say(message, `${error.message} Trying again in ${pause_s} s.`, "error");
    await new Promise((resolve) => setTimeout(resolve, pause_s * 1000));
    return read(retry + 1);
  }
}

/** Shows the page at the offset, now and every two seconds, until the service refuses. */
async function show() {
  clearTimeout(timer);
  const mine = ++latest;
  const page = await read().catch((error) => error);
  if (mine !== latest) return; // another page was asked for since
  if (page instanceof Error) say(message, reasons[page.name] ?? page.message, "error");
  else draw(page.jobs, page.totalCount);
  const refused = page.status < 500 && page.status !== 429;
  if (!refused) timer = setTimeout(show, 2000);
}

function draw(jobs, total) {
  say(message, jobs.length ? `${offset + 1} to ${offset + jobs.length} of ${total}` : "No jobs.");
  newer.disabled = offset === 0;
  older.disabled = offset + limit >= total;
  document.querySelector("tbody").replaceChildren(...jobs.map(row));
}

function row({ jobId, status, request }) {
  const line = document.createElement("tr");
  line.dataset.status = status;
  for (const text of [status, request.command, jobId]) line.insertCell().textContent = text;
  const action = line.insertCell();
  // A database graph cancels only the jobs of its HyG engine.
  if (request.command.startsWith("hyg_") && ["pending", "running"].includes(status)) {
    const cancel = action.appendChild(document.createElement("button"));
    cancel.textContent = "Cancel";
    cancel.setAttribute("aria-label", `Cancel ${jobId}`);
    const url = `${graph.replace("/graphs/", "/hyg/")}/jobs/${encodeURIComponent(jobId)}`;
    cancel.onclick = () => act("Cancelled.", "DELETE", url);
  }
  return line;
}

async function act(done, ...request) {
  const answer = await call(...request).catch((error) => error);
  if (answer instanceof Error) say(outcome, reasons[answer.name] ?? answer.message, "error");
  else say(outcome, done);
  show();
}

function say(element, text, kind = "") {
  element.textContent = text;
  element.className = kind;
}

function turn(step) {
  offset = Math.max(0, offset + step);
  show();
}

document.getElementById("graph").textContent = graph;
document.getElementById("import").onsubmit = (event) => {
  event.preventDefault();
  const edgesetPath = new FormData(event.target).get("edges");
  const obsParameters = { accessKey: "demo", secretKey: "demo" };
  act("Submitted.", "POST", `${graph}/action?action_id=import-graph`, { edgesetPath, obsParameters });
};
newer.onclick = () => turn(-limit);
older.onclick = () => turn(limit);
show();
