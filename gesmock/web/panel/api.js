/** The control API, for the project in view. */

import { reason, say } from "./dom.js";
import { query, view } from "./view.js";

export const STATUSES = ["pending", "running", "complete", "success", "partiallyFailed", "failed"];

/** What comes after `jobs/` in the path of a call. @param {string} jobId @param {string} [graph] */
export const jobKey = (jobId, graph) => `${encodeURIComponent(jobId)}?${query({ graph })}`;

/** The project in view. @type {Project} */
export const project = { id: "", graphs: [], isProxy: false };

/** The URL of the service's calls for a graph, or else for that in view, or the first. @param {string} [graph] */
export const graphUrl = (graph = view.graph || project.graphs[0] || "movie") =>
  `${location.origin}/ges/v1.0/${project.id}/graphs/${encodeURIComponent(graph)}`;

export const token = () => sessionStorage.getItem("gesmock-control-token") ?? "";

/** The URL of a call for the project in view, unless `path` is absolute. @param {string} path */
export const urlOf = (path) =>
  new URL(path, `${location.origin}/_gesmock/${view.project && `projects/${encodeURIComponent(view.project)}/`}`).href;

/** @type {Send} */
export async function call(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(urlOf(path), { method, headers, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error ?? value.errorMessage), { status: answer.status });
  return value;
}

/** @type {Get} */
export const get = (path) => call("GET", path);

/** The answer to a call, which `done` tells the user; or undefined after an error, which is told. @type {Attempt} */
export const attempt = (method, path, body, done) => call(method, path, body).then((answer) => {
  if (done) say(done);
  return answer;
}, (error) => say(reason(error), true));

/**
 * A function that calls `load`, but never while it runs. Then it waits for eight times as long as that took, and at
 * least for `least_ms`; or for 0.
 * @param {() => Promise<any>} load @param {number} least_ms
 */
export function throttled(load, least_ms) {
  let isDue = false;
  let isBusy = false;
  return async () => {
    isDue = true;
    if (isBusy) return;
    isBusy = true;
    while (isDue) {
      isDue = false;
      const began = performance.now();
      await load().catch(() => {}); // the stream notices a server that is gone
      const wait = least_ms && Math.max(least_ms, 8 * (performance.now() - began));
      await new Promise((done) => setTimeout(done, wait));
    }
    isBusy = false;
  };
}
