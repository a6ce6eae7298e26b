/// A chart of the last minutes: lines over time, with their figures beside them as text.
import { element, svg, set_text } from "./element.js";
import { time_text } from "./words.js";

const HEIGHT = 132;
const LEFT = 52;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;

/// The least of 1, 2, 2.5, 5 times a power of ten that isn't below `value`.
export function round_up(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((each) => each >= value * (1 - 1e-9));
}

/// Runs of neighbouring points that have a value, as [x, y] pairs.
function runs_of(points, name, x, y) {
  const runs = [];
  let run = null;
  for (const point of points) {
    const value = point[name];
    if (value === null || value === undefined) {
      run = null;
      continue;
    }
    if (run === null) runs.push((run = []));
    run.push([x(point.at), y(value)]);
  }
  return runs;
}

function path_of(run) {
  return run.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/// `series`: [{name, title}], the first drawn with its area where it is the only one; `text` writes a value;
/// `least` is the lowest top of the scale.
export class chart {
  #points = [];
  #until = 0;
  #hovered = null; // a time

  constructor({ title, note, series, span, text, least }) {
    Object.assign(this, { title, series, span, text, least });
    this.drawing = svg("svg", { class: "drawing", role: "img", height: HEIGHT });
    this.when = element("span", { class: "quiet" });
    this.figures = series.map(() => element("span", { class: "figure" }, "–"));
    const legend = series.map((each, at) => element("span", { class: `key series_${at}` },
      svg("svg", { class: "sample", width: 18, height: 8, "aria-hidden": "true" },
        svg("line", { x1: 0, y1: 4, x2: 18, y2: 4, class: `line series_${at}` })),
      element("span", { class: "quiet" }, each.title), this.figures[at]));
    this.node = element("section", { class: "card chart", "aria-label": title },
      element("header", {}, element("h2", {}, title), this.when),
      element("p", { class: "legend" }, legend),
      this.drawing,
      element("p", { class: "quiet note" }, note));
    this.drawing.addEventListener("pointermove", (event) => this.#hover(event));
    this.drawing.addEventListener("pointerleave", () => this.#leave());
    this.watch = new ResizeObserver(() => this.#redraw());
    this.watch.observe(this.drawing);
  }

  /// `points` as figures.js has them.
  draw(points, until) {
    this.#points = points;
    this.#until = until;
    this.#redraw();
  }

  end() {
    this.watch.disconnect();
  }

  #x(at, width) {
    return LEFT + ((at - (this.#until - this.span)) / this.span) * (width - LEFT - RIGHT);
  }

  #hover(event) {
    const box = this.drawing.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    this.#hovered = this.#until - this.span + share * this.span;
    this.#redraw();
  }

  #leave() {
    this.#hovered = null;
    this.#redraw();
  }

  #shown_point() {
    if (this.#hovered === null || this.#points.length === 0) return this.#points.at(-1);
    const distance = (point) => Math.abs(point.at - this.#hovered);
    return this.#points.reduce((best, point) => (distance(point) < distance(best) ? point : best));
  }

  #redraw() {
    const width = this.drawing.clientWidth;
    const shown = this.#shown_point();
    if (!width || !shown) return;
    this.series.forEach(({ name }, at) => set_text(this.figures[at], this.text(shown[name])));
    set_text(this.when, this.#hovered === null ? "" : time_text(new Date(shown.at)));

    const values = this.#points.flatMap((point) => this.series.map(({ name }) => point[name] ?? 0));
    const top = round_up(Math.max(this.least, ...values));
    const x = (at) => this.#x(at, width);
    const y = (value) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
    const drawn = this.#scale(width, top, y);
    this.series.forEach(({ name }, at) => {
      for (const run of runs_of(this.#points, name, x, y)) {
        if (this.series.length === 1)
          drawn.push(svg("path", { class: "area",
            d: `${path_of(run)}L${run.at(-1)[0].toFixed(1)} ${y(0)}L${run[0][0].toFixed(1)} ${y(0)}Z` }));
        if (run.length === 1) drawn.push(svg("circle", { class: `dot series_${at}`, cx: run[0][0], cy: run[0][1], r: 1.5 }));
        else drawn.push(svg("path", { class: `line series_${at}`, d: path_of(run) }));
      }
    });
    if (this.#hovered !== null)
      drawn.push(svg("line", { class: "rule", x1: x(shown.at), x2: x(shown.at), y1: TOP, y2: HEIGHT - BOTTOM }));
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.drawing.setAttribute("aria-label", this.#summary());
    this.drawing.replaceChildren(...drawn);
  }

  #scale(width, top, y) {
    const drawn = [];
    for (const share of [0, 0.5, 1]) {
      const at = y(top * share);
      drawn.push(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }));
      drawn.push(svg("text", { class: "tick", x: LEFT - 8, y: at + 4, "text-anchor": "end" },
        this.text(top * share)));
    }
    const minutes = Math.round(this.span / 60_000);
    drawn.push(svg("text", { class: "tick", x: LEFT, y: HEIGHT - 4 }, `${minutes} min ago`));
    drawn.push(svg("text", { class: "tick", x: width - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, "now"));
    return drawn;
  }

  /// What the lines show, in words.
  #summary() {
    const told = this.series.map(({ name, title }) => {
      const values = this.#points.map((point) => point[name]).filter((each) => each !== null && each !== undefined);
      if (values.length === 0) return `${title}: nothing yet`;
      return `${title}: ${this.text(values.at(-1))} last, at most ${this.text(Math.max(...values))}`;
    });
    return `${this.title}, last ${Math.round(this.span / 60_000)} minutes. ${told.join(". ")}.`;
  }
}
