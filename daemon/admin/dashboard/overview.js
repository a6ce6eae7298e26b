/// The first view: is all well, how much comes, how fast it is answered, what waits.
import { backfill_card } from "./backfill_card.js";
import { chart } from "./chart.js";
import { element, facts, set_text } from "./element.js";
import { CHART_SPAN, QUARANTINE_DROPPED, REFUSED_GENUINE, UNACCOUNTED } from "./figures.js";
import { handler_table } from "./handler_table.js";
import { webhooks_card } from "./webhooks_card.js";
import { count_text, foreign, latency_text, rate_text, span_text } from "./words.js";

function make_charts(has_broker) {
  return [
    new chart({
      title: "Events per second",
      note: "Events taken, over the last 10 s.",
      series: [{ name: "events", title: "taken" }],
      span: CHART_SPAN, text: rate_text, least: 1,
    }),
    new chart({
      title: "Time to answer",
      note: "From accept, or the request's first byte, to the 200: estimated from a histogram, over the last 10 s.",
      series: [{ name: "p99", title: "p99" }, { name: "p50", title: "p50" }],
      span: CHART_SPAN, text: latency_text, least: 0.005,
    }),
    new chart({
      title: has_broker ? "Outbox and deliveries" : "Deliveries that wait",
      note: has_broker ? "Events that wait for the broker; deliveries that are neither done nor dead."
        : "Deliveries that are neither done nor dead.",
      series: [
        ...(has_broker ? [{ name: "outbox", title: "outbox" }] : []),
        { name: "pending", title: "deliveries" },
      ],
      span: CHART_SPAN,
      text: (value) => (value === null || value === undefined ? "–" : count_text(value)),
      least: 10,
    }),
  ];
}

/// A figure with its name, and a word where it isn't as it should be.
class tile {
  constructor(title, hint, href = null) {
    this.value = element("span", { class: "value" }, "–");
    this.word = element("span", { class: "word" });
    this.node = element("li", { class: "tile", title: hint },
      element("span", { class: "title" }, href === null ? title : element("a", { href }, title)),
      this.value, this.word);
  }

  update(text, word = "", kind = "") {
    set_text(this.value, text);
    set_text(this.word, word);
    this.node.className = `tile ${kind}`;
  }
}

function connection_text(link) {
  if (!link.connected) return "not connected";
  return link.node ? `connected to ${link.node}` : "connected";
}

export class overview {
  title = "Overview";
  #charts = [];
  #has_broker = null;

  constructor(context) {
    this.context = context;
    this.heading = element("h1", { tabindex: -1, class: "unseen" }, "Overview");
    this.reasons = element("section", { class: "card", "aria-label": "What is wrong", hidden: true });
    this.tiles = {
      unaccounted: new tile("Unaccounted", "Events received, less those with a known fate: 0 where none is lost"),
      refused: new tile("Genuine, refused", "Requests whose signature held and that were refused all the same: 0"),
      dead: new tile("Dead", "Deliveries that were given up, and are kept", "#/dead"),
      unrouted: new tile("Unrouted", "Events that no route takes, and that are kept", "#/events?state=unrouted"),
      quarantined: new tile("Quarantine", "Requests whose signature fitted no secret", "#/quarantine"),
      certificate: new tile("Certificate", "Until the certificate in use expires"),
      webhooks: new tile("Webhooks off", "Webhooks at Outreach that lead here and send nothing"),
    };
    this.charts = element("div", { class: "charts" });
    this.handlers = new handler_table();
    this.webhooks = new webhooks_card();
    this.backfill = new backfill_card();
    this.broker = element("section", { class: "card", "aria-label": "Broker", hidden: true });
    this.answers = element("section", { class: "card", "aria-labelledby": "answers_title" });
    this.node = element("div", {}, this.heading, this.reasons,
      element("ul", { class: "tiles", "aria-label": "In short" },
        Object.values(this.tiles).map((each) => each.node)),
      this.charts, this.handlers.node, this.webhooks.node, this.backfill.node, this.broker, this.answers);
    this.context.pulse.watch(this, () => this.update());
  }

  show() {
    this.update();
  }

  /// The pulse brings all that is shown here.
  work = null;

  end() {
    this.context.pulse.leave(this);
    this.#charts.forEach((each) => each.end());
  }

  update() {
    const { status, figures } = this.context.pulse;
    if (!status || !figures.latest) return;
    this.#show_reasons(status);
    this.#show_tiles(status, figures.latest);
    this.#show_charts(Boolean(status.broker), figures);
    this.handlers.update(status.handlers, figures);
    this.webhooks.update(status.webhooks);
    this.backfill.update(status.backfill);
    this.#show_broker(status.broker);
    this.#show_answers(figures.latest);
  }

  #show_reasons(status) {
    const told = JSON.stringify([status.ready, status.reasons]);
    if (told === this.reasons.dataset.told) return;
    this.reasons.dataset.told = told;
    this.reasons.hidden = status.reasons.length === 0;
    this.reasons.className = `card reasons ${status.ready ? "warn" : "bad"}`;
    this.reasons.replaceChildren(
      element("h2", {}, status.ready ? "Ready, but" : "Not ready"),
      element("ul", {}, status.reasons.map((each) => element("li", {}, foreign(each, { limit: 600 })))));
  }

  #show_tiles(status, latest) {
    const promised = (at, value, kept) => (value === null ? at.update("unknown", "not in the metrics", "bad")
      : at.update(count_text(value), value === 0 ? kept : "should be 0", value === 0 ? "good" : "bad"));
    promised(this.tiles.unaccounted, latest.sum(UNACCOUNTED), "as promised");
    promised(this.tiles.refused, latest.sum(REFUSED_GENUINE), "since the start");
    const kept = (at, value, word) => at.update(count_text(value), value === 0 ? "" : word, value === 0 ? "" : "warn");
    kept(this.tiles.dead, latest.sum("outreachd_dead") ?? 0, "to look at");
    kept(this.tiles.unrouted, status.unrouted, "kept, not delivered");
    const dropped = latest.sum(QUARANTINE_DROPPED) ?? 0;
    if (dropped === 0) kept(this.tiles.quarantined, status.quarantined, "is a secret wrong?");
    else this.tiles.quarantined.update(count_text(status.quarantined), `${count_text(dropped)} lost since the start`, "bad");
    const expires_in = latest.sum("outreachd_certificate_expiry_seconds");
    this.tiles.certificate.node.hidden = expires_in === null;
    if (expires_in !== null) {
      if (expires_in <= 0) this.tiles.certificate.update("expired", "renew it", "bad");
      else this.tiles.certificate.update(span_text(expires_in), expires_in < 14 * 86400 ? "expires soon" : "left",
        expires_in < 14 * 86400 ? "warn" : "");
    }
    const disabled = latest.sum("outreachd_webhooks_disabled");
    this.tiles.webhooks.node.hidden = !disabled;
    if (disabled) this.tiles.webhooks.update(count_text(disabled), "send nothing", "bad");
  }

  #show_charts(has_broker, figures) {
    if (has_broker !== this.#has_broker) {
      this.#has_broker = has_broker;
      this.#charts.forEach((each) => each.end());
      this.#charts = make_charts(has_broker);
      this.charts.replaceChildren(...this.#charts.map((each) => each.node));
    }
    const until = figures.points.at(-1).at;
    this.#charts.forEach((each) => each.draw(figures.points, until));
  }

  #show_broker(broker) {
    this.broker.hidden = !broker;
    if (!broker) return;
    const told = JSON.stringify(broker);
    if (told === this.broker.dataset.told) return;
    this.broker.dataset.told = told;
    const { relay, intake } = broker;
    this.broker.replaceChildren(element("h2", {}, "RabbitMQ"), facts([
      ["To the broker", relay && connection_text(relay)],
      ["Published", relay && count_text(relay.published)],
      ["In flight", relay && count_text(relay.in_flight)],
      ["Refused", relay && relay.refused > 0 && count_text(relay.refused)],
      ["From the broker", intake && connection_text(intake)],
      ["Work queues", intake && (intake.work_queues.join(", ") || "none")],
      ["Taken in", intake && count_text(intake.taken)],
      ["Repeats dropped", intake && intake.repeats > 0 && count_text(intake.repeats)],
    ].map(([term, value]) => [term, value || null])));
  }

  #show_answers(latest) {
    const sums = new Map();
    for (const { labels, value } of latest.all("outreachd_requests_total"))
      sums.set(labels.outcome, (sums.get(labels.outcome) ?? 0) + value);
    const told = JSON.stringify([...sums]);
    if (told === this.answers.dataset.told) return;
    this.answers.dataset.told = told;
    this.answers.hidden = sums.size === 0;
    const shown = [...sums].filter(([outcome, value]) => value > 0 || outcome === "accepted")
      .sort((left, right) => right[1] - left[1]);
    this.answers.replaceChildren(
      element("h2", { id: "answers_title" }, "Requests since the start"),
      facts(shown.map(([outcome, value]) => [outcome.replaceAll("_", " "), count_text(value)])));
  }
}
