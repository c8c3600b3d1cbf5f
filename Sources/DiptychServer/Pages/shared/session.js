// Who the server takes this browser for, what it may do, and which store is open.
import { request } from "./requests.js";

const listeners = new Set();
let current = null;

/** The server's words about the session, or null before they have come. */
export const currentSession = () => current;

export const canWrite = () => current?.scopes.includes("write") ?? false;

/** Asks the server and tells the listeners; throws its problem. */
export async function loadSession() {
  current = await request("v1/session");
  for (const listener of listeners) listener(current);
  return current;
}

export function onSession(listener) {
  listeners.add(listener);
}

export const signIn = (key) => request("v1/session", { method: "POST", json: { key }, asks: false });
export const signOut = () => request("v1/session", { method: "DELETE" });
