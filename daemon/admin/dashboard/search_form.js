/// The form over a list: what is searched for stands in the page's address.
import { query } from "./asking.js";
import { button, element } from "./element.js";

const SPANS = [["", "any time"], ["15m", "last 15 minutes"], ["1h", "last hour"], ["24h", "last 24 hours"],
  ["7d", "last 7 days"], ["between", "between …"]];

let made = 0;

function labelled(title, input, hint = null) {
  made += 1;
  input.id = `field_${made}`;
  return element("div", { class: "field" }, element("label", { for: input.id }, title), input,
    hint === null ? null : element("span", { class: "quiet hint" }, hint));
}

function options(pairs) {
  return pairs.map(([value, text]) => element("option", { value }, text ?? ""));
}

/// Gives a choice or a list of proposals its options, where they aren't those that it has.
function offer(to, pairs) {
  const values = pairs.map(([value]) => value);
  if ([...to.querySelectorAll("option")].map((each) => each.value).join("\n") !== values.join("\n"))
    to.replaceChildren(...options(pairs));
}

/// A text field or a choice that stands for one parameter.
function simple(parameter, title, input) {
  return {
    nodes: [labelled(title, input)],
    read: () => ({ [parameter]: input.value.trim() }),
    show: (parameters) => {
      input.value = parameters[parameter] ?? "";
    },
  };
}

function local_text(rfc3339) {
  const date = new Date(rfc3339);
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return Number.isNaN(date.getTime()) ? "" : shifted.toISOString().slice(0, 19);
}

function to_rfc3339(local) {
  return local === "" ? null : new Date(local).toISOString();
}

/// When what is searched for was. `has_end`: with an until, too.
function times(name, has_end) {
  const span = element("select", {}, options(SPANS));
  const from = element("input", { type: "datetime-local", step: 1 });
  const until = element("input", { type: "datetime-local", step: 1 });
  const between = [labelled("From", from), ...(has_end ? [labelled("Until", until)] : [])];
  const show_between = () => between.forEach((each) => {
    each.hidden = span.value !== "between";
  });
  span.addEventListener("change", show_between);
  return {
    nodes: [labelled(name, span), ...between],
    read: () => (span.value === "between"
      ? { since: to_rfc3339(from.value), until: to_rfc3339(until.value) }
      : { since: span.value, until: null }),
    show: ({ since, until: end }) => {
      const is_span = !end && SPANS.some(([value]) => value === (since ?? ""));
      span.value = is_span ? since ?? "" : "between";
      from.value = is_span || !since ? "" : local_text(since);
      until.value = end ? local_text(end) : "";
      show_between();
    },
  };
}

export const fields = {
  /// Offers the names that have come.
  name() {
    made += 1;
    const list = element("datalist", { id: `names_${made}` });
    const input = element("input", { type: "search", list: list.id, placeholder: "task.completed or task.*", spellcheck: "false",
      autocomplete: "off" });
    const field = simple("name", "Name", input);
    field.nodes[0].append(list);
    field.update = ({ figures }) => offer(list, (figures.latest?.all("outreachd_events_total") ?? [])
      .filter((each) => each.value > 0 && each.labels.name !== "other").map((each) => [each.labels.name]));
    return field;
  },

  resource() {
    return simple("resource", "Resource",
      element("input", { type: "search", placeholder: "task or task:123", spellcheck: "false", autocomplete: "off" }));
  },

  state(states) {
    return simple("state", "State",
      element("select", {}, options([["", "any"], ...states.map((each) => [each, each])])));
  },

  /// The handlers that there are, and the one that is asked for, be it gone.
  handler() {
    const select = element("select", {}, options([["", "any"]]));
    const field = simple("handler", "Handler", select);
    let names = [];
    let wanted = "";
    const offer_all = () => {
      const value = select.value;
      const all = names.includes(wanted) || wanted === "" ? names : [...names, wanted];
      offer(select, [["", "any"], ...all.map((each) => [each, each])]);
      select.value = value;
    };
    field.update = ({ status }) => {
      names = Object.keys(status?.handlers ?? {}).filter((each) => each !== "");
      offer_all();
    };
    field.show = (parameters) => {
      wanted = parameters.handler ?? "";
      offer_all();
      select.value = wanted;
    };
    return field;
  },

  times: () => [times("Received", true)],
  died: () => [times("Died", false)],
};

export class search_form {
  constructor(context, path, parts) {
    this.context = context;
    this.parts = parts;
    const go = (parameters) => context.go(`${path}${query(parameters)}`);
    this.node = element("form", { class: "search card", role: "search", on: {
      submit: (event) => {
        event.preventDefault();
        go(Object.assign({}, ...parts.map((each) => each.read())));
      },
    } }, parts.flatMap((each) => each.nodes),
    element("div", { class: "field actions" },
      element("button", { type: "submit", class: "strong" }, "Search"),
      button("Clear", () => go({}))));
    const update = () => parts.forEach((each) => each.update?.(context.pulse));
    context.pulse.watch(this, update);
    update();
  }

  show(parameters) {
    for (const each of this.parts) each.show(parameters);
  }

  end() {
    this.context.pulse.leave(this);
  }
}
