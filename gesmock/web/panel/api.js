/** The control API: calls for the project in view, and events. */

import { reason, say } from "./dom.js";
import { view } from "./view.js";

/** @type {Status[]} */
export const STATUSES = ["pending", "running", "complete", "success", "partiallyFailed", "failed"];

/** The project in view. @type {Project} */
export const project = { id: "", graphs: [], isProxy: false };

/** The URL of the service's calls for a graph, or else for that in view, or the first. @param {string} [graph] */
export const graphUrl = (graph = view.graph || project.graphs[0] || "movie") =>
  `${location.origin}/ges/v1.0/${project.id}/graphs/${encodeURIComponent(graph)}`;

/** A refusal of the server, in its words. */
export class Refused extends Error {
  /** @param {number} status @param {string} words */
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

export const token = () => sessionStorage.getItem("gesmock-control-token") ?? "";

/** The URL of a call for the project; with a slash, of one for all. @param {string} path */
export function urlOf(path) {
  const own = view.project && !path.startsWith("/") ? `projects/${encodeURIComponent(view.project)}/` : "";
  return new URL(own + path.replace(/^\//, ""), location.origin + location.pathname).href;
}

/** @type {Send} */
export async function call(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(urlOf(path), { method, headers, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, value.error ?? value.errorMessage);
  return value;
}

/** @type {Get} */
export const get = (path) => call("GET", path);

/** The answer to a call, or undefined after an error; the user reads about either. @type {Attempt} */
export async function attempt(method, path, body, done) {
  try {
    const answer = await call(method, path, body);
    if (done) say(done(answer));
    return answer;
  } catch (error) {
    say(reason(error), true);
  }
}

/** @param {Record<string, string | number>} fields */
export const query = (fields) =>
  String(new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => (value === "" ? [] : [[name, String(value)]]))));

/**
 * A function that calls `load`, but never while it runs. Then it waits for eight times as long as that took, and at
 * least for `least_ms`; or for 0.
 * @param {() => unknown} load @param {number} least_ms
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
      try {
        await load();
      } catch {
        // the stream notices a server that is gone
      }
      const wait = least_ms && Math.max(least_ms, 8 * (performance.now() - began));
      await new Promise((done) => setTimeout(done, wait));
    }
    isBusy = false;
  };
}

/** @type {[(keyof Events)[], (data: any) => unknown][]} */
const listeners = [];

/** Call `listener` at each of these events. @type {On} */
export const on = (names, listener) => listeners.push([names, listener]);

/** @param {keyof Events} name @param {unknown} [data] */
export const emit = (name, data) =>
  Promise.all(listeners.map(([names, listener]) => names.includes(name) && listener(data)));
