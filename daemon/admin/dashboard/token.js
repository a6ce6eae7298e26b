/// The admin token: asked for where the daemon wants one, kept in this tab alone, never in an address.

const KEY = "outreachd.admin.token";

let token = kept();
let asked = null; // the prompt that is open, as a promise: all who need the token wait for one
let heard_change = () => {};

/// A browser may refuse to keep anything: then the token lasts until the page is loaded anew.
function kept() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(value) {
  token = value;
  try {
    if (value === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // see above
  }
}

export function stored_token() {
  return token;
}

/// The daemon refused it.
export function drop_token() {
  keep(null);
}

/// With all that it let the page see.
export function forget_token() {
  keep(null);
  location.reload();
}

/// `heard` is called when a token was typed in.
export function on_token_change(heard) {
  heard_change = heard;
}

/// Asks for a token. Null where that was cancelled.
export function new_token(was_refused) {
  asked ??= prompt(was_refused).finally(() => {
    asked = null;
  });
  return asked;
}

function prompt(was_refused) {
  const dialog = document.getElementById("token_dialog");
  const form = dialog.querySelector("form");
  const cancel = form.querySelector("[data-cancel]");
  const input = document.getElementById("token");
  document.getElementById("token_problem").textContent = was_refused ? "The daemon refused this token." : "";
  input.value = "";
  return new Promise((resolve) => {
    let given = null;
    const close = () => dialog.close();
    const submit = (event) => {
      event.preventDefault();
      given = input.value;
      dialog.close();
    };
    form.addEventListener("submit", submit);
    cancel.addEventListener("click", close);
    dialog.addEventListener("close", () => {
      form.removeEventListener("submit", submit);
      cancel.removeEventListener("click", close);
      input.value = "";
      if (given !== null) keep(given);
      resolve(given);
      if (given !== null) heard_change();
    }, { once: true });
    dialog.showModal();
    input.focus();
  });
}
