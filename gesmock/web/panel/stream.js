/** The events of the server, read with `fetch`: an `EventSource` could not send the control token. */

/**
 * @typedef {{type: string, data?: any}} Message `open`, `gone`, `refused`, or an event of the server.
 * @typedef {{close: () => void, retry: () => void}} Stream
 */

const PAUSE_MS = 2_000;

/**
 * Receive the events at `url`; connect again until the stream is closed or refused.
 * @param {string} url
 * @param {string} token
 * @param {(message: Message) => void} receive
 * @returns {Stream}
 */
export function openStream(url, token, receive) {
  const closing = new AbortController();
  let retry = () => {};

  async function run() {
    while (!closing.signal.aborted) {
      try {
        const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
        const answer = await fetch(url, { headers, signal: closing.signal, cache: "no-store" });
        if (!answer.ok || !answer.body) {
          const { error } = await answer.json();
          receive({ type: "refused", data: { status: answer.status, error } });
          return;
        }
        receive({ type: "open" });
        await readEvents(answer.body, receive);
      } catch {
        // gone, or closed
      }
      if (closing.signal.aborted) return;
      receive({ type: "gone" });
      await new Promise((done) => {
        retry = () => done(undefined);
        setTimeout(retry, PAUSE_MS);
      });
    }
  }

  run();
  return { close: () => closing.abort(), retry: () => retry() };
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {(message: Message) => void} receive
 */
async function readEvents(body, receive) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const type = /^event: ?(.*)$/m.exec(event);
      const data = /^data: ?(.*)$/m.exec(event);
      if (type && data) receive({ type: type[1], data: JSON.parse(data[1]) });
    }
  }
}

/**
 * The same in a worker, over one connection for all tabs: browsers open six to a host, and the application
 * under test needs them.
 * @param {string} url
 * @param {string} token
 * @param {(message: Message) => void} receive
 * @returns {Stream}
 */
export function shareStream(url, token, receive) {
  if (!("SharedWorker" in globalThis)) return openStream(url, token, receive);
  /** @type {Stream | undefined} */
  let own;
  const worker = new SharedWorker(new URL("worker.js", import.meta.url), { type: "module", name: "gesmock" });
  worker.onerror = () => (own ??= openStream(url, token, receive));
  worker.port.onmessage = ({ data }) => receive(data);
  const join = () => worker.port.postMessage({ join: url, token });
  const leave = () => worker.port.postMessage({ leave: true });
  /** @param {PageTransitionEvent} event */
  const back = (event) => event.persisted && join();
  addEventListener("pagehide", leave);
  addEventListener("pageshow", back);
  join();
  return {
    close() {
      removeEventListener("pagehide", leave);
      removeEventListener("pageshow", back);
      worker.port.onmessage = null;
      leave();
      own?.close();
    },
    retry: () => (own ? own.retry() : worker.port.postMessage({ retry: true })),
  };
}
