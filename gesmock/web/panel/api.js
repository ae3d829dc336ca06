/** Calls of the control API, for the project in view. */

import { say } from "./dom.js";
import { view } from "./url.js";

/**
 * @typedef {"pending" | "running" | "complete" | "success" | "partiallyFailed" | "failed"} Status
 * @typedef {{status: Status, progress?: number, after_s: number}} Step
 * @typedef {{jobId: string, status: Status, plan?: {steps?: Step[]},
 *   request: {command: string, url: string, rawRequest?: string}}} Job
 * @typedef {{job: Job, graph: string, moves: Status[], progress?: number,
 *   next: {status: Status, in_s: number} | null, due?: number}} Item A job, and when it will change.
 * @typedef {Partial<Record<Status, number>>} Counts
 * @typedef {{number: number, at: number, real_at: number, operation: string | null, method: string, path: string,
 *   query: Record<string, string>, args: Record<string, string>, headers: Record<string, string>, body: any,
 *   status: number, reply_headers: Record<string, string>, reply_body?: string, reply_bytes?: number,
 *   fault: string | null, connection: string | null, real_s: number, job_id: string | null, gave_up: boolean,
 *   crash: string | null, dropped?: number}} Entry
 * @typedef {Record<string, any>} Json
 */

/** @type {Status[]} */
export const STATUSES = ["pending", "running", "complete", "success", "partiallyFailed", "failed"];

const ROOT = new URL("./", document.baseURI).href;
const TOKEN = "gesmock-control-token";

/** A refusal of the server, in its words. */
export class Refused extends Error {
  /** @param {number} status @param {string} reason */
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** The project in view: its id and its graphs. */
export const project = { id: "", graphs: /** @type {string[]} */ ([]) };

/** The graph in view, or else the first. */
export const mainGraph = () => view.graph || project.graphs[0] || "movie";

export const token = () => sessionStorage.getItem(TOKEN) ?? "";

/** @param {string} value */
export const setToken = (value) => sessionStorage.setItem(TOKEN, value);

/**
 * The URL of a call for the project.
 * @param {string} path
 */
export function urlOf(path) {
  return `${ROOT}${view.project ? `projects/${encodeURIComponent(view.project)}/` : ""}${path}`;
}

/**
 * The answer to a call.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const url = path.startsWith("/") ? ROOT + path.slice(1) : urlOf(path);
  const answer = await fetch(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, value.error ?? value.errorMessage);
  return value;
}

/** @param {string} path */
export const get = (path) => call("GET", path);

/**
 * The answer to a call; null after an error, which is reported to the user.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export async function attempt(method, path, body) {
  try {
    return await call(method, path, body);
  } catch (error) {
    say(error instanceof Refused ? error.message : "The server does not answer", true);
    return null;
  }
}

/** @param {Record<string, string | number>} fields */
export function query(fields) {
  const set = Object.entries(fields).filter(([, value]) => value !== "");
  return set.length ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : "";
}

/**
 * A function that calls `load`, but never while it runs. Between two calls are at least `least` milliseconds, and
 * `share` times as long as the first took.
 * @param {() => Promise<void>} load
 * @param {number} least
 * @param {number} [share]
 */
export function throttled(load, least, share = 20) {
  let isDue = false;
  let busy = false;
  async function run() {
    busy = true;
    while (isDue) {
      isDue = false;
      const began = performance.now();
      await load().catch(() => {}); // the stream notices a server that is gone
      const wait = Math.max(least, share * (performance.now() - began));
      await new Promise((done) => setTimeout(done, wait));
    }
    busy = false;
  }
  return () => {
    isDue = true;
    if (!busy) run();
  };
}
