/** Requests and jobs as code to copy. */

import { project } from "./api.js";

/** @param {string} text */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Headers that a client sets itself. */
const OWN = /^(accept.*|connection|content-length|cookie|host|origin|referer|sec-.*|user-agent|x-sdk-date|upgrade.*|priority|pragma|cache-control|dnt)$/;

/**
 * @typedef {{method: string, url: string, headers: Record<string, string>, body?: string}} Call
 */

/**
 * The request of an entry, to be sent again; masked secrets stay masked.
 * @param {import("./api.js").Entry} entry
 * @returns {Call}
 */
export function callOf(entry) {
  const search = String(new URLSearchParams(entry.query));
  const path = entry.path.split("/").map(encodeURIComponent).join("/");
  const headers = Object.fromEntries(Object.entries(entry.headers).filter(([name]) => !OWN.test(name)));
  /** @type {Call} */
  const call = { method: entry.method, url: `${location.origin}${path}${search && `?${search}`}`, headers };
  if (entry.body != null && entry.method !== "GET") call.body = JSON.stringify(entry.body);
  return call;
}

/** @param {Call} call */
export function asCurl({ method, url, headers, body }) {
  const parts = ["curl", shell(url)];
  if (method !== "GET") parts.push(`-X ${method}`);
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${shell(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`-d ${shell(body)}`);
  return parts.join(" ");
}

/** @param {Call} call */
export function asFetch({ method, url, headers, body }) {
  /** @type {Record<string, unknown>} */
  const options = {};
  if (method !== "GET") options.method = method;
  if (Object.keys(headers).length) options.headers = headers;
  if (body !== undefined) options.body = body;
  const argument = Object.keys(options).length ? `, ${JSON.stringify(options, null, 2)}` : "";
  return `const answer = await fetch(${JSON.stringify(url)}${argument});\nconsole.log(answer.status, await answer.json());`;
}

/**
 * A line of Python that adds such a job.
 * @param {import("./api.js").Item} item
 */
export function asPython({ job, graph }) {
  const { command, url, rawRequest } = job.request;
  const fields = { job_id: job.jobId, status: job.status, command, url, raw_request: rawRequest, graph };
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `ges.add_job(${set.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")})`;
}

/** The URL of the service's calls for a graph. @param {string} graph */
export function graphUrl(graph) {
  return `${location.origin}/ges/v1.0/${project.id}/graphs/${encodeURIComponent(graph)}`;
}
