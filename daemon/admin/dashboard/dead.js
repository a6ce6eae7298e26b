/// Deliveries that were given up: why, and what to do about them.
import { ask_list, query } from "./asking.js";
import { all_dead_buttons, dead_buttons } from "./deliveries.js";
import { element, fill, row, set_text, set_told, table } from "./element.js";
import { pages } from "./pages.js";
import { fields, search_form } from "./search_form.js";
import { counted, foreign, foreign_link, plain, resource_text, search_end, time } from "./words.js";

const PAGE = 50;
const COLUMNS = [["Died", "time"], ["Handler", "name"], ["Event", "text"], ["Resource", "text"], ["Attempts", "number"],
  ["Reason", "text wide"], ["", "doing"]];

/// What a search narrows the list by, in words.
function words_of({ handler, name, resource, since }) {
  const died = /^\d+[a-z]+$/.test(since ?? "") ? `died within the last ${since}` : `died since ${since}`;
  return [handler && `handler ${handler}`, name && `name ${name}`, resource && `resource ${resource}`, since && died]
    .filter(Boolean).map(plain).join(", ");
}

export class dead {
  title = "Dead deliveries";
  #parameters = {};
  #shown = null;

  constructor(context) {
    this.context = context;
    this.heading = element("h1", { tabindex: -1 }, "Dead deliveries");
    this.form = new search_form(context, "#/dead",
      [fields.handler(), fields.name(), fields.resource(), ...fields.died()]);
    this.summary = element("p", { class: "summary", role: "status", tabindex: -1 }, "Reading …");
    this.said = element("p", { class: "said", role: "status" });
    this.all = element("p", { class: "actions", hidden: true },
      all_dead_buttons(() => this.#search(), this.said, () => context.again()));
    this.table = table("Dead deliveries, the newest event first", COLUMNS);
    this.pages = new pages("#/dead", PAGE);
    this.node = element("div", {}, this.heading,
      element("p", { class: "quiet" }, "Given up, since trying again was of no use or the attempts were used up. "
        + "The events are kept. Mend the cause, then replay."),
      this.form.node, this.said,
      element("section", { class: "card", "aria-label": "Dead deliveries" }, this.summary, this.all,
        this.table.node, this.pages.node));
  }

  #search() {
    const { handler, name, resource, since } = this.#parameters;
    const is_narrowed = Boolean(name || resource || since);
    const figures = this.context.pulse.figures.latest;
    return {
      search: { handler, name, resource, since },
      words: words_of({ handler, name, resource, since }),
      // Alone it also gives up what waits for a handler that is gone.
      handler: handler && !is_narrowed ? plain(handler) : null,
      in_all: is_narrowed ? null : figures?.sum("outreachd_dead", handler ? { handler } : {}) ?? null,
    };
  }

  show(parameters) {
    const is_anew = Object.keys(this.#parameters).length > 0 || this.#shown !== null;
    this.#parameters = parameters;
    this.form.show(parameters);
    set_text(this.summary, "Reading …");
    if (is_anew) this.summary.focus();
  }

  work = async (signal) => {
    const parameters = this.#parameters;
    const { search } = this.#search();
    let answer;
    try {
      answer = await ask_list(`api/dead${query({ limit: PAGE, ...search, before: parameters.before })}`, signal);
    } catch (failed) {
      if (!signal.aborted) {
        set_text(this.summary, `Not read: ${failed.message}`);
        // What another search has found isn't this one's. 404: what the last row of the page before was isn't dead any
        // more, so where this page is nobody knows; `Newest` leads on.
        if (parameters !== this.#shown || failed.status === 404) this.#show({ found: [], end: null }, parameters);
      }
      throw failed;
    }
    this.#show(answer, parameters);
    this.#shown = parameters;
    const { found, end } = answer;
    set_told(this.summary, ...(end ? search_end(counted(found.length, "delivery", "deliveries"), end)
      : [found.length === 0 ? "No delivery is dead."
        : found.length === PAGE ? `${PAGE} deliveries; there may be older ones.`
          : `${counted(found.length, "delivery", "deliveries")}.`]));
  };

  #show({ found, end }, parameters) {
    fill(this.table.body, found, (each) => each.id, (each) => this.#row(each));
    this.table.node.hidden = found.length === 0;
    const is_none = found.length === 0 && end === null;
    if (is_none && this.all.contains(document.activeElement)) this.summary.focus();
    this.all.hidden = is_none;
    this.pages.show(found, parameters, end);
  }

  #row(each) {
    return row(COLUMNS,
      time(each.died_at),
      foreign(each.handler, { limit: 60 }) ?? element("span", { class: "quiet" }, "(no handler)"),
      foreign_link(`#/events/${each.event_id}`, each.name),
      foreign(resource_text(each), { limit: 60 }) ?? "",
      String(each.attempts),
      foreign(each.reason) ?? "",
      element("span", { class: "actions" }, dead_buttons(each, this.said, () => this.context.again())));
  }

  end() {
    this.form.end();
  }
}
