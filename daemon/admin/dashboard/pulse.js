/// What every view needs to know: the daemon's status and its figures, asked for again and again.
import { ask, ask_text } from "./asking.js";
import { samples } from "./exposition.js";
import { figures } from "./figures.js";

export class pulse {
  status = null;
  figures = new figures();
  #watchers = new Map();

  /// Calls `heard` after each reading, until `who` leaves.
  watch(who, heard) {
    this.#watchers.set(who, heard);
  }

  leave(who) {
    this.#watchers.delete(who);
  }

  work = async (signal) => {
    const [status, text] = await Promise.all([ask("api/status", signal), ask_text("metrics", signal)]);
    this.status = status;
    this.figures.add(new samples(text), Date.now(), status.roles.includes("receive"));
    for (const heard of this.#watchers.values()) heard();
  };
}
