/** The worker that the tabs share: a stream for each project that some tab looks at. */

import { openStream } from "./stream.js";

/**
 * @typedef {import("./stream.js").Message} Message
 * @typedef {{stream: import("./stream.js").Stream, ports: Set<MessagePort>, connection?: Message}} Shared
 */

/** @type {Map<string, Shared>} */
const streams = new Map();

/** @type {any} */ (self).onconnect = (/** @type {MessageEvent} */ event) => {
  const [port] = event.ports;
  port.onmessage = ({ data }) => {
    if (data.join) join(port, data.join, data.token);
    else if (data.leave) leave(port);
    else for (const { stream, ports } of streams.values()) if (ports.has(port)) stream.retry();
  };
};

/** @param {MessagePort} port @param {string} url @param {string} token */
function join(port, url, token) {
  leave(port);
  const key = `${token} ${url}`;
  const shared = streams.get(key) ?? share(key, url, token);
  shared.ports.add(port);
  if (shared.connection) port.postMessage(shared.connection);
}

/** @param {string} key @param {string} url @param {string} token @returns {Shared} */
function share(key, url, token) {
  /** @type {Shared["ports"]} */
  const ports = new Set();
  const stream = openStream(url, token, (message) => {
    if (["open", "gone", "refused"].includes(message.type)) shared.connection = message;
    for (const port of ports) port.postMessage(message);
    if (message.type === "refused") streams.delete(key);
  });
  /** @type {Shared} */
  const shared = { stream, ports };
  streams.set(key, shared);
  return shared;
}

/** @param {MessagePort} port */
function leave(port) {
  for (const [key, { stream, ports }] of streams) {
    if (ports.delete(port) && !ports.size) {
      stream.close();
      streams.delete(key);
    }
  }
}
