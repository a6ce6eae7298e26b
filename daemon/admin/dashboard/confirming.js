/// Asks before something is changed, and says what came of it.
import { no_answer } from "./asking.js";
import { count_text } from "./words.js";

const dialog = document.getElementById("confirm_dialog");

/// Whether a question is open: it must not become another one under the operator's hand.
export function is_asking() {
  return dialog.open;
}

/// Resolves to null where that was cancelled or another question is open, else to whether `choice`, where there is
/// one, was ticked.
export function confirm({ title, text, yes, choice = null }) {
  if (is_asking()) return Promise.resolve(null);
  const form = dialog.querySelector("form");
  const cancel = form.querySelector("[data-cancel]");
  const check = document.getElementById("confirm_check");
  document.getElementById("confirm_title").textContent = title;
  document.getElementById("confirm_text").textContent = text;
  document.getElementById("confirm_yes").textContent = yes;
  document.getElementById("confirm_choice").hidden = choice === null;
  document.getElementById("confirm_check_text").textContent = choice ?? "";
  check.checked = false;
  return new Promise((resolve) => {
    let answer = null;
    const submit = (event) => {
      event.preventDefault();
      answer = check.checked;
      dialog.close();
    };
    const close = () => dialog.close();
    form.addEventListener("submit", submit);
    cancel.addEventListener("click", close);
    dialog.addEventListener("close", () => {
      form.removeEventListener("submit", submit);
      cancel.removeEventListener("click", close);
      // What opened it may be gone.
      if (document.activeElement === document.body) document.getElementById("main").focus();
      resolve(answer);
    }, { once: true });
    dialog.showModal();
    // Enter must not do what can't be undone before it was read.
    cancel.focus();
  });
}

/// What is asked in a view that is left isn't asked any more.
export function cancel_question() {
  dialog.close();
}

/// Runs `work`, whose buttons do nothing meanwhile, and says its result, or why it failed, in `into`, an
/// element of role status. Resolves to whether it was done.
export async function carry_out(into, buttons, work) {
  for (const each of buttons) each.setAttribute("aria-disabled", "true");
  into.classList.remove("bad");
  into.textContent = "Working …";
  try {
    into.textContent = await work((progress) => {
      into.textContent = progress;
    });
    return true;
  } catch (failed) {
    into.classList.add("bad");
    into.textContent = `${outcome(failed)}: ${failed.message}`;
    return false;
  } finally {
    for (const each of buttons) each.removeAttribute("aria-disabled");
  }
}

/// How far it came. Without an answer, and where the store is away, it may be done all the same, or yet be done.
function outcome(failed) {
  const is_open = failed instanceof no_answer || failed.status === 503;
  if (failed.is_count) return "Not counted, and nothing is done";
  if (failed.done > 0) return `Ended after ${count_text(failed.done)}${is_open ? "; the next ones may be done, too" : ""}`;
  return is_open ? "Not confirmed, look before you try again" : "Not done";
}

export function is_busy(button) {
  return button.getAttribute("aria-disabled") === "true";
}
