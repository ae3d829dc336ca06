/** The requests that the application makes, live. */

import { attempt, get, mainGraph } from "./api.js";
import { byId, duration, h, nextFrame, plural, setText, shortId, visible } from "./dom.js";
import { Rows } from "./rows.js";
import { asFetch, graphUrl } from "./snippets.js";
import { look } from "./url.js";

/** @typedef {import("./api.js").Entry} Entry */

const MOST = 500;

const list = byId("requests-list", HTMLElement);
const empty = byId("requests-empty", HTMLElement);
const pill = byId("requests-pill", HTMLButtonElement);
const pause = byId("pause", HTMLButtonElement);
const count = byId("requests-count", HTMLElement);

/** @type {Entry[]} Newest first. */
let shown = [];
/** @type {Entry[]} Newest first; they came while the list was held. */
let waiting = [];
/** How many wait, including those that were dropped. */
let missed = 0;
let last = 0;

const rows = new Rows(list, {
  key: (/** @type {Entry} */ entry) => String(entry.number),
  make: () => h("tr", {},
    h("td", { class: "muted" }),
    h("td", { class: "text" }, h("button", { class: "link mono", click: open })),
    h("td"),
    h("td", { class: "number muted" }),
    h("td", { class: "text" }),
  ),
  fill: fillRow,
  at: (index) => shown[index],
});

/** The graph that short paths leave out. */
let usual = "";

/** @param {Entry} entry */
export function queryOf(entry) {
  const search = Object.entries(entry.query).map(([name, value]) => `${name}=${value}`).join("&");
  return search && `?${search}`;
}

/** The path as far as it differs between calls. @param {Entry} entry */
function shortPath(entry) {
  if (!entry.operation) return entry.path;
  const path = entry.path.split("/").map(shortId).join("/").replace(/^\/ges\/v[^/]*\/[^/]*\//, "");
  return entry.args.graph_name === usual ? path.replace(/^[^/]*\/[^/]*\/?/, "") || path : path;
}

/** @param {Entry} entry */
export function statusOf(entry) {
  const text = entry.connection ?? (entry.status ? String(entry.status) : "none");
  const sort = entry.connection || !entry.status ? "bad" : `s${Math.floor(entry.status / 100)}`;
  return h("span", { class: `code ${sort}` }, text);
}

/** @param {HTMLTableRowElement} row @param {Entry} entry */
function fillRow(row, entry) {
  const [time, called, status, took, fault] = row.cells;
  const date = new Date(entry.real_at * 1000);
  setText(time, date.toLocaleTimeString("en-GB"));
  const button = called.firstElementChild;
  if (button) {
    const path = visible(`${entry.method} ${shortPath(entry)}`);
    button.replaceChildren(path, h("span", { class: "muted" }, queryOf(entry)));
    button.setAttribute("title", visible(`#${entry.number} ${entry.operation ?? "no operation"}: ${entry.path}`));
  }
  status.replaceChildren(statusOf(entry));
  setText(took, entry.real_s > 0 ? duration(entry.real_s) : "");
  fault.replaceChildren(entry.fault ? h("span", { class: "tag" }, entry.fault) : "");
  row.classList.toggle("dim", entry.method === "OPTIONS");
}

/** @param {Event} event */
function open(event) {
  const row = event.target instanceof Element && event.target.closest("tr");
  if (row) look({ request: row.dataset.key ?? "", job: "", findings: "" }, true);
}

const isPaused = () => pause.getAttribute("aria-pressed") === "true";

function draw() {
  if (waiting.length && (!shown.length || !(isPaused() || rows.held))) showWaiting();
  pill.hidden = !missed;
  setText(pill, `${missed.toLocaleString("en")} new`);
  setText(count, last ? plural(last, "request") : "");
  empty.hidden = shown.length > 0;
  list.classList.toggle("nothing", !shown.length);
}

function showWaiting() {
  shown = [...waiting, ...shown].slice(0, MOST);
  waiting = [];
  missed = 0;
  rows.resize(shown.length);
}

/** @param {Entry} entry */
export function requestCame(entry) {
  if (entry.number <= last) return;
  missed += 1 + (entry.dropped ?? 0);
  last = entry.number;
  waiting.unshift(entry);
  if (waiting.length > MOST) waiting.length = MOST;
  nextFrame(draw);
}

/** After a reset, their numbers begin again. */
export function forgetRequests() {
  shown = waiting = [];
  last = missed = 0;
}

/** Load the newest. */
export async function loadRequests() {
  const { entries, count: newest } = await get("journal?limit=100&before=9007199254740991&bodies=false");
  const later = [...waiting, ...shown].filter((entry) => entry.number > newest);
  shown = [...later, ...entries];
  waiting = [];
  missed = 0;
  last = later[0]?.number ?? newest;
  usual = mainGraph();
  rows.resize(shown.length);
  drawEmpty();
  draw();
}

function drawEmpty() {
  const graph = graphUrl(mainGraph());
  const url = `${graph}/jobs/status`;
  const demo = `../demo/?graph=${encodeURIComponent(new URL(graph).pathname)}`;
  empty.replaceChildren(
    h("h3", {}, "No requests yet"),
    h("p", {}, "Point your application at ", h("code", {}, location.origin), ", open ",
      h("a", { href: demo, target: "_blank" }, "the demo application"), ", or try:"),
    h("pre", {}, asFetch({ method: "GET", url, headers: {} })),
    h("div", { class: "buttons" }, h("button", { click: () => fetch(url) }, "Send it from here")),
  );
}

export function togglePause() {
  pause.setAttribute("aria-pressed", String(!isPaused()));
  nextFrame(draw);
}

pause.addEventListener("click", togglePause);
list.addEventListener("pointerleave", () => nextFrame(draw));
list.addEventListener("focusout", () => nextFrame(draw));
list.addEventListener("scroll", () => nextFrame(draw), { passive: true });
pill.addEventListener("click", () => {
  if (isPaused()) togglePause();
  list.scrollTop = 0;
  showWaiting();
  draw();
});

byId("har", HTMLButtonElement).addEventListener("click", async () => {
  const archive = await attempt("GET", "journal/har");
  if (!archive) return;
  const url = URL.createObjectURL(new Blob([JSON.stringify(archive)], { type: "application/json" }));
  h("a", { href: url, download: "gesmock.har" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
});

export const focusRequests = () => rows.focus();
