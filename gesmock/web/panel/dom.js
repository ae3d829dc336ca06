/** Elements, texts, messages and the dialog. */

/** The elements of the page that have an id. */
export const page = /** @type {Elements} */ (
  Object.fromEntries(Array.from(document.querySelectorAll("[id]"), (each) => [each.id, each]))
);

/**
 * A new element, such as `span.muted`. Objects set attributes and listeners; strings become text, never markup.
 * @type {Create}
 */
export function h(tag, ...contents) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const each of contents.flat()) {
    if (each instanceof Node) element.append(each);
    else if (each && typeof each === "object") set(element, each);
    else if (each || each === 0) element.append(visible(String(each)));
  }
  return /** @type {any} */ (element);
}

/** @param {Element} element @param {Attributes} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : visible(String(value)));
  }
}

/** @type {Map<Element, number>} */
const delayed = new Map();

/**
 * Give `parent` these contents. What is equal stays, focus stays where it was, and nothing changes while it is pressed.
 * @param {Element} parent @param {...(Content | Content[])} contents
 */
export function replace(parent, ...contents) {
  clearTimeout(delayed.get(parent));
  if (parent.matches(":active")) return void delayed.set(parent, setTimeout(replace, 300, parent, ...contents));
  const controls = () => [...parent.querySelectorAll("button, summary")];
  const focused = controls().indexOf(document.activeElement ?? parent);
  const old = [...parent.childNodes];
  const fresh = [...h("div", ...contents).childNodes];
  fresh.forEach((node, index) => {
    if (!old[index]) parent.append(node);
    else if (!old[index].isEqualNode(node)) old[index].replaceWith(node);
  });
  for (const node of old.slice(fresh.length)) node.remove();
  const again = controls()[focused];
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** `text` with controls, and characters that change the direction of writing, made visible. @param {string} text */
export const visible = (text) => text.replace(/[\0-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => {
  const code = char.charCodeAt(0);
  return code < 32 ? String.fromCharCode(0x2400 + code) : `\\u${code.toString(16).padStart(4, "0")}`;
});

/** The end of a job's id, which tells it from others. @param {string} id */
export const shortId = (id) => (id.length > 18 ? `\u2026${id.slice(-17)}` : id);

/** @param {number} count */
export const digits = (count) => count.toLocaleString("en");

/** @param {number} count @param {string} noun */
export const plural = (count, noun) => `${digits(count)} ${noun}${count === 1 ? "" : "s"}`;

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${+seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** A function that calls `paint` once, in the next frame. @param {() => void} paint */
export function inFrame(paint) {
  let isDue = false;
  const run = () => {
    if (isDue) paint();
    isDue = false;
  };
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(run);
    setTimeout(run, 250); // a hidden page has no frames
  };
}

let quiet = 0;

/** Show a message for a few seconds, and have screen readers say it. @param {string} text */
export function say(text, isWrong = false) {
  page.live.className = isWrong ? "wrong" : "";
  page.live.textContent = visible(text);
  clearTimeout(quiet);
  quiet = setTimeout(() => page.live.replaceChildren(), isWrong ? 10_000 : 3_500);
}

/** @param {unknown} error */
export const reason = (error) =>
  error instanceof TypeError ? "The server does not answer" : error instanceof Error ? error.message : String(error);

/** Buttons that copy what these functions return. @param {Record<string, () => string>} texts */
export const copyButtons = (texts) => h("div.buttons", Object.entries(texts).map(([name, make]) => {
  const copied = () => say("Copied");
  const refused = () => say("The browser does not let this page copy", true);
  return h("button", { click: () => navigator.clipboard.writeText(make()).then(copied, refused) }, `Copy as ${name}`);
}));

/**
 * Offer these values, or pairs of value and text, and choose one. An open menu stays open if they are the same.
 * @param {HTMLSelectElement} select @param {(string | string[])[]} options @param {string} value
 */
export function fill(select, options, value) {
  replace(select, options.map((each) => {
    const [value, text = value] = [each].flat();
    return h("option", { value }, text);
  }));
  if (select.value !== value) select.value = value;
}

/** Show a dialog. Its button `verb`, if it has one, does `act`; if that fails, the dialog says why. @type {OpenDialog} */
export function openDialog(name, contents, verb, act) {
  const { dialog } = page;
  const close = () => dialog.close();
  const wrong = h("p.wrong", { role: "alert" });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await act?.();
      close();
    } catch (error) {
      wrong.textContent = reason(error);
    }
  };
  dialog.ariaLabel = name;
  dialog.replaceChildren(h("form", { submit }, h("h2", name), contents, wrong,
    h("p.buttons", verb && h("button.main", verb), h("button", { type: "button", click: close }, verb ? "Cancel" : "Close"))));
  if (!dialog.open) dialog.showModal();
}
