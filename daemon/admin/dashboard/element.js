/// Builds the page's elements. What is given as text becomes a text node: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

function equip(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, heard] of Object.entries(value)) made.addEventListener(event, heard);
    } else if (value === true) {
      made.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, value);
    }
  }
  made.append(...children.flat().filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

/// `element("p", {class: "quiet", on: {click: heard}}, "text", other_element)`
export function element(name, attributes = {}, ...children) {
  return equip(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return equip(document.createElementNS(SVG, name), attributes, children);
}

export function button(text, heard, attributes = {}) {
  return element("button", { type: "button", ...attributes, on: { click: heard } }, text);
}

/// Sets a text only where it differs: a live region speaks at each change of its children.
export function set_text(of, text) {
  if (of.textContent !== text) of.textContent = text;
}

/// The same for what isn't text alone, told apart by its text.
export function set_told(of, ...told) {
  const made = element("p", {}, ...told);
  if (of.textContent !== made.textContent) of.replaceChildren(...made.childNodes);
}

/// A definition list of [term, value] pairs; those without a value are left out.
export function facts(pairs, attributes = {}) {
  return element("dl", { class: "facts", ...attributes }, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))));
}

/// A table whose columns are [title, class] pairs, and its body. On a narrow screen each row becomes a card
/// whose cells show their column's title: the roles keep it a table to who can't see it.
export function table(caption, columns) {
  const head = element("tr", { role: "row" }, columns.map(([title, kind]) =>
    element("th", { scope: "col", role: "columnheader", class: kind }, title)));
  const body = element("tbody", { role: "rowgroup" });
  const made = element("table", { role: "table", class: "list" },
    element("caption", { class: "unseen" }, caption),
    element("thead", { role: "rowgroup" }, head),
    body);
  return { node: made, body };
}

/// A row with a cell for each of the table's columns. The first is the row's header.
export function row(columns, ...contents) {
  return element("tr", { role: "row" }, contents.map((content, at) => {
    const [title, kind] = columns[at];
    const attributes = { class: kind, "data-title": title };
    return at === 0
      ? element("th", { scope: "row", role: "rowheader", ...attributes }, content)
      : element("td", { role: "cell", ...attributes }, content);
  }));
}

/// Where focus was in what is gone, it goes to what is called so in `node`, else to what stands over it: on nothing
/// it would begin anew at the top of the page.
function focus_again(node, name, parent) {
  const same = name === undefined ? null : node?.querySelector(`[data-focus="${CSS.escape(name)}"]`);
  const above = parent.closest("section")?.querySelector(".summary[tabindex]") ?? document.querySelector("main h1");
  (same ?? above)?.focus();
}

const kept_rows = new WeakMap();

/// Makes `parent` hold one node an item, in their order. A node stays while its item does and says the same,
/// so that focus, selection and what was unfolded stay; where focus was in one that is made anew, or is gone, it
/// returns to what has the same `data-focus` there, or in the next one.
export function fill(parent, items, key_of, make) {
  const before = kept_rows.get(parent) ?? new Map();
  const now = new Map();
  let lost = null; // {key, name} of what has focus and goes
  for (const item of items) {
    const key = key_of(item);
    const told = JSON.stringify(item);
    const old = before.get(key);
    if (old?.told === told) {
      now.set(key, old);
      continue;
    }
    now.set(key, { told, node: make(item) });
  }
  for (const [key, old] of before) {
    if (now.get(key) === old) continue;
    if (old.node.contains(document.activeElement)) lost = { key, name: document.activeElement.dataset.focus };
    old.node.remove();
  }
  let at = 0;
  for (const { node } of now.values()) {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
    at += 1;
  }
  if (lost !== null) {
    const keys = [...before.keys()];
    const next = keys.slice(keys.indexOf(lost.key)).find((each) => now.has(each));
    focus_again(now.get(next)?.node, lost.name, parent);
  }
  kept_rows.set(parent, now);
}
