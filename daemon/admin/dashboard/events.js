/// The events that came, newest first, with a search.
import { ask_list, query } from "./asking.js";
import { element, fill, row, set_text, set_told, table } from "./element.js";
import { pages } from "./pages.js";
import { counted, foreign, foreign_link, resource_text, search_end, state, time } from "./words.js";
import { fields, search_form } from "./search_form.js";

const PAGE = 50;
const STATES = ["pending", "published", "done", "dead", "unrouted", "discarded"];
const COLUMNS = [["Received", "time"], ["Name", "text"], ["Resource", "text"], ["State", ""], ["Deliveries", "text wide"]];

/// An id that stands for a time: the API lists what was received before it.
export function id_at(rfc3339) {
  const milliseconds = new Date(rfc3339).getTime().toString(16).padStart(12, "0");
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7000-8000-000000000000`;
}

/// What the API is asked, for what the address of the view says.
export function to_query({ name, resource, handler, state: wanted, since, until, before }) {
  return query({ limit: PAGE, name, resource, handler, state: wanted, since,
    before: before ?? (until ? id_at(until) : null) });
}

export function delivery_text(of) {
  return [foreign(of.handler ?? "(no handler)", { limit: 40 }), " ", state(of.state)];
}

function event_row(event) {
  const deliveries = event.deliveries.map((each) => element("li", {}, delivery_text(each)));
  return row(COLUMNS,
    time(event.received_at),
    foreign_link(`#/events/${event.id}`, event.name),
    foreign(resource_text(event), { limit: 60 }) ?? "",
    state(event.state),
    deliveries.length === 0 ? "" : element("ul", { class: "inline" }, deliveries));
}

export class events {
  title = "Events";
  #parameters = {};
  #shown = null; // the parameters whose answer is on the page

  constructor(context) {
    this.context = context;
    this.heading = element("h1", { tabindex: -1 }, "Events");
    this.form = new search_form(context, "#/events",
      [fields.name(), fields.resource(), fields.state(STATES), fields.handler(), ...fields.times()]);
    this.summary = element("p", { class: "summary", role: "status", tabindex: -1 }, "Reading …");
    this.table = table("Events, newest first", COLUMNS);
    this.pages = new pages("#/events", PAGE);
    this.node = element("div", {}, this.heading, this.form.node,
      element("section", { class: "card", "aria-label": "Events" }, this.summary, this.table.node, this.pages.node));
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
    let answer;
    try {
      answer = await ask_list(`api/events${to_query(parameters)}`, signal);
    } catch (failed) {
      if (!signal.aborted) {
        set_text(this.summary, `Not read: ${failed.message}`);
        // What another search has found isn't this one's.
        if (parameters !== this.#shown) this.#show({ found: [], end: null }, parameters);
      }
      throw failed;
    }
    this.#show(answer, parameters);
    this.#shown = parameters;
    const { found, end } = answer;
    set_told(this.summary, ...(end ? search_end(counted(found.length, "event", "events"), end)
      : [found.length === 0 ? "No event is like that."
        : found.length === PAGE ? `${PAGE} events; there may be older ones.`
          : `${counted(found.length, "event", "events")}.`]));
  };

  #show({ found, end }, parameters) {
    fill(this.table.body, found, (each) => each.id, event_row);
    this.table.node.hidden = found.length === 0;
    this.pages.show(found, parameters, end);
  }

  end() {
    this.form.end();
  }
}
