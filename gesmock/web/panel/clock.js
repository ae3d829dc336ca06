/** The clock of the project: shows, freezes and advances it. */

import { attempt, get, on } from "./api.js";
import { duration, fill, h, page, plural, replace, say } from "./dom.js";

const RATES = [0.1, 1, 10, 60, 600, 3600];

/** @type {Timing} */
let timing = { now: 0, frozen: true, rate: 1 };
let since = 0;

/** The time of the project now, in seconds since 1970. */
const now = () => timing.now + (timing.frozen ? 0 : ((performance.now() - since) / 1000) * timing.rate);

/** @param {number} time */
export const ago = (time) => `${duration(Math.max(now() - time, 0))} ago`;

/** A job, just received, with the time at which it will change. @param {Item} item */
export const received = (item) => Object.assign(item, { due: item.next ? now() + item.next.in_s : undefined });

/** What the clock will do to a job; it counts down. @param {Item} item */
export function countdown({ next, due }) {
  const text = h("span.muted", { "data-next": next?.status, "data-due": due });
  count(text);
  return text;
}

/** @param {HTMLElement} text */
function count(text) {
  const { next, due } = text.dataset;
  const in_s = Number(due) - now();
  const soon = in_s < 0.05 ? "now" : `in ${in_s < 10 ? `${Math.ceil(in_s)} s` : duration(in_s)}`;
  if (next) text.textContent = `${next} ${soon}`;
}

function tick() {
  const [date, time] = new Date(now() * 1000).toISOString().split("T");
  replace(page.now, h("span.wide", `${date} `), time.slice(0, 8));
  for (const text of document.querySelectorAll("[data-due]")) count(/** @type {HTMLElement} */ (text));
}

/** @param {Timing} changed */
function setClock(changed) {
  timing = changed;
  since = performance.now();
  page.freeze.ariaPressed = String(timing.frozen);
  const rates = [...new Set([...RATES, timing.rate])].sort((a, b) => a - b);
  fill(page.rate, rates.map((rate) => [String(rate), `${rate}\u00d7`]), String(timing.rate));
  tick();
}

/** @param {Json} body @param {(answer: any) => string} [done] */
const change = (body, done) => attempt("PATCH", "clock", body, done);

/** @param {number} seconds */
const advance = (seconds) => change({ advance_s: seconds }, ({ count }) =>
  `${duration(seconds)} later: ${count ? plural(count, "change") : "nothing changed"}`);

export const loadClock = async () => setClock(await get("clock"));

on(["clock"], setClock);
page.freeze.onclick = () => change({ frozen: !timing.frozen });
page.rate.onchange = () => change({ rate: Number(page.rate.value) });
page.next.onclick = async () => {
  const { next_s: seconds } = await get("clock");
  if (seconds === null) say("No job is going to change");
  else advance(seconds);
};
for (const button of page.clock.querySelectorAll("button")) {
  const seconds = Number(button.dataset.advance);
  if (seconds) button.onclick = () => advance(seconds);
}
setInterval(() => timing.frozen || document.hidden || tick(), 500);
