/** Requests and jobs as code to copy. */

/** @param {string} text */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Headers that a client sets itself. */
const OWN =
  /^(accept.*|connection|content-length|cookie|host|origin|referer|sec-.*|user-agent|x-sdk-date|upgrade.*|priority|pragma|cache-control|dnt)$/;

/** The request of an entry, to be sent again; masked secrets stay masked. @param {Entry} entry @returns {Call} */
export function callOf({ method, path, query, headers, body }) {
  const search = String(new URLSearchParams(query));
  return {
    method,
    url: `${location.origin}${path.split("/").map(encodeURIComponent).join("/")}${search && `?${search}`}`,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.test(name))),
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
export function asFetch({ method = "GET", url, headers = {}, body }) {
  const options = {
    method: method === "GET" ? undefined : method,
    headers: Object.keys(headers).length ? headers : undefined,
    body,
  };
  const json = JSON.stringify(options, null, 2);
  const given = json === "{}" ? "" : `, ${json}`;
  return `const answer = await fetch(${JSON.stringify(url)}${given});\nconsole.log(answer.status, await answer.json());`;
}

/** A line of Python that adds such a job. @param {Item} item */
export function asPython({ job, graph }) {
  const { command, url, rawRequest } = job.request;
  const fields = { job_id: job.jobId, status: job.status, command, url, raw_request: rawRequest, graph };
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `ges.add_job(${set.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")})`;
}
