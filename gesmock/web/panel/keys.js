/** Keyboard shortcuts, which are off in fields, and the dialog that lists them. */

import { h, openDialog, page } from "./dom.js";

/** @type {Record<string, {what: string, act: () => void}>} */
const shortcuts = {};

/** @param {string} key @param {string} what @param {() => void} act */
export const shortcut = (key, what, act) => void (shortcuts[key] = { what, act });

/** Have keys press the buttons, and go to the fields, that name them. */
export function findShortcuts() {
  for (const each of document.querySelectorAll("[aria-keyshortcuts]")) {
    const key = each.getAttribute("aria-keyshortcuts") ?? "";
    if (each instanceof HTMLInputElement) shortcut(key, each.title, () => each.focus());
    else if (each instanceof HTMLButtonElement) shortcut(key, each.title, () => each.click());
    each.setAttribute("title", `${each.getAttribute("title")} (${key})`);
  }
}

page.help.onclick = () => openDialog("Shortcuts", [h("dl", [
  ...Object.entries(shortcuts).map(([key, { what }]) => [key, what]),
  ["\u2191 \u2193", "The row above or below"],
  ["Enter", "Open the row"],
].flatMap(([key, what]) => [h("dt", h("kbd", key)), h("dd", what)]))]);

addEventListener("keydown", (event) => {
  const { target } = event;
  const key = event.key === " " ? "Space" : event.key;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !(target instanceof HTMLElement)) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (target.matches("input, select, textarea")) return key === "Escape" && target.blur();
  if (key === "Space" && target.closest("button, summary, a")) return;
  if (key !== "Escape" && shortcuts[key]) event.preventDefault();
  shortcuts[key]?.act();
});
