/** The jobs: a list or a board, with filters, a search and moves. */

import { STATUSES, attempt, get, graphUrl, on, project, query, throttled } from "./api.js";
import { ago, countdown, received } from "./clock.js";
import { copyButtons, digits, duration, h, page, plural, replace, say, shortId } from "./dom.js";
import { addDetails, drawDrawer, facts, fold, part, requestLink } from "./drawer.js";
import { shortcut } from "./keys.js";
import { listIn } from "./rows.js";
import { asCurl, asFetch, asPython } from "./snippets.js";
import { look, onLook, open, view } from "./view.js";

const AHEAD = 100; // rows
const CARDS = 20;

/** The jobs in sight and around. @type {Item[]} */
let loaded = [];
/** The place in the list of the first of them. */
let start = 0;
/** The filters that they are for. */
let loadedFor = "";
/** Whether jobs have changed since. */
let isStale = false;
let total = 0;
/** How many match now: not the total, while rows are held. */
let matching = 0;
/** @type {Counts} */
let counts = {};
/** The commands of the jobs that were loaded. @type {Set<string>} */
const commands = new Set();

/** The filters of a query; a status that a link has wrong is none. */
const filters = () => {
  const { graph, command, q } = view;
  return { graph, command, q, status: STATUSES.find((status) => status === view.status) ?? "" };
};

/** The path of a call about a job. @param {string} graph @param {string} jobId */
const pathOf = (graph, jobId) => `${encodeURIComponent(jobId)}?${query({ graph })}`;

/** @param {Item} item */
const show = ({ graph, job }) => open("job", `${graph}/${job.jobId}`);

/** @param {Status} status */
const statusMark = (status) => h("span.status", h(`i.shape.${status}`), status);

/** @param {Item} item */
const progressBar = ({ job, progress }) => job.status === "running" &&
  h("progress", { max: 100, value: progress, title: `${progress} %`, "aria-label": "Progress" });

const list = listIn(page.jobs, {
  label: "Jobs",
  columns: { id: "Job", command: "Command", status: "Status", progress: "Progress", next: "Next" },
  at(index) {
    const item = loaded[index - start];
    if (!item) load();
    return item;
  },
  cells(item) {
    const { job, graph } = item;
    return [
      h("button.link.mono", { click: () => show(item), title: `${job.jobId} in ${graph}` }, shortId(job.jobId)),
      h("span.mono", { title: job.request.url }, job.request.command),
      statusMark(job.status),
      progressBar(item),
      h("span.line", countdown(item), moveButtons(item).length > 0 &&
        h("button.move", { popovertarget: "moves", click: () => fillMoves(item) }, "Move")),
    ];
  },
  released: () => isStale && refresh(),
});

// --- Moves ---

/** The buttons that move a job. @param {Item} item */
const moveButtons = ({ job, graph, moves }) => moves.filter((status) => status !== job.status).map((status) => {
  const done = () => `${shortId(job.jobId)} is ${status}`;
  return h("button", { click: () => attempt("PATCH", `jobs/${pathOf(graph, job.jobId)}`, { status }, done) }, statusMark(status));
});

/** Fill the popover, which the pressed button opens. @param {Item} item */
function fillMoves(item) {
  page.moves.replaceChildren(...moveButtons(item));
  page.moves.querySelector("button")?.setAttribute("autofocus", "");
}

page.moves.onclick = () => page.moves.hidePopover();

shortcut("j", "Go to the jobs", list.focus);
shortcut("m", "Move the job in focus", () => {
  const row = document.activeElement?.closest("#jobs tr");
  const button = row?.querySelector(".move");
  if (button instanceof HTMLElement) button.click();
  else say(row ? "The job has ended; no move is legal" : "No job is in focus");
});

// --- Loading ---

const load = throttled(async () => {
  const current = () => JSON.stringify([view.project, filters()]);
  const wanted = current();
  if (loadedFor !== wanted) list.scrollToTop();
  loadedFor = wanted;
  isStale = false;
  const [first, end] = list.range();
  const offset = Math.max(first - AHEAD, 0);
  const answer = await get(`jobs?${query({ ...filters(), limit: end + AHEAD - offset, offset })}`);
  if (wanted !== current()) return load();
  loaded = answer.jobs.map(received);
  start = offset;
  ({ total, counts } = answer);
  matching = total;
  for (const { job } of loaded) commands.add(job.request.command);
  draw();
}, 0);

/** Load the jobs, or only count them while rows are held. */
const refresh = throttled(async () => {
  isStale = true;
  if (!list.isHeld() || !total) return load();
  ({ total: matching, counts } = await get(`jobs?${query({ ...filters(), limit: 1 })}`));
  draw();
}, 250);

on(["load"], () => {
  commands.clear();
  load();
});
on(["counts"], refresh);
on(["job"], (item) => {
  if (item.removed) return;
  const index = loaded.findIndex(({ job, graph }) => job.jobId === item.job.jobId && graph === item.graph);
  if (index >= 0) loaded[index] = received(item);
  draw();
});
onLook(["graph"], () => commands.clear());
onLook(["graph", "status", "command", "q"], () => {
  draw();
  load();
});

// --- Around the list ---

/** @param {HTMLElement} group @param {"status" | "command"} name @param {[value: string, ...Content[]][]} options */
const chips = (group, name, options) => replace(group, options.map(([value, ...contents]) => {
  const isChosen = filters()[name] === value;
  return h("button.chip", { "aria-pressed": String(isChosen), click: () => look({ [name]: isChosen ? "" : value }) }, contents);
}));

/** The statuses but for the rare one, unless jobs have it. */
const statuses = () => STATUSES.filter((status) => status !== "partiallyFailed" || counts[status]);

function draw() {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  chips(page.statuses, "status", [
    ["", "all ", h("b", digits(all))],
    ...statuses().map((status) => /** @type {[string, ...Content[]]} */ (
      [status, statusMark(status), " ", h("b", digits(counts[status] ?? 0))])),
  ]);
  const names = [...new Set([...commands, view.command])].filter(Boolean).sort();
  page.commands.hidden = names.length < 2;
  chips(page.commands, "command", names.map((name) => [name, name]));
  if (document.activeElement !== page.search) page.search.value = view.q;
  const more = matching - total;
  const news = total && more ? (more > 0 ? `${digits(more)} new` : "list changed") : "";
  list.show(total, project.isProxy ? inProxy() : !total && (all ? noMatch() : noJobs()), news);
  const isBoard = view.view === "board";
  page.jobs.classList.toggle("board", isBoard);
  page.boardSwitch.ariaPressed = String(isBoard);
  if (isBoard) drawBoard();
}

const inProxy = () => [h("h3", "No jobs here"), h("p", "A proxy has no jobs of its own: it shows those of the server behind it.")];

const noMatch = () => [
  h("h3", "No job matches"),
  h("button", { click: () => look({ status: "", command: "", q: "" }) }, "Clear filters"),
];

function noJobs() {
  const curl = asCurl({
    method: "POST",
    url: `${graphUrl()}/action?action_id=import-graph`,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ edgesetPath: "bucket/edges/", obsParameters: { accessKey: "AK", secretKey: "SK" } }),
  });
  const generate = () => attempt("POST", "generate", { count: 100, graph: view.graph || undefined },
    ({ generated }) => `${plural(generated, "job")} generated`);
  return [
    h("h3", "No jobs yet"),
    h("p", "This submits one:"),
    h("pre", curl),
    copyButtons({ curl: () => curl }),
    h("button.main", { click: generate }, "Generate 100"),
  ];
}

let typing = 0;
page.search.oninput = () => {
  clearTimeout(typing);
  typing = setTimeout(() => look({ q: page.search.value }), 60);
};

// --- Board ---

/** The newest jobs of each status; the list shows them all. */
const drawBoard = throttled(async () => {
  if (!page.board.matches(":hover")) replace(page.board, await Promise.all(statuses().map(async (status) => {
    const { jobs, total } = await get(`jobs?${query({ ...filters(), status, limit: CARDS })}`);
    const more = total - CARDS;
    return h("section", h("h3", statusMark(status), " ", h("b", digits(total))),
      h("ul", { "aria-label": status }, jobs.map(received).map((item) => h("li",
        h("button.card", { click: () => show(item), title: `${item.job.jobId} in ${item.graph}` },
          h("span.mono", shortId(item.job.jobId)), h("span.text", item.job.request.command), countdown(item), progressBar(item))))),
      more > 0 && h("button.link", { click: () => look({ view: "", status }) }, `and ${digits(more)} more`));
  })));
}, 500);

page.boardSwitch.onclick = () => look({ view: view.view === "board" ? "" : "board" });
page.board.onpointerleave = drawBoard;
onLook(["view"], draw);

// --- Drawer ---

const STUCK = "It stays at 99 % until it is moved";

/** The graph and the id in a key; a link may leave out the graph. @param {string} key */
const split = (key) => [key.slice(0, Math.max(key.indexOf("/"), 0)), key.slice(key.indexOf("/") + 1)];

addDetails("job", (key) => `Job ${shortId(split(key)[1])}`, async (key) => {
  const [asked, jobId] = split(key);
  const path = pathOf(asked, jobId);
  const [item, { observed, went_through }] = await Promise.all([get(`jobs/${path}`), get(`seen/${path}`)]);
  const { job, graph, moves } = received(item);
  const { command, url, rawRequest } = job.request;
  const steps = job.plan?.steps ?? [];
  const request = { url: `${graphUrl(graph)}/jobs/${encodeURIComponent(jobId)}/status` };
  const stick = () => attempt("PATCH", `jobs/${path}`, { status: job.status, progress: 99 }, () => STUCK);
  return [
    facts({
      Id: h("code", jobId),
      Graph: graph,
      Command: h("code", command),
      Status: h("span.line", statusMark(job.status), progressBar(item), countdown(item)),
    }),
    moves.length > 0 && h("div.buttons", { role: "group", "aria-label": "Move to" },
      h("span.muted", "Move to"), moveButtons(item),
      job.status === "running" && h("button", { click: stick, title: STUCK }, "Stuck here")),
    copyButtons({ curl: () => asCurl(request), fetch: () => asFetch(request), Python: () => asPython(item) }),
    part("Plan", steps.length > 1
      ? h("ol.stops", steps.map(({ status, progress, after_s }, index) => h("li", statusMark(status),
        h("span.muted", progress && `${progress} %, `, index ? `in ${duration(after_s)}` : "now"))))
      : h("p.muted", "It keeps this status until it is moved.")),
    part("Shown to clients",
      h("ol.stops", observed.map(({ status, times, at, first }) => h("li", statusMark(status),
        h("span.muted", times === 1 ? "once" : `${times} times`, `, ${ago(at)}`), requestLink(first)))),
      h("p.muted", observed.length
        ? `It went through ${went_through.map(({ status }) => status).join(", ")}.`
        : "No client has been shown it.")),
    part("Request", facts({ URL: h("code", url) })),
    rawRequest !== undefined && fold("Body", rawRequest, true),
  ];
});

const again = throttled(drawDrawer, 300);
on(["job"], ({ graph, job, job_id = job.jobId }) => view.job === `${graph}/${job_id}` && again());
on(["request"], () => view.job && again());
