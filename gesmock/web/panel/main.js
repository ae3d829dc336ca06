/** The panel: shows what the fake does, and controls it. */

import { attempt, call, get, project, throttled, token, urlOf } from "./api.js";
import { loadClock } from "./clock.js";
import { fill, h, openDialog, page, replace, say } from "./dom.js";
import { drawDrawer, facts } from "./drawer.js";
import { shareStream } from "./stream.js";
import { emit, look, on, open, view } from "./view.js";
import "./jobs.js";
import "./requests.js";

const { dataset, style } = document.documentElement;
let linked = new URLSearchParams(location.search).get("scenario");
history.replaceState(null, "", location.pathname + location.hash);

let closeStream = () => {};

/** @param {string} state @param {...Content} notice */
function setConnection(state, ...notice) {
  dataset.connection = page.connection.textContent = state;
  notify(...notice);
}

/** @param {...Content} notice */
function notify(...notice) {
  page.notice.hidden = !notice[0];
  replace(page.notice, notice);
}

function connect() {
  closeStream();
  setConnection("connecting");
  closeStream = shareStream(urlOf("events"), token(), ({ type, data }) => emit([type], data));
  load(); // and again once the stream is open
}

on(["open"], () => {
  setConnection("live");
  load();
  if (linked) askToLoad(linked);
  linked = "";
});
on(["gone"], () => setConnection("gone", "The server does not answer"));
on(["reset", "#graph"], load);
on(["fixture"], ({ file, error }) => notify(error && `${file} was not loaded; the state stays as it was. ${error}`));
on(["refused"], ({ status, error }) => {
  if (status === 401) {
    const isAsked = dataset.connection === "locked"; // by an earlier call
    const why = token() ? "The server does not accept this token. " : "The server asks for its control token. ";
    setConnection("locked", why, h("button", { click: askForToken }, "Enter it"));
    if (!isAsked && !page.dialog.open) askForToken();
  } else {
    const leave = h("button", { click: () => look({ project: "", graph: "" }) }, "Show the default project");
    setConnection("refused", `The server refuses: ${error} `, view.project && leave);
  }
});

function askForToken() {
  const field = h("input", { type: "password", "aria-label": "Control token" });
  openDialog("Control token", [h("p", "The server printed it."), field], "Connect", async () => {
    if (/[^!-~]/.test(field.value)) throw Error("Only plain ASCII");
    sessionStorage.gesmockToken = field.value;
    connect();
  });
}

function load() {
  return Promise.all([loadProject(), loadScenario(), loadClock()])
    .then(() => Promise.all([emit(["load"]), drawDrawer()]))
    .catch(({ status, message: error }) => status && emit(["refused"], { status, error }));
}

async function loadProject() {
  const [{ projects }, { graphs }] = await Promise.all(
    [get("/_gesmock/projects?limit=1000"), get("graphs?limit=1000")],
  );
  const [main, ...others] = projects.map((each) => each.project_id);
  project.id = view.project || main;
  project.graphs = graphs.map(({ graph }) => graph);
  if (view.graph && !project.graphs.includes(view.graph)) {
    say(`There is no graph ${view.graph}: all are shown`, true);
    look({ graph: "" });
  }
  const only = graphs.length === 1;
  const all = only ? graphs[0].graph : "all graphs";
  fill(page.graph, only ? [""] : ["", ...project.graphs], only ? "" : view.graph, (name) => name || all);
  fill(page.project, ["", ...others], view.project === main ? "" : view.project, (id) => id || main);
}

page.project.onchange = () => look({ project: page.project.value, graph: "", job: "", request: "" }, true);
page.graph.onchange = () => look({ graph: page.graph.value }, true);
page.reset.onclick = () => attempt("POST", "reset");
on(["#project"], connect);

async function loadScenario() {
  const { scenario, changed, scenarios } = await get("scenario");
  project.isProxy = !scenarios.length;
  page.panes.classList.toggle("proxy", project.isProxy);
  page.scenario.hidden = project.isProxy;
  if (!scenario) scenarios.unshift({ name: "", title: "" });
  const chosen = scenario ?? "";
  fill(page.scenario, scenarios.map(({ name }) => name), chosen, (name) =>
    `${name || "no scenario"}${changed && name === chosen ? " \u2022" : ""}`);
  page.scenario.title = scenarios.find(({ name }) => name === chosen)?.title ?? "";
}

on(["counts", "faults"], throttled(() => Promise.all([loadProject(), loadScenario()]), 1_000));

/** @param {string} scenario */
function askToLoad(scenario) {
  const question = h("p", "Replace the project's jobs, faults and plans with ", h("strong", scenario), "?");
  openDialog("Load scenario", [question], "Load", () => call("PUT", "scenario", { scenario }).then(load));
}

page.scenario.onchange = () => {
  askToLoad(page.scenario.value);
  loadScenario();
};

const tabs = document.querySelectorAll("nav button");
const panes = document.querySelectorAll("main > section");
tabs.forEach((tab, chosen) => tab.addEventListener("click", () => {
  open("job");
  tabs.forEach((each, index) => {
    each.ariaCurrent = `${index === chosen}`;
    panes[index].classList.toggle("chosen", index === chosen);
  });
}));

const NAMED = "[aria-keyshortcuts]";

page.help.onclick = () => {
  const titles = Array.from(document.querySelectorAll(NAMED), (each) => [each.ariaKeyShortcuts, each.title]);
  openDialog("Shortcuts", [facts(Object.fromEntries(titles))], "OK");
};

addEventListener("keydown", (event) => {
  const { target, ctrlKey, metaKey, altKey, repeat } = event;
  if (ctrlKey || metaKey || altKey || repeat || event.defaultPrevented || !(target instanceof HTMLElement)) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  const key = event.key === " " ? "Space" : event.key;
  if (target.matches("input, select, textarea")) return key === "Escape" && (event.preventDefault(), target.blur());
  if (key === "Space" && target.closest("button, summary, a")) return;
  const row = target.closest("tr");
  const found = [...document.querySelectorAll(NAMED)].find((each) =>
    each.ariaKeyShortcuts === key && [null, row].includes(each.closest("tr")));
  if (found && key !== "Escape") event.preventDefault();
  if (found instanceof HTMLInputElement) found.focus();
  else found?.click();
});

page.theme.value = localStorage.gesmockTheme ?? "light dark";
const setTheme = () => (style.colorScheme = localStorage.gesmockTheme = page.theme.value);
page.theme.onchange = setTheme;
setTheme();

addEventListener("pageshow", ({ persisted }) => persisted && location.reload()); // it has left the stream
connect();
