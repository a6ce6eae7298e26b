/// JSON on several lines, without a digit or a key's place being changed.

/// Nothing where `text` isn't JSON.
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
      end_line();
    } else if (token === "}" || token === "]") {
      const is_empty = tokens[at - 1] === "{" || tokens[at - 1] === "[";
      if (!is_empty) {
        depth -= 1;
        end_line();
      }
      line += token;
    } else if (token === ",") {
      line += token;
      end_line();
    } else {
      line += token === ":" ? ": " : token;
    }
  });
  lines.push(line);
  return lines.join("\n");
}
