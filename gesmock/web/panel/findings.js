/** The findings about the client. */

import { get, throttled } from "./api.js";
import { byId, h, plural, setText } from "./dom.js";
import { addKind, drawDrawer } from "./drawer.js";
import { requestLink } from "./job.js";
import { look, view } from "./url.js";

const badge = byId("findings", HTMLButtonElement);

/** @type {{findings: any[], total: number}} */
let latest = { findings: [], total: 0 };

/** Load the findings; not often, since the verdict may take the server seconds. */
export const findingsMayHaveChanged = throttled(async () => {
  latest = await get("findings?limit=100");
  setText(badge, latest.total ? plural(latest.total, "finding") : "No findings");
  badge.classList.toggle("some", latest.total > 0);
  if (view.findings) drawDrawer();
}, 2_000);

badge.addEventListener("click", () => look({ findings: view.findings ? "" : "1", job: "", request: "" }, true));

addKind("findings", () => "Findings", async () => {
  if (!latest.total) return [h("p", { class: "muted" }, "Nothing is wrong with the client so far.")];
  const more = latest.total - latest.findings.length;
  return [
    h("ul", { class: "findings" }, ...latest.findings.map((finding) => h("li", {},
      h("p", {}, h("span", { class: "tag" }, finding.code), " ", h("b", {}, finding.rule)),
      h("p", {}, finding.message),
      finding.entries?.length > 0 && h("p", { class: "line wrap" }, ...finding.entries.slice(0, 12).map(requestLink)),
      finding.details && h("details", {}, h("summary", {}, "Details"), h("pre", { tabindex: 0 }, finding.details))))),
    ...(more ? [h("p", { class: "muted" }, `and ${more.toLocaleString("en")} more`)] : []),
  ];
});
