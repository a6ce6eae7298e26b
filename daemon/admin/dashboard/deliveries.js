/// What is done about deliveries and events from this page: replay and discard, each asked for twice.
import { ask_list, change, query } from "./asking.js";
import { carry_out, confirm, is_asking, is_busy } from "./confirming.js";
import { button } from "./element.js";
import { count_text, counted, plain } from "./words.js";

const FROM_START = "From the start: also repeat the steps that succeeded";

/// A change of many comes in pieces: the answer to each says where the next one begins. A failure says how many
/// came before it.
async function change_pieces(path, parameters, counted_as, told) {
  let sum = 0;
  let cursor = null;
  do {
    const done = await change(`${path}${query({ ...parameters, cursor })}`).catch((failed) => {
      failed.done = sum;
      throw failed;
    });
    sum += done[counted_as];
    cursor = done.cursor;
    told(`${count_text(sum)} so far …`);
  } while (cursor !== null);
  return sum;
}

function replayed_text(count) {
  return `${counted(count, "delivery is", "deliveries are")} tried again.`;
}

/// Replay and discard of one dead delivery. `into` says what came of it; `changed` is called afterwards.
export function dead_buttons(delivery, into, changed) {
  const name = plain(delivery.name);
  const whose = `${name.length > 100 ? `${name.slice(0, 100)} …` : name} to ${delivery.handler ?? "no handler"}`;
  const act = (title, text, yes, choice, work) => async (event) => {
    if (is_busy(event.currentTarget)) return;
    const answer = await confirm({ title, text, yes, choice });
    if (answer === null) return;
    await carry_out(into, buttons, () => work(answer));
    changed();
  };
  const buttons = [
    button("Replay", act("Replay this delivery?",
      `${whose} is tried again with the same delivery id, its attempts counted from one.`, "Replay", FROM_START,
      async (from_start) => replayed_text(
        (await change(`api/dead/${delivery.id}/${from_start ? "replay-from-start" : "replay"}`)).replayed)),
    { "aria-label": `Replay ${whose}`, "data-focus": "replay" }),
    button("Discard", act("Discard this delivery?",
      `${whose} is given up for good: it can't be replayed as a dead delivery any more.`, "Discard", null,
      async () => {
        await change(`api/dead/${delivery.id}/discard`);
        return "The delivery is discarded.";
      }),
    { "aria-label": `Discard ${whose}`, "data-focus": "discard", class: "grave" }),
  ];
  return buttons;
}

/// The longest list that the daemon gives.
const COUNTED_MAX = 1000;

/// How many deliveries a search finds dead now, in words; null where there is none. `in_all`: how many are, by the
/// last reading, where that is known.
async function dead_text(search, in_all) {
  const { found, end } = await ask_list(`api/dead${query({ ...search, limit: COUNTED_MAX })}`).catch((failed) => {
    failed.is_count = true;
    throw failed;
  });
  const words = (count) => counted(count, "dead delivery", "dead deliveries");
  if (end === null && found.length < COUNTED_MAX) return found.length === 0 ? null : words(found.length);
  return in_all === null ? `at least ${words(found.length)}` : words(Math.max(in_all, found.length));
}

/// What a change of all does. The daemon takes the moment of the first piece for the end of what is meant.
function consequences(word, which, handler) {
  const until = "Once you confirm, all that are like that, of events received up to that moment, are";
  if (word === "Replay") return `${until} tried again with the same delivery ids, attempts counted from one.`;
  const gone = handler === null ? ""
    : ` If the configuration no longer has the handler ${handler}, what still waits for it is given up, too.`;
  return `Found now: ${which}. ${until} given up for good. This can't be undone. Deliveries of later events stay. `
    + `The events themselves are kept for as long as done ones.${gone}`;
}

/// The same for all dead deliveries that a search finds. `parameters()` is the search.
export function all_dead_buttons(parameters, into, changed) {
  const act = (word, yes, choice, counted_as, say) => async (event) => {
    if (is_busy(event.currentTarget)) return;
    const { search, in_all, words, handler } = parameters();
    let now = null;
    await carry_out(into, buttons, async () => {
      now = await dead_text(search, in_all);
      return now === null ? "None is dead any more." : "";
    });
    if (now === null) return changed();
    // The count takes its time.
    if (!into.isConnected) return;
    if (is_asking() || JSON.stringify(parameters().search) !== JSON.stringify(search)) {
      into.textContent = `Not asked whether to ${word.toLowerCase()} all: meanwhile ${
        is_asking() ? "there was another question" : "the search was changed"}.`;
      return;
    }
    const which = words === "" ? now : `${now} with ${words}`;
    const answer = await confirm({ title: `${word} ${which}?`, yes, choice, text: consequences(word, which, handler) });
    if (answer === null) return;
    const path = answer && word === "Replay" ? "replay-from-start" : word.toLowerCase();
    await carry_out(into, buttons, async (told) =>
      say(await change_pieces(`api/dead/${path}`, search, counted_as, told)));
    changed();
  };
  const buttons = [
    button("Replay all …", act("Replay", "Replay all", FROM_START, "replayed", replayed_text)),
    button("Discard all …", act("Discard", "Discard all", null, "discarded",
      (count) => `${counted(count, "delivery is", "deliveries are")} discarded.`), { class: "grave" }),
  ];
  return buttons;
}

/// Replay of an event: its routes of now, new deliveries.
export function replay_event_button(event, into, changed) {
  const made = button("Replay the event …", async () => {
    if (is_busy(made)) return;
    const answer = await confirm({ title: "Replay this event?", yes: "Replay",
      text: "It is routed again by the routes in force, and delivered anew: new deliveries with ids of their own. "
        + "A handler that has done it already does it again." });
    if (answer === null) return;
    await carry_out(into, [made], async () => {
      const done = await change(`api/events/${event.id}/replay`);
      return `${counted(done.deliveries, "new delivery", "new deliveries")}.`;
    });
    changed();
  });
  return made;
}

