/** The jobs by status, in columns. Each shows its newest; the table shows them all. */

import { STATUSES, get, query, throttled } from "./api.js";
import { byId, h, nextFrame, setText, shortId } from "./dom.js";
import { filters, nextText, progressBar, received, statusMark } from "./jobs.js";
import { look, onLook, view } from "./url.js";

/** @typedef {import("./api.js").Item} Item */

const CARDS = 20;

const board = byId("board", HTMLElement);
const list = byId("jobs-list", HTMLElement);
const toggle = byId("board-switch", HTMLButtonElement);

const columns = STATUSES.map((status) => {
  const count = h("b");
  const cards = h("ul", { "aria-label": status });
  const more = h("button", { class: "link", hidden: true, click: () => look({ view: "", status }) });
  const column = h("section", {}, h("h3", {}, statusMark(status), " ", count), cards, more);
  board.append(column);
  return { status, count, cards, more, column };
});

export const boardMayHaveChanged = throttled(async () => {
  if (view.view !== "board" || board.matches(":hover")) return;
  await Promise.all(columns.map(async ({ status, count, cards, more, column }) => {
    const { jobs, total } = await get(`jobs${query({ ...filters(), status, limit: CARDS })}`);
    setText(count, total.toLocaleString("en"));
    cards.replaceChildren(...jobs.map(received).map(card));
    more.hidden = total <= CARDS;
    setText(more, `and ${(total - CARDS).toLocaleString("en")} more`);
    column.hidden = status === "partiallyFailed" && !total;
  }));
}, 500);

/** @param {Item} item */
function card(item) {
  const { job, graph } = item;
  const open = () => look({ job: `${graph}/${job.jobId}`, request: "", findings: "" }, true);
  return h("li", {}, h("button", { class: "card", title: job.jobId, click: open },
    h("span", { class: "mono" }, shortId(job.jobId)),
    h("span", { class: "text" }, job.request.command),
    h("span", { class: "muted" }, nextText(item)),
    progressBar(item)));
}

function draw() {
  const isBoard = view.view === "board";
  toggle.setAttribute("aria-pressed", String(isBoard));
  board.hidden = !isBoard;
  list.hidden = isBoard;
  if (isBoard) boardMayHaveChanged();
}

export const toggleBoard = () => look({ view: view.view === "board" ? "" : "board" });

toggle.addEventListener("click", toggleBoard);
board.addEventListener("pointerleave", boardMayHaveChanged);
onLook(["view", "graph", "command", "q", "project"], () => nextFrame(draw));
draw();
