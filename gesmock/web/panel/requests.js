/** The requests that the application makes, live. */

import { attempt, get, graphUrl, jobKey } from "./api.js";
import { copyButtons, digits, duration, h, page, plural, shortId } from "./dom.js";
import { details, facts, fold } from "./drawer.js";
import { faultButtons } from "./faults.js";
import { listIn } from "./rows.js";
import { asCurl, asFetch, callOf, searchOf } from "./snippets.js";
import { on, open } from "./view.js";

const MOST = 500;

/** Newest first. @type {Entry[]} */
let entries = [];
let shown = entries; // by the list: fewer while it is held
let last = 0;
let isPaused = false;

/** @param {Entry} entry */
function shortPath({ path, operation }) {
  const rest = path.replace(`${new URL(graphUrl()).pathname}/`, "").replace(/^\/ges\/v[^/]*\/[^/]*\//, "");
  return operation ? rest.split("/").map(shortId).join("/") : rest;
}

/** @param {Entry} entry */
const statusOf = ({ connection, status }) =>
  h(`span.mono.${connection || !status ? "bad" : `s${Math.floor(status / 100)}`}`, connection ?? (status || "none"));

/** @param {Entry} entry */
const took = ({ took_s }) => (took_s < 0.001 ? "< 1 ms" : duration(took_s));

const list = listIn(page.requests, {
  columns: ["Time", "Request", "Status", "Took", "Fault"],
  at: (index) => shown[index],
  cells: (entry) => [
    new Date(entry.real_at * 1000).toTimeString().slice(0, 8),
    h(`button.link.mono${entry.method === "OPTIONS" ? ".dim" : ""}`, {
      click: () => open("request", `${entry.number}`),
      title: `#${entry.number} ${entry.path}`,
    }, `${entry.method} ${shortPath(entry)}`, h("span.muted", searchOf(entry))),
    statusOf(entry),
    took(entry),
    entry.fault && h("span.tag", entry.fault),
  ],
  released: (pressed) => setPaused(isPaused && !pressed),
});

/** @param {boolean} paused */
function setPaused(paused) {
  isPaused = paused;
  page.pause.ariaPressed = `${paused}`;
  draw();
}

function draw() {
  if (!shown.length || !(isPaused || list.isHeld())) shown = entries;
  page.requestCount.textContent = last ? plural(last, "request") : "";
  list.show(shown.length, !shown.length && noRequests(), last - shown[0]?.number);
}

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
  last = entry.number;
  entries = [entry, ...entries].slice(0, MOST);
  draw();
});

on(["load"], async () => {
  entries = shown = []; // it may be another server, or project
  last = 0;
  const { entries: older, count } = await get("journal?limit=500&before=9007199254740991&bodies=false");
  entries = [...entries.filter(({ number }) => number > count), ...older];
  last = Math.max(last, count);
  draw();
});

page.pause.onclick = () => setPaused(!isPaused);

page.har.onclick = async () => {
  const archive = await attempt("GET", "journal/har");
  const url = URL.createObjectURL(new Blob([JSON.stringify(archive)], { type: "application/json" }));
  if (archive) h("a", { href: url, download: "gesmock.har" }).click();
};

// --- Drawer ---

details.set("request", async (key) => {
  const { entries: [entry] } = await get(`journal?limit=1&before=${Math.trunc(Number(key)) + 1 || 1}`);
  if (`${entry?.number}` !== key) return [h("p.muted", "Not in the journal.")];
  const { operation, args, body, fault, headers, job_id: jobId, reply_body, reply_bytes = 0 } = entry;
  const call = callOf(entry);
  return [
    h("p.mono", `#${key} ${entry.method} ${entry.path}${searchOf(entry)}`),
    facts({
      Answer: statusOf(entry),
      Operation: operation ?? (entry.method === "OPTIONS" ? "preflight" : "none serves this"),
      At: new Date(entry.real_at * 1000).toISOString(),
      Took: took(entry),
      Fault: fault && h("span.tag", fault),
      Job: jobId && h("button.link.mono", { click: () => open("job", jobKey(jobId, args.graph_name)) }, shortId(jobId)),
    }),
    copyButtons({ curl: asCurl(call), fetch: asFetch(call) }),
    operation && h("div.buttons", { role: "group", "aria-label": "Answer the next one with" },
      h("span.muted", "Answer the next one with"), faultButtons((fault) => {
        const rule = { operation, fault, times: 1, graph: args.graph_name, job_id: args.job_id };
        attempt("POST", "faults", rule);
      })),
    fold("Request headers", headers),
    body != null && fold("Request body", body, true),
    fold("Answer headers", entry.reply_headers),
    reply_body != null && fold(`Answer body, ${digits(reply_bytes)} bytes`, reply_body, true),
  ];
});
