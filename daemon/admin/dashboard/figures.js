/// The charts' points, from the differences between one reading of `/metrics` and the next.

/// What must be 0, and what tells that requests in quarantine were lost.
export const UNACCOUNTED = "outreachd_unaccounted";
export const REFUSED_GENUINE = "outreachd_refused_genuine_total";
export const QUARANTINE_DROPPED = "outreachd_quarantine_dropped_total";

/// What the charts show, in milliseconds.
export const CHART_SPAN = 5 * 60 * 1000;
/// A rate or a quantile is of so long: few events make single steps jump.
const SPAN = 10 * 1000;
/// Longer without a reading, and the line breaks: the tab was hidden, or the daemon didn't answer. On a slow way the
/// pause alone is up to 30 s (loop.js), and an answer may take 10 s (asking.js).
const GAP = 45 * 1000;

/// The q-quantile of what was added to a histogram between two readings, in the bucket's middle part as
/// Prometheus' histogram_quantile has it. Null where nothing was added.
export function quantile(q, before, after) {
  const added = after.map(([bound, count], at) => [bound, count - (before[at]?.[1] ?? 0)]);
  const total = added.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  const rank = q * total;
  let lower_bound = 0;
  let lower_count = 0;
  for (const [bound, count] of added) {
    if (count >= rank && count > lower_count) {
      if (bound === Infinity) return lower_bound;
      return lower_bound + (bound - lower_bound) * ((rank - lower_count) / (count - lower_count));
    }
    lower_bound = bound;
    lower_count = count;
  }
  return null;
}

/// `received`: whether this host receives; one that only works counts what came by a queue.
function events_of(read, received) {
  return read.sum(received ? "outreachd_events_total" : "outreachd_taken_in_total") ?? 0;
}

export class figures {
  /// For the charts, oldest first: {at, events, p50, p99, pending, outbox}; a value is null where unknown.
  points = [];
  latest = null;
  #readings = [];

  /// Takes a reading of now.
  add(read, at, received) {
    const start = read.sum("process_start_time_seconds");
    if (at < this.#readings.at(-1)?.at) { // the browser's clock was set back
      this.#readings = [];
      this.points = this.points.filter((each) => each.at < at);
    }
    const last = this.#readings.at(-1);
    if (last && (last.start !== start || at - last.at > GAP)) {
      this.#readings = []; // another process counts from nothing
      this.points.push({ at: last.at + 1, events: null, p50: null, p99: null, pending: null, outbox: null });
    }
    this.#readings.push({ at, start, read });
    while (this.#readings.length > 2 && at - this.#readings[1].at >= SPAN) this.#readings.shift();
    this.latest = read;
    const first = this.#readings[0];
    const seconds = (at - first.at) / 1000;
    const point = { at, events: null, p50: null, p99: null };
    if (seconds > 0) {
      point.events = Math.max(0, events_of(read, received) - events_of(first.read, received)) / seconds;
      const before = first.read.buckets("outreachd_ack_seconds");
      const after = read.buckets("outreachd_ack_seconds");
      point.p50 = quantile(0.5, before, after);
      point.p99 = quantile(0.99, before, after);
    }
    point.pending = read.sum("outreachd_pending") ?? 0;
    point.outbox = read.sum("outreachd_outbox") ?? 0;
    this.points.push(point);
    while (this.points[0].at < at - CHART_SPAN) this.points.shift();
  }

  /// Per second, over the last readings; null before there are two.
  rate(name, labels) {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (!last || last.at === first.at) return null;
    const added = (last.read.sum(name, labels) ?? 0) - (first.read.sum(name, labels) ?? 0);
    return Math.max(0, added) / ((last.at - first.at) / 1000);
  }
}
