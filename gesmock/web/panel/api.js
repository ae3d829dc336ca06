/** The control API. */

import { reason, say } from "./dom.js";
import { query, view } from "./view.js";

/** What follows `jobs/` in a path. @type {JobKey} */
export const jobKey = (jobId, graph) => `${encodeURIComponent(jobId)}?${query({ graph })}`;

/** @type {Project} */
export const project = { id: "", graphs: [], isProxy: false };

/** Where the service has a graph. @param {string} [graph] */
export const graphUrl = (graph = view.graph || project.graphs[0] || "movie") =>
  `${location.origin}/ges/v1.0/${project.id}/graphs/${encodeURIComponent(graph)}`;

export const token = () => sessionStorage.gesmockToken ?? "";

/** The URL of a call for the project in view, unless `path` is absolute. @param {string} path */
export function urlOf(path) {
  const own = view.project && `projects/${encodeURIComponent(view.project)}/`;
  return new URL(path, `${location.origin}/_gesmock/${own}`).href;
}

/** @type {Send} */
export async function call(method, path, body) {
  const headers = { "Content-Type": "application/json", ...(token() ? { Authorization: `Bearer ${token()}` } : {}) };
  const answer = await fetch(urlOf(path), { method, headers, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error ?? value.errorMessage), { status: answer.status });
  return value;
}

/** @type {Get} */
export const get = (path) => call("GET", path);

/** Call, and tell the user that it is done, or why not. @type {Send} */
export async function attempt(method, path, body) {
  try {
    const answer = await call(method, path, body);
    say("Done");
    return answer;
  } catch (error) {
    say(reason(error), true);
  }
}

/** Calls `load`, one at a time. With `least_ms`, it takes a ninth of the time at most. @type {Throttled} */
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
