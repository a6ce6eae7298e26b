/// Numbers, times and states in words and figures.
import { element, button } from "./element.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const coarse = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export function count_text(number) {
  return whole.format(number);
}

export function counted(number, one, many) {
  return `${count_text(number)} ${number === 1 ? one : many}`;
}

export function rate_text(per_second) {
  if (per_second === null || per_second === undefined) return "–";
  return `${(per_second < 10 ? fine : per_second < 100 ? coarse : whole).format(per_second)}/s`;
}

/// A latency.
export function latency_text(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds >= 1) return `${fine.format(seconds)} s`;
  const milliseconds = seconds * 1000;
  return `${(milliseconds < 10 ? coarse : whole).format(milliseconds)} ms`;
}

const STEPS = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];

/// An age or an uptime, with two units at most: `2 d 3 h`.
export function span_text(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  for (const [size, unit, smaller, smaller_unit] of STEPS) {
    if (seconds < size) continue;
    const rest = Math.floor((seconds % size) / smaller);
    return `${count_text(Math.floor(seconds / size))} ${unit}${rest > 0 ? ` ${rest} ${smaller_unit}` : ""}`;
  }
  return `${seconds < 10 ? coarse.format(seconds) : whole.format(seconds)} s`;
}

export function size_text(bytes) {
  if (bytes < 1024) return counted(bytes, "byte", "bytes");
  if (bytes < 1024 * 1024) return `${coarse.format(bytes / 1024)} KiB`;
  return `${coarse.format(bytes / (1024 * 1024))} MiB`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

/// `2026-11-26 09:58:07` in the reader's own zone.
export function time_text(date, with_milliseconds = false) {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}${with_milliseconds ? `.${String(date.getMilliseconds()).padStart(3, "0")}` : ""}`;
}

/// A time of the API as an element; nothing where there is none.
export function time(rfc3339, with_milliseconds = false) {
  if (!rfc3339) return null;
  return element("time", { datetime: rfc3339, title: rfc3339 }, time_text(new Date(rfc3339), with_milliseconds));
}

/// The state of an event or a delivery: a colour and always the word.
export function state(word) {
  return element("span", { class: `pill ${word}` }, word);
}

/// At most so many UTF-16 units of a text, without half a character at the end.
function cut(text, limit) {
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}

/// Characters that can't be seen, or turn the direction of what follows and so make a text look like another. Those that
/// join or part letters (U+200C, U+200D) are of some languages' spelling.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/// With those spelt out.
export function plain(text) {
  return text.replace(UNSEEN, (each) => `\\u{${each.charCodeAt(0).toString(16)}}`);
}

/// Text that came from outside: in its own direction, cut where it is long, with a way to see the rest.
/// `tag` is `span` or `pre`. Null where there is no text.
export function foreign(given, { limit = 160, tag = "span" } = {}) {
  if (given === null || given === undefined || given === "") return null;
  const text = plain(given);
  const shown = element(tag, { dir: "auto", class: "foreign" }, text.length > limit ? cut(text, limit) : text);
  if (text.length <= limit) return shown;
  const dots = element("span", { class: "quiet", "aria-hidden": "true" }, " …");
  const all = `Show all ${count_text(text.length)} characters`;
  let is_whole = false;
  const toggle = button(all, () => {
    is_whole = !is_whole;
    shown.textContent = is_whole ? text : cut(text, limit);
    dots.hidden = is_whole;
    toggle.textContent = is_whole ? "Show less" : all;
    toggle.setAttribute("aria-expanded", String(is_whole));
  }, { class: "quiet", "aria-expanded": "false", "data-focus": "more" });
  return element(tag === "pre" ? "div" : "span", { class: "cut" }, shown, dots, " ", toggle);
}

/// The same as the text of a link, cut without a way to see the rest: that is where the link leads.
export function foreign_link(href, given, limit = 80) {
  const text = plain(given);
  return element("a", { href, dir: "auto", class: "foreign", "data-focus": "link" },
    text.length > limit ? `${cut(text, limit)} …` : text);
}

/// What a list says whose search was ended early. `so_far`: how much it found, in words.
export function search_end(so_far, end) {
  return [`${so_far} so far: the search took too long, and what was received before `, time(end.time),
    " was not looked at."];
}

/// A resource as the search takes it: `task:123`.
export function resource_text(of) {
  if (!of.resource) return "";
  return of.resource_id ? `${of.resource}:${of.resource_id}` : of.resource;
}
