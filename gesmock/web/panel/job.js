/** One job in the drawer. */

import { attempt, get, query, throttled } from "./api.js";
import { now } from "./clock.js";
import { copyButton, duration, h, say, shortId } from "./dom.js";
import { addKind, drawDrawer, facts, json, part, pretty } from "./drawer.js";
import { moveButtons, nextText, progressBar, received, statusMark } from "./jobs.js";
import { asCurl, asFetch, asPython, graphUrl } from "./snippets.js";
import { look, view } from "./url.js";

/** @typedef {import("./api.js").Item} Item */

/** @param {string} key */
function split(key) {
  const slash = key.indexOf("/");
  return { graph: key.slice(0, Math.max(slash, 0)), jobId: key.slice(slash + 1) };
}

addKind("job", (key) => `Job ${shortId(split(key).jobId)}`, async (key) => {
  const { graph, jobId } = split(key);
  const of = `${encodeURIComponent(jobId)}${query({ graph })}`;
  const [item, observation] = await Promise.all([get(`jobs/${of}`).then(received), get(`seen/${of}`)]);
  return contents(item, observation);
});

/** @param {Item} item @param {import("./api.js").Json} observation */
function contents(item, observation) {
  const { job, graph } = item;
  const show = { method: "GET", url: `${graphUrl(graph)}/jobs/${encodeURIComponent(job.jobId)}/status`, headers: {} };
  const buttons = [...moveButtons(item), job.status === "running" && stuckButton(item)];
  return [
    facts([
      ["Id", h("code", {}, job.jobId)],
      ["Graph", graph],
      ["Command", h("code", {}, job.request.command)],
      ["Status", h("span", { class: "line" }, statusMark(job.status), progressBar(item), h("span", { class: "muted" }, nextText(item)))],
    ]),
    item.moves.length > 0 && h("div", { class: "buttons", role: "group", "aria-label": "Move to" }, h("span", { class: "label" }, "Move to"), ...buttons),
    h("div", { class: "buttons" },
      copyButton("Copy as curl", () => asCurl(show)),
      copyButton("Copy as fetch", () => asFetch(show)),
      copyButton("Copy as Python", () => asPython(item))),
    part("Plan", planLine(item)),
    part("Shown to clients", shownLine(observation)),
    part("Request", facts([["URL", h("code", {}, job.request.url)]])),
    job.request.rawRequest !== undefined && json("Body", pretty(job.request.rawRequest)),
  ].filter((node) => node instanceof Node);
}

/** @param {Item} item */
function stuckButton({ job, graph }) {
  const stop = async () => {
    const body = { status: job.status, progress: 99 };
    const moved = await attempt("PATCH", `jobs/${encodeURIComponent(job.jobId)}${query({ graph })}`, body);
    if (moved) say("It stays at 99 % until it is moved");
  };
  return h("button", { click: stop, title: "Stays at 99 % until it is moved" }, "Stuck here");
}

/** What remains of the plan, as stops on a line. @param {Item} item */
function planLine({ job }) {
  const steps = job.plan?.steps ?? [];
  if (steps.length < 2) return h("p", { class: "muted" }, "It keeps this status until it is moved.");
  return h("ol", { class: "plan" }, ...steps.map((step, index) =>
    h("li", {}, statusMark(step.status), h("span", { class: "muted" },
      `${step.progress ? `${step.progress} %, ` : ""}${index ? `in ${duration(step.after_s)}` : "now"}`))));
}

/** @param {import("./api.js").Json} observation */
function shownLine(observation) {
  if (!observation.observed.length) return h("p", { class: "muted" }, "No client has been shown it.");
  const went = observation.went_through.map((/** @type {any} */ span) => span.status).join(", ");
  return h("div", {},
    h("ol", { class: "plan" }, ...observation.observed.map((/** @type {any} */ sighting) => h("li", {}, statusMark(sighting.status),
      h("span", { class: "muted" },
        `${sighting.times === 1 ? "once" : `${sighting.times} times`}, ${ago(sighting.at)} `),
      requestLink(sighting.first)))),
    h("p", { class: "muted" }, `It went through ${went}.`));
}

/** @param {number} at */
const ago = (at) => `${duration(Math.max(now() - at, 0))} ago`;

/** @param {number} number */
export function requestLink(number) {
  const open = () => look({ request: String(number), job: "", findings: "" }, true);
  return h("button", { class: "link", click: open }, `#${number}`);
}

/** Draw the job in the drawer again; with a key, only if it is this one. @type {(key?: string) => void} */
export const jobMayHaveChanged = (() => {
  const again = throttled(drawDrawer, 300, 5);
  return (/** @type {string | undefined} */ key) => {
    if (view.job && (key === undefined || key === view.job)) again();
  };
})();
