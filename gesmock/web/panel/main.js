/** The panel: shows what the fake does, and controls it. */

import { attempt, call, get, project, throttled, token, urlOf } from "./api.js";
import { loadClock } from "./clock.js";
import { fill, h, openDialog, page, replace, say } from "./dom.js";
import { drawDrawer } from "./drawer.js";
import { shareStream } from "./stream.js";
import { emit, look, on, view } from "./view.js";
import "./jobs.js";
import "./keys.js";
import "./requests.js";

const { dataset } = document.documentElement;

let closeStream = () => {};

// --- The connection ---

/** @param {string} state @param {...Content} notice */
function setConnection(state, ...notice) {
  dataset.connection = state;
  page.connection.textContent = state;
  notify(...notice);
}

/** @param {...Content} notice */
function notify(...notice) {
  page.notice.hidden = !notice.length;
  replace(page.notice, notice);
}

function connect() {
  closeStream();
  setConnection("connecting");
  closeStream = shareStream(urlOf("events"), token(), ({ type, data }) => emit([type], data));
  load(); // and again once the stream is open, so that nothing is missed
}

on(["open"], () => {
  if (dataset.connection === "gone") say("The server answers again");
  setConnection("live");
  load();
});
on(["gone"], () => setConnection("gone", "The server does not answer"));
on(["reset", "#graph"], load);
on(["fixture"], ({ file, error }) => {
  if (error) return notify(`${file} was not loaded; the state stays as it was. ${error}`);
  notify();
  say(`${file} was loaded`);
});
on(["refused"], ({ status, error }) => {
  if (status === 401) {
    const isAsked = dataset.connection === "locked"; // each call of the page is refused
    setConnection("locked", "The server asks for its control token. ", h("button", { click: askForToken }, "Enter it"));
    if (token()) say("The server does not accept this token", true);
    if (!isAsked) askForToken();
  } else if (view.project) {
    const leave = () => look({ project: "", graph: "" });
    setConnection("refused", `No such project: ${error} `, h("button", { click: leave }, "Show the default project"));
  } else {
    setConnection("refused", `The server refuses: ${error}`);
  }
});

function askForToken() {
  const field = h("input", { type: "password", "aria-label": "Control token", autocomplete: "off", required: true });
  const where = h("p", "The server printed it when it started, or you set it with ", h("code", "--control-token"), ".");
  openDialog("Control token", [where, field], "Connect", async () => {
    sessionStorage.setItem("gesmock-control-token", field.value);
    connect();
  });
}

// --- What is in view ---

function load() {
  return Promise.all([loadProject(), loadScenario(), loadClock()])
    .then(() => Promise.all([emit(["load"]), drawDrawer()]))
    .catch(({ status, message: error }) => status && emit(["refused"], { status, error }));
}

async function loadProject() {
  const [{ project_id }, { graphs }, { projects }] = await Promise.all([
    get("health"), get("graphs?limit=1000"), get("/_gesmock/projects?limit=1000"),
  ]);
  project.id = project_id;
  project.graphs = graphs.map(({ graph }) => graph);
  if (view.graph && !project.graphs.includes(view.graph)) {
    say(`There is no graph ${view.graph}; these are the jobs of all graphs`, true);
    look({ graph: "" });
  }
  const all = graphs.length === 1 ? graphs[0].graph : "all graphs";
  fill(page.graph, graphs.length === 1 ? [""] : ["", ...project.graphs], view.graph, (name) => name || all);
  const [main, ...others] = projects.map((each) => each.project_id);
  fill(page.project, ["", ...others], view.project, (id) => id || main);
}

page.project.onchange = () => look({ project: page.project.value, graph: "", job: "", request: "" }, true);
page.graph.onchange = () => look({ graph: page.graph.value }, true);
page.reset.onclick = () => attempt("POST", "reset", undefined, "Back to the start state");
on(["#project"], connect);

// --- The scenario: the named state to which a reset returns ---

async function loadScenario() {
  const { scenario, changed, scenarios } = await get("scenario");
  project.isProxy = !scenarios.length;
  page.panes.classList.toggle("proxy", project.isProxy);
  page.scenario.hidden = project.isProxy;
  if (!scenario) scenarios.unshift({ name: "", title: "The state that it starts with" });
  const chosen = scenario ?? "";
  fill(page.scenario, scenarios.map(({ name }) => name), chosen, (name) =>
    `${name || "no scenario"}${changed && name === chosen ? " \u2022" : ""}`);
  page.scenario.title = scenarios.find(({ name }) => name === chosen)?.title ?? "";
}

on(["counts", "faults"], throttled(loadScenario, 1_000));

/** @param {string} scenario */
function askToLoad(scenario) {
  const question = h("p", "Replace the project's jobs, faults and plans by ", h("strong", scenario), "?");
  openDialog("Load scenario", [question], "Load", () => call("PUT", "scenario", { scenario }));
}

page.scenario.onchange = () => {
  askToLoad(page.scenario.value);
  loadScenario();
};

// --- Panes of a narrow page, and colours ---

const tabs = document.querySelectorAll("nav button");
for (const tab of tabs) {
  tab.addEventListener("click", () => {
    page.panes.dataset.pane = tab.getAttribute("data-pane") ?? "";
    for (const each of tabs) each.ariaCurrent = `${each === tab}`;
  });
}

page.theme.value = localStorage.getItem("gesmock-theme") ?? "auto";
page.theme.onchange = () => localStorage.setItem("gesmock-theme", page.theme.value);

const linked = new URLSearchParams(location.search).get("scenario");
if (linked) {
  history.replaceState(null, "", location.pathname + location.hash);
  askToLoad(linked);
}
addEventListener("pageshow", ({ persisted }) => persisted && location.reload()); // it has left the stream
connect();
