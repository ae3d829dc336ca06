/** Break it: faults and plans for the next calls. */

import { attempt, call, get, throttled } from "./api.js";
import { fill, h, openDialog, page } from "./dom.js";
import { listIn } from "./rows.js";
import { on } from "./view.js";

/** @returns {Json} */
const faults = () => ({
  401: 401,
  429: { kind: "error", status: 429, retry_after: 1 },
  503: 503,
  reset: "reset",
  hang: "hang",
  "3 s late": { kind: "delay", seconds: 3, real: page.real.checked },
});

/** @type {FaultButtons} */
export const faultButtons = (arm) =>
  Object.keys(faults()).map((name) => h("button", { click: () => arm(faults()[name]) }, name));

page.nextCall.append(...faultButtons((fault) => {
  const times = Math.floor(page.times.valueAsNumber) || 1;
  const operation = page.operation.value || undefined;
  attempt("POST", "faults", { fault, times, operation });
}));

page.failsLate.onclick = async () => {
  await attempt("POST", "plans", { plan: "fails_late", command: "import_graph", times: 1 });
  load(); // plans have no event
};

// --- Armed rules ---

/** @type {Rule[]} */
let armed = [];

const list = listIn(page.faults, {
  columns: ["Rule", "Does", "Fired", "Left", "Actions"],
  at: (index) => armed[index],
  cells: (rule) => [
    rule.id,
    rule.plan ? `${rule.command ?? "any job"} \u2192 plan ${JSON.stringify(rule.plan)}` : summary(rule),
    rule.fires ?? rule.uses,
    rule.remaining ?? "\u221e",
    h(rule.remaining === 0 || rule.paused ? "span.dim" : "span", actions(rule)),
  ],
});

/** @param {Rule} rule */
function summary({ id, operation, fault, script, calls, fires, remaining, ...more }) {
  const fields = Object.entries(more)
    .filter(([, value]) => value && value !== 1)
    .map(([name, value]) => ` \u00b7 ${name} ${JSON.stringify(value)}`);
  return `${operation ?? "any call"} \u2192 ${[script ?? fault].flat().map(nameOf).join(", ")}${fields.join("")}`;
}

/** @param {any} fault */
function nameOf(fault) {
  const { kind, status, seconds } = Object(fault);
  return kind === "delay" && seconds ? `${seconds}\u00a0s late` : status ?? kind ?? fault;
}

/** @param {Rule} rule */
function actions(rule) {
  const path = `${rule.plan ? "plans" : "faults"}/${rule.id}`;
  const pause = () => attempt("PATCH", path, { paused: !rule.paused });
  const faultActions = { [rule.paused ? "Resume" : "Pause"]: pause, Edit: () => editRule(rule) };
  const all = { ...(rule.plan ? {} : faultActions), Remove: () => attempt("DELETE", path) };
  return Object.entries(all).map(([name, act]) =>
    h("button.quiet", { "aria-label": `${name} ${rule.id}`, click: () => act()?.then(load) }, name));
}

const load = throttled(async () => {
  const [{ faults }, { plans }, { preset }] = await Promise.all([get("faults"), get("plans"), get("preset")]);
  armed = [...faults, ...plans];
  list.show(armed.length, !armed.length && [], 0);
  page.preset.value = preset ?? "";
}, 200);

page.preset.onchange = () => attempt("PUT", "preset", { preset: page.preset.value || null });

on(["load", "faults"], load);
on(["counts"], () => armed.some(({ plan }) => plan) && load()); // it may be used

/** @param {Json} rule */
async function editRule({ id, calls, fires, remaining, ...fields }) {
  const text = h("textarea", { "aria-label": "Rule", rows: 14 }, JSON.stringify(fields, null, 2));
  openDialog("Fault rule", [text], id ? "Save" : "Arm", async () => {
    const body = JSON.parse(text.value);
    const removed = Object.fromEntries(Object.keys(fields).map((name) => [name, null]));
    await (id ? call("PATCH", `faults/${id}`, { ...removed, ...body }) : call("POST", "faults", body));
  });
}

page.newRule.onclick = () => editRule({ operation: "list_jobs", script: [503, 503, "ok"] });

on(["load"], async () => {
  if (page.operation.options.length > 1) return;
  const { components } = await get("/_gesmock/openapi.json");
  const [{ description }] = components.schemas.FaultRule.properties.operation.anyOf;
  const names = description.replace(/^one of /, "").split(", ");
  fill(page.operation, ["", ...names], page.operation.value, (name) => name || "any call");
});
