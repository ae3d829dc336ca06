/** Break it: arms faults and plans for the next calls, and lists what is armed. */

import { attempt, call, get, throttled } from "./api.js";
import { fill, h, openDialog, page, replace } from "./dom.js";
import { listIn } from "./rows.js";
import { on } from "./view.js";

/** A button for each fault that is one press away. @param {(fault: unknown, name: string) => void} arm */
export function faultButtons(arm) {
  /** @type {[name: string, fault: () => unknown][]} */
  const faults = [
    ["503", () => 503],
    ["429", () => ({ kind: "error", status: 429, retry_after: 1 })],
    ["401", () => 401],
    ["reset", () => "reset"],
    ["hang", () => "hang"],
    ["3 s late", () => ({ kind: "delay", seconds: 3, real: page.real.checked })],
  ];
  return faults.map(([name, fault]) => h("button", { click: () => arm(fault(), name) }, name));
}

page.nextCall.append(...faultButtons((fault, name) => {
  const times = Math.floor(page.times.valueAsNumber) || 1;
  const operation = page.operation.value || undefined;
  attempt("POST", "faults", { fault, times, operation }, `The next ${times} of ${operation ?? "any call"}: ${name}`);
}));

page.failsLate.onclick = async () => {
  const rule = { plan: "fails_late", command: "import_graph", times: 1 };
  await attempt("POST", "plans", rule, "The next import fails late");
  load(); // plans have no event
};

// --- Armed rules ---

/** @type {Rule[]} */
let armed = [];

const list = listIn(page.faults, {
  label: "Armed rules",
  columns: { rule: "Rule", does: "Does", fired: "Fired", left: "Left", acts: "" },
  at: (index) => armed[index],
  cells: (rule) => [
    rule.id,
    rule.plan ? `${rule.command ?? "any job"} \u2192 plan ${rule.plan.name ?? rule.plan}` : summary(rule),
    rule.fires ?? rule.uses,
    rule.remaining ?? "\u221e",
    h("span", actions(rule)),
  ],
  isDim: ({ remaining, paused }) => remaining === 0 || paused,
});

/** What a rule does, in a line. @param {Rule} rule */
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

const PRESETS = [null, "flaky", "slow", "down", "mobile"];

const load = throttled(async () => {
  const [{ faults }, { plans }, set] = await Promise.all([get("faults"), get("plans"), get("preset")]);
  armed = [...faults, ...plans];
  list.show(armed.length, !armed.length && []);
  replace(page.presets, PRESETS.map((preset) => {
    const name = preset ?? "none";
    const click = () => attempt("PUT", "preset", { preset }, `Preset: ${name}`);
    return h("button", { "aria-pressed": `${preset === set.preset}`, click }, name);
  }));
}, 200);

on(["load", "faults"], load);
// A job may have used a plan, of which there is no event.
on(["counts"], () => armed.some(({ plan, remaining }) => plan && remaining !== 0) && load());

// --- Any rule, as JSON ---

/** @param {Json} rule */
async function editRule({ id, calls, fires, remaining, ...fields }) {
  const text = h("textarea", { "aria-label": "Rule", rows: 14, spellcheck: "false" });
  text.value = JSON.stringify(fields, null, 2);
  openDialog(id ? `Fault rule ${id}` : "Fault rule", [text], id ? "Save" : "Arm", async () => {
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
