/// JSON on several lines, without a digit or a key's place being changed.

/// As deep as the daemon itself reads a body. Deeper ones come, too, and the indentation of each level grows with the
/// level: a body of nothing but brackets would become more text than a browser can hold.
const LEVELS_MAX = 64;

/// What is nested deeper than LEVELS_MAX stays on one line. Nothing where `text` isn't JSON.
export function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  // What is JSON consists of strings, marks, white space and the rest: numbers, true, false, null.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g) ?? [];
  const lines = [];
  let line = "";
  let depth = 0;
  const end_line = () => {
    lines.push(line);
    line = "  ".repeat(depth);
  };
  tokens.forEach((token, at) => {
    const next = tokens[at + 1];
    if (token === "{" || token === "[") {
      line += token;
      if (next === "}" || next === "]") return;
      depth += 1;
      if (depth <= LEVELS_MAX) end_line();
    } else if (token === "}" || token === "]") {
      const is_empty = tokens[at - 1] === "{" || tokens[at - 1] === "[";
      if (!is_empty) {
        depth -= 1;
        if (depth < LEVELS_MAX) end_line();
      }
      line += token;
    } else if (token === ",") {
      line += token;
      if (depth <= LEVELS_MAX) end_line();
    } else {
      line += token === ":" ? ": " : token;
    }
  });
  lines.push(line);
  return lines.join("\n");
}
