/** The worker that the tabs share: a stream for each project that some tab looks at. */

import { openStream } from "./stream.js";

/**
 * @typedef {import("./stream.js").Message} Message
 * @typedef {{stream: import("./stream.js").Stream, ports: Set<MessagePort>, state: Map<string, Message>}} Shared
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
  for (const message of shared.state.values()) port.postMessage(message);
}

/** @param {string} key @param {string} url @param {string} token @returns {Shared} */
function share(key, url, token) {
  /** @type {Shared["ports"]} */
  const ports = new Set();
  /** @type {Shared["state"]} What who joins later needs to know. */
  const state = new Map();
  const stream = openStream(url, token, (message) => {
    if (["open", "gone", "refused", "reset"].includes(message.type)) state.clear();
    if (message.type === "reset") {
      state.set("connection", { type: "open" });
    } else if (["open", "gone", "refused"].includes(message.type)) {
      state.set("connection", message);
    } else if (["counts", "clock", "faults"].includes(message.type)) {
      state.set(`${message.type} ${message.data.graph}`, message);
    }
    for (const port of ports) port.postMessage(message);
    if (message.type === "refused") streams.delete(key);
  });
  const shared = { stream, ports, state };
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
