/** A table of any length, of which only the rows in sight are in the page. */

import { h, nextFrame } from "./dom.js";

const OVERSCAN = 12;
const MOST = 400_000; // rows; browsers cannot scroll further

/**
 * @template T
 * @typedef {{
 *   key: (item: T) => string,
 *   make: () => HTMLTableRowElement,
 *   fill: (row: HTMLTableRowElement, item: T) => void,
 *   at: (index: number) => T | undefined,
 * }} Source `make` an empty row, `fill` it with the item `at` an index, if that is there already.
 */

/** @template T */
export class Rows {
  /** @param {HTMLElement} scroller @param {Source<T>} source */
  constructor(scroller, source) {
    this.scroller = scroller;
    this.source = source;
    this.total = 0;
    const [table] = scroller.getElementsByTagName("table");
    this.table = table;
    this.body = table.tBodies[0];
    this.above = spacer();
    this.below = spacer();
    this.body.append(this.above, this.below);
    /** @type {Map<string, {row: HTMLTableRowElement, item: T | undefined}>} */
    this.shown = new Map();
    /** The key of the row that Tab reaches. */
    this.active = "";
    this.draw = this.draw.bind(this);
    scroller.addEventListener("scroll", () => nextFrame(this.draw), { passive: true });
    new ResizeObserver(() => nextFrame(this.draw)).observe(scroller);
    this.body.addEventListener("focusin", (event) => this.focused(event));
    this.body.addEventListener("keydown", (event) => this.moved(event));
  }

  /** Whether the user points at a row, is in one, or has scrolled: then no row may move. */
  get held() {
    return this.scroller.scrollTop > 0 || this.body.matches(":hover") || !!this.body.querySelector(":focus-visible");
  }

  get height() {
    return parseFloat(getComputedStyle(this.scroller).getPropertyValue("--row"));
  }

  /** @returns {[number, number]} The first row in sight, and the one after the last. */
  get range() {
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(Math.floor(scrollTop / this.height) - OVERSCAN, 0);
    const end = Math.ceil((scrollTop + clientHeight) / this.height) + OVERSCAN;
    return [Math.min(first, this.total), Math.min(end, this.total, MOST, first + 150)];
  }

  /** @param {number} total */
  resize(total) {
    this.total = total;
    this.table.setAttribute("aria-rowcount", String(total + 1));
    nextFrame(this.draw);
  }

  draw() {
    const { height } = this; // first: asking after a change would lay the page out, and scroll it
    const [first, end] = this.range;
    const keep = new Set();
    /** @type {Element} */
    let before = this.above;
    for (let index = first; index < end; index++) {
      const item = this.source.at(index);
      const key = item === undefined ? `#${index}` : this.source.key(item);
      if (keep.has(key)) continue; // it moved between two pages of the list
      keep.add(key);
      let shown = this.shown.get(key);
      if (!shown) {
        shown = { row: this.source.make(), item: undefined };
        shown.row.dataset.key = key;
        this.shown.set(key, shown);
      }
      if (item !== undefined && shown.item !== item) {
        shown.item = item;
        this.source.fill(shown.row, item);
      }
      shown.row.classList.toggle("loading", item === undefined);
      shown.row.setAttribute("aria-rowindex", String(index + 2));
      if (before.nextElementSibling !== shown.row) before.after(shown.row);
      before = shown.row;
    }
    for (const [key, { row }] of this.shown) {
      if (!keep.has(key)) {
        row.remove();
        this.shown.delete(key);
      }
    }
    setHeight(this.above, first * height);
    setHeight(this.below, Math.max(Math.min(this.total, MOST) - end, 0) * height);
    if (!keep.has(this.active)) this.active = keep.values().next().value ?? "";
    for (const [key, { row }] of this.shown) {
      const button = row.querySelector("button");
      if (button) button.tabIndex = key === this.active ? 0 : -1;
    }
  }

  /** @param {FocusEvent} event */
  focused(event) {
    const row = event.target instanceof Element && event.target.closest("tr");
    if (!row || row.dataset.key === this.active) return;
    this.active = row.dataset.key ?? "";
    nextFrame(this.draw);
  }

  /** @param {KeyboardEvent} event */
  moved(event) {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    const row = event.target instanceof Element && event.target.closest("tr");
    if (!step || !row || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    next?.querySelector("button")?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  focus() {
    this.shown.get(this.active)?.row.querySelector("button")?.focus();
  }
}

/** A row with one cell; if that spanned more columns than there are, the table would get more. */
function spacer() {
  return h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
}

/** @param {HTMLTableRowElement} row @param {number} height */
function setHeight(row, height) {
  row.hidden = height === 0;
  row.cells[0].style.height = `${height}px`;
}
