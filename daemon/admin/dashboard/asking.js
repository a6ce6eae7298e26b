/// Asks the daemon, with the token where one is needed.
import { drop_token, new_token, stored_token } from "./token.js";

/// With nothing that comes, in milliseconds; the daemon's own limit for a read is 8 s.
const PATIENCE = 10_000;

/// The daemon didn't answer.
export class no_answer extends Error {}

/// The daemon answered that it won't, or can't now; the message is its own.
export class refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/// A request header holds bytes: those of the token as UTF-8.
function bearer(token) {
  return `Bearer ${String.fromCharCode(...new TextEncoder().encode(token))}`;
}

/// The body, however long it takes on a slow way. `heard` is called at each piece.
async function text_of(answer, heard) {
  if (answer.body === null) return "";
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    heard();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
}

async function request(path, { method, signal }, token) {
  const patience = new AbortController();
  const stop = () => patience.abort();
  let timer = null;
  const wait_anew = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, PATIENCE);
  };
  wait_anew();
  signal?.addEventListener("abort", stop);
  const headers = {};
  if (token) headers.Authorization = bearer(token);
  if (method === "POST") headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: method === "POST" ? "{}" : undefined,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: patience.signal,
    });
    return { status: answer.status, headers: answer.headers, text: await text_of(answer, wait_anew) };
  } catch (failed) {
    if (signal?.aborted) throw failed;
    throw new no_answer("the daemon does not answer", { cause: failed });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

function complaint(answer) {
  try {
    return JSON.parse(answer.text).error ?? answer.text;
  } catch {
    return answer.text || `status ${answer.status}`;
  }
}

async function request_with_token(path, options) {
  let token = stored_token();
  for (;;) {
    const answer = await request(path, options, token);
    if (answer.status !== 401) {
      if (answer.status >= 200 && answer.status < 300) return answer;
      throw new refusal(answer.status, complaint(answer));
    }
    if (token && token === stored_token()) drop_token();
    // Another request may have been given one meanwhile.
    token = stored_token() ?? (await new_token(token !== null));
    if (token === null) throw new refusal(401, "A token is needed to see the daemon's data.");
    options.signal?.throwIfAborted();
  }
}

export async function ask_text(path, signal) {
  return (await request_with_token(path, { method: "GET", signal })).text;
}

export async function ask(path, signal) {
  return JSON.parse(await ask_text(path, signal));
}

/// A list that is searched for: what was found, and, where the search was ended before it was through, what was
/// looked at last.
export async function ask_list(path, signal) {
  const { headers, text } = await request_with_token(path, { method: "GET", signal });
  const id = headers.get("Search-Ended-At");
  return { found: JSON.parse(text), end: id === null ? null : { id, time: headers.get("Search-Ended-Time") } };
}

/// A change: never repeated by itself, and not taken back when the view is left.
export async function change(path) {
  return JSON.parse((await request_with_token(path, { method: "POST" })).text);
}

/// `?name=task.completed`; parameters without a value are left out.
export function query(parameters) {
  const kept = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return kept.length === 0 ? "" : `?${new URLSearchParams(kept)}`;
}
