/** The jobs: a list or a board, with filters, a search and moves. */

import { STATUSES, attempt, get, graphUrl, jobKey, project, throttled } from "./api.js";
import { ago, countdown, received } from "./clock.js";
import { copyButtons, digits, duration, h, page, replace, shortId } from "./dom.js";
import { addDetails, drawDrawer, facts, fold, part, requestLink } from "./drawer.js";
import { listIn } from "./rows.js";
import { asCurl, asFetch, asPython } from "./snippets.js";
import { look, on, open, query, view } from "./view.js";

const AHEAD = 100; // rows
const CARDS = 20;
const MOVE = "Move the job to another status";

/** The jobs in sight and around, those from `start` on. @type {Item[]} */
let loaded = [];
let start = 0;
let loadedFor = ""; // these filters
let isStale = false;
let total = 0;
let matching = 0; // now: not the total, while rows are held
/** @type {Counts} */
let counts = {};
/** Those of the jobs that were loaded. @type {Set<string>} */
const commands = new Set();

/** The filters of a query; a status that a link has wrong is none. */
function filters() {
  const { graph, status, command, q } = view;
  return { graph, status: STATUSES.includes(status) ? status : "", command, q };
}

/** A button that opens a job. @param {"link.mono" | "card"} kind @param {Item} item @param {...Content} more */
const opens = (kind, { graph, job: { jobId } }, ...more) => h(`button.${kind}`, {
  click: () => open("job", jobKey(jobId, graph)),
  title: `${jobId} in ${graph}`,
}, h("span.mono", shortId(jobId)), more);

/** @param {string} status */
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
    const { job } = item;
    return [
      opens("link.mono", item),
      h("span.mono", { title: job.request.url }, job.request.command),
      statusMark(job.status),
      progressBar(item),
      h("span.line", countdown(item), moveButtons(item).length > 0 &&
        h("button.move", { "aria-keyshortcuts": "m", title: MOVE, popovertarget: "moves", click: () => fillMoves(item) }, "Move")),
    ];
  },
  released: () => isStale && refresh(),
});

// --- Moves ---

/** The buttons that move a job. @param {Item} item */
const moveButtons = ({ job: { jobId, status: now }, graph, moves }) => moves.filter((status) => status !== now).map((status) => {
  const move = () => attempt("PATCH", `jobs/${jobKey(jobId, graph)}`, { status }, `${shortId(jobId)} is ${status}`);
  return h("button", { click: move }, statusMark(status));
});

/** Fill the popover, which the pressed button opens. @param {Item} item */
function fillMoves(item) {
  page.moves.replaceChildren(...moveButtons(item));
  page.moves.querySelector("button")?.setAttribute("autofocus", "");
}

page.moves.onclick = () => page.moves.hidePopover();
page.toJobs.onclick = list.focus;

// --- Loading ---

const load = throttled(async () => {
  const current = () => JSON.stringify([view.project, filters()]);
  const wanted = current();
  if (loadedFor !== wanted) list.scroller.scrollTop = 0;
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

on(["load"], () => commands.clear());
on(["load", "#status", "#command", "#q"], load);
on(["#view"], draw);
on(["counts"], refresh);
on(["job"], (item) => {
  loaded = loaded.map((each) => (each.job.jobId === item.job?.jobId && each.graph === item.graph ? received(item) : each));
  draw();
});

// --- Around the list ---

/**
 * Chips that filter by `name`.
 * @param {"status" | "command"} name @param {string[]} values @param {(value: string) => Content[]} contents
 */
const chips = (name, values, contents) => replace(page[name], values.map((value) => {
  const isChosen = filters()[name] === value;
  return h("button", { "aria-pressed": `${isChosen}`, click: () => look({ [name]: isChosen ? "" : value }) }, contents(value));
}));

/** The statuses but for the rare one, unless jobs have it. */
const statuses = () => STATUSES.filter((status) => status !== "partiallyFailed" || counts[status]);

function draw() {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  chips("status", ["", ...statuses()], (status) =>
    [status ? statusMark(status) : "all", " ", h("b", digits(status ? counts[status] ?? 0 : all))]);
  const names = [...new Set([...commands, view.command])].filter(Boolean).sort();
  page.command.hidden = names.length < 2;
  chips("command", names, (name) => [name]);
  if (document.activeElement !== page.search) page.search.value = view.q;
  const more = total && matching - total;
  const news = more > 0 ? `${digits(more)} new` : more ? "list changed" : "";
  list.show(total, !total && (project.isProxy ? IN_PROXY : all ? noMatch() : noJobs()), news);
  page.jobs.classList.toggle("board", !!view.view);
  page.boardSwitch.ariaPressed = `${!!view.view}`;
  if (view.view) drawBoard();
}

const IN_PROXY = [h("h3", "No jobs here"), h("p", "A proxy has none of its own: they are on the server behind it.")];

const noMatch = () => [
  h("h3", "No job matches"),
  h("button", { click: () => look({ status: "", command: "", q: "" }) }, "Clear filters"),
];

function noJobs() {
  const obsParameters = { accessKey: "AK", secretKey: "SK" };
  const curl = asCurl({
    method: "POST",
    url: `${graphUrl()}/action?action_id=import-graph`,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ edgesetPath: "bucket/edges/", obsParameters }),
  });
  const generate = () => attempt("POST", "generate", { count: 100, graph: view.graph || undefined });
  return [
    h("h3", "No jobs yet"),
    h("p", "This submits one:"),
    h("pre", curl),
    copyButtons({ curl }),
    h("button.main", { click: generate }, "Generate 100"),
  ];
}

page.search.oninput = () => look({ q: page.search.value });

// --- Board ---

/** The newest jobs of each status; the list shows them all. */
const drawBoard = throttled(async () => {
  if (!page.board.matches(":hover")) replace(page.board, await Promise.all(statuses().map(async (status) => {
    const { jobs, total } = await get(`jobs?${query({ ...filters(), status, limit: CARDS })}`);
    return h("section", h("h3", statusMark(status), " ", h("b", digits(total))),
      h("ul", { "aria-label": status }, jobs.map(received).map((item) => h("li",
        opens("card", item, h("span.text", item.job.request.command), countdown(item), progressBar(item))))),
      total > CARDS && h("button.link", { click: () => look({ view: "", status }) }, `and ${digits(total - CARDS)} more`));
  })));
}, 500);

page.boardSwitch.onclick = () => look({ view: view.view ? "" : "board" });
page.board.onpointerleave = drawBoard;

// --- Drawer ---

const STUCK = "It stays at 99 % until it is moved";

addDetails("job", async (key) => {
  const [item, { observed, went_through }] = await Promise.all([get(`jobs/${key}`), get(`seen/${key}`)]);
  const { job, graph, moves } = received(item);
  const { command, url, rawRequest } = job.request;
  const steps = job.plan?.steps ?? [];
  const request = { url: `${graphUrl(graph)}/jobs/${encodeURIComponent(job.jobId)}/status` };
  const stick = () => attempt("PATCH", `jobs/${key}`, { status: job.status, progress: 99 }, STUCK);
  return [
    facts({
      Id: h("code", job.jobId),
      Graph: graph,
      Command: h("code", command),
      Status: h("span.line", statusMark(job.status), progressBar(item), countdown(item)),
    }),
    moves.length > 0 && h("div.buttons", { role: "group", "aria-label": "Move to" },
      h("span.muted", "Move to"), moveButtons(item),
      job.status === "running" && h("button", { click: stick, title: STUCK }, "Stuck here")),
    copyButtons({ curl: asCurl(request), fetch: asFetch(request), Python: asPython(item) }),
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
on(["job", "request"], () => view.job && again());
