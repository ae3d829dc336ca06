/** Keyboard shortcuts, which elements name themselves, and the dialog that lists them. */

import { openDialog, page } from "./dom.js";
import { facts } from "./drawer.js";

const NAMED = "[aria-keyshortcuts]";

page.help.onclick = () => {
  const titles = new Map([["\u2191 \u2193", "Choose a row"], ["Enter", "Open it"]]);
  for (const each of document.querySelectorAll(NAMED)) titles.set(`${each.ariaKeyShortcuts}`, `${each.getAttribute("title")}`);
  openDialog("Shortcuts", [facts(Object.fromEntries(titles))], "OK");
};

addEventListener("keydown", (event) => {
  const { target, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey || event.defaultPrevented || !(target instanceof HTMLElement)) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  const key = event.key === " " ? "Space" : event.key;
  if (target.matches("input, select, textarea")) return key === "Escape" && target.blur();
  if (key === "Space" && target.closest("button, summary, a")) return;
  const named = [...(target.closest("tr") ?? document).querySelectorAll(NAMED), ...document.querySelectorAll(NAMED)];
  const found = named.find((each) => each.ariaKeyShortcuts === key);
  if (found && key !== "Escape") event.preventDefault();
  if (found instanceof HTMLInputElement) found.focus();
  else if (found instanceof HTMLElement) found.click();
});
