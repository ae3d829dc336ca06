/** Requests and jobs as code to copy. */

/** @param {string} text */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const COPIED = /^(content-type|authorization|x-(?!sdk-date).*)$/; // clients set the others themselves

/** @param {Entry} entry */
export const searchOf = ({ query }) => new URLSearchParams(query).size ? `?${new URLSearchParams(query)}` : "";

/** @param {Entry} entry @returns {Call} */
export function callOf(entry) {
  const { method, path, headers, body } = entry;
  return {
    method,
    url: location.origin + path.split("/").map(encodeURIComponent).join("/") + searchOf(entry),
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => COPIED.test(name))),
    body: body == null || method === "GET" ? undefined : JSON.stringify(body),
  };
}

/** @param {Call} call */
export function asCurl({ method = "GET", url, headers = {}, body }) {
  return [
    `curl ${shell(url)}`,
    ...(method === "GET" ? [] : [`-X ${method}`]),
    ...Object.entries(headers).map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${shell(body)}`]),
  ].join(" ");
}

/** @param {Call} call */
export function asFetch({ url, ...options }) {
  const init = Object.keys(options).length ? `, ${JSON.stringify(options, null, 2)}` : "";
  return `const answer = await fetch(${JSON.stringify(url)}${init});\nconsole.log(answer.status, await answer.json());`;
}

/** @param {Item} item */
export function asPython({ job, graph }) {
  const { command, url, rawRequest } = job.request;
  const fields = { job_id: job.jobId, status: job.status, command, url, raw_request: rawRequest, graph };
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `ges.add_job(${set.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")})`;
}
