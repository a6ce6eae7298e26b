/// The handlers: what waits for each, how old it is, how fast it goes, what went wrong last.
import { element, set_text, table } from "./element.js";
import { count_text, foreign, rate_text, span_text } from "./words.js";
import { query } from "./asking.js";

const COLUMNS = [
  ["Handler", "name"],
  ["Pending", "number"],
  ["Running", "number"],
  ["Retry", "number"],
  ["Dead", "number"],
  ["Oldest", "number"],
  ["Done", "number"],
  ["Failed", "number"],
  ["Last error", "text wide"],
];

/// The figures' cells, by their columns' titles. A row stays for as long as its handler does: only texts change.
class handler_row {
  #cells = new Map();
  #last_error;

  constructor(name) {
    this.name = name;
    // A dead delivery of an event that could not be read has no handler.
    const shown = name === "" ? element("span", { class: "quiet" }, "(no handler)") : foreign(name, { limit: 60 });
    this.dead_link = element("a", { href: `#/dead${query({ handler: name })}` });
    this.node = element("tr", { role: "row" }, COLUMNS.map(([title, kind], at) => {
      if (at === 0) return element("th", { scope: "row", role: "rowheader", class: kind, "data-title": title }, shown);
      const cell = element("td", { role: "cell", class: kind, "data-title": title });
      this.#cells.set(title, cell);
      return cell;
    }));
  }

  update(depth, figures) {
    for (const [title, value] of [["Pending", depth.pending], ["Running", depth.running], ["Retry", depth.retry]])
      this.#set(title, count_text(value));
    this.#dead(depth.dead);
    this.#set("Oldest", depth.oldest_pending_seconds === null ? "" : span_text(depth.oldest_pending_seconds));
    this.#attempts("Done", ["done"], figures);
    this.#attempts("Failed", ["retry", "dead"], figures);
    if (this.#last_error !== depth.last_error) {
      this.#last_error = depth.last_error;
      this.#cells.get("Last error").replaceChildren(foreign(depth.last_error) ?? "");
    }
  }

  #set(title, text) {
    set_text(this.#cells.get(title), text);
    this.#cells.get(title).classList.toggle("zero", text === "0" || text === "");
  }

  #dead(count) {
    const cell = this.#cells.get("Dead");
    // No search finds those without a handler alone: a link would lead to all.
    if (count === 0 || this.name === "") return this.#set("Dead", count_text(count));
    set_text(this.dead_link, count_text(count));
    this.dead_link.setAttribute("aria-label", `${count_text(count)} dead deliveries of ${this.name}`);
    if (this.dead_link.parentNode !== cell) cell.replaceChildren(this.dead_link);
    cell.classList.remove("zero");
  }

  /// Since the daemon's start, and of late.
  #attempts(title, outcomes, figures) {
    const of = (outcome) => ({ handler: this.name, outcome });
    const total = outcomes.reduce((sum, each) =>
      sum + (figures.latest?.sum("outreachd_deliveries_total", of(each)) ?? 0), 0);
    const rate = outcomes.reduce((sum, each) =>
      sum + (figures.rate("outreachd_deliveries_total", of(each)) ?? 0), 0);
    this.#set(title, rate > 0 ? `${count_text(total)} (${rate_text(rate)})` : count_text(total));
  }
}

export class handler_table {
  #rows = new Map();

  constructor() {
    this.table = table("Handlers", COLUMNS);
    this.none = element("p", { class: "quiet", hidden: true }, "No handlers are configured on this host.");
    this.node = element("section", { class: "card", "aria-labelledby": "handlers_title" },
      element("h2", { id: "handlers_title" }, "Handlers"),
      this.table.node,
      this.none,
      element("p", { class: "quiet note" }, "Done and failed count attempts since the daemon's start."));
  }

  update(handlers, figures) {
    const names = Object.keys(handlers);
    this.none.hidden = names.length > 0;
    this.table.node.hidden = names.length === 0;
    for (const [name, row] of this.#rows) {
      if (Object.hasOwn(handlers, name)) continue;
      row.node.remove();
      this.#rows.delete(name);
    }
    names.forEach((name, at) => {
      if (!this.#rows.has(name)) this.#rows.set(name, new handler_row(name));
      const row = this.#rows.get(name);
      if (this.table.body.children[at] !== row.node)
        this.table.body.insertBefore(row.node, this.table.body.children[at] ?? null);
      row.update(handlers[name], figures);
    });
  }
}
