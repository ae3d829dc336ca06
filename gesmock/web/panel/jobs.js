/** The jobs: their table, with filters, a search and moves. */

import { STATUSES, Refused, attempt, get, mainGraph, project, query, throttled } from "./api.js";
import { clockIsSet, now } from "./clock.js";
import { byId, copyButton, duration, fill, h, nextFrame, pair, plural, say, setText, shortId, visible } from "./dom.js";
import { Rows } from "./rows.js";
import { asCurl, graphUrl } from "./snippets.js";
import { look, onLook, view } from "./url.js";

/**
 * @typedef {import("./api.js").Item} Item
 * @typedef {import("./api.js").Status} Status
 * @typedef {import("./api.js").Counts} Counts
 */

const WINDOW = 100;
const MOST_WINDOWS = 8;

const list = byId("jobs-list", HTMLElement);
const empty = byId("jobs-empty", HTMLElement);
const pill = byId("jobs-pill", HTMLButtonElement);
const search = byId("search", HTMLInputElement);
const command = byId("command", HTMLSelectElement);
const chips = byId("chips", HTMLElement);
const moves = byId("moves", HTMLElement);

/** @type {Map<number, Item[]>} Pages of the list, by number. */
let pages = new Map();
/** @type {Set<number>} */
const asked = new Set();
/** The filters that the pages are for. */
let filter = "";
let total = 0;
/** How many match now: not the total, while rows are held. */
let matching = 0;
/** @type {Counts} */
let counts = {};
/** @type {Set<string>} */
const commands = new Set();
let isProxy = false;

const keyOf = (/** @type {Item} */ item) => `${item.graph}/${item.job.jobId}`;

/** The filters as a query, without limit and place. */
export const filters = () => ({ graph: view.graph, command: view.command, q: view.q });

/** The status to filter by; one that a link has wrong is none. */
const statusFilter = () => STATUSES.find((status) => status === view.status) ?? "";

const rows = new Rows(list, {
  key: keyOf,
  make: makeRow,
  fill: fillRow,
  at(index) {
    const number = Math.floor(index / WINDOW);
    const page = pages.get(number);
    if (!page && index < total) loadPage(number);
    return page?.[index % WINDOW];
  },
});

// --- Rows ---

/** @param {Status} status */
export function statusMark(status) {
  return h("span", { class: "status" }, h("i", { class: `shape ${status}` }), status);
}

function makeRow() {
  return h("tr", {},
    h("td", {}, h("button", { class: "link mono", click: openJob })),
    h("td", { class: "text mono" }),
    h("td"),
    h("td"),
    h("td", { class: "next" }, h("span", { class: "muted" }),
      h("button", { class: "move", "aria-haspopup": true, tabindex: -1, click: openMoves }, "Move")),
  );
}

/** @param {HTMLTableRowElement} row @param {Item} item */
function fillRow(row, item) {
  const [id, called, status, progress, next] = row.cells;
  const { job } = item;
  const button = id.firstElementChild;
  if (button) {
    setText(button, shortId(job.jobId));
    button.setAttribute("title", visible(`${job.jobId} in ${item.graph}`));
  }
  setText(called, visible(job.request.command));
  called.title = visible(job.request.url);
  status.replaceChildren(statusMark(job.status));
  progress.replaceChildren(progressBar(item));
  const [text, move] = next.children;
  setText(text, nextText(item));
  move.classList.toggle("none", !movesOf(item).length);
}

/** @param {Item} item */
export function progressBar(item) {
  if (item.job.status !== "running") return "";
  return h("progress", { max: 100, value: item.progress, title: `${item.progress} %`, "aria-label": "Progress" });
}

/** @param {Item} item */
export function nextText({ next, due }) {
  if (!next || due === undefined) return "";
  const in_s = Math.max(due - now(), 0);
  return in_s < 0.05 ? `${next.status} now` : `${next.status} in ${in_s < 10 ? `${Math.ceil(in_s)} s` : duration(in_s)}`;
}

/** @param {Item} item */
export const movesOf = (item) => item.moves.filter((status) => status !== item.job.status);

/** `item`, just received, with the time at which it will change. @param {Item} item */
export function received(item) {
  item.due = item.next ? now() + item.next.in_s : undefined;
  return item;
}

/** @param {Event} event */
function itemOf(event) {
  const row = event.target instanceof Element && event.target.closest("tr");
  return row ? rows.shown.get(row.dataset.key ?? "")?.item : undefined;
}

/** @param {Event} event */
function openJob(event) {
  const item = itemOf(event);
  if (item) look({ job: keyOf(item), request: "", findings: "" }, true);
}

// --- Moves ---

/**
 * The buttons that move a job.
 * @param {Item} item
 * @param {() => void} [done]
 */
export function moveButtons(item, done) {
  return movesOf(item).map((status) => h("button", {
    click: async () => {
      done?.();
      const path = `jobs/${encodeURIComponent(item.job.jobId)}${query({ graph: item.graph })}`;
      const moved = await attempt("PATCH", path, { status });
      if (moved) say(`${shortId(item.job.jobId)} is ${moved.job.status}`);
    },
  }, statusMark(status)));
}

/** @param {Event} event */
function openMoves(event) {
  const item = itemOf(event);
  const button = event.target instanceof Element && event.target.closest("tr")?.querySelector(".move");
  if (!item || !button || !movesOf(item).length) return;
  moves.replaceChildren(...moveButtons(item, () => moves.hidePopover()));
  moves.showPopover();
  const { bottom, right, top } = button.getBoundingClientRect();
  const below = bottom + moves.offsetHeight < innerHeight;
  moves.style.top = `${below ? bottom + 2 : Math.max(top - moves.offsetHeight - 2, 0)}px`;
  moves.style.left = `${Math.max(right - moves.offsetWidth, 4)}px`;
  moves.querySelector("button")?.focus();
}

/** Open the moves of the row that has the focus. */
export function openMovesOfFocused() {
  const row = document.activeElement?.closest("#jobs-list tr");
  const button = row?.querySelector(".move:not(.none)");
  if (button instanceof HTMLElement) button.click();
  else say(row ? "The job has ended; no move is legal" : "No job is in focus");
}

// --- Pages ---

/** @param {number} number @param {number} [limit] */
async function fetchPage(number, limit = WINDOW) {
  const fields = { ...filters(), status: statusFilter(), limit, offset: number * WINDOW };
  const [answer] = await Promise.all([get(`jobs${query(fields)}`), clockIsSet]);
  for (const item of answer.jobs) commands.add(received(item).job.request.command);
  return answer;
}

/** @param {number} number */
async function loadPage(number) {
  if (asked.has(number)) return;
  asked.add(number);
  const of = filter;
  await new Promise((done) => setTimeout(done, 40)); // a user who scrolls on does not need it
  const [first, end] = rows.range;
  try {
    if (of !== filter || number < Math.floor(first / WINDOW) || number > end / WINDOW) return;
    const answer = await fetchPage(number);
    if (of !== filter) return;
    pages.set(number, answer.jobs);
    dropFarPages(number);
    if (answer.total !== total) rows.resize((total = matching = answer.total));
    nextFrame(rows.draw);
  } catch {
    // the stream notices a server that is gone
  } finally {
    asked.delete(number);
  }
}

/** @param {number} near */
function dropFarPages(near) {
  const far = [...pages.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
  for (const number of far.slice(0, Math.max(pages.size - MOST_WINDOWS, 0))) pages.delete(number);
}

/** Load the pages in sight. */
async function load() {
  const current = JSON.stringify({ ...filters(), status: statusFilter(), project: view.project });
  const isNew = current !== filter;
  if (isNew) list.scrollTop = 0;
  filter = current;
  const [first, end] = rows.range;
  const from = isNew ? 0 : Math.floor(first / WINDOW);
  const to = isNew ? 0 : Math.floor(Math.max(end - 1, 0) / WINDOW);
  /** @type {typeof pages} */
  const fresh = new Map();
  for (let number = from; number <= to; number++) {
    const answer = await fetchPage(number);
    if (current !== filter) return;
    fresh.set(number, answer.jobs);
    ({ total, counts } = answer);
  }
  pages = fresh;
  matching = total;
  rows.resize(total);
  drawAround();
}

const reload = throttled(load, 0, 0);
let stale = false;

/** Load the jobs, or only count them while rows are held. */
const refresh = throttled(async () => {
  stale = rows.held && total > 0;
  if (!stale) return load();
  ({ total: matching, counts } = await fetchPage(0, 1));
  drawAround();
}, 250, 8);

// --- Around the table ---

export function drawAround() {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  drawChips(all);
  const names = [...new Set([...commands, ...(view.command ? [view.command] : [])])].sort();
  fill(command, [["", "any command"], ...names.map(pair)], view.command);
  if (document.activeElement !== search) search.value = view.q;
  pill.hidden = matching === total || !total;
  setText(pill, matching > total ? `${(matching - total).toLocaleString("en")} new` : "list changed");
  drawEmpty(all);
}

/** @type {Map<string, HTMLButtonElement>} */
const chipOf = new Map();

/** @param {number} all */
function drawChips(all) {
  for (const status of ["", ...STATUSES]) {
    const count = status ? (counts[/** @type {Status} */ (status)] ?? 0) : all;
    let chip = chipOf.get(status);
    if (!chip) {
      const mark = status ? statusMark(/** @type {Status} */ (status)) : "all";
      chip = h("button", { class: "chip", click: () => look({ status: view.status === status ? "" : status }) }, mark, " ", h("b"));
      chipOf.set(status, chip);
      chips.append(chip);
    }
    const number = chip.querySelector("b");
    if (number) setText(number, count.toLocaleString("en"));
    chip.setAttribute("aria-pressed", String(statusFilter() === status));
    chip.hidden = status === "partiallyFailed" && !count && view.status !== status;
  }
}

pill.addEventListener("click", () => {
  list.scrollTop = 0;
  reload();
});

/** @param {number} all */
function drawEmpty(all) {
  const why = isProxy ? "proxy" : total ? "" : all ? "filtered" : "none";
  list.classList.toggle("nothing", why !== "");
  empty.hidden = why === "";
  const key = `${why} ${project.id}`;
  if (empty.dataset.key === key) return;
  empty.dataset.key = key;
  if (why === "proxy") {
    empty.replaceChildren(h("h3", {}, "No jobs here"), h("p", {}, "A proxy has no jobs of its own: it shows those of the server behind it."));
  } else if (why === "filtered") {
    const clear = () => look({ status: "", command: "", q: "" });
    empty.replaceChildren(h("h3", {}, "No job matches"), h("button", { click: clear }, "Clear filters"));
  } else if (why === "none") {
    const curl = asCurl({
      method: "POST",
      url: `${graphUrl(mainGraph())}/action?action_id=import-graph`,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ edgesetPath: "bucket/edges/", obsParameters: { accessKey: "AK", secretKey: "SK" } }),
    });
    empty.replaceChildren(
      h("h3", {}, "No jobs yet"),
      h("p", {}, "This submits one:"),
      h("pre", {}, curl),
      h("div", { class: "buttons" }, copyButton("Copy", () => curl), h("button", { class: "main", click: generate }, "Generate 100")),
    );
  }
}

async function generate() {
  const body = { count: 100, ...(view.graph && { graph: view.graph }) };
  const answer = await attempt("POST", "generate", body);
  if (answer) say(`${plural(answer.generated, "job")} generated`);
}

/** Take the focus to the first row. */
export const focusJobs = () => rows.focus();

// --- Events ---

/** @param {Item & {removed?: boolean, job_id?: string}} item */
export function jobChanged(item) {
  if (item.removed) return;
  received(item);
  const key = keyOf(item);
  for (const page of pages.values()) {
    const index = page.findIndex((each) => keyOf(each) === key);
    if (index >= 0) page[index] = item;
  }
  nextFrame(rows.draw);
}

/** @param {{graph: string, counts: Counts}} changed */
export function countsChanged(changed) {
  if (changed.graph === view.graph || project.graphs.length === 1) {
    counts = changed.counts;
    nextFrame(drawAround);
  }
  refresh();
}

/** Load the jobs after a reset, or of another project. */
export async function loadJobs() {
  try {
    await load();
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404 || !view.graph) throw error;
    look({ graph: "" }); // the graph is gone
  }
}

/** Say that a proxy has no jobs. */
export function hideJobs() {
  isProxy = true;
  drawAround();
}

for (const event of ["pointerleave", "focusout", "scroll"]) {
  list.addEventListener(event, () => stale && refresh(), { passive: true });
}

let typing = 0;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => look({ q: search.value }), 60);
});
command.addEventListener("change", () => look({ command: command.value }));
onLook(["graph", "status", "command", "q"], () => {
  drawAround();
  reload();
});

/** Draw again how soon each job changes. */
export function drawCountdowns() {
  for (const { row, item } of rows.shown.values()) if (item?.next) setText(row.cells[4].children[0], nextText(item));
}
