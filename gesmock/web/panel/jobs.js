/** The jobs: a list or a board. */

import { attempt, get, graphUrl, jobKey, project, throttled } from "./api.js";
import { ago, countdown, received } from "./clock.js";
import { copyButtons, digits, duration, h, page, replace, shortId } from "./dom.js";
import { details, drawDrawer, facts, part, pretty, requestLink } from "./drawer.js";
import { listIn } from "./rows.js";
import { asCurl, asFetch, asPython } from "./snippets.js";
import { look, on, open, query, view } from "./view.js";

const STATUSES = ["pending", "running", "complete", "success", "partiallyFailed", "failed"];
const CARDS = 20;

/** The jobs in sight and around, those from `start` on. @type {Item[]} */
let loaded = [];
let start = 0;
let loadedFor = ""; // these filters
let isStale = false;
let total = 0;
let matching = 0; // differs while rows are held
/** @type {Counts} */
let counts = {};
/** @type {Set<string>} */
const commands = new Set();

/** The filters of a query; a status that a link has wrong is none. */
function filters() {
  const { graph, status, command, q } = view;
  return { graph, status: STATUSES.includes(status) ? status : "", command, q };
}

/** @type {OpenButton} */
const openButton = (kind, { graph, job: { jobId } }, ...more) => h(`button.${kind}`, {
  click: () => open("job", jobKey(jobId, graph)),
  title: `${jobId} in ${graph}`,
}, h("span.mono", shortId(jobId)), more);

/** @param {string} status */
const statusMark = (status) => h("span.status", h(`i.shape.${status}`), status);

/** @param {Item} item */
const progressOf = ({ job, progress }) => job.status === "running" && h("span.muted", `${progress} %`);

const list = listIn(page.jobs, {
  columns: ["Job", "Command", "Status", "Progress", "Next"],
  at(index) {
    const item = loaded[index - start];
    if (!item) load();
    return item;
  },
  cells(item) {
    const { job } = item;
    return [
      openButton("link", item),
      h("span.mono", job.request.command),
      statusMark(job.status),
      progressOf(item),
      h("span", countdown(item), item.moves.some((status) => status !== job.status) && h("button.move", {
        "aria-keyshortcuts": "m", "aria-label": `Move ${job.jobId}`, title: "Move the job", popovertarget: "moves",
        click: () => fillMoves(item),
      }, "Move")),
    ];
  },
  released: () => isStale && refresh(),
});

/** @param {Item} item */
const moveButtons = ({ job, graph, moves }) => moves.filter((status) => status !== job.status).map((status) => {
  const move = () => attempt("PATCH", `jobs/${jobKey(job.jobId, graph)}`, { status });
  return h("button", { click: move }, statusMark(status));
});

/** Fill the popover, which the pressed button opens. @param {Item} item */
function fillMoves(item) {
  page.moves.replaceChildren(...moveButtons(item));
  page.moves.querySelector("button")?.setAttribute("autofocus", "");
}

page.moves.onclick = () => page.moves.hidePopover();
page.toJobs.onclick = list.focus;

const load = throttled(async () => {
  const keyOf = () => JSON.stringify([view.project, filters()]);
  const key = keyOf();
  if (loadedFor !== key) list.scroller.scrollTop = 0;
  loadedFor = key;
  isStale = false;
  const [first, end] = list.range();
  const offset = Math.max(first - 100, 0);
  const answer = await get(`jobs?${query({ ...filters(), limit: end + 100 - offset, offset })}`);
  if (key !== keyOf()) return load();
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
  if (!project.id) return; // the graph in view may not exist
  if (!list.isHeld() || !total) return load();
  ({ total: matching, counts } = await get(`jobs?${query({ ...filters(), limit: 1 })}`));
  if (matching === total && !view.status) return load(); // no row moves
  draw();
}, 250);

on(["load"], () => commands.clear());
on(["load", "#status", "#command", "#q"], load);
on(["#view"], draw);
on(["counts"], refresh);
on(["job"], (item) => {
  loaded = loaded.map((each) =>
    each.job.jobId === item.job?.jobId && each.graph === item.graph ? received(item) : each);
  list.draw();
});

/** @type {DrawChips} */
const drawChips = (name, values, contents) => replace(page[name], values.map((value) => {
  const isChosen = filters()[name] === value;
  const choose = () => look({ [name]: isChosen ? "" : value });
  return h("button", { "aria-pressed": `${isChosen}`, click: choose }, contents(value));
}));

/** The statuses but for the rare one, unless jobs have it. */
const statuses = () => STATUSES.filter((status) => status !== "partiallyFailed" || counts[status]);

function draw() {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  drawChips("status", ["", ...statuses()], (status) =>
    [status ? statusMark(status) : "all", " ", h("b", digits(status ? counts[status] ?? 0 : all))]);
  const names = [...new Set([...commands, view.command])].filter(Boolean).sort();
  page.command.hidden = names.length < 2 && !view.command;
  drawChips("command", names, (name) => [name]);
  if (document.activeElement !== page.search) page.search.value = view.q;
  list.show(total, !total && noJobs(all), matching - total);
  page.jobs.classList.toggle("board", !!(view.view && total));
  page.boardSwitch.ariaPressed = `${!!view.view}`;
  if (view.view) drawBoard();
}

/** @param {number} all */
function noJobs(all) {
  const clear = () => look({ status: "", command: "", q: "" });
  const generate = () => attempt("POST", "generate", { count: 100, graph: view.graph || undefined });
  const curl = asCurl({
    method: "POST",
    url: `${graphUrl()}/action?action_id=import-graph`,
    headers: { "Content-Type": "application/json" },
    body: '{"edgesetPath": "bucket/edges/", "obsParameters": {"accessKey": "AK", "secretKey": "SK"}}',
  });
  if (project.isProxy) return [h("h3", "No jobs here: they are on the server behind the proxy")];
  if (all) return [h("h3", "No job matches"), h("button", { click: clear }, "Clear filters")];
  return [h("h3", "No jobs yet"), h("pre", curl),
    copyButtons({ curl }), h("button.main", { click: generate }, "Generate 100")];
}

page.search.oninput = () => look({ q: page.search.value });

let boardFor = ""; // these filters

const drawBoard = throttled(async () => {
  if (boardFor === loadedFor && page.board.querySelector(".card:hover")) return;
  boardFor = loadedFor;
  const { status: only } = filters();
  replace(page.board, await Promise.all((only ? [only] : statuses()).map(async (status) => {
    const { jobs, total } = await get(`jobs?${query({ ...filters(), status, limit: CARDS })}`);
    return h("section", h("h3", statusMark(status), " ", h("b", digits(total))),
      h("ul", { "aria-label": status }, jobs.map(received).map((item) => h("li", openButton(
        "card", item, h("span.text", item.job.request.command), countdown(item), progressOf(item))))),
      total > CARDS && h("p.muted", `and ${digits(total - CARDS)} more`));
  })));
}, 500);

page.boardSwitch.onclick = () => look({ view: view.view ? "" : "board" });
page.board.onpointerout = drawBoard;

// --- Drawer ---

details.set("job", async (key) => {
  const [item, { observed, went_through }] = await Promise.all([get(`jobs/${key}`), get(`seen/${key}`)]);
  const { job, graph, moves } = received(item);
  const { command, url, rawRequest } = job.request;
  const steps = job.plan?.steps ?? [];
  const request = { url: `${graphUrl(graph)}/jobs/${encodeURIComponent(job.jobId)}/status` };
  const stick = () => attempt("PATCH", `jobs/${key}`, { status: job.status, progress: 99 });
  return [
    facts({
      Id: h("code", job.jobId),
      Graph: graph,
      Command: h("code", command),
      URL: h("code", url),
      Status: h("span.line", statusMark(job.status), progressOf(item), countdown(item)),
    }),
    moves.length > 0 && h("div.buttons", { role: "group", "aria-label": "Move to" },
      h("span.muted", "Move to"), moveButtons(item),
      job.status === "running" && h("button", { click: stick }, "Stuck here")),
    copyButtons({ curl: asCurl(request), fetch: asFetch(request), Python: asPython(item) }),
    part("Plan",
      h("ol.stops", steps.map(({ status, progress, after_s }, index) => h("li", statusMark(status),
        h("span.muted", !!progress && `${progress} %, `, index ? `in ${duration(after_s)}` : "now")))),
      steps.length < 2 && h("p.muted", "It stays until it is moved.")),
    part("Shown to clients",
      h("ol.stops", observed.map(({ status, times, at, first }) => h("li", statusMark(status),
        h("span.muted", times === 1 ? "once" : `${times} times`, `, ${ago(at)}`), requestLink(first)))),
      h("p.muted", observed.length
        ? `It went through ${went_through.map(({ status }) => status).join(", ")}.`
        : "No client has seen it.")),
    rawRequest !== undefined && part("Request", pretty(rawRequest)),
  ];
});

on(["job", "request", "counts"], throttled(async () => view.job && drawDrawer(), 300));
