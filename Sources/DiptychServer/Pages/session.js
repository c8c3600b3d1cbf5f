// Who the server takes this browser for, what it may do, and which store is open.
import { session } from "./api.js";

const listeners = new Set();
let current = null;

/** The server's words about the session, or null before they have come. */
export const currentSession = () => current;

export const canWrite = () => current?.scopes.includes("write") ?? false;

/** Asks the server and tells the listeners; throws its problem. */
export async function loadSession() {
  current = await session();
  for (const listener of listeners) listener(current);
  return current;
}

export function onSession(listener) {
  listeners.add(listener);
}
