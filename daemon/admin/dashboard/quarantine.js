/// Requests whose signature fitted no secret: list and one of them.
import { ask, change, query } from "./asking.js";
import { body_section } from "./body_section.js";
import { carry_out, confirm, is_busy } from "./confirming.js";
import { button, element, facts, fill, row, set_text, table } from "./element.js";
import { pages } from "./pages.js";
import { counted, foreign, size_text, time } from "./words.js";

const PAGE = 50;
const COLUMNS = [["Received", "time"], ["Request", "number"], ["Endpoint", "text"], ["From", "text"], ["Size", "number"],
  ["Reason", "text wide"], ["", "doing"]];

function discard_button(each, into, changed) {
  const made = button("Discard", async () => {
    if (is_busy(made)) return;
    const answer = await confirm({ title: `Discard request ${each.id}?`, yes: "Discard",
      text: "It is deleted, and can't become an event any more." });
    if (answer === null) return;
    const is_done = await carry_out(into, [made], async () => {
      await change(`api/quarantine/${each.id}/discard`);
      return `Request ${each.id} is discarded.`;
    });
    if (is_done) changed();
  }, { class: "grave", "aria-label": `Discard request ${each.id}`, "data-focus": "discard" });
  return made;
}

function recheck_button(into, changed) {
  const made = button("Check all again", async () => {
    if (is_busy(made)) return;
    await carry_out(into, [made], async () => {
      const done = await change("api/quarantine/recheck");
      const became = `${counted(done.recovered, "request has", "requests have")} become events, `
        + `${counted(done.quarantined, "request stays", "requests stay")} in quarantine`;
      return done.finished ? `${became}.` : `${became}; the check goes on.`;
    });
    changed();
  });
  return made;
}

export class quarantine {
  title = "Quarantine";
  #parameters = {};
  #shown = null;

  constructor(context) {
    this.context = context;
    this.heading = element("h1", { tabindex: -1 }, "Quarantine");
    this.summary = element("p", { class: "summary", role: "status", tabindex: -1 }, "Reading …");
    this.said = element("p", { class: "said", role: "status" });
    this.table = table("Requests in quarantine, newest first", COLUMNS);
    this.pages = new pages("#/quarantine", PAGE);
    this.node = element("div", {}, this.heading,
      element("p", { class: "quiet" }, "Nothing has been proved about these requests: a secret is wrong, or a stranger "
        + "found the URL. Add the right secret to the endpoint and reload: they are checked again, and what then "
        + "holds becomes an event."),
      element("p", { class: "actions" }, recheck_button(this.said, () => context.again())), this.said,
      element("section", { class: "card", "aria-label": "Requests" }, this.summary, this.table.node, this.pages.node));
  }

  show(parameters) {
    const is_anew = this.#shown !== null;
    this.#parameters = parameters;
    set_text(this.summary, "Reading …");
    if (is_anew) this.summary.focus();
  }

  work = async (signal) => {
    const parameters = this.#parameters;
    let found;
    try {
      found = await ask(`api/quarantine${query({ limit: PAGE, before: parameters.before })}`, signal);
    } catch (failed) {
      if (!signal.aborted) {
        set_text(this.summary, `Not read: ${failed.message}`);
        // What another page held isn't this one's.
        if (parameters !== this.#shown) this.#show([], parameters);
      }
      throw failed;
    }
    this.#show(found, parameters);
    this.#shown = parameters;
    set_text(this.summary, found.length === 0 ? "No request is in quarantine."
      : found.length === PAGE ? `${PAGE} requests; there may be older ones.`
        : `${counted(found.length, "request", "requests")}.`);
  };

  #show(found, { before }) {
    fill(this.table.body, found, (each) => each.id, (each) => this.#row(each));
    this.table.node.hidden = found.length === 0;
    this.pages.show(found, { before });
  }

  #row(each) {
    return row(COLUMNS,
      time(each.received_at),
      element("a", { href: `#/quarantine/${each.id}`, "data-focus": "request" }, each.id),
      foreign(each.endpoint, { limit: 60 }) ?? "",
      foreign(each.peer) ?? "",
      size_text(each.size),
      foreign(each.reason) ?? "",
      discard_button(each, this.said, () => this.context.again()));
  }

  end() {}
}

export class quarantined_request {
  title = "Request in quarantine";
  #shown = null; // the request, once it was read
  #is_gone = false;

  constructor(context, [id]) {
    this.context = context;
    this.id = id;
    this.heading = element("h1", { tabindex: -1 }, `Request ${id} in quarantine`);
    this.unread = element("p", { class: "said", role: "status" }, "Reading …");
    this.said = element("p", { class: "said", role: "status" });
    this.actions = element("p", { class: "actions" });
    this.whole = element("div");
    this.node = element("div", {}, element("p", {}, element("a", { href: "#/quarantine" }, "All requests")),
      this.heading, element("p", { class: "quiet" }, "Nothing has been proved about it."), this.unread, this.said,
      this.whole);
  }

  show() {}

  /// Read once: it doesn't change. Whether it is still there the list tells, without its body.
  work = async (signal) => {
    if (this.#is_gone) return;
    try {
      if (this.#shown !== null) this.#is_gone = !(await this.#is_listed(this.#shown, signal));
      else this.#show(await ask(`api/quarantine/${encodeURIComponent(this.id)}`, signal));
      set_text(this.unread, this.#is_gone
        ? "It is in quarantine no more: it has become an event, was discarded, or had to make room." : "");
      this.unread.classList.remove("bad");
      if (this.#is_gone) {
        if (this.actions.contains(document.activeElement)) this.heading.focus();
        this.actions.replaceChildren();
      }
    } catch (failed) {
      if (!signal.aborted) {
        set_text(this.unread, failed.message);
        this.unread.classList.add("bad");
      }
      throw failed;
    }
  };

  async #is_listed({ id, received_at }, signal) {
    const [newest] = await ask(`api/quarantine${query({ limit: 1, before: Number(id) + 1 })}`, signal);
    return newest?.id === id && newest.received_at === received_at;
  }

  #show(request) {
    this.#shown = request;
    this.actions.replaceChildren(discard_button(request, this.said, () => {
      // It may have been left meanwhile.
      if (this.node.isConnected) this.context.go("#/quarantine");
    }));
    this.whole.replaceChildren(
      element("section", { class: "card", "aria-label": "What came" }, facts([
        ["Received", time(request.received_at, true)],
        ["Endpoint", foreign(request.endpoint)],
        ["From", foreign(request.peer)],
        ["Reason", foreign(request.reason)],
        ["Size", size_text(request.size)],
        ["Content type", foreign(request.content_type)],
        ["Outreach's event id", foreign(request.outreach_event_id)],
      ]), this.actions),
      ...body_section(request).filter(Boolean));
  }

  end() {}
}
