/// The webhooks at Outreach: whether each sends, and what to do about one that doesn't.
import { element, fill, row, table } from "./element.js";
import { counted, foreign, state, time } from "./words.js";

const COLUMNS = [["Resource", "name"], ["Action", "name"], ["State", "text wide"], ["Id", "name"], ["What to do", "text wide"]];

function state_of(webhook) {
  if (webhook.id === null) return "missing";
  if (webhook.disabled_reason !== null) return "suspended";
  return webhook.active ? "active" : "inactive";
}

/// The state's word, and what it means.
function state_cell(webhook) {
  const word = state_of(webhook);
  const cell = element("span", {}, state(word));
  if (word === "missing") cell.append(" configured, but not there");
  if (word === "suspended" && webhook.disabled_since !== null) cell.append(" since ", time(webhook.disabled_since));
  if (word === "suspended") cell.append(" because: ", foreign(webhook.disabled_reason));
  if (word === "inactive") cell.append(" sends nothing");
  return cell;
}

/// Null where nothing is to be done.
function advice(webhook) {
  const word = state_of(webhook);
  const command = (name) => element("code", {}, `outreachd webhooks ${name}`);
  if (!webhook.configured)
    return element("span", {}, command("plan"), " says what would become of it: ", element("code", {}, "webhooks.subscribe"),
      " doesn't name it.");
  if (word === "active") return null;
  return element("span", {}, command("apply"), word === "missing" ? " makes it." : " makes it active again.");
}

function webhook_row(webhook) {
  const name = (text) => foreign(text, { limit: 30 }) ?? ""; // such a column is as wide as its longest word
  return row(COLUMNS, name(webhook.resource), name(webhook.action), state_cell(webhook), name(webhook.id),
    advice(webhook) ?? "");
}

function summary_of({ looked_at, list, left_out }) {
  if (looked_at === null) return ["Nobody has looked yet: that is done soon after the start, then every minute."];
  const sending = list.filter((each) => state_of(each) === "active").length;
  const shown = left_out === 0 ? "" : ` ${counted(left_out, "more isn't", "more aren't")} shown.`;
  return [`${sending} of ${counted(list.length, "webhook sends", "webhooks send")}; last look `, time(looked_at), `.${shown}`];
}

export class webhooks_card {
  #problem = null;

  constructor() {
    this.summary = element("p", { class: "summary" });
    this.problem = element("p", { class: "bad", hidden: true });
    this.table = table("Webhooks at Outreach, those that send nothing first", COLUMNS);
    this.node = element("section", { class: "card", "aria-labelledby": "webhooks_title", hidden: true },
      element("h2", { id: "webhooks_title" }, "Webhooks at Outreach"), this.summary, this.problem, this.table.node);
  }

  /// `webhooks`: the status's; undefined where none are configured.
  update(webhooks) {
    this.node.hidden = !webhooks;
    if (!webhooks) return;
    const told = JSON.stringify([webhooks.looked_at, webhooks.list.map(state_of), webhooks.left_out]);
    if (told !== this.summary.dataset.told) {
      this.summary.dataset.told = told;
      this.summary.replaceChildren(...summary_of(webhooks));
    }
    this.problem.hidden = webhooks.problem === null;
    if (webhooks.problem !== this.#problem) {
      this.#problem = webhooks.problem;
      this.problem.replaceChildren("Nothing newer is known: ", foreign(webhooks.problem, { limit: 600 }) ?? "");
    }
    this.table.node.hidden = webhooks.list.length === 0;
    fill(this.table.body, webhooks.list, (each) => each.id ?? `${each.resource}.${each.action}`, webhook_row);
  }
}
