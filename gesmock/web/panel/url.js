/** The view, kept in the hash of the URL: it can be linked to, reloaded and gone back to. */

/**
 * @typedef {"project" | "graph" | "status" | "command" | "q" | "view" | "job" | "request" | "findings"} Name
 * @typedef {Record<Name, string>} View
 */

/** @type {Name[]} */
const NAMES = ["project", "graph", "status", "command", "q", "view", "job", "request", "findings"];

/** @type {[Name[], () => void][]} */
const listeners = [];

/** @returns {View} */
function read() {
  const hash = new URLSearchParams(location.hash.slice(1));
  return /** @type {View} */ (Object.fromEntries(NAMES.map((name) => [name, hash.get(name) ?? ""])));
}

/** What is in view now. */
export const view = read();

/**
 * Change the view; with `push`, the browser's Back undoes that.
 * @param {Partial<View>} changes
 * @param {boolean} [push]
 */
export function look(changes, push = false) {
  const next = { ...view, ...changes };
  const hash = new URLSearchParams(NAMES.flatMap((name) => (next[name] ? [[name, next[name]]] : [])));
  history[push ? "pushState" : "replaceState"](null, "", `${location.pathname}${location.search}#${hash}`);
  become(next);
}

/** @param {View} next */
function become(next) {
  const changed = NAMES.filter((name) => view[name] !== next[name]);
  Object.assign(view, next);
  for (const [names, listener] of listeners) {
    if (names.some((name) => changed.includes(name))) listener();
  }
}

/**
 * Call `listener` whenever one of these changes.
 * @param {Name[]} names
 * @param {() => void} listener
 */
export function onLook(names, listener) {
  listeners.push([names, listener]);
}

addEventListener("popstate", () => become(read()));
addEventListener("hashchange", () => become(read()));
