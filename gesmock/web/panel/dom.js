/** Elements, texts, messages and the dialog. */

const named = Array.from(document.querySelectorAll("[id]"), (each) => [each.id, each]);

/** @type {Elements} */
export const page = Object.fromEntries(named);

/** A new `span.muted`, say. Objects set attributes and listeners; strings become text, never markup. @type {Create} */
export function h(tag, ...contents) {
  const [name, ...classes] = tag.split(".");
  const element = /** @type {any} */ (document.createElement(name));
  if (classes.length) element.className = classes.join(" ");
  for (const each of contents.flat()) {
    if (each instanceof Node) element.append(each);
    else if (typeof each !== "object") element.append(each || each === 0 ? visible(`${each}`) : "");
    else for (const [attribute, value] of Object.entries(each ?? {})) {
      if (typeof value === "function") element[`on${attribute}`] = value;
      else if (typeof value === "boolean") element.toggleAttribute(attribute, value);
      else if (value != null) element.setAttribute(attribute, visible(`${value}`));
    }
  }
  return element;
}

/** @type {Map<Element, number>} */
const delayed = new Map();

/** Give `parent` these contents; not while it is pressed. What is equal stays, and so does focus. @type {Replace} */
export function replace(parent, ...contents) {
  clearTimeout(delayed.get(parent));
  if (parent.matches(":active")) return void delayed.set(parent, setTimeout(replace, 300, parent, ...contents));
  const focused = parent.querySelector(":focus");
  const old = [...parent.childNodes];
  const whole = h("div", ...contents);
  const fresh = [...whole.childNodes];
  const clicks = [...whole.querySelectorAll("button")].map(({ onclick }) => onclick);
  fresh.forEach((node, index) => {
    if (!old[index]) parent.append(node);
    else if (!old[index].isEqualNode(node)) old[index].replaceWith(node);
  });
  for (const node of old.slice(fresh.length)) node.remove();
  parent.querySelectorAll("button").forEach((button, index) => (button.onclick = clicks[index]));
  if (focused && !focused.isConnected) focusOn(focused, parent);
}

/** Focus `element`, or what is now called so below `parent`. @type {FocusOn} */
export function focusOn(element, parent = document) {
  const nameOf = (/** @type {HTMLElement} */ { ariaLabel, title, textContent }) => ariaLabel ?? (title || textContent);
  const again = [...parent.querySelectorAll("button, summary")].find((each) => nameOf(each) === nameOf(element));
  (element.isConnected ? element : again)?.focus({ preventScroll: true });
}

/** Makes controls, and characters that change the direction of writing, visible. @param {string} text */
export const visible = (text) => text.replace(/[\0-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
  (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The end of an id tells it from others. @param {string} id */
export const shortId = (id) => (id.length > 18 ? `\u2026${id.slice(-17)}` : id);

/** @param {number} count */
export const digits = (count) => count.toLocaleString("en");

/** @type {Count} */
export const plural = (count, noun) => `${digits(count)} ${noun}${count === 1 ? "" : "s"}`;

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${+seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

let quiet = 0;

/** Show a message for some seconds; screen readers say it. @param {string} text */
export function say(text, isWrong = false) {
  page.live.className = isWrong ? "wrong" : "";
  page.live.textContent = visible(text);
  clearTimeout(quiet);
  quiet = setTimeout(() => page.live.replaceChildren(), isWrong ? 10_000 : 3_500);
}

/** @param {any} error */
export const reason = (error) => (error instanceof TypeError ? "The server does not answer" : error.message);

/** @param {Record<string, string>} texts */
export const copyButtons = (texts) => h("div.buttons", Object.entries(texts).map(([name, text]) => {
  const copied = () => say("Copied");
  const refused = () => say("The browser refuses to copy", true);
  const copy = async () => navigator.clipboard.writeText(text); // by plain HTTP there may be no clipboard
  return h("button", { click: () => copy().then(copied, refused) }, `Copy as ${name}`);
}));

/** Offer these values, and choose one. @type {Fill} */
export function fill(select, values, value, text) {
  replace(select, values.map((each) => h("option", { value: each }, text(each))));
  if (select.value !== value) select.value = value; // else an open menu would close
}

/** Show a dialog, with a button `verb` that does `act`. If that fails, the dialog says why. @type {OpenDialog} */
export function openDialog(name, contents, verb, act) {
  const { dialog } = page;
  const close = () => dialog.close();
  const wrong = h("p.wrong", { role: "alert" });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!act) close();
    else act().then(close, (error) => (wrong.textContent = reason(error)));
  };
  const cancel = act && h("button", { type: "button", click: close }, "Close");
  const buttons = h("p.buttons", h("button.main", verb), cancel);
  dialog.ariaLabel = name;
  dialog.replaceChildren(h("form", { submit }, h("h2", name), contents, wrong, buttons));
  if (!dialog.open) dialog.showModal();
}
