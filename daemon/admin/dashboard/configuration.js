/// The configuration in force, as far as the daemon shows it: without what is secret.
import { ask } from "./asking.js";
import { element, facts, row, set_text, table } from "./element.js";
import { counted, foreign } from "./words.js";

const HANDLERS = [["Handler", "name"], ["Type", ""], ["Leads to", "text wide"], ["Threads", "number"], ["Timeout", "number"],
  ["Order", ""], ["Attempts", "text"]];
const ROUTES = [["Match", "text wide"], ["Where", "text wide"], ["To", "text wide"]];

/// A key as words: `idle_timeout`, `idle timeout`.
function title(key) {
  return key.replaceAll("_", " ");
}

function text_of(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(text_of).join(", ");
  return String(value);
}

/// The members of an object, those of objects in it behind the name of these: `limits: body`.
function pairs_of(section, before = "") {
  const is_section = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  return Object.entries(section).flatMap(([key, value]) => (is_section(value)
    ? pairs_of(value, `${before}${title(key)}: `)
    : [[before + title(key), foreign(text_of(value))]]));
}

function card(heading, ...contents) {
  return element("section", { class: "card", "aria-label": heading }, element("h2", {}, heading), contents);
}

/// Where a handler leads, and what of its own keys says more.
function destination(of) {
  switch (of.type) {
    case "http": return [`${of.method} ${of.url}`, of.format, of.sign && "signed",
      of.headers.length > 0 && `headers ${of.headers.join(", ")}`, of.body && "a body of its own"];
    case "exec": return [of.program, of.arguments > 0 && counted(of.arguments, "argument", "arguments"),
      of.env.length > 0 && `variables ${of.env.join(", ")}`];
    case "file": return [of.path, of.fsync && "flushed"];
    case "amqp": return [`exchange ${of.exchange || "(default)"}`, `routing key ${of.routing_key}`, ...of.uri];
    case "outreach": return of.steps.map((each) => each.request);
    default: return [of.level && `level ${of.level}`];
  }
}

function handlers_card(handlers) {
  const list = table("Handlers", HANDLERS);
  list.body.append(...Object.entries(handlers).map(([name, of]) => row(HANDLERS,
    foreign(name), of.type, foreign(destination(of).filter(Boolean).join("; "), { limit: 400 }) ?? "",
    String(of.concurrency), of.timeout, of.ordering,
    `${of.retry.attempts}, ${of.retry.initial} × ${of.retry.factor} up to ${of.retry.max}`)));
  return card("Handlers", list.node);
}

function routes_card(routes) {
  const list = table("Routes", ROUTES);
  list.body.append(...routes.map((each) => row(ROUTES,
    foreign(each.match.join(", ")) ?? "", foreign(each.where) ?? "", foreign(each.to.join(", ")) ?? "")));
  return card("Routes", list.node);
}

export class configuration {
  title = "Configuration";
  #told = null;
  #is_unread = true; // as `said` says

  constructor() {
    this.heading = element("h1", { tabindex: -1 }, "Configuration in force");
    this.said = element("p", { class: "said", role: "status" }, "Reading …");
    this.whole = element("div");
    this.node = element("div", {}, this.heading,
      element("p", { class: "quiet" }, "Secrets aren't shown, nor what they may stand in: the values of headers and "
        + "variables, a program's arguments, bodies, all of a handler's URL behind the host."),
      this.said, this.whole);
  }

  show() {}

  work = async (signal) => {
    let all;
    try {
      all = await ask("api/configuration", signal);
    } catch (failed) {
      if (!signal.aborted) {
        set_text(this.said, failed.message);
        this.#is_unread = true;
      }
      throw failed;
    }
    const told = JSON.stringify(all);
    const is_new = told !== this.#told;
    if (this.#is_unread || is_new) set_text(this.said, is_new && this.#told !== null ? "It was loaded anew." : "");
    this.#is_unread = false;
    if (!is_new) return;
    this.#told = told;
    this.#show(all);
  };

  #show(all) {
    const { listen, endpoints, store, queue, outreach, webhooks, backfill, handlers, routes } = all;
    const { roles, shutdown_timeout, admin, log } = all;
    this.whole.replaceChildren(...[
      handlers_card(handlers),
      routes_card(routes),
      ...endpoints.map((each) => card(`Endpoint ${each.path}`, facts(pairs_of(each)))),
      card("Listen", facts(pairs_of(listen))),
      card("Store", facts(pairs_of(store))),
      card("Queue", facts(pairs_of(queue))),
      outreach && card("Outreach", facts(pairs_of(outreach))),
      webhooks && card("Webhooks", facts(pairs_of(webhooks))),
      outreach && card("Backfill", facts(pairs_of(backfill))),
      card("Daemon", facts(pairs_of({ roles, shutdown_timeout, admin, log }))),
    ].filter(Boolean));
  }

  end() {}
}
