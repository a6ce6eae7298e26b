/// What is done about deliveries and events from this page: replay and discard, each asked for twice.
import { change, query } from "./asking.js";
import { carry_out, confirm, is_busy } from "./confirming.js";
import { button } from "./element.js";
import { count_text, counted, plain } from "./words.js";

const FROM_START = "From the start: also repeat the steps that succeeded";

/// A change of many comes in pieces: the answer to each says where the next one begins.
async function change_pieces(path, parameters, counted_as, told) {
  let sum = 0;
  let cursor = null;
  do {
    const done = await change(`${path}${query({ ...parameters, cursor })}`);
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

/// The same for all dead deliveries that a search finds. `parameters()` is the search, and how many deliveries
/// are dead in all.
export function all_dead_buttons(parameters, into, changed) {
  const act = (word, yes, choice, counted_as, say) => async (event) => {
    if (is_busy(event.currentTarget)) return;
    const { search, dead, words } = parameters();
    const which = words === "" ? `all ${counted(dead, "dead delivery", "dead deliveries")}`
      : `all dead deliveries with ${words}`;
    const answer = await confirm({ title: `${word} ${which}?`, yes, choice,
      text: word === "Discard" ? "They are given up for good. The events themselves are kept for as long as done ones."
        : "They are tried again with the same delivery ids, their attempts counted from one." });
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

