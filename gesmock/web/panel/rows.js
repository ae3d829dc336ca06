/** Lists of any length, of which only the rows in sight are in the page. */

import { h, inFrame, replace } from "./dom.js";

const OVERSCAN = 12;
const HEIGHT = 30; // px, of a row in panel.css

/** A list in `section`. @template T @param {HTMLElement} section @param {Source<T>} source */
export function listIn(section, { label, columns, at, cells, isDim, released }) {
  let total = 0;
  const names = Object.keys(columns);
  const body = h("tbody", { keydown: step });
  const head = h("thead", h("tr", names.map((name) => h(`th.c-${name}`, columns[name]))));
  const table = h("table", { "aria-label": label }, head, body);
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

  /** The first row in sight, and the one after the last. */
  function range() {
    const { scrollTop, clientHeight } = scroller;
    const first = Math.max(Math.floor(scrollTop / HEIGHT) - OVERSCAN, 0);
    const end = Math.ceil((scrollTop + clientHeight) / HEIGHT) + OVERSCAN;
    return [Math.min(first, total), Math.min(end, total)];
  }

  const draw = inFrame(() => {
    const [first, end] = range();
    table.style.margin = `${first * HEIGHT}px 0 ${(total - end) * HEIGHT}px`;
    replace(body, Array.from({ length: end - first }, (_, index) => {
      const item = at(first + index);
      return h("tr", { "aria-rowindex": first + index + 2, class: item === undefined ? "loading" : isDim?.(item) && "dim" },
        item === undefined ? h("td") : cells(item).map((content, column) => h(`td.c-${names[column]}`, content)));
    }));
  });

  /** @param {KeyboardEvent} event */
  function step(event) {
    const row = event.target instanceof Element && event.target.closest("tr");
    const next = row && { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (!next) return;
    event.preventDefault();
    next.querySelector("button")?.focus();
  }

  new ResizeObserver(draw).observe(scroller);
  for (const event of ["scroll", "pointerleave", "focusout"]) {
    scroller.addEventListener(event, () => release(false), { passive: true });
  }
  return {
    range,
    isHeld,
    scroller,
    focus: () => body.querySelector("button")?.focus(),
    /**
     * Show so many rows, or these contents in their place, and `news` of what is not shown.
     * @param {number} count @param {Content[] | false} instead
     */
    show(count, instead = false, news = "") {
      total = count;
      table.ariaRowCount = `${total + 1}`;
      scroller.hidden = !!instead;
      empty.hidden = !instead;
      replace(empty, instead);
      pill.hidden = !news;
      pill.textContent = news;
      draw();
    },
  };
}
