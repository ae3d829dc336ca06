/** The drawer: a job, a request or the findings. */

import { get, throttled } from "./api.js";
import { digits, focusOn, h, page, plural, reason, replace } from "./dom.js";
import { on, open, view } from "./view.js";

/** @type {Map<Kind, Details>} */
export const details = new Map();

const heading = h("h2", { tabindex: -1 });
const body = h("div.body");
page.drawer.append(h("div.head", heading, h("button.quiet", {
  "aria-keyshortcuts": "Escape", title: "Close the drawer", click: () => open("job"),
}, "Close")), body);

/** @type {any} */
let opener;
let opened = "";

export async function drawDrawer() {
  const [kind, load] = [...details].find(([each]) => view[each]) ?? [];
  const key = kind ? view[kind] : "";
  const shown = `${kind} ${key}`;
  const isNew = opened !== shown;
  opened = shown;
  page.drawer.hidden = !kind;
  if (!kind || !load) return isNew && opener && focusOn(opener);
  if (isNew) {
    heading.textContent = kind[0].toUpperCase() + kind.slice(1);
    body.replaceChildren();
    if (!page.drawer.contains(document.activeElement)) opener = document.activeElement;
    heading.focus({ preventScroll: true });
  }
  const contents = await load(key).catch((error) => [h("p.muted", reason(error))]);
  const { anchorNode, isCollapsed } = /** @type {Selection} */ (getSelection());
  if (opened === shown && (isCollapsed || !body.contains(anchorNode))) replace(body, contents);
}

on(["#job", "#request", "#findings"], drawDrawer);

/** @type {Titled} */
export const part = (title, ...contents) => h("section", h("h3", title), contents);

/** @param {Record<string, Content>} pairs */
export const facts = (pairs) =>
  h("dl", Object.entries(pairs).flatMap(([name, value]) => (value ? [h("dt", name), h("dd", value)] : [])));

/** @param {any} value */
export function pretty(value) {
  try {
    if (typeof value === "string") value = JSON.parse(value);
  } catch {
    // it is no JSON
  }
  return h("pre", { tabindex: 0 }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

/** @type {Fold} */
export const fold = (title, value, open = false) => h("details", { open }, h("summary", title), pretty(value));

/** @param {number} number */
export const requestLink = (number) => h("button.link", { click: () => open("request", `${number}`) }, `#${number}`);

// --- Findings ---

on(["load", "findings"], throttled(async () => {
  const { total } = await get("findings?limit=1");
  page.findings.textContent = total ? plural(total, "finding") : "No findings";
  page.findings.classList.toggle("some", total > 0);
  if (view.findings) drawDrawer();
}, 2_000)); // the verdict may take the server seconds

details.set("findings", async () => {
  const { findings, total } = await get("findings?limit=100");
  return [
    h("ul", findings.map(({ code, rule, message, entries = [], details }) => h("li",
      h("p", h("span.tag", code), " ", h("strong", rule)),
      h("p", message),
      h("p.buttons", entries.slice(0, 12).map(requestLink)),
      details && fold("Details", details)))),
    h("p.muted", total > findings.length && `and ${digits(total - findings.length)} more`,
      !total && "Nothing is wrong with the client so far."),
  ];
});

page.findings.onclick = () => open("findings", view.findings ? "" : "1");
