/** What is in view: kept in the hash of the URL, so that it can be linked to, reloaded and gone back to. */

/** @type {Name[]} */
const NAMES = ["project", "graph", "status", "command", "q", "view", "job", "request", "findings"];

/** @type {[Name[], () => void][]} */
const listeners = [];

function read() {
  const hash = new URLSearchParams(location.hash.slice(1));
  return /** @type {View} */ (Object.fromEntries(NAMES.map((name) => [name, hash.get(name) ?? ""])));
}

export const view = read();

/** Change the view; with `push`, the browser's Back undoes that. @type {Look} */
export function look(changes, push) {
  const hash = new URLSearchParams(Object.entries({ ...view, ...changes }).filter(([, value]) => value));
  history[push ? "pushState" : "replaceState"](null, "", `#${hash}`);
  update();
}

/** Show this in the drawer, or nothing. @param {Kind} kind */
export const open = (kind, key = "") => look({ job: "", request: "", findings: "", [kind]: key }, !!key);

function update() {
  const next = read();
  const changed = NAMES.filter((name) => view[name] !== next[name]);
  Object.assign(view, next);
  for (const [names, listener] of listeners) if (names.some((name) => changed.includes(name))) listener();
}

/** Call `listener` whenever one of these changes. @param {Name[]} names @param {() => void} listener */
export const onLook = (names, listener) => listeners.push([names, listener]);

for (const event of ["popstate", "hashchange"]) addEventListener(event, update);
