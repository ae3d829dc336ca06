/** The scenario: the named state to which a reset returns. */

import { attempt, get, throttled } from "./api.js";
import { byId, fill, h, openDialog, say } from "./dom.js";
import { hideJobs } from "./jobs.js";

/** @typedef {{name: string, title: string}} Scenario */

const chosen = byId("scenario", HTMLSelectElement);
let isProxy = false;

export async function loadScenario() {
  /** @type {{scenario: string | null, changed: boolean, scenarios: Scenario[]}} */
  const { scenario, changed, scenarios } = await get("scenario");
  isProxy = !scenarios.length;
  chosen.hidden = isProxy;
  if (isProxy) {
    hideJobs();
    byId("panes", HTMLElement).classList.add("proxy");
    return;
  }
  const options = scenario ? scenarios : [{ name: "", title: "The state that it starts with" }, ...scenarios];
  const mark = changed ? " \u2022" : "";
  fill(chosen, options.map(({ name }) => [name, (name || "no scenario") + (name === (scenario ?? "") ? mark : "")]), scenario ?? "");
  const { title } = options.find(({ name }) => name === (scenario ?? "")) ?? { title: "" };
  chosen.title = `${title}${changed ? " (changed since)" : ""}`;
  const linked = new URLSearchParams(location.search).get("scenario");
  if (linked !== null) {
    history.replaceState(null, "", location.pathname + location.hash);
    askToLoad(linked);
  }
}

export const scenarioMayHaveChanged = throttled(async () => {
  if (!isProxy) await loadScenario();
}, 1_000);

/** @param {string} name */
function askToLoad(name) {
  const close = () => {
    dialog.close();
    loadScenario();
  };
  const load = async () => {
    dialog.close();
    if (await attempt("PUT", "scenario", { scenario: name })) say(`Loaded ${name}`);
    loadScenario();
  };
  const button = h("button", { class: "main", click: load }, "Load");
  const dialog = openDialog("Load scenario",
    h("p", {}, "Replace the project's jobs, faults and plans by the scenario ", h("b", {}, name), "?"),
    h("p", { class: "buttons" }, button, h("button", { click: close }, "Cancel")));
  button.focus();
}

chosen.addEventListener("change", () => askToLoad(chosen.value));
