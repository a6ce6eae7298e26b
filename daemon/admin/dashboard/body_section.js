/// The headers and the body of a request, as text.
import { element, row, table } from "./element.js";
import { indented } from "./json_text.js";
import { foreign, size_text } from "./words.js";

const COLUMNS = [["Header", "text"], ["Value", "text wide"]];
const SHOWN = 4096;
/// A larger body is shown as it came: laying it out would hold up the page.
const LAID_OUT_MAX = 1024 * 1024;

function laid_out(body) {
  const text = body.length <= LAID_OUT_MAX ? indented(body) : null;
  if (text === null || text === body) return [foreign(body, { limit: SHOWN, tag: "pre" })];
  const place = element("div", {}, foreign(text, { limit: SHOWN, tag: "pre" }));
  const as_came = element("input", { type: "checkbox", on: {
    change: () => place.replaceChildren(foreign(as_came.checked ? body : text, { limit: SHOWN, tag: "pre" })),
  } });
  return [element("p", {}, element("label", {}, as_came, " As it came")), place];
}

/// `of`: what the API gives of an event or of a request in quarantine.
export function body_section(of) {
  const body = of.body ?? of.body_base64;
  const list = table("Headers kept with it", COLUMNS);
  list.body.append(...(of.headers ?? []).map((each) =>
    row(COLUMNS, foreign(each.name) ?? "", foreign(each.value) ?? "")));
  return [
    (of.headers ?? []).length === 0 ? null : element("section", { class: "card", "aria-label": "Headers" },
      element("h2", {}, "Headers"), list.node),
    element("section", { class: "card", "aria-label": "Body" },
      element("h2", {}, "Body ", element("span", { class: "quiet" }, of.body_base64 === undefined
        ? size_text(new Blob([of.body ?? ""]).size) : "in base64: it is not UTF-8")),
      body === undefined ? element("p", { class: "bad" }, "The stored record is damaged: its body can't be shown.")
        : body === "" ? element("p", { class: "quiet" }, "It is empty.") : laid_out(body)),
  ];
}
