/// Work that is done again and again while the page is seen.

const PAUSE = 2_000;
const PAUSE_MAX = 30_000;
/// Of the time that goes by, what is asked may cost the daemon this share at most.
const SHARE = 10;

/// `work(signal)` every 2 s; less often where it takes long; after failures with growing pauses. `heard` gets
/// null after a success, else the failure and the pause until the next attempt in milliseconds.
export class loop {
  #work;
  #heard;
  #timer = null;
  #ends = null; // the AbortController of the run in hand
  #is_on = false;
  #failures = 0;

  constructor(work, heard = () => {}) {
    this.#work = work;
    this.#heard = heard;
    this.visibility_changed = () => {
      if (document.hidden) clearTimeout(this.#timer);
      else if (this.#is_on && this.#ends === null) this.now();
    };
  }

  start() {
    this.#is_on = true;
    document.addEventListener("visibilitychange", this.visibility_changed);
    return this.now();
  }

  stop() {
    this.#is_on = false;
    document.removeEventListener("visibilitychange", this.visibility_changed);
    clearTimeout(this.#timer);
    this.#ends?.abort();
    this.#ends = null;
  }

  /// At once, whatever runs or waits; with a run's own signal, so that an older one's answer isn't taken.
  async now() {
    clearTimeout(this.#timer);
    this.#ends?.abort();
    const ends = new AbortController();
    this.#ends = ends;
    const began = performance.now();
    let pause = PAUSE;
    try {
      await this.#work(ends.signal);
      if (ends.signal.aborted) return;
      this.#failures = 0;
      pause = Math.min(Math.max(PAUSE, SHARE * (performance.now() - began)), PAUSE_MAX);
      this.#heard(null);
    } catch (failed) {
      if (ends.signal.aborted) return;
      this.#failures += 1;
      pause = Math.min(PAUSE * 2 ** (this.#failures - 1), PAUSE_MAX);
      this.#heard(failed, pause);
    }
    this.#ends = null;
    if (this.#is_on && !document.hidden) this.#timer = setTimeout(() => this.now(), pause);
  }
}
