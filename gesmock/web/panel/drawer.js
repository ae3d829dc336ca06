/** The drawer beside the lists, which shows one job, one request or the findings. */

import { byId, h } from "./dom.js";
import { look, onLook, view } from "./url.js";

/**
 * @typedef {"job" | "request" | "findings"} Kind
 * @typedef {(chosen: string) => Promise<Node[]>} Fill What the drawer has below its heading.
 */

const drawer = byId("drawer", HTMLElement);
const body = h("div", { class: "body" });
const heading = h("h2", { tabindex: -1 });
drawer.append(
  h("div", { class: "head" }, heading, h("button", { class: "quiet", "aria-label": "Close", title: "Close (Esc)", click: closeDrawer }, "\u2715")),
  body,
);

/** @type {Map<Kind, {title: (chosen: string) => string, fill: Fill}>} */
const kinds = new Map();
/** @type {Element | null} */
let opener = null;
let opened = "";

/** @param {Kind} kind @param {(chosen: string) => string} title @param {Fill} fill */
export function addKind(kind, title, fill) {
  kinds.set(kind, { title, fill });
}

/** Draw the drawer again. */
export async function drawDrawer() {
  const kind = [...kinds.keys()].find((each) => view[each]);
  const key = kind ? `${kind} ${view[kind]}` : "";
  const isNew = key !== opened;
  opened = key;
  drawer.hidden = !kind;
  if (!kind) {
    if (isNew && opener instanceof HTMLElement) opener.focus();
    return;
  }
  const { title, fill } = kinds.get(kind) ?? { title: String, fill: async () => [] };
  heading.textContent = title(view[kind]);
  if (isNew) {
    if (!drawer.contains(document.activeElement)) opener = document.activeElement;
    body.replaceChildren();
    heading.focus({ preventScroll: true });
  }
  /** @type {Node[]} */
  let contents;
  try {
    contents = await fill(view[kind]);
  } catch (error) {
    contents = [h("p", { class: "muted" }, error instanceof Error ? error.message : String(error))];
  }
  if (opened !== key) return;
  const focused = [...body.querySelectorAll("button, summary")].indexOf(document.activeElement ?? body);
  const open = new Set([...body.querySelectorAll("details[open]")].map((each) => each.id));
  for (const node of contents) {
    if (node instanceof HTMLDetailsElement && !isNew) node.open = open.has(node.id);
  }
  if (body.childNodes.length === contents.length && contents.every((node, index) => node.isEqualNode(body.childNodes[index]))) return;
  if (body.matches(":active")) return void setTimeout(drawDrawer, 300); // keep what is being pressed
  body.replaceChildren(...contents);
  const again = [...body.querySelectorAll("button, summary")][focused];
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

export function closeDrawer() {
  look({ job: "", request: "", findings: "" });
}

onLook(["job", "request", "findings"], drawDrawer);

/** @param {string} title @param {...(Node | string | false | null)} children */
export function part(title, ...children) {
  return h("section", {}, h("h3", {}, title), ...children);
}

/** @param {[string, string | Node | null | undefined | false][]} pairs */
export function facts(pairs) {
  const set = pairs.filter(([, value]) => value);
  return h("dl", {}, ...set.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** A value as JSON that can be folded. @param {string} title @param {unknown} value @param {boolean} [open] */
export function json(title, value, open = true) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return h("details", { id: `fold-${title}`, open }, h("summary", {}, title), h("pre", { tabindex: 0 }, text));
}

/** JSON with line breaks; any other text as it is. @param {string} text */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
