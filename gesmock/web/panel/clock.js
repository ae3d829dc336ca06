/** The clock of the project: shows, freezes and advances it. */

import { attempt, get } from "./api.js";
import { byId, duration, fill, plural, say, setText } from "./dom.js";

const RATES = [0.1, 1, 10, 60, 600, 3600];

const freeze = byId("freeze", HTMLButtonElement);
const rate = byId("rate", HTMLSelectElement);
const display = byId("now", HTMLTimeElement);
const [date, hours] = display.children;

const clock = { now: 0, frozen: true, rate: 1, since: 0 };

/** The time of the project now, in seconds since 1970. */
export function now() {
  const passed = clock.frozen ? 0 : ((performance.now() - clock.since) / 1000) * clock.rate;
  return clock.now + passed;
}

export const isFrozen = () => clock.frozen;

let isSet = () => {};

/** Resolved once the time is known. */
export const clockIsSet = new Promise((done) => (isSet = () => done(undefined)));

/** @param {{now: number, frozen: boolean, rate: number}} timing */
export function setClock(timing) {
  isSet();
  Object.assign(clock, { now: timing.now, frozen: timing.frozen, rate: timing.rate, since: performance.now() });
  freeze.setAttribute("aria-pressed", String(timing.frozen));
  const rates = [...new Set([...RATES, timing.rate])].sort((a, b) => a - b);
  fill(rate, rates.map((each) => [String(each), `${each}\u00d7`]), String(timing.rate));
  drawClock();
}

export function drawClock() {
  const time = new Date(now() * 1000).toISOString();
  setText(date, time.slice(0, 11).replace("T", " "));
  setText(hours, time.slice(11, 19));
  display.dateTime = time;
  display.title = `The project's time, UTC: ${time}`;
}

/** @param {Record<string, unknown>} body */
async function change(body) {
  const moved = await attempt("PATCH", "clock", body);
  if (!moved) return null;
  setClock(moved);
  return moved;
}

/** @param {number} seconds */
export async function advance(seconds) {
  const moved = await change({ advance_s: seconds });
  if (moved) say(`${duration(seconds)} later: ${moved.count ? plural(moved.count, "change") : "nothing changed"}`);
}

export async function toggleFrozen() {
  const moved = await change({ frozen: !clock.frozen });
  if (moved) say(moved.frozen ? "The clock is frozen" : "The clock runs");
}

export async function advanceToNext() {
  const { next_s: seconds } = (await attempt("GET", "clock")) ?? {};
  if (seconds == null) say("No job is going to change");
  else await advance(seconds);
}

export async function loadClock() {
  setClock(await get("clock"));
}

freeze.addEventListener("click", toggleFrozen);
rate.addEventListener("change", () => change({ rate: Number(rate.value) }));
byId("next", HTMLButtonElement).addEventListener("click", advanceToNext);
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => advance(Number(button.getAttribute("data-advance"))));
}
