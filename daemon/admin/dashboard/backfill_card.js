/// The backfill: whether something may be missing, what runs, how the last run went.
import { element, facts, fill, row, table } from "./element.js";
import { count_text, counted, foreign, time } from "./words.js";

const COLUMNS = [["Resource", "name"], ["Changed", "number"], ["Missing", "number"], ["Stored", "number"],
  ["Result", "text wide"]];

function sum_of(backfill, what) {
  return backfill.resources.reduce((sum, each) => sum + each[what], 0);
}

function state_text(backfill) {
  if (!backfill.running) return "idle";
  return element("span", {}, "running", backfill.waits_for && [", waits: ", foreign(backfill.waits_for)]);
}

/// What the run has counted, up to now or in all.
function counts_text(backfill) {
  const counts = [counted(sum_of(backfill, "listed"), "record changed", "records changed"),
    `${count_text(sum_of(backfill, "missing"))} missing`,
    backfill.dry_run ? "nothing stored: a dry run" : `${count_text(sum_of(backfill, "stored"))} stored`];
  return counts.join(", ");
}

function result_text(backfill) {
  const done = backfill.resources.filter((each) => each.done).length;
  const all = backfill.resources.length;
  return done === all ? "complete" : `not complete: ${count_text(done)} of ${counted(all, "resource", "resources")} compared`;
}

function gap_text({ gap_since, automatic }) {
  if (gap_since === null) return "none is known";
  return element("span", {}, "since ", time(gap_since), automatic
    ? ": fetched by itself, after a suspension once that is over"
    : [": fetched by ", element("code", {}, `outreachd backfill --since ${gap_since}`)]);
}

function facts_of(backfill) {
  const has_run = backfill.started_at !== undefined;
  return facts([
    ["State", state_text(backfill)],
    ["Gap", gap_text(backfill)],
    ["After a gap", backfill.automatic ? "runs by itself" : "runs when it is asked for"],
    [backfill.running ? "Begun" : "Last run", has_run
      ? element("span", {}, time(backfill.started_at), backfill.finished_at && [" to ", time(backfill.finished_at)])
      : "none since the daemon's start, or since its configuration of Outreach changed"],
    ["Looks at changes since", has_run && time(backfill.since)],
    ["Counts", has_run && counts_text(backfill)],
    ["Result", has_run && !backfill.running && result_text(backfill)],
  ].map(([term, value]) => [term, value || null]));
}

function resource_result(resource, running) {
  if (resource.problem !== null) return foreign(resource.problem, { limit: 400 });
  if (resource.done) return "compared";
  return running ? "not yet" : "not finished";
}

export class backfill_card {
  constructor() {
    this.facts = element("div");
    this.table = table("What the backfill compared", COLUMNS);
    this.node = element("section", { class: "card", "aria-labelledby": "backfill_title", hidden: true },
      element("h2", { id: "backfill_title" }, "Backfill"), this.facts, this.table.node);
  }

  /// `backfill`: the status's; undefined where none can run.
  update(backfill) {
    this.node.hidden = !backfill;
    if (!backfill) return;
    const told = JSON.stringify(backfill);
    if (told === this.facts.dataset.told) return;
    this.facts.dataset.told = told;
    this.facts.replaceChildren(facts_of(backfill));
    const { resources = [], running, dry_run } = backfill;
    this.table.node.hidden = resources.length === 0;
    fill(this.table.body, resources.map((each) => ({ ...each, running, dry_run })), (each) => each.resource, (each) =>
      row(COLUMNS, foreign(each.resource, { limit: 60 }) ?? "", count_text(each.listed), count_text(each.missing),
        each.dry_run ? "" : count_text(each.stored), resource_result(each, running)));
  }
}
