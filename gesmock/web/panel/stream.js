/** The server's events, read with `fetch`: an `EventSource` could not send the control token. */

const PAUSE_MS = 2_000;

/** Receive the events at `url`; connect again until the stream is closed or refused. @type {Open} */
function openStream(url, token, receive) {
  const closing = new AbortController();
  const { signal } = closing;

  async function run() {
    while (!signal.aborted) {
      try {
        const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
        const answer = await fetch(url, { headers, signal });
        if (!answer.ok) return receive({ type: "refused", data: { status: answer.status, ...(await answer.json()) } });
        receive({ type: "open" });
        const reader = /** @type {any} */ (answer.body).pipeThrough(new TextDecoderStream()).getReader();
        for (let text = "", read = await reader.read(); !read.done; read = await reader.read()) {
          const events = (text + read.value).split("\n\n");
          text = events.pop() ?? "";
          for (const event of events) {
            const [, type, data] = /^event: (.*)\ndata: (.*)/m.exec(event) ?? [];
            if (type) receive({ type: /** @type {any} */ (type), data: JSON.parse(data) });
          }
        }
      } catch {
        // gone, or closed
      }
      if (signal.aborted) return;
      receive({ type: "gone" });
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }

  run();
  return () => closing.abort();
}

/**
 * The same in a worker, over one connection for all tabs: browsers open six to a host, and the application
 * under test needs them.
 * @type {Open}
 */
export function shareStream(url, token, receive) {
  if (!("SharedWorker" in globalThis)) return openStream(url, token, receive);
  const { port } = new SharedWorker(import.meta.url, { type: "module", name: JSON.stringify([url, token]) });
  port.onmessage = ({ data }) => receive(data);
  const close = () => {
    port.postMessage("leave");
    port.close();
  };
  addEventListener("pagehide", close);
  return close;
}

const worker = /** @type {any} */ (globalThis);
if ("onconnect" in worker) {
  const [url, token] = JSON.parse(worker.name);
  const ports = new Set();
  let close = () => {};
  /** @type {Message | undefined} */
  let connection;

  worker.onconnect = (/** @type {MessageEvent} */ { ports: [port] }) => {
    if (!ports.size || connection?.type === "refused") {
      connection = undefined;
      close = openStream(url, token, (message) => {
        if (["open", "gone", "refused"].includes(message.type)) connection = message;
        for (const each of ports) each.postMessage(message);
      });
    }
    ports.add(port);
    port.onmessage = () => {
      ports.delete(port);
      if (!ports.size) close();
    };
    if (connection) port.postMessage(connection);
  };
}
