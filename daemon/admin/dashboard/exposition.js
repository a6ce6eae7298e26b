/// Reads `/metrics`: the text format of Prometheus, version 0.0.4.

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g;
const ESCAPES = { n: "\n", "\\": "\\", '"': '"' };

function labels_of(text) {
  const labels = {};
  for (const [, name, value] of (text ?? "").matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => ESCAPES[escaped] ?? escaped);
  }
  return labels;
}

function number_of(text) {
  if (text === "+Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}

/// All samples, by the names of their metrics.
export class samples {
  #by_name = new Map();

  constructor(text) {
    for (const line of text.split("\n")) {
      const found = line.startsWith("#") ? null : SAMPLE.exec(line);
      if (!found) continue;
      const [, name, labels, value] = found;
      if (!this.#by_name.has(name)) this.#by_name.set(name, []);
      this.#by_name.get(name).push({ labels: labels_of(labels), value: number_of(value) });
    }
  }

  /// [{labels, value}]; empty where the daemon has no such metric.
  all(name) {
    return this.#by_name.get(name) ?? [];
  }

  /// Over all samples whose labels are as asked; null where there is none.
  sum(name, labels = {}) {
    const wanted = Object.entries(labels);
    const found = this.all(name).filter((each) => wanted.every(([key, value]) => each.labels[key] === value));
    return found.length === 0 ? null : found.reduce((sum, each) => sum + each.value, 0);
  }

  /// A histogram without labels as [upper bound, count up to it], ascending.
  buckets(name) {
    return this.all(`${name}_bucket`)
      .map((each) => [number_of(each.labels.le), each.value])
      .sort((left, right) => left[0] - right[0]);
  }
}
