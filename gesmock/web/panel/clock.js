/** The project's clock. */

import { attempt, get, throttled } from "./api.js";
import { duration, fill, h, page, plural, replace, say } from "./dom.js";
import { on } from "./view.js";

const RATES = [0.1, 1, 10, 60, 600, 3600];

/** @type {Timing} */
let timing = { now: 0, frozen: true, rate: 1 };
let since = 0;

const now = () => timing.now + (timing.frozen ? 0 : ((performance.now() - since) / 1000) * timing.rate);

/** @param {number} time */
export const ago = (time) => `${duration(Math.max(now() - time, 0))} ago`;

/** Notes when a job will change. @param {Item} item */
export const received = (item) => Object.assign(item, { due: item.next ? now() + item.next.in_s : undefined });

/** @param {Item} item */
export const countdown = ({ next, due }) =>
  next && count(h("span.muted", { "data-next": next.status, "data-due": due }));

/** @param {HTMLElement} text */
function count(text) {
  const in_s = Number(text.dataset.due) - now();
  const soon = in_s < 0.05 ? "now" : `in ${in_s < 10 ? `${Math.ceil(in_s)} s` : duration(in_s)}`;
  text.textContent = `${text.dataset.next} ${soon}`;
  return text;
}

function tick() {
  const [date, time] = new Date(now() * 1000).toISOString().split("T");
  replace(page.now, h("span.wide", `${date} `), time.slice(0, 8));
  for (const text of document.querySelectorAll("[data-due]")) count(text);
}

/** @param {Timing} changed */
function setClock(changed) {
  timing = changed;
  since = performance.now();
  page.freeze.ariaPressed = `${timing.frozen}`;
  const rates = new Set([...RATES, timing.rate].map(String));
  fill(page.rate, [...rates], `${timing.rate}`, (rate) => `${rate}\u00d7`);
  tick();
}

/** @param {number} advance_s */
async function advance(advance_s) {
  const moved = await attempt("PATCH", "clock", { advance_s });
  if (moved) say(`${duration(advance_s)} later: ${plural(moved.count, "change")}`);
}

export const loadClock = async () => setClock(await get("clock"));

on(["clock"], setClock);
page.freeze.onclick = () => attempt("PATCH", "clock", { frozen: !timing.frozen });
page.rate.onchange = () => attempt("PATCH", "clock", { rate: Number(page.rate.value) });
page.next.onclick = throttled(async () => {
  const clock = await attempt("GET", "clock");
  if (clock?.next_s === null) say("No job will change");
  else if (clock) await advance(clock.next_s);
}, 0);
page.next.before(...Object.entries({ "1 s": 1, "10 s": 10, "1 min": 60 }).map(([name, seconds], index) => h("button", {
  "aria-keyshortcuts": `${index + 1}`, title: `Advance by ${name}`, click: () => advance(seconds),
}, `+${name}`)));
setInterval(() => timing.frozen || document.hidden || tick(), 500);
