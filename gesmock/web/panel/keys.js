/** Keyboard shortcuts, which are off in fields, and the dialog that lists them. */

import { byId, h, openDialog } from "./dom.js";

/** @typedef {[key: string, what: string, act: () => void]} Shortcut */

/** @type {Shortcut[]} */
const shortcuts = [];

const FIELDS = "input, select, textarea, [contenteditable]";

/** @param {Shortcut[]} added */
export function addShortcuts(added) {
  shortcuts.push(...added);
}

/** @param {string} key */
const nameOf = (key) => (key === " " ? "Space" : key === "Escape" ? "Esc" : key);

export function showShortcuts() {
  openDialog("Shortcuts", h("dl", { class: "keys" },
    ...[...shortcuts.map(([key, what]) => [nameOf(key), what]), ["\u2191 \u2193 or k j", "The row above or below"], ["Enter", "Open the row"]]
      .flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
  h("p", { class: "buttons" }, h("button", { click: () => byId("dialog", HTMLDialogElement).close() }, "Close")));
}

addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !(target instanceof Element)) return;
  if (byId("dialog", HTMLDialogElement).open || document.querySelector(":popover-open")) return;
  if (target.closest(FIELDS) && key === "Escape" && target instanceof HTMLElement) target.blur();
  if (target.closest(FIELDS) || (key === " " && target.closest("button, summary, a"))) return;
  const shortcut = shortcuts.find(([each]) => each === key);
  if (!shortcut) return;
  if (key !== "Escape") event.preventDefault();
  shortcut[2]();
});
