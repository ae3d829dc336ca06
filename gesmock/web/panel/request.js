/** One request in the drawer. */

import { attempt, get } from "./api.js";
import { copyButton, duration, h, say, shortId } from "./dom.js";
import { addKind, facts, json, pretty } from "./drawer.js";
import { faultButtons } from "./faults.js";
import { queryOf, statusOf } from "./requests.js";
import { asCurl, asFetch, callOf } from "./snippets.js";
import { look } from "./url.js";

/** @typedef {import("./api.js").Entry} Entry */

addKind("request", (number) => `Request ${number}`, async (number) => {
  const isNumber = /^\d{1,15}$/.test(number);
  const { entries } = isNumber ? await get(`journal?limit=1&before=${Number(number) + 1}`) : { entries: [] };
  const [entry] = entries;
  if (entry?.number !== Number(number)) return [h("p", { class: "muted" }, "It is not in the journal.")];
  return contents(entry);
});

/** @param {Entry} entry */
function contents(entry) {
  const call = callOf(entry);
  return [
    h("p", { class: "mono wrap" }, `${entry.method} ${entry.path}${queryOf(entry)}`),
    facts([
      ["Answer", h("span", { class: "line" }, statusOf(entry), entry.gave_up && h("span", { class: "muted" }, "the client left before it had all of it"))],
      ["Operation", entry.operation ? h("code", {}, entry.operation) : "none serves this"],
      ["At", new Date(entry.real_at * 1000).toISOString().replace("T", " ").slice(0, 23)],
      ["Delay", entry.real_s > 0 && duration(entry.real_s)],
      ["Fault", entry.fault && h("span", { class: "tag" }, entry.fault)],
      ["Job", entry.job_id && jobLink(entry.args.graph_name ?? "", entry.job_id)],
    ]),
    h("div", { class: "buttons" }, copyButton("Copy as curl", () => asCurl(call)), copyButton("Copy as fetch", () => asFetch(call))),
    h("div", { class: "buttons", role: "group", "aria-label": "Answer the next one with" },
      h("span", { class: "label" }, "Answer the next one with"), ...faultButtons((fault, label) => armFor(entry, fault, label))),
    json("Request headers", lines(entry.headers), false),
    entry.body != null && json("Request body", entry.body),
    json("Answer headers", lines(entry.reply_headers), false),
    entry.reply_body != null && json(`Answer body, ${bytes(entry)}`, pretty(entry.reply_body)),
    entry.crash && json("Crash", entry.crash),
  ].filter((node) => node instanceof Node);
}

/** How much of the answer's body is shown. @param {Entry} entry */
function bytes({ reply_body, reply_bytes }) {
  const shown = new Blob([reply_body ?? ""]).size;
  const all = (reply_bytes ?? shown).toLocaleString("en");
  return shown < (reply_bytes ?? 0) ? `the first ${shown.toLocaleString("en")} of ${all} bytes` : `${all} bytes`;
}

/** @param {Record<string, string>} headers */
const lines = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");

/** @param {string} graph @param {string} jobId */
function jobLink(graph, jobId) {
  const open = () => look({ job: `${graph}/${jobId}`, request: "" }, true);
  return h("button", { class: "link mono", click: open }, shortId(jobId));
}

/** Arm a fault for the next request like this one. @param {Entry} entry @param {unknown} fault @param {string} label */
async function armFor(entry, fault, label) {
  const { graph_name: graph, job_id } = entry.args;
  const rule = { operation: entry.operation, fault, times: 1, ...(graph && { graph }), ...(job_id && { job_id }) };
  const armed = await attempt("POST", "faults", rule);
  if (armed) say(`The next ${entry.operation ?? "call"} is answered with ${label}`);
}
