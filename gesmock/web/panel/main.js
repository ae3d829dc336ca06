/** The panel: shows what the fake does, and controls it. */

import { Refused, attempt, get, project, setToken, throttled, token, urlOf } from "./api.js";
import { boardMayHaveChanged, toggleBoard } from "./board.js";
import { advance, advanceToNext, drawClock, isFrozen, loadClock, setClock, toggleFrozen } from "./clock.js";
import { byId, fill, h, openDialog, pair, say, setText, visible } from "./dom.js";
import { closeDrawer, drawDrawer } from "./drawer.js";
import { loadOperations, loadRules, planMayHaveBeenUsed } from "./faults.js";
import { findingsMayHaveChanged } from "./findings.js";
import { jobMayHaveChanged } from "./job.js";
import { countsChanged, drawAround, drawCountdowns, focusJobs, jobChanged, loadJobs, openMovesOfFocused } from "./jobs.js";
import { addShortcuts, showShortcuts } from "./keys.js";
import { focusRequests, forgetRequests, loadRequests, requestCame, togglePause } from "./requests.js";
import "./request.js";
import { loadScenario, scenarioMayHaveChanged } from "./scenario.js";
import { shareStream } from "./stream.js";
import { look, onLook, view } from "./url.js";

const projects = byId("project", HTMLSelectElement);
const graphs = byId("graph", HTMLSelectElement);
const notice = byId("notice", HTMLElement);
const connection = byId("connection", HTMLElement);
const themeButton = byId("theme", HTMLButtonElement);

/** @type {import("./stream.js").Stream | undefined} */
let stream;
let epoch = 0;

// --- The connection ---

const STATES = { connecting: "connecting", live: "live", gone: "server gone", token: "token needed", refused: "refused" };

/** @param {keyof typeof STATES} state */
function setConnection(state) {
  document.documentElement.dataset.connection = state;
  setText(connection, STATES[state]);
}

/** @param {string} text @param {...Node} more */
function notify(text, ...more) {
  notice.hidden = !text;
  notice.replaceChildren(visible(text), ...more);
}

function connect() {
  stream?.close();
  setConnection("connecting");
  forgetRequests();
  epoch = 0;
  stream = shareStream(urlOf("events"), token(), receive);
  loadAll(); // and again once the stream is open, so that nothing is missed
}

/** @param {import("./stream.js").Message} message */
function receive({ type, data }) {
  if (type === "open") {
    if (document.documentElement.dataset.connection === "gone") {
      say("The server answers again");
      forgetRequests(); // it may be another one
    }
    setConnection("live");
    notify("");
    loadAll();
  } else if (type === "gone") {
    setConnection("gone");
    notify("The server does not answer. ", h("button", { click: () => stream?.retry() }, "Try again"));
  } else if (type === "refused") {
    refused(data.status, data.error);
  } else if (type === "reset") {
    forgetRequests();
    loadAll();
  } else if (type === "job") {
    jobChanged(data);
    jobMayHaveChanged(`${data.graph}/${data.job?.jobId ?? data.job_id}`);
    boardMayHaveChanged();
  } else if (type === "counts") {
    countsChanged(data);
    boardMayHaveChanged();
    scenarioMayHaveChanged();
    planMayHaveBeenUsed();
  } else if (type === "request") {
    requestCame(data);
    jobMayHaveChanged();
  } else if (type === "clock") {
    setClock(data);
    drawCountdowns();
  } else if (type === "faults") {
    loadRules();
    scenarioMayHaveChanged();
  } else if (type === "findings") {
    findingsMayHaveChanged();
  } else if (type === "fixture") {
    if (data.error) notify(`${data.file} was not loaded; the state stays as it was. ${data.error}`);
    else {
      notify("");
      say(`${data.file} was loaded`);
    }
  }
}

/** @param {number} status @param {string} reason */
function refused(status, reason) {
  if (status === 401) {
    const isAsked = document.documentElement.dataset.connection === "token";
    setConnection("token");
    notify("The server asks for its control token. ", h("button", { click: askForToken }, "Enter it"));
    if (token()) say("The server does not accept this token", true);
    if (!isAsked) askForToken(); // each call of the page is refused
  } else if (status === 404 && view.project) {
    setConnection("refused");
    notify(`No such project: ${reason} `, h("button", { click: () => look({ project: "", graph: "" }) }, "Show the default project"));
  } else {
    setConnection("refused");
    notify(`The server refuses: ${reason}`);
  }
}

function askForToken() {
  const field = h("input", { type: "password", "aria-label": "Control token", autocomplete: "off", required: true });
  const form = h("form", {
    submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      setToken(field.value);
      dialog.close();
      connect();
    },
  }, h("p", {}, "The server asks for the token that it printed when it started, or that you set with ", h("code", {}, "--control-token"), "."),
  field, h("p", { class: "buttons" }, h("button", { class: "main" }, "Connect")));
  const dialog = openDialog("Control token", form);
  field.focus();
}

// --- Loading ---

async function loadAll() {
  try {
    const loading = loadProject();
    if (view.graph) await loading; // the graph that a link names may not exist
    await Promise.all([loading.then(loadRequests), loadClock(), loadJobs(), loadProjects(), loadScenario()]);
    drawAround();
    loadRules();
    findingsMayHaveChanged();
    boardMayHaveChanged();
    drawDrawer();
    loadOperations();
  } catch (error) {
    if (error instanceof Refused) refused(error.status, error.message);
  }
}

async function loadProject() {
  const [health, { graphs: all }] = await Promise.all([get("health"), get("graphs?limit=1000")]);
  if (epoch && health.epoch !== epoch) say(`Epoch ${health.epoch} has begun`);
  epoch = health.epoch;
  const names = all.map((/** @type {{graph: string}} */ each) => each.graph);
  Object.assign(project, { id: health.project_id, graphs: names });
  checkGraph();
  fill(graphs, names.length === 1 ? [["", names[0]]] : [["", "all graphs"], ...names.map(pair)], view.graph);
}

function checkGraph() {
  if (!view.graph || project.graphs.includes(view.graph)) return;
  say(`There is no graph ${view.graph}; these are the jobs of all graphs`, true);
  look({ graph: "" });
}

async function loadProjects() {
  const { projects: all } = await get("/projects?limit=1000");
  const [main, ...opened] = all.map((/** @type {{project_id: string}} */ each) => each.project_id);
  fill(projects, [["", short(main)], ...opened.map((/** @type {string} */ each) => [each, short(each)])], view.project);
  projects.title = view.project || main;
}

/** @param {string} id */
const short = (id) => (id.length > 14 ? `${id.slice(0, 6)}\u2026${id.slice(-4)}` : id);

async function reset() {
  const cleared = await attempt("POST", "reset");
  if (cleared) say("Back to the start state");
}

projects.addEventListener("change", () => look({ project: projects.value, graph: "", job: "", request: "" }, true));
graphs.addEventListener("change", () => look({ graph: graphs.value }, true));
byId("reset", HTMLButtonElement).addEventListener("click", reset);
byId("help", HTMLButtonElement).addEventListener("click", showShortcuts);
onLook(["project"], connect);
onLook(["graph"], () => {
  checkGraph();
  graphs.value = view.graph;
});

// --- Panes of a narrow page, and colours ---

for (const button of document.querySelectorAll("nav button")) {
  button.addEventListener("click", () => {
    byId("panes", HTMLElement).dataset.pane = button.getAttribute("data-pane") ?? "";
    for (const each of document.querySelectorAll("nav button")) each.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
  });
}

const THEMES = ["system", "light", "dark"];

/** @param {string} theme */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  setText(themeButton, { system: "Auto", light: "Light", dark: "Dark" }[theme] ?? "");
}

themeButton.addEventListener("click", () => {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length];
  localStorage.setItem("gesmock-theme", theme);
  setTheme(theme);
});

// --- Shortcuts ---

addShortcuts([
  [" ", "Freeze the clock, or let it run", toggleFrozen],
  ["1", "Advance it by 1 s", () => advance(1)],
  ["2", "Advance it by 10 s", () => advance(10)],
  ["3", "Advance it by 1 min", () => advance(60)],
  ["n", "Advance it to the next transition", advanceToNext],
  ["r", "Reset: return to the start state", reset],
  ["/", "Search jobs", () => byId("search", HTMLInputElement).focus()],
  ["b", "Switch between table and board", toggleBoard],
  ["j", "Go to the jobs", focusJobs],
  ["l", "Go to the requests", focusRequests],
  ["m", "Move the job in focus", openMovesOfFocused],
  ["p", "Pause the requests, or let them go on", togglePause],
  ["f", "Go to the faults", () => byId("times", HTMLInputElement).focus()],
  ["Escape", "Close the drawer", closeDrawer],
  ["?", "Show the shortcuts", showShortcuts],
]);

setTheme(localStorage.getItem("gesmock-theme") ?? "system");
setInterval(() => {
  if (isFrozen() || document.hidden) return;
  drawClock();
  drawCountdowns();
}, 500);
connect();
