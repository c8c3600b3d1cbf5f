// What the page shows, kept in its URL: a search can be shared, and the browser's back button undoes a step.
import { keptPicture } from "./pictures.js";

const listeners = new Set();

/** The state; change it by `change` only. `picture` is a number of pictures.js, `item` the one that is shown large. */
export let state = read();

function read() {
  const fields = new URLSearchParams(location.search);
  const picture = history.state?.picture ?? null;
  return {
    text: fields.get("q") ?? "",
    minus: fields.getAll("minus"),
    filter: fields.get("filter") ?? "",
    like: fields.get("like"),
    relevant: fields.get("relevant") === "1",
    picture: picture !== null && keptPicture(picture) ? picture : null,
    item: fields.get("item"),
  };
}

/** The page's address in a state. */
export function address(of) {
  const fields = new URLSearchParams();
  if (of.text) fields.set("q", of.text);
  for (const term of of.minus) fields.append("minus", term);
  if (of.filter) fields.set("filter", of.filter);
  if (of.like) fields.set("like", of.like);
  if (of.relevant) fields.set("relevant", "1");
  if (of.item) fields.set("item", of.item);
  const query = fields.toString();
  return location.pathname + (query ? `?${query}` : "");
}

/** What is searched for, as api.js takes it. */
export function query(of = state) {
  return {
    text: of.text.trim(), minus: of.minus, filter: of.filter.trim(), like: of.like, relevant: of.relevant,
    picture: of.picture === null ? null : keptPicture(of.picture)?.file ?? null,
  };
}

/** Two states with the same key find the same. */
export function queryKey(of) {
  return JSON.stringify([of.text.trim(), of.minus, of.filter.trim(), of.like, of.relevant, of.picture]);
}

/** Whether something is searched for, rather than everything browsed. */
export function isSearch(of = state) {
  return of.text.trim() !== "" || of.like !== null || of.picture !== null;
}

/** Changes members of the state: as a new step of the history, or in place of the present one. */
export function change(members, { replace = false } = {}) {
  const previous = state;
  state = { ...state, ...members };
  const note = { picture: state.picture, isStep: replace ? history.state?.isStep ?? false : true };
  if (replace) history.replaceState(note, "", address(state));
  else history.pushState(note, "", address(state));
  tell(previous);
}

/** Goes a step back where this page made the step, and otherwise changes the present one. */
export function leave(members) {
  if (history.state?.isStep) history.back();
  else change(members, { replace: true });
}

/** Calls `listener` with the state and the one before. */
export function onChange(listener) {
  listeners.add(listener);
}

function tell(previous) {
  for (const listener of listeners) listener(state, previous);
}

addEventListener("popstate", () => {
  const previous = state;
  state = read();
  tell(previous);
});
