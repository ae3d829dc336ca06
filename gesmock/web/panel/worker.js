/** The worker that the tabs share; its name says which stream. */

import { openStream } from "./stream.js";

const worker = /** @type {any} */ (self);
const [url, token] = JSON.parse(worker.name);
/** @type {Set<MessagePort>} */
const ports = new Set();
/** @type {Message | undefined} */
let connection;

const stream = openStream(url, token, (message) => {
  if (["open", "gone", "refused"].includes(message.type)) connection = message;
  for (const port of ports) port.postMessage(message);
  if (message.type === "refused") worker.close();
});

worker.onconnect = (/** @type {MessageEvent} */ { ports: [port] }) => {
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data === "retry") return stream.retry();
    ports.delete(port);
    if (!ports.size) worker.close();
  };
  if (connection) port.postMessage(connection);
};
