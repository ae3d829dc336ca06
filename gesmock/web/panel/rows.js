/** Lists of any length, of which only the rows in sight are in the page. */

import { digits, h, page, replace } from "./dom.js";

const OVERSCAN = 12;
const HEIGHT = 30; // px, of a row in panel.css

/** A list in `section`. @template T @param {HTMLElement} section @param {Source<T>} source */
export function listIn(section, { columns, at, cells, released }) {
  let total = 0;
  let frame = 0;
  const body = h("tbody");
  const head = h("thead", h("tr", columns.map((name) => h(`th.c-${name}`, name))));
  const table = h("table", { "aria-label": section.ariaLabel }, head, body);
  const scroller = h("div.list", { hidden: true }, table);
  const empty = h("div.empty", { hidden: true });
  const pill = h("button.pill", { hidden: true, click: () => release(true) });
  section.append(scroller, empty, pill);

  /** Whether the user points at a row, is in one, or has scrolled: then no row may move. */
  const isHeld = () => scroller.scrollTop > 0 || body.matches(":hover") || !!body.querySelector(":focus-visible");

  /** @param {boolean} pressed */
  function release(pressed) {
    if (pressed) scroller.scrollTop = 0;
    draw();
    if (pressed || !isHeld()) released?.(pressed);
  }

  /** The rows in sight, and some around. */
  function range() {
    const { scrollTop, clientHeight } = scroller;
    const first = Math.max(Math.floor(scrollTop / HEIGHT) - OVERSCAN, 0);
    const end = Math.ceil((scrollTop + clientHeight) / HEIGHT) + OVERSCAN;
    return [Math.min(first, total), Math.min(end, total)];
  }

  function draw() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(paint);
  }

  function paint() {
    if (document.querySelector(":popover-open")) return;
    const [first, end] = range();
    const rows = Array.from({ length: end - first }, (_, index) => {
      const item = at(first + index);
      return h(item === undefined ? "tr.loading" : "tr", { "aria-rowindex": first + index + 2 },
        item === undefined ? h("td") : cells(item).map((each, column) => h(`td.c-${columns[column]}`, each)));
    });
    table.style.margin = `${first * HEIGHT}px 0 ${(total - end) * HEIGHT}px`; // no layout from here on
    replace(body, rows);
  }

  new ResizeObserver(draw).observe(scroller);
  page.moves.addEventListener("toggle", draw);
  for (const event of ["scroll", "pointerleave", "focusout"]) {
    scroller.addEventListener(event, () => release(false), { passive: true });
  }
  return {
    draw,
    range,
    isHeld,
    scroller,
    focus: () => body.querySelector("button")?.focus(),
    /** Show `count` rows, or `instead`, and say that `more` wait. @type {Show} */
    show(count, instead, more) {
      total = count;
      table.ariaRowCount = `${total + 1}`;
      scroller.hidden = !!instead;
      empty.hidden = !instead;
      replace(empty, instead);
      pill.hidden = !count || !more;
      pill.textContent = more > 0 ? `${digits(more)} new` : "list changed";
      draw();
    },
  };
}
