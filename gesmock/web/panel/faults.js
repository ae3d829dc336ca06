/** Break it: arms faults and plans for the next calls, and lists what is armed. */

import { attempt, call, get, Refused, throttled } from "./api.js";
import { byId, fill, h, openDialog, pair, plural, say } from "./dom.js";

/** @typedef {import("./api.js").Json} Json */

const times = byId("times", HTMLInputElement);
const operation = byId("operation", HTMLSelectElement);
const real = byId("real", HTMLInputElement);
const list = byId("rules", HTMLElement);
const presets = byId("presets", HTMLElement);

/** @type {[string, () => unknown][]} */
const FAULTS = [
  ["503", () => 503],
  ["429", () => ({ kind: "error", status: 429, retry_after: 1 })],
  ["401", () => 401],
  ["reset", () => "reset"],
  ["hang", () => "hang"],
  ["3 s late", () => ({ kind: "delay", seconds: 3, real: real.checked })],
];

/**
 * A button for each fault that is one press away.
 * @param {(fault: unknown, label: string) => void} arm
 */
export function faultButtons(arm) {
  return FAULTS.map(([label, make]) => h("button", { click: () => arm(make(), label) }, label));
}

byId("next-call", HTMLElement).append(...faultButtons(async (fault, label) => {
  const count = Math.max(Math.floor(Number(times.value)) || 1, 1);
  const rule = { fault, times: count, ...(operation.value && { operation: operation.value }) };
  if (await attempt("POST", "faults", rule)) {
    say(`The next ${count === 1 ? "" : `${count} `}${operation.value || (count === 1 ? "call" : "calls")}: ${label}`);
  }
}));

byId("fails-late", HTMLButtonElement).addEventListener("click", async () => {
  const rule = { plan: "fails_late", command: "import_graph", times: 1 };
  if (await attempt("POST", "plans", rule)) say("The next import fails late");
  loadRules(); // plans have no event
});

// --- Presets ---

const presetButtons = ["none", "flaky", "slow", "down", "mobile"].map((name) => h("button", {
  "aria-pressed": "false",
  click: async () => {
    const set = await attempt("PUT", "preset", { preset: name === "none" ? null : name });
    if (set) say(name === "none" ? "No preset" : `Preset ${name}: ${plural(set.faults.length, "rule")}`);
  },
}, name));
presets.append(...presetButtons);

// --- Armed rules ---

/** What a rule does, in a line. @param {Json} rule */
function summary(rule) {
  const what = rule.script ? rule.script.map(faultName).join(", ") : faultName(rule.fault);
  const whom = rule.operation ?? rule.command ?? "any call";
  const more = ["graph", "job_id", "header", "nth", "after", "probability", "from_s", "until_s", "phase"]
    .filter((name) => rule[name] != null && rule[name] !== 0 && rule[name] !== 1)
    .map((name) => `${name} ${JSON.stringify(rule[name])}`);
  if (rule.operation && rule.command) more.unshift(rule.command);
  if (rule.every > 1) more.push(`every ${rule.every}`);
  return [`${whom} \u2192 ${what}`, ...more, ...(rule.preset ? [`preset ${rule.preset}`] : [])].join(" \u00b7 ");
}

/** @param {any} fault @returns {string} */
function faultName(fault) {
  if (fault === null || typeof fault !== "object") return String(fault);
  if (fault.kind === "error") return String(fault.status);
  if (fault.kind === "delay" && fault.seconds != null) return `${fault.seconds}\u00a0s late`;
  return fault.kind;
}

/** @param {Json} rule */
function ruleRow(rule) {
  const { id } = rule;
  const isPlan = id.startsWith("p");
  const path = `${isPlan ? "plans" : "faults"}/${id}`;
  const plan = typeof rule.plan === "string" ? rule.plan : rule.plan?.name ?? "a plan of its own";
  const pause = rule.paused ? "Resume" : "Pause";
  const act = async (/** @type {string} */ method, /** @type {unknown} */ body) => {
    await attempt(method, path, body);
    loadRules();
  };
  return h("tr", { class: rule.remaining === 0 || rule.paused ? "dim" : "" },
    h("td", { class: "mono" }, id),
    h("td", { class: "text" }, isPlan ? `${rule.command ?? "any job"} \u2192 plan ${plan}` : summary(rule)),
    h("td", { class: "number" }, rule.fires ?? rule.uses),
    h("td", { class: "number" }, rule.remaining ?? "\u221e"),
    h("td", { class: "acts" },
      !isPlan && h("button", { class: "quiet", "aria-label": `${pause} ${id}`, click: () => act("PATCH", { paused: !rule.paused }) }, pause),
      !isPlan && h("button", { class: "quiet", "aria-label": `Edit ${id}`, click: () => editRule(rule) }, "Edit"),
      h("button", { class: "quiet", "aria-label": `Remove ${id}`, click: () => act("DELETE", undefined) }, "Remove")));
}

/** Whether a plan waits for a job. */
let isPlanned = false;

/** Jobs have changed: one may have used a plan, of which there is no event. */
export function planMayHaveBeenUsed() {
  if (isPlanned) loadRules();
}

/** Load the armed rules. */
export const loadRules = throttled(async () => {
  const [{ faults }, { plans }, { preset }] = await Promise.all([get("faults"), get("plans"), get("preset")]);
  if (list.matches(":active")) return loadRules(); // later: keep what is being pressed
  const focused = document.activeElement?.getAttribute("aria-label");
  const [table] = list.getElementsByTagName("table");
  table.tBodies[0].replaceChildren(...faults.map(ruleRow), ...plans.map(ruleRow));
  list.hidden = !faults.length && !plans.length;
  isPlanned = plans.some((/** @type {Json} */ { remaining }) => remaining !== 0);
  if (focused) [...table.querySelectorAll("button")].find((each) => each.getAttribute("aria-label") === focused)?.focus();
  for (const button of presetButtons) {
    button.setAttribute("aria-pressed", String(button.textContent === (preset ?? "none")));
  }
}, 200);

// --- Any rule, as JSON ---

/** @type {Json} */
const EXAMPLE = { operation: "list_jobs", script: [503, 503, "ok"] };

/** @param {Json} [rule] */
function editRule(rule) {
  const { id, calls, fires, remaining, ...fields } = rule ?? EXAMPLE;
  const text = h("textarea", { "aria-label": "Rule", rows: 14, spellcheck: "false" }, JSON.stringify(fields, null, 2));
  const wrong = h("p", { class: "wrong", role: "alert" });
  const arm = async () => {
    try {
      const body = JSON.parse(text.value);
      await (rule ? call("PATCH", `faults/${id}`, { ...cleared(fields, body), ...body }) : call("POST", "faults", body));
      dialog.close();
      loadRules();
    } catch (error) {
      wrong.textContent = error instanceof SyntaxError || error instanceof Refused ? error.message : "The server does not answer";
    }
  };
  const close = () => dialog.close();
  const dialog = openDialog(rule ? `Fault rule ${id}` : "Fault rule", text, wrong,
    h("p", { class: "buttons" }, h("button", { class: "main", click: arm }, rule ? "Save" : "Arm"), h("button", { click: close }, "Cancel")));
  text.focus();
}

/** The fields that an edit removed from a rule, as null. @param {Json} before @param {Json} after */
function cleared(before, after) {
  return Object.fromEntries(Object.keys(before).filter((name) => !(name in after)).map((name) => [name, null]));
}

byId("new-rule", HTMLButtonElement).addEventListener("click", () => editRule());

/** Offer the operations that a rule can name. */
export async function loadOperations() {
  if (operation.options.length > 1) return;
  const { components } = await call("GET", "/openapi.json");
  const [{ description }] = components.schemas.FaultRule.properties.operation.anyOf;
  const names = description.replace(/^one of /, "").split(", ");
  fill(operation, [["", "any call"], ...names.map(pair)], operation.value);
}
