/** What is in view, kept in the hash of the URL; and events. */

/** @type {Name[]} */
const NAMES = ["project", "graph", "status", "command", "q", "view", "job", "request", "findings"];

/** @type {[EventName[], (data: any) => unknown][]} */
const listeners = [];

/** @type {On} */
export const on = (names, listener) => listeners.push([names, listener]);

/** @param {EventName[]} events @param {unknown} [data] */
export const emit = (events, data) => Promise.all(listeners.map(([names, listener]) =>
  names.some((name) => events.includes(name)) && listener(data)));

/** @returns {View} */
function read() {
  const hash = new URLSearchParams(location.hash.slice(1));
  return /** @type {any} */ (Object.fromEntries(NAMES.map((name) => [name, hash.get(name) ?? ""])));
}

export const view = read();

/** The fields that are set, as the query of a URL. @param {Record<string, any>} fields */
export const query = (fields) => String(new URLSearchParams(Object.entries(fields).filter(([, value]) => value)));

/** Change the view; with `push`, the browser's Back undoes that. @type {Look} */
export function look(changes, push) {
  history[push ? "pushState" : "replaceState"](null, "", `#${query({ ...view, ...changes })}`);
  update();
}

/** Show this in the drawer, or nothing. @param {Kind} kind */
export const open = (kind, key = "") => look({ job: "", request: "", findings: "", [kind]: key }, !!key);

function update() {
  const next = read();
  const changed = NAMES.filter((name) => view[name] !== next[name]);
  Object.assign(view, next);
  emit(changed.map((name) => /** @type {const} */ (`#${name}`)));
}

addEventListener("popstate", update);
