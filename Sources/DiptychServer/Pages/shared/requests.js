// Requests to the server. Two answers are dealt with here, once for all: 401 asks for a key and repeats the request,
// 503 waits as long as the server says and tries once more.
import { Problem } from "./problem.js";

const longestWait = 30;
// Pages are not all at the same depth, nor the server at the root of its host.
const root = new URL("../../", import.meta.url);
let askForKey = async () => false;
let sayWaiting = () => {};

/** What is done about 401: resolves to whether a key was accepted. */
export function whenKeyIsNeeded(ask) {
  askForKey = ask;
}

/** What is done while a busy server is waited for; called with the seconds, and with null when the wait is over. */
export function whenWaiting(say) {
  sayWaiting = say;
}

/**
 * The answer's JSON. `json` or `form` is sent; throws a `Problem`, or an AbortError when `signal` says so. Signing in
 * itself sets `asks` to false: a wrong key is its answer, not a reason to ask.
 */
export function request(path, { method = "GET", json, form, signal, asks = true } = {}) {
  const options = { method, signal, headers: { Accept: "application/json" }, cache: "no-store" };
  if (json !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(json);
  } else if (form) {
    options.body = form;
  }
  return insist(signal, asks, async () => {
    try {
      const response = await fetch(new URL(path, root), options);
      return [response.status, await response.text(), response.headers.get("Retry-After")];
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw Problem.noAnswer;
    }
  });
}

/** The answer's bytes; `json` is posted. Throws as `request` does. */
export async function requestBytes(path, signal, json = undefined) {
  const body = json === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(json) };
  for (;;) {
    let response;
    try {
      response = await fetch(new URL(path, root), { cache: "no-store", signal, ...body });
      if (response.ok) return await response.arrayBuffer();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw Problem.noAnswer;
    }
    const problem = Problem.from(response.status, await response.text().catch(() => ""), response.headers.get("Retry-After"));
    if (response.status !== 401 || !(await askForKey())) throw problem;
  }
}

/** An answer that goes on, for `events.js`; 401 asks for a key here too. Throws as `request` does. */
export async function openStream(path, headers, signal) {
  for (;;) {
    let response;
    try {
      response = await fetch(new URL(path, root), { headers: { Accept: "text/event-stream", ...headers }, cache: "no-store", signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw Problem.noAnswer;
    }
    if (response.ok) return response;
    const problem = Problem.from(response.status, await response.text().catch(() => ""), response.headers.get("Retry-After"));
    if (response.status !== 401 || !(await askForKey())) throw problem;
  }
}

/** Posts a form and tells `progress` the sent share of it, which fetch cannot. */
export function upload(path, form, progress, signal) {
  return insist(signal, true, () => new Promise((resolve, reject) => {
    const transfer = new XMLHttpRequest();
    transfer.open("POST", new URL(path, root));
    transfer.setRequestHeader("Accept", "application/json");
    transfer.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    transfer.onload = () => resolve([transfer.status, transfer.responseText, transfer.getResponseHeader("Retry-After")]);
    transfer.onerror = () => reject(Problem.noAnswer);
    transfer.onabort = () => reject(aborted());
    signal?.addEventListener("abort", () => transfer.abort(), { once: true });
    transfer.send(form);
  }));
}

async function insist(signal, asks, send) {
  let waited = false;
  for (;;) {
    const [status, text, retryAfter] = await send();
    if (status >= 200 && status < 300) return parsed(text);
    const problem = Problem.from(status, text, retryAfter);
    if (status === 401 && asks && (await askForKey())) continue;
    if (status !== 503 || waited) throw problem;
    waited = true;
    const wait = Math.min(problem.retryAfter ?? 1, longestWait);
    sayWaiting(wait);
    try {
      await pause(wait, signal);
    } finally {
      sayWaiting(null);
    }
  }
}

function parsed(text) {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    throw Problem.noAnswer;
  }
}

/** Resolves after so many seconds; rejects with an AbortError when `signal` says so. */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(aborted());
    }, { once: true });
  });
}

export function aborted() {
  return new DOMException("the request is no longer wanted", "AbortError");
}
