/// The page: which view is shown, whether the daemon answers, and how it is.
import { no_answer } from "./asking.js";
import { configuration } from "./configuration.js";
import { cancel_question } from "./confirming.js";
import { dead } from "./dead.js";
import { button, element, set_text } from "./element.js";
import { events } from "./events.js";
import { QUARANTINE_DROPPED, REFUSED_GENUINE, UNACCOUNTED } from "./figures.js";
import { loop } from "./loop.js";
import { overview } from "./overview.js";
import { pulse } from "./pulse.js";
import { quarantine, quarantined_request } from "./quarantine.js";
import { story } from "./story.js";
import { forget_token, on_token_change, stored_token } from "./token.js";
import { count_text, span_text } from "./words.js";

const VIEWS = [
  [/^\/?$/, overview],
  [/^\/events$/, events],
  [/^\/events\/([^/]+)$/, story],
  [/^\/dead$/, dead],
  [/^\/quarantine$/, quarantine],
  [/^\/quarantine\/([^/]+)$/, quarantined_request],
  [/^\/configuration$/, configuration],
];

class unknown_view {
  title = "Nothing here";
  work = null;

  constructor() {
    this.heading = element("h1", { tabindex: -1 }, "There is nothing at this address");
    this.node = element("div", {}, this.heading, element("p", {}, element("a", { href: "#/" }, "Overview")));
  }

  show() {}
  end() {}
}

const main = document.getElementById("main");
const notice = document.getElementById("notice");
const heart = new pulse();
let heartbeat = null;
let shown = null; // {path, view, loop}

const context = {
  pulse: heart,
  /// To another view, or the same one once more.
  go(hash) {
    if (location.hash === hash || (hash === "#/" && location.hash === "")) route();
    else location.hash = hash;
  },
  /// Reads the view's data again, now.
  again() {
    heartbeat.now();
    shown?.loop?.now();
  },
};

function address() {
  const [path, search = ""] = location.hash.slice(1).split("?", 2);
  return { path: path || "/", parameters: Object.fromEntries(new URLSearchParams(search)) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function make_view(path) {
  for (const [pattern, view] of VIEWS) {
    const found = pattern.exec(path);
    if (found) return new view(context, found.slice(1).map(decoded));
  }
  return new unknown_view();
}

function mark_view(path) {
  for (const link of document.querySelectorAll("nav[aria-label=Views] a")) {
    const own = link.getAttribute("href").slice(1);
    const is_here = own === "/" ? path === "/" : path === own || path.startsWith(`${own}/`);
    if (is_here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function route() {
  cancel_question();
  const { path, parameters } = address();
  if (shown?.path === path) {
    shown.view.show(parameters);
    shown.loop?.now();
    return;
  }
  const is_first = shown === null;
  shown?.loop?.stop();
  shown?.view.end();
  const view = make_view(path);
  shown = { path, view, loop: view.work ? new loop(view.work, heard_view) : null };
  view.show(parameters);
  main.replaceChildren(view.node);
  document.title = `${view.title} · outreachd`;
  mark_view(path);
  if (!is_first) {
    window.scrollTo(0, 0);
    view.heading.focus({ preventScroll: true });
  }
  if (!needs_token) shown.loop?.start();
}

/// A view says itself that it couldn't be read; here is told what neither the daemon nor the way to it explains.
function heard_view(failed) {
  if (failed && !failed.status && !(failed instanceof no_answer)) console.error(failed);
}

let needs_token = false;

function show_notice(text, action) {
  if (notice.dataset.text === text) return;
  notice.dataset.text = text;
  notice.replaceChildren(element("p", {}, text), action);
  notice.hidden = false;
}

function hide_notice() {
  if (notice.contains(document.activeElement)) shown.view.heading.focus({ preventScroll: true });
  notice.hidden = true;
  delete notice.dataset.text;
  notice.replaceChildren();
}

function show_state(text, kind) {
  const state = document.getElementById("state");
  set_text(state, text);
  state.className = `state ${kind}`;
}

function ask_for_token() {
  needs_token = false;
  hide_notice();
  heartbeat.start();
  shown.loop?.start();
}

function stop_for_token() {
  needs_token = true;
  heartbeat.stop();
  shown.loop?.stop();
  show_state("Token needed", "warn");
  show_notice("The daemon shows its data only with a token.", button("Enter the token", ask_for_token));
}

function heard_pulse(failed) {
  document.getElementById("forget_token").hidden = stored_token() === null;
  if (failed === null) {
    hide_notice();
    show_status(heart.status);
    return;
  }
  if (failed.status === 401) {
    stop_for_token();
    return;
  }
  show_state(failed.status ? "In trouble" : "No answer", "bad");
  // For how long it waits isn't told: each change of that would be spoken.
  const text = failed.status ? `The daemon answers, but: ${failed.message}`
    : "The daemon does not answer. It is asked again and again; what is shown is from before.";
  show_notice(text, button("Ask now", () => context.again()));
  heard_view(failed);
}

function show_count(id, count) {
  const at = document.getElementById(id);
  at.hidden = count === 0;
  set_text(at, count_text(count));
}

/// What was lost is none of the status's reasons: the figures tell it.
function show_status(status) {
  const { latest } = heart.figures;
  const promised = [UNACCOUNTED, REFUSED_GENUINE].map((name) => latest.sum(name));
  const is_lost = latest.sum(QUARANTINE_DROPPED) > 0;
  if (!status.ready) show_state("Not ready", "bad");
  else if (promised.some((each) => each !== null && each !== 0)) show_state("Ready, but a promise is broken", "bad");
  else if (status.reasons.length > 0 || is_lost || promised.includes(null)) show_state("Ready, with problems", "warn");
  else show_state("Ready", "good");
  show_count("dead_count", latest.sum("outreachd_dead") ?? 0);
  show_count("quarantine_count", status.quarantined);
  set_text(document.getElementById("about"),
    `outreachd ${status.version}, ${status.roles.join(" and ")}, up ${span_text(status.uptime_seconds)}`);
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says which view is shown
  main.focus();
});
document.getElementById("forget_token").addEventListener("click", forget_token);
document.getElementById("zone").textContent =
  `Times are of ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
on_token_change(() => {
  if (!needs_token) context.again();
});
window.addEventListener("hashchange", route);

heartbeat = new loop(heart.work, heard_pulse);
route();
heartbeat.start();
