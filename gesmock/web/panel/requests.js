/** The requests that the application makes, live. */

import { attempt, get, graphUrl, on } from "./api.js";
import { copyButtons, digits, duration, h, inFrame, page, plural, shortId } from "./dom.js";
import { addDetails, facts, fold } from "./drawer.js";
import { faultButtons } from "./faults.js";
import { shortcut } from "./keys.js";
import { listIn } from "./rows.js";
import { asCurl, asFetch, callOf } from "./snippets.js";
import { open } from "./view.js";

const MOST = 500;

/** Newest first. @type {Entry[]} */
let shown = [];
/** Those that came while the list was held. @type {Entry[]} */
let waiting = [];
/** How many wait, including those that were dropped. */
let missed = 0;
let last = 0;
let isPaused = false;

/** @param {Entry} entry */
function queryOf({ query }) {
  const search = Object.entries(query).map(([name, value]) => `${name}=${value}`).join("&");
  return search && `?${search}`;
}

/** What differs between the paths of calls. @param {Entry} entry */
function shortPath({ path, operation }) {
  const usual = `${new URL(graphUrl()).pathname}/`;
  const rest = path.startsWith(usual) ? path.slice(usual.length) : path.replace(/^\/ges\/v[^/]*\/[^/]*\//, "");
  return operation ? rest.split("/").map(shortId).join("/") : rest;
}

/** @param {Entry} entry */
const statusOf = ({ connection, status }) =>
  h(`span.mono.${connection || !status ? "bad" : `s${Math.floor(status / 100)}`}`, connection ?? (status || "none"));

/** @param {Entry} entry */
const operationOf = ({ method, operation }) => operation ?? (method === "OPTIONS" ? "preflight" : "none serves this");

/** @param {Entry} entry */
const took = ({ took_s }) => (took_s < 0.001 ? "< 1 ms" : duration(took_s));

const list = listIn(page.requests, {
  label: "Requests",
  columns: { time: "Time", request: "Request", code: "Status", took: "Took", fault: "Fault" },
  at: (index) => shown[index],
  cells: (entry) => [
    new Date(entry.real_at * 1000).toLocaleTimeString("en-GB"),
    h("button.link.mono", {
      click: () => open("request", String(entry.number)),
      title: `#${entry.number} ${operationOf(entry)}: ${entry.path}`,
    }, `${entry.method} ${shortPath(entry)}`, h("span.muted", queryOf(entry))),
    statusOf(entry),
    took(entry),
    entry.fault && h("span.tag", entry.fault),
  ],
  isDim: ({ method }) => method === "OPTIONS",
  released: (pressed) => setPaused(isPaused && !pressed),
});

/** @param {boolean} paused */
function setPaused(paused) {
  isPaused = paused;
  page.pause.ariaPressed = String(paused);
  draw();
}

const draw = inFrame(() => {
  if (!shown.length || !(isPaused || list.isHeld())) {
    shown = [...waiting, ...shown].slice(0, MOST);
    waiting = [];
    missed = 0;
  }
  page.requestCount.textContent = last ? plural(last, "request") : "";
  list.show(shown.length, !shown.length && noRequests(), missed ? `${digits(missed)} new` : "");
});

function noRequests() {
  const demo = `../demo/?graph=${encodeURIComponent(new URL(graphUrl()).pathname)}`;
  return [
    h("h3", "No requests yet"),
    h("p", "Point your application at ", h("code", location.origin), ", open ",
      h("a", { href: demo, target: "_blank" }, "the demo application"), ", or try:"),
    h("pre", asFetch({ url: `${graphUrl()}/jobs/status` })),
  ];
}

on(["request"], (entry) => {
  if (entry.number <= last) return;
  missed += 1 + (entry.dropped ?? 0);
  last = entry.number;
  waiting = [entry, ...waiting].slice(0, MOST);
  draw();
});

on(["load"], async () => {
  shown = waiting = []; // it may be another server, or project
  last = missed = 0;
  const { entries, count } = await get("journal?limit=100&before=9007199254740991&bodies=false");
  waiting = waiting.filter(({ number }) => number > count);
  shown = entries;
  last = Math.max(last, count);
  draw();
});

page.pause.onclick = () => setPaused(!isPaused);

page.har.onclick = async () => {
  const archive = await attempt("GET", "journal/har");
  const url = URL.createObjectURL(new Blob([JSON.stringify(archive)], { type: "application/json" }));
  if (archive) h("a", { href: url, download: "gesmock.har" }).click();
};

shortcut("l", "Go to the requests", list.focus);

// --- Drawer ---

addDetails("request", (key) => `Request ${key}`, async (key) => {
  const { entries } = await get(`journal?limit=1&before=${Math.trunc(Number(key)) + 1 || 1}`);
  const [entry] = entries;
  if (String(entry?.number) !== key) return [h("p.muted", "It is not in the journal.")];
  const { operation, args, body, fault, headers, job_id: job, reply_body = "", reply_headers } = entry;
  const call = callOf(entry);
  const read = new Blob([reply_body]).size;
  const all = entry.reply_bytes ?? read;
  const lines = (/** @type {typeof headers} */ of) => Object.entries(of).map((pair) => pair.join(": ")).join("\n");
  const arm = (/** @type {unknown} */ fault, /** @type {string} */ name) => attempt(
    "POST", "faults", { operation, fault, times: 1, graph: args.graph_name, job_id: args.job_id },
    () => `The next ${operation ?? "call"} is answered with ${name}`);
  return [
    h("p.mono", `${entry.method} ${entry.path}${queryOf(entry)}`),
    facts({
      Answer: h("span.line", statusOf(entry), entry.gave_up && h("span.muted", "the client left before it had all of it")),
      Operation: operationOf(entry),
      At: new Date(entry.real_at * 1000).toISOString().replace("T", " ").slice(0, 23),
      Took: took(entry),
      Fault: fault && h("span.tag", fault),
      Job: job && h("button.link.mono", { click: () => open("job", `${args.graph_name ?? ""}/${job}`) }, shortId(job)),
    }),
    copyButtons({ curl: () => asCurl(call), fetch: () => asFetch(call) }),
    h("div.buttons", { role: "group", "aria-label": "Answer the next one with" },
      h("span.muted", "Answer the next one with"), faultButtons(arm)),
    fold("Request headers", lines(headers)),
    body != null && fold("Request body", JSON.stringify(body), true),
    fold("Answer headers", lines(reply_headers)),
    all > 0 && fold(`Answer body, ${read < all ? `the first ${digits(read)} of ` : ""}${digits(all)} bytes`, reply_body, true),
    entry.crash && fold("Crash", entry.crash, true),
  ];
});
