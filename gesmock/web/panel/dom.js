/** Elements, texts, messages and dialogs. */

/**
 * The element of the page with this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`#${id} is no ${type.name}`);
  return element;
}

/**
 * A new element. Functions become listeners; strings become text, never markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} [attributes]
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child || child === 0) element.append(child instanceof Node ? child : visible(String(child)));
  }
  return element;
}

/**
 * `text` with its invisible characters made visible: controls, and those that change the direction of writing.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(/[\0-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => {
    const code = char.charCodeAt(0);
    if (code < 32) return String.fromCharCode(0x2400 + code);
    return code === 127 ? "\u2421" : `\\u${code.toString(16)}`;
  });
}

/** The end of a job's id, which tells it from others. @param {string} id */
export const shortId = (id) => visible(id.length > 18 ? `\u2026${id.slice(-17)}` : id);

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @type {Set<() => void>} */
const due = new Set();

/**
 * Call `paint` once in the next frame.
 * @param {() => void} paint
 */
export function nextFrame(paint) {
  if (!due.size) {
    requestAnimationFrame(paintAll);
    setTimeout(paintAll, 250); // a hidden page has no frames
  }
  due.add(paint);
}

function paintAll() {
  const paints = [...due];
  due.clear();
  for (const each of paints) each();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let quiet;

/**
 * Show a message for a few seconds, and have screen readers say it.
 * @param {string} text
 * @param {boolean} [wrong]
 */
export function say(text, wrong = false) {
  const live = byId("live", HTMLElement);
  live.className = wrong ? "wrong" : "";
  setText(live, visible(text));
  clearTimeout(quiet);
  quiet = setTimeout(() => setText(live, ""), wrong ? 10_000 : 3_500);
}

/**
 * A button that copies what `make` returns.
 * @param {string} label
 * @param {() => string} make
 */
export function copyButton(label, make) {
  return h("button", {
    click: async () => {
      try {
        await navigator.clipboard.writeText(make());
        say("Copied");
      } catch {
        say("The browser does not let this page copy", true);
      }
    },
  }, label);
}

/**
 * Offer `options`, pairs of value and text, and choose one. An open menu stays open if they are the same.
 * @param {HTMLSelectElement} select @param {[string, string][]} options @param {string} value
 */
export function fill(select, options, value) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(...options.map(([each, text]) => h("option", { value: each }, text)));
  }
  if (select.value !== value) select.value = value;
}

/** An option whose text is its value. @param {string} value @returns {[string, string]} */
export const pair = (value) => [value, value];

/**
 * Show the dialog with these contents; it closes with Esc.
 * @param {string} name
 * @param {...Node} contents
 */
export function openDialog(name, ...contents) {
  const dialog = byId("dialog", HTMLDialogElement);
  dialog.setAttribute("aria-label", name);
  dialog.replaceChildren(h("h2", {}, name), ...contents);
  if (!dialog.open) dialog.showModal();
  return dialog;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${+seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** @param {number} count @param {string} noun */
export const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
