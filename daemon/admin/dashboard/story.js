/// An event's whole story: what came, when, where it went, each attempt, its body.
import { ask, query } from "./asking.js";
import { body_section } from "./body_section.js";
import { dead_buttons, replay_event_button } from "./deliveries.js";
import { button, element, facts, fill, row, set_text, set_told, table } from "./element.js";
import { counted, foreign, foreign_link, latency_text, resource_text, size_text, state, time } from "./words.js";

const DELIVERIES = [["Handler", "name"], ["State", ""], ["Attempts", "number"], ["Next or ended", "time"],
  ["Reason", "text wide"], ["Last answer", "text wide"], ["", "doing"]];
const ATTEMPTS = [["Started", "time"], ["Handler", "name"], ["No.", "number"], ["Took", "number"], ["Outcome", ""],
  ["Reason", "text wide"]];
/// The story of a larger event is read when that is asked for: each reading brings the body.
const READ_AGAIN_MAX = 256 * 1024;

/// How it came here, and so what proves it.
const ORIGINS = {
  signed: "signed, and the signature held",
  unsigned: "unsigned: nothing proves who sent it",
  fetched: "fetched by a backfill from Outreach's API",
  queue: "from a work queue: whoever may publish there is believed",
};
const DELIVERED = { signed: "Sent by Outreach", fetched: "Changed at Outreach" };

function whole_facts(event) {
  const resource = resource_text(event);
  return facts([
    ["Id", element("code", {}, event.id)],
    ["Resource", resource && foreign_link(`#/events${query({ resource })}`, resource, 160)],
    ["Action", foreign(event.action)],
    ["Came", ORIGINS[event.origin]],
    ["Received", time(event.received_at, true)],
    ["Stored", time(event.stored_at, true)],
    [DELIVERED[event.origin] ?? "Sent, as its body says", time(event.delivered_at, true)],
    ["Published", time(event.published_at, true)],
    ["Not published", foreign(event.unpublished_reason)],
    ["Endpoint", foreign(event.endpoint)],
    ["Source", foreign(event.source)],
    ["Content type", foreign(event.content_type)],
    ["Outreach's event id", foreign(event.outreach_event_id)],
    ["Job", foreign(event.job_id)],
    ["Size", size_text(event.size)],
  ]);
}

export class story {
  title = "Event";
  #event = null;

  constructor(context, [id]) {
    this.context = context;
    this.id = id;
    this.heading = element("h1", { tabindex: -1 }, "Event");
    this.state = element("p", { class: "beside" });
    this.as_of = element("p", { class: "quiet", hidden: true }, this.read_at = element("span"), " ",
      button("Read again", this.#changed));
    this.unread = element("p", { class: "said", role: "status" }, "Reading …");
    this.said = element("p", { class: "said", role: "status" });
    this.actions = element("p", { class: "actions" });
    this.facts = element("div");
    this.deliveries = table("Deliveries", DELIVERIES);
    this.attempts = table("Attempts", ATTEMPTS);
    this.no_deliveries = element("p", { class: "quiet" });
    this.ids = element("details", {}, element("summary", {}, "Delivery ids"), element("ul", { class: "ids" }));
    this.attempts_section = element("section", { class: "card", "aria-label": "Attempts" },
      element("h2", {}, "Attempts"), this.left_out = element("p", { class: "quiet" }), this.attempts.node);
    this.whole = element("div", { hidden: true },
      element("section", { class: "card", "aria-label": "What came" }, this.facts, this.actions),
      element("section", { class: "card", "aria-label": "Deliveries" }, element("h2", {}, "Deliveries"),
        this.no_deliveries, this.deliveries.node, this.ids),
      this.attempts_section, this.body = element("div"));
    this.node = element("div", {}, element("p", {}, element("a", { href: "#/events" }, "All events")),
      this.heading, this.state, this.as_of, this.unread, this.said, this.whole);
  }

  show() {}

  work = async (signal) => {
    if (this.#event !== null && this.#event.size > READ_AGAIN_MAX && !this.is_asked) return;
    try {
      const event = await ask(`api/events/${encodeURIComponent(this.id)}`, signal);
      this.is_asked = false;
      this.#show(event);
      this.#say_unread("");
    } catch (failed) {
      if (!signal.aborted) this.#say_unread(failed.message);
      throw failed;
    }
  };

  /// What came of a change stands beside it.
  #say_unread(text) {
    set_text(this.unread, text);
    this.unread.classList.toggle("bad", text !== "");
  }

  #changed = () => {
    this.is_asked = true;
    this.context.again();
  };

  #show(event) {
    const is_first = this.#event === null;
    this.#event = event;
    this.whole.hidden = false;
    if (is_first) {
      this.heading.replaceChildren(foreign(event.name, { limit: 120 }));
      this.actions.append(replay_event_button(event, this.said, this.#changed));
      this.body.replaceChildren(...body_section(event).filter(Boolean));
    }
    set_told(this.state, state(event.state));
    this.as_of.hidden = event.size <= READ_AGAIN_MAX;
    if (!this.as_of.hidden) this.read_at.replaceChildren("As of ", time(new Date().toISOString()),
      ": so large an event isn't read again by itself.");
    const told = JSON.stringify([event.published_at, event.unpublished_reason]);
    if (told !== this.facts.dataset.told) {
      this.facts.dataset.told = told;
      this.facts.replaceChildren(whole_facts(event));
    }
    fill(this.deliveries.body, event.deliveries, (each) => each.id, (each) => this.#delivery_row(each));
    fill(this.ids.lastChild, event.deliveries.map(({ id, handler }) => ({ id, handler })), (each) => each.id, (each) =>
      element("li", {}, foreign(each.handler) ?? "(no handler)", " ", element("code", {}, each.id)));
    this.ids.hidden = event.deliveries.length === 0;
    this.deliveries.node.hidden = event.deliveries.length === 0;
    this.no_deliveries.hidden = event.deliveries.length > 0;
    this.no_deliveries.textContent = event.state === "unrouted" ? "No route takes this event; it is kept."
      : "There are none on this host.";
    fill(this.attempts.body, event.attempts, (each) => `${each.handler} ${each.number} ${each.started_at}`,
      (each) => row(ATTEMPTS, time(each.started_at, true), foreign(each.handler) ?? "", String(each.number),
        latency_text(each.took_seconds), state(each.outcome), foreign(each.reason) ?? ""));
    this.left_out.hidden = event.attempts_left_out === 0;
    this.left_out.textContent = event.attempts_left_out === 0 ? ""
      : `${counted(event.attempts_left_out, "older one is", "older ones are")} left out.`;
    this.attempts_section.hidden = event.attempts.length === 0;
  }

  #delivery_row(each) {
    return row(DELIVERIES,
      foreign(each.handler) ?? element("span", { class: "quiet" }, "(no handler)"),
      state(each.state),
      String(each.attempts),
      time(each.next_attempt_at ?? each.finished_at) ?? "",
      foreign(each.reason) ?? "",
      foreign(each.last_answer, { tag: "pre" }) ?? "",
      each.state === "dead" ? element("span", { class: "actions" }, dead_buttons(each, this.said, this.#changed)) : "");
  }

  end() {}
}
